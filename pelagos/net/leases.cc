#include "pelagos/net/leases.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/net/rtnetlink.h"

namespace pelagos::net {
namespace {

// The bits of an interface in its network's map: that of its address and, if it was asked for
// another IPv6 address that is one of those that go with an IPv4 address, that one's too.
std::vector<uint32_t> OffsetsOf(const NetworkRecord& network, const Interface& inside) {
  const sys::Subnet& subnet = network.subnet;
  std::vector<uint32_t> offsets = {inside.address.bits - subnet.base.bits};
  if (!network.subnet6 || !inside.address6) return offsets;
  const auto low = [](const sys::Ipv6& address) {
    uint64_t bits = 0;
    for (size_t i = 8; i < 16; ++i) bits = bits << 8 | address.bytes[i];
    return bits;
  };
  const sys::Ipv6& base = network.subnet6->base;
  const bool near = std::memcmp(inside.address6->bytes.data(), base.bytes.data(), 8) == 0;
  const uint64_t offset = low(*inside.address6) - low(base);
  if (near && offset != offsets[0] && offset <= ~subnet.mask()) {
    offsets.push_back(static_cast<uint32_t>(offset));
  }
  return offsets;
}

bool IsHeldBy(const std::optional<Endpoint>& endpoint, const NetworkRecord& network,
              uint32_t offset) {
  if (!endpoint) return false;
  for (const Interface& inside : endpoint->interfaces) {
    if (inside.network != network.name) continue;
    const std::vector<uint32_t> held = OffsetsOf(network, inside);
    if (std::find(held.begin(), held.end(), offset) != held.end()) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<AddressMap> Leases::Open(const NetworkRecord& network) {
  PELAGOS_ASSIGN_OR_RETURN(AddressMap map, files_.LoadLeases(network.name));
  if (map.owner().empty()) return map;
  // Whoever was about to take, or to give back, addresses may have been killed before it was done.
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<Endpoint> endpoint,
                           files_.LoadEndpoint(map.owner()));
  for (uint32_t offset : map.pending()) {
    if (!IsHeldBy(endpoint, network, offset)) map.Free(offset);
  }
  map.Settle();
  return map;
}

absl::Status Leases::CheckFree(const NetworkRecord& network, const AddressMap& map,
                               const Interface& wanted) {
  const std::vector<uint32_t> offsets = OffsetsOf(network, wanted);
  const bool taken =
      std::any_of(offsets.begin(), offsets.end(), [&](uint32_t offset) { return map.Has(offset); });
  // An IPv6 address of the user's choice may be one that no bit stands for.
  const bool own6 = wanted.address6 && *wanted.address6 != network.At6(wanted.address);
  if (!taken && !own6) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<Endpoint> endpoints, files_.LoadEndpoints());
  for (const Endpoint& endpoint : endpoints) {
    for (const Interface& inside : endpoint.interfaces) {
      if (inside.network != network.name) continue;
      const bool same4 = inside.address == wanted.address;
      const bool same6 = wanted.address6 && inside.address6 == wanted.address6;
      if (!same4 && !same6) continue;
      return absl::AlreadyExistsError(absl::StrCat(
          "address ", same4 ? sys::ToString(wanted.address) : sys::ToString(*wanted.address6),
          " of network '", network.name, "' is in use by container '", endpoint.container_id, "'"));
    }
  }
  if (!taken) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat("address ", sys::ToString(wanted.address),
                                               " of network '", network.name,
                                               "' goes with an IPv6 address that is in use"));
}

absl::StatusOr<Interface> Leases::Take(const std::string& container_id,
                                       const NetworkRecord& network, const Attachment& attachment,
                                       std::string name) {
  Interface inside;
  inside.name = std::move(name);
  inside.network = network.name;
  inside.driver = network.driver;
  inside.prefix = network.subnet.prefix;
  inside.gateway = network.gateway;
  inside.internal = network.internal;
  inside.names = attachment.aliases;
  PELAGOS_ASSIGN_OR_RETURN(AddressMap map, Open(network));
  const uint32_t gateway = network.gateway.bits - network.subnet.base.bits;
  if (!attachment.address.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(inside.address, sys::ParseIpv4(attachment.address));
    if (!network.subnet.contains(inside.address) || inside.address == network.subnet.base ||
        inside.address == network.subnet.broadcast() || inside.address == network.gateway) {
      return absl::InvalidArgumentError(
          absl::StrCat("address ", attachment.address, " is none for a container of network '",
                       network.name, "', which has ", sys::ToString(network.subnet),
                       " with the gateway ", sys::ToString(network.gateway)));
    }
  } else {
    const uint32_t last = ~network.subnet.mask() - 1;
    std::optional<uint32_t> offset = map.FirstFree(1, last);
    if (offset == gateway) offset = map.FirstFree(gateway + 1, last);
    if (!offset) {
      return absl::ResourceExhaustedError(
          absl::StrCat("network '", network.name, "': all addresses of ",
                       sys::ToString(network.subnet), " are in use"));
    }
    inside.address = {network.subnet.base.bits + *offset};
  }
  if (network.subnet6) {
    inside.address6 = network.At6(inside.address);
    inside.prefix6 = network.subnet6->prefix;
    inside.gateway6 = network.gateway6();
  }
  if (!attachment.address6.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(inside.address6, sys::ParseIpv6(attachment.address6));
    if (!network.subnet6 || !network.subnet6->contains(*inside.address6) ||
        *inside.address6 == network.subnet6->base || *inside.address6 == network.gateway6()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "address ", attachment.address6, " is none for a container of network '", network.name,
          "', which has ", network.subnet6 ? sys::ToString(*network.subnet6) : "no IPv6"));
    }
  }
  if (!attachment.address.empty() || !attachment.address6.empty()) {
    PELAGOS_RETURN_IF_ERROR(CheckFree(network, map, inside));
  }
  // Of ipvlan all have their parent's.
  if (network.driver != NetworkDriver::kIpvlan) inside.mac = sys::MacOf(inside.address);
  if (!attachment.mac.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(inside.mac, sys::ParseMac(attachment.mac));
  }
  for (uint32_t offset : OffsetsOf(network, inside)) map.Take(offset, container_id);
  PELAGOS_RETURN_IF_ERROR(files_.SaveLeases(network.name, map));
  return inside;
}

absl::Status Leases::Hold(const std::string& container_id, const Interface& inside) {
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<NetworkRecord> network,
                           files_.LoadNetwork(inside.network));
  if (!network) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(AddressMap map, Open(*network));
  for (uint32_t offset : OffsetsOf(*network, inside)) map.Take(offset, container_id);
  return files_.SaveLeases(network->name, map);
}

absl::Status Leases::Free(const Interface& inside) {
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<NetworkRecord> network,
                           files_.LoadNetwork(inside.network));
  if (!network) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(AddressMap map, Open(*network));
  for (uint32_t offset : OffsetsOf(*network, inside)) map.Free(offset);
  return files_.SaveLeases(network->name, map);
}

}  // namespace pelagos::net
