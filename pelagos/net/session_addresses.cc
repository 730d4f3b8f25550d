// Which address a container gets, and which ports of the host: see session.h.

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/names.h"
#include "pelagos/net/session.h"
#include "pelagos/sys/net/rtnetlink.h"

namespace pelagos::net {
namespace {

std::string Text(const PortMapping& port) {
  return absl::StrCat("port ", HostSide(port), "/", NameOf(port.protocol));
}

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

// ---------------------------------------------------------------------------------------------
// Addresses

absl::StatusOr<AddressMap> Session::OpenLeases(const NetworkRecord& network) {
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

absl::Status Session::CheckFree(const NetworkRecord& network, const AddressMap& map,
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

absl::StatusOr<Interface> Session::Lease(const std::string& container_id,
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
  PELAGOS_ASSIGN_OR_RETURN(AddressMap map, OpenLeases(network));
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
  inside.mac = sys::MacOf(inside.address);
  if (!attachment.mac.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(inside.mac, sys::ParseMac(attachment.mac));
  }
  for (uint32_t offset : OffsetsOf(network, inside)) map.Take(offset, container_id);
  PELAGOS_RETURN_IF_ERROR(files_.SaveLeases(network.name, map));
  return inside;
}

// About to be given back.
absl::Status Session::HoldLease(const std::string& container_id, const Interface& inside) {
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<NetworkRecord> network,
                           files_.LoadNetwork(inside.network));
  if (!network) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(AddressMap map, OpenLeases(*network));
  for (uint32_t offset : OffsetsOf(*network, inside)) map.Take(offset, container_id);
  return files_.SaveLeases(network->name, map);
}

// Requires: the container's record has the interface no longer.
absl::Status Session::FreeLease(const Interface& inside) {
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<NetworkRecord> network,
                           files_.LoadNetwork(inside.network));
  if (!network) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(AddressMap map, OpenLeases(*network));
  for (uint32_t offset : OffsetsOf(*network, inside)) map.Free(offset);
  return files_.SaveLeases(network->name, map);
}

// ---------------------------------------------------------------------------------------------
// Ports

absl::Status Session::CheckClaims(absl::string_view container_id, const PortMapping& port) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<PortClaim> claims,
                           files_.LoadClaims(port.protocol, port.host));
  for (const PortClaim& claim : claims) {
    PortMapping other = port;
    other.host_address = claim.address;
    if (claim.owner == container_id || !Overlap(port, other)) continue;
    return absl::AlreadyExistsError(
        absl::StrCat(Text(port), " is published by container '", claim.owner, "'"));
  }
  return absl::OkStatus();
}

absl::Status Session::Claim(const Endpoint& endpoint) {
  for (const PortMapping& port : endpoint.ports) {
    PELAGOS_ASSIGN_OR_RETURN(std::vector<PortClaim> claims,
                             files_.LoadClaims(port.protocol, port.host));
    PortClaim own = {port.host_address, endpoint.container_id};
    if (std::find(claims.begin(), claims.end(), own) != claims.end()) continue;
    claims.push_back(std::move(own));
    PELAGOS_RETURN_IF_ERROR(files_.SaveClaims(port.protocol, port.host, claims));
  }
  return absl::OkStatus();
}

absl::Status Session::Unclaim(const Endpoint& endpoint) {
  for (const PortMapping& port : endpoint.ports) {
    PELAGOS_ASSIGN_OR_RETURN(std::vector<PortClaim> claims,
                             files_.LoadClaims(port.protocol, port.host));
    const auto owns = [&](const PortClaim& claim) { return claim.owner == endpoint.container_id; };
    if (std::erase_if(claims, owns) == 0) continue;
    PELAGOS_RETURN_IF_ERROR(files_.SaveClaims(port.protocol, port.host, claims));
  }
  return absl::OkStatus();
}

absl::StatusOr<Reservation> Session::CheckPorts(absl::string_view container_id,
                                                const std::vector<PortMapping>& ports) {
  if (const int later = FirstOverlap(ports); later >= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(Text(ports[static_cast<size_t>(later)]), " is published twice"));
  }
  return BindPorts(ports, [&](const PortMapping& port) { return CheckClaims(container_id, port); });
}

absl::StatusOr<Reservation> Session::Reserve(const std::string& container_id,
                                             const std::vector<PortMapping>& ports) {
  PELAGOS_RETURN_IF_ERROR(CheckId("container", container_id));
  PELAGOS_ASSIGN_OR_RETURN(Reservation reservation, CheckPorts(container_id, ports));
  PELAGOS_RETURN_IF_ERROR(Release(container_id, /*keep_ports=*/false));  // of an earlier life
  if (ports.empty()) return reservation;
  Endpoint endpoint;
  endpoint.container_id = container_id;
  endpoint.ports = reservation.ports();
  PELAGOS_RETURN_IF_ERROR(files_.SaveEndpoint(endpoint));
  PELAGOS_RETURN_IF_ERROR(Claim(endpoint));
  return reservation;
}

}  // namespace pelagos::net
