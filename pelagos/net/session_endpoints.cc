// Containers: how they are connected to networks, and what is given back: see session.h.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/names.h"
#include "pelagos/net/session.h"
#include "pelagos/sys/net/rtnetlink.h"

namespace pelagos::net {
namespace {

std::optional<IpAddress> AddressOf(const std::string& text) {
  if (IsIpv6Text(text)) {
    const absl::StatusOr<sys::Ipv6> ipv6 = sys::ParseIpv6(text);
    return ipv6.ok() ? std::optional<IpAddress>(*ipv6) : std::nullopt;
  }
  const absl::StatusOr<sys::Ipv4> ipv4 = sys::ParseIpv4(text);
  return ipv4.ok() ? std::optional<IpAddress>(*ipv4) : std::nullopt;
}

// eth0, or the next number that nobody has.
std::string FreeName(const Endpoint& endpoint) {
  for (size_t number = 0;; ++number) {
    std::string name = absl::StrCat("eth", number);
    if (std::none_of(endpoint.interfaces.begin(), endpoint.interfaces.end(),
                     [&](const Interface& inside) { return inside.name == name; })) {
      return name;
    }
  }
}

// The interface that has, or is to have, the default routes: the first that leads outside.
const Interface* WayOut(const Endpoint& endpoint) {
  for (const Interface& inside : endpoint.interfaces) {
    if (!inside.internal) return &inside;
  }
  return nullptr;
}

// What comes from beyond the host has to be forwarded.
bool ComesByIpv6(const PortMapping& port) {
  return IsIpv6Text(port.host_address) && ExposureOf(port.host_address) != Exposure::kLoopback;
}

}  // namespace

const Interface* PortTarget(const Endpoint& endpoint) {
  for (const Interface& inside : endpoint.interfaces) {
    if (inside.driver == NetworkDriver::kBridge) return &inside;
  }
  return nullptr;
}

Rules PortRules(const Endpoint& endpoint) {
  Rules rules;
  const Interface* target = PortTarget(endpoint);
  if (target == nullptr) return rules;
  for (const PortMapping& port : endpoint.ports) {
    const std::optional<IpAddress> at = AddressOf(port.host_address);
    if (!at) continue;  // records are checked when they are read
    const bool ipv6 = std::holds_alternative<sys::Ipv6>(*at);
    if (ipv6 && !target->address6) continue;
    const IpAddress address = ipv6 ? IpAddress(*target->address6) : IpAddress(target->address);
    rules.ports.push_back(
        {endpoint.container_id, port.protocol, *at, port.host, address, port.inside});
  }
  return rules;
}

absl::Status Session::WriteName(const Endpoint& endpoint, const Interface& inside) {
  if (inside.driver != NetworkDriver::kBridge) return absl::OkStatus();
  return zones_.WriteHost(
      FileName(inside.network),
      {inside.address, inside.address6, endpoint.container_id, inside.names, endpoint.dns.servers});
}

absl::Status Session::Publish(const Endpoint& endpoint) {
  const Rules rules = PortRules(endpoint);
  if (rules.ports.empty()) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<HostRecord> host, files_.LoadHost());
  PELAGOS_RETURN_IF_ERROR(host_.AddRules(
      rules, [this] { return AllRules(); }, host.value_or(HostRecord())));
  if (std::none_of(endpoint.ports.begin(), endpoint.ports.end(), ComesByIpv6)) {
    return absl::OkStatus();
  }
  PELAGOS_ASSIGN_OR_RETURN(const Fd host_lock, host_.Lock());
  return Forward6();
}

// One interface more. `endpoint` has it also if that fails later on.
absl::Status Session::Join(Endpoint& endpoint, const Attachment& attachment, const Fd& netns) {
  const std::string& id = endpoint.container_id;
  for (const Interface& other : endpoint.interfaces) {
    if (other.network != attachment.network) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("network '", attachment.network, "' is joined twice"));
  }
  for (const std::string& name : attachment.aliases) PELAGOS_RETURN_IF_ERROR(CheckName(name));
  PELAGOS_ASSIGN_OR_RETURN(const NetworkRecord network, Find(attachment.network, endpoint));
  absl::StatusOr<Interface> leased = leases_.Take(id, network, attachment, FreeName(endpoint));
  if (!leased.ok()) {
    // One that was made for this container has nobody else.
    PELAGOS_RETURN_IF_ERROR(RemoveIfUnused(network.name));
    return leased.status();
  }
  if (network.driver == NetworkDriver::kBridge) {
    leased->host_link = VethName(files_.root(), id, leased->network);
  }
  endpoint.interfaces.push_back(*std::move(leased));
  endpoint.unsettled.clear();  // Leave looks after it now
  PELAGOS_RETURN_IF_ERROR(files_.SaveEndpoint(endpoint));
  Interface& inside = endpoint.interfaces.back();
  const bool way_out = WayOut(endpoint) == &inside;
  const absl::Status connected = links_.Connect(id, network, way_out, netns, inside);
  if (absl::IsNotFound(connected) && network.driver == NetworkDriver::kBridge) {
    // Somebody removed the bridge.
    PELAGOS_RETURN_IF_ERROR(Build(network));
    PELAGOS_RETURN_IF_ERROR(links_.Connect(id, network, way_out, netns, inside));
  } else {
    PELAGOS_RETURN_IF_ERROR(connected);
  }
  if (network.subnet6 && !inside.address6) PELAGOS_RETURN_IF_ERROR(files_.SaveEndpoint(endpoint));
  return WriteName(endpoint, inside);
}

// Kernel first, records after: what is recorded can be undone again. Without `netns` the container
// is dead, and what was inside went with it.
absl::Status Session::Leave(Endpoint& endpoint, size_t index, const Fd* netns) {
  PELAGOS_RETURN_IF_ERROR(Settle(endpoint));
  const Interface inside = endpoint.interfaces[index];
  if (netns != nullptr) {
    PELAGOS_RETURN_IF_ERROR(links_.Disconnect(*netns, inside));
  } else if (!inside.host_link.empty()) {
    PELAGOS_RETURN_IF_ERROR(links_.Delete(inside.host_link));
  }
  if (inside.driver == NetworkDriver::kBridge) {
    PELAGOS_RETURN_IF_ERROR(zones_.RemoveHost(FileName(inside.network), endpoint.container_id));
  }
  PELAGOS_RETURN_IF_ERROR(leases_.Hold(endpoint.container_id, inside));
  endpoint.interfaces.erase(endpoint.interfaces.begin() + static_cast<std::ptrdiff_t>(index));
  endpoint.unsettled = inside.network;
  PELAGOS_RETURN_IF_ERROR(files_.SaveEndpoint(endpoint));
  PELAGOS_RETURN_IF_ERROR(leases_.Free(inside));
  return Settle(endpoint);
}

absl::StatusOr<Endpoint> Session::Attach(const std::string& container_id, const NetPlan& plan,
                                         const Fd& netns) {
  PELAGOS_RETURN_IF_ERROR(CheckId("container", container_id));
  if (const absl::string_view problem = NetProblem(plan); !problem.empty()) {
    return absl::InvalidArgumentError(problem);
  }
  PELAGOS_RETURN_IF_ERROR(Release(container_id, /*keep_ports=*/true));  // of an earlier life
  if (!IsConnected(plan.mode)) {
    if (plan.mode == NetMode::kNone) PELAGOS_RETURN_IF_ERROR(links_.LoopbackUp(netns));
    return Endpoint{container_id, plan.mode, {}, {}, plan.dns};
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<Endpoint> reserved,
                           files_.LoadEndpoint(container_id));
  Endpoint endpoint = reserved.value_or(Endpoint());
  endpoint.container_id = container_id;
  endpoint.mode = plan.mode;
  endpoint.dns = plan.dns;
  absl::StatusOr<Endpoint> connected = Bridge(endpoint, plan, netns);
  if (connected.ok()) return connected;
  const absl::Status undone = Release(container_id, /*keep_ports=*/reserved.has_value());
  if (undone.ok()) return connected;
  return internal::WithContext(connected.status(), "(and undoing it: ", undone.message(), ")");
}

absl::StatusOr<Endpoint> Session::Bridge(Endpoint endpoint, const NetPlan& plan, const Fd& netns) {
  if (endpoint.ports.empty() && !plan.ports.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(const Reservation checked,
                             CheckPorts(endpoint.container_id, plan.ports));
    endpoint.ports = checked.ports();
    PELAGOS_RETURN_IF_ERROR(files_.SaveEndpoint(endpoint));
    PELAGOS_RETURN_IF_ERROR(Claim(endpoint));
  }
  if (plan.mode == NetMode::kPasta) {
    PELAGOS_RETURN_IF_ERROR(files_.SaveEndpoint(endpoint));
    PELAGOS_RETURN_IF_ERROR(links_.LoopbackUp(netns));
    return endpoint;
  }
  for (const Attachment& attachment : plan.attachments) {
    PELAGOS_RETURN_IF_ERROR(Join(endpoint, attachment, netns));
  }
  if (!endpoint.ports.empty() && PortTarget(endpoint) == nullptr) {
    return absl::InvalidArgumentError(
        "ports can be published only from a network with a bridge: the others' containers have "
        "addresses of their own on the segment");
  }
  PELAGOS_RETURN_IF_ERROR(Publish(endpoint));
  // What a reload of another firewall took away.
  PELAGOS_ASSIGN_OR_RETURN(endpoint.warnings, host_.OpenFirewalls());
  PELAGOS_RETURN_IF_ERROR(TellDns(endpoint));
  return endpoint;
}

// It is started if this is the first that needs it.
absl::Status Session::TellDns(const Endpoint& endpoint) {
  for (const Interface& inside : endpoint.interfaces) {
    if (inside.driver == NetworkDriver::kBridge) return EnsureDns(dns_);
  }
  return absl::OkStatus();
}

absl::StatusOr<Endpoint> Session::Connect(const std::string& container_id,
                                          const Attachment& attachment, const Fd& netns) {
  PELAGOS_RETURN_IF_ERROR(CheckId("container", container_id));
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<Endpoint> before, files_.LoadEndpoint(container_id));
  Endpoint endpoint = before.value_or(Endpoint{container_id, NetMode::kNone, {}, {}, {}});
  if (endpoint.mode == NetMode::kPasta) {
    return absl::FailedPreconditionError("a container with pasta joins no networks");
  }
  endpoint.mode = NetMode::kBridge;
  const size_t joined = endpoint.interfaces.size();
  absl::Status done = Join(endpoint, attachment, netns);
  if (done.ok()) done = Publish(endpoint);
  if (done.ok()) done = TellDns(endpoint);
  if (done.ok()) return endpoint;
  absl::Status undone;
  if (endpoint.interfaces.size() > joined) undone = Leave(endpoint, joined, &netns);
  if (undone.ok() && joined == 0) undone = Release(container_id, /*keep_ports=*/true);
  if (undone.ok()) return done;
  return internal::WithContext(done, "(and undoing it: ", undone.message(), ")");
}

absl::StatusOr<Endpoint> Session::Disconnect(const std::string& container_id,
                                             const std::string& network, const Fd& netns) {
  PELAGOS_RETURN_IF_ERROR(CheckId("container", container_id));
  PELAGOS_ASSIGN_OR_RETURN(std::optional<Endpoint> found, files_.LoadEndpoint(container_id));
  Endpoint endpoint = found.value_or(Endpoint());
  const auto at = std::find_if(endpoint.interfaces.begin(), endpoint.interfaces.end(),
                               [&](const Interface& inside) { return inside.network == network; });
  if (at == endpoint.interfaces.end()) {
    return absl::NotFoundError(absl::StrCat("it is not in network '", network, "'"));
  }
  const size_t index = static_cast<size_t>(at - endpoint.interfaces.begin());
  const Interface* before = WayOut(endpoint);
  const bool was_way_out = before == &*at;
  const bool was_target = PortTarget(endpoint) == &*at;
  if (was_target) PELAGOS_RETURN_IF_ERROR(host_.DeleteRules(PortRules(endpoint)));
  PELAGOS_RETURN_IF_ERROR(Leave(endpoint, index, &netns));
  if (was_target) PELAGOS_RETURN_IF_ERROR(Publish(endpoint));
  if (const Interface* after = WayOut(endpoint); was_way_out && after != nullptr) {
    PELAGOS_RETURN_IF_ERROR(links_.Route(netns, *after));
  }
  PELAGOS_RETURN_IF_ERROR(ReloadDns(dns_));
  if (endpoint.interfaces.empty()) {
    endpoint.mode = NetMode::kNone;
    if (endpoint.ports.empty()) PELAGOS_RETURN_IF_ERROR(files_.DeleteEndpoint(container_id));
  }
  return endpoint;
}

absl::Status Session::Detach(const std::string& container_id) {
  PELAGOS_RETURN_IF_ERROR(CheckId("container", container_id));
  return Release(container_id, /*keep_ports=*/false);
}

absl::Status Session::Release(const std::string& container_id, bool keep_ports) {
  PELAGOS_ASSIGN_OR_RETURN(std::optional<Endpoint> found, files_.LoadEndpoint(container_id));
  if (!found) return absl::OkStatus();
  Endpoint& endpoint = *found;
  PELAGOS_RETURN_IF_ERROR(host_.DeleteRules(PortRules(endpoint)));
  const bool named = !endpoint.interfaces.empty();
  while (!endpoint.interfaces.empty()) {
    PELAGOS_RETURN_IF_ERROR(Leave(endpoint, endpoint.interfaces.size() - 1, nullptr));
  }
  PELAGOS_RETURN_IF_ERROR(Settle(endpoint));
  if (named) PELAGOS_RETURN_IF_ERROR(ReloadDns(dns_));
  if (keep_ports && !endpoint.ports.empty()) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(Unclaim(endpoint));
  return files_.DeleteEndpoint(container_id);
}

}  // namespace pelagos::net
