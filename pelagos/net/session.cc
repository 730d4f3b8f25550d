#include "pelagos/net/session.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/dns/zone.h"
#include "pelagos/net/ipam.h"
#include "pelagos/net/names.h"

namespace pelagos::net {
namespace {

// What becomes part of a file's name and of a line of a file.
absl::Status CheckId(absl::string_view what, absl::string_view id) {
  const bool good = !id.empty() && id[0] != '.' && std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isgraph(c) && c != '/';
  });
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("'", id, "' cannot be the name of a ", what));
}

std::string Text(const PortMapping& port) {
  return absl::StrCat("port ", port.host_address, ":", port.host, "/", NameOf(port.protocol));
}

bool Holds(const PortRecord& record, absl::string_view owner) { return record.owner == owner; }

}  // namespace

Session::Session(Fd lock, RunFiles files, Host host, const NetworksOptions& options)
    : lock_(std::move(lock)),
      files_(std::move(files)),
      host_(std::move(host)),
      pool_(options.pool),
      dns_{files_.dns_folder(), options.dns_program, options.resolv_conf} {}

absl::StatusOr<Session> Session::Begin(const std::string& run_root,
                                       const NetworksOptions& options) {
  RunFiles files(run_root);
  PELAGOS_ASSIGN_OR_RETURN(Fd lock, files.Lock());
  PELAGOS_ASSIGN_OR_RETURN(Host host, Host::Open(run_root));
  return Session(std::move(lock), std::move(files), std::move(host), options);
}

// ---------------------------------------------------------------------------------------------
// Networks

absl::StatusOr<NetworkRecord> Session::Ensure(const NetworkPlan& plan) {
  PELAGOS_RETURN_IF_ERROR(CheckId("network", plan.name));
  PELAGOS_ASSIGN_OR_RETURN(const Fd host_lock, host_.Lock());
  PELAGOS_ASSIGN_OR_RETURN(std::optional<NetworkRecord> found, files_.LoadNetwork(plan.name));
  if (found) {
    if (found->project != plan.project) {
      return absl::FailedPreconditionError(
          absl::StrCat("it exists already and belongs to project '", found->project, "'"));
    }
    if (!plan.subnet.empty() && plan.subnet != sys::ToString(found->subnet)) {
      return absl::FailedPreconditionError(absl::StrCat(
          "it exists already with subnet ", sys::ToString(found->subnet), ", not ", plan.subnet));
    }
    PELAGOS_RETURN_IF_ERROR(Build(*found));
    return *found;
  }
  PELAGOS_ASSIGN_OR_RETURN(NetworkRecord record, Allocate(plan));
  PELAGOS_RETURN_IF_ERROR(files_.SaveNetwork(record));
  if (absl::Status built = Build(record); !built.ok()) {
    absl::Status removed = RemoveRecorded(record);
    if (removed.ok()) return built;
    return internal::WithContext(built, "(and undoing it: ", removed.message(), ")");
  }
  return record;
}

absl::StatusOr<NetworkRecord> Session::Allocate(const NetworkPlan& plan) {
  NetworkRecord record{plan.name, plan.project, {}, "", {}};
  PELAGOS_ASSIGN_OR_RETURN(record.bridge, host_.ChooseBridge(plan.name));
  PELAGOS_ASSIGN_OR_RETURN(std::vector<NetworkRecord> others, files_.LoadNetworks());
  std::vector<SubnetUser> users;
  for (const NetworkRecord& other : others) {
    users.push_back({other.subnet, absl::StrCat("network '", other.name, "'")});
  }
  PELAGOS_ASSIGN_OR_RETURN(std::vector<SubnetUser> routes, host_.Routes(record.bridge));
  users.insert(users.end(), routes.begin(), routes.end());
  if (!plan.subnet.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(record.subnet, CheckSubnet(plan.subnet, users));
    return record;
  }
  PELAGOS_ASSIGN_OR_RETURN(sys::Subnet pool, sys::ParseSubnet(pool_), "the pool of subnets");
  PELAGOS_ASSIGN_OR_RETURN(record.subnet, PickSubnet(pool, users));
  return record;
}

// Each step can be repeated. The table is there before forwarding is changed: other run roots read
// in it that the change is ours.
absl::Status Session::Build(const NetworkRecord& record) {
  PELAGOS_ASSIGN_OR_RETURN(std::optional<HostRecord> host, files_.LoadHost());
  if (!host) {
    PELAGOS_ASSIGN_OR_RETURN(host, host_.ReadForwarding());
    PELAGOS_RETURN_IF_ERROR(files_.SaveHost(*host));
  }
  PELAGOS_RETURN_IF_ERROR(host_.EnsureBridge(record));
  PELAGOS_ASSIGN_OR_RETURN(std::vector<NetworkRecord> networks, files_.LoadNetworks());
  PELAGOS_ASSIGN_OR_RETURN(PortsRecord ports, files_.LoadPorts());
  PELAGOS_RETURN_IF_ERROR(host_.AddRules({record}, {}, networks, ports.ports, *host));
  PELAGOS_RETURN_IF_ERROR(host_.OpenFirewalls().status());
  PELAGOS_RETURN_IF_ERROR(host_.Forward());
  PELAGOS_RETURN_IF_ERROR(files_.SaveNames(record).status());
  return EnsureDns(dns_);
}

absl::Status Session::Remove(const std::string& name) {
  PELAGOS_RETURN_IF_ERROR(CheckId("network", name));
  PELAGOS_ASSIGN_OR_RETURN(const Fd host_lock, host_.Lock());
  PELAGOS_ASSIGN_OR_RETURN(std::optional<NetworkRecord> record, files_.LoadNetwork(name));
  if (record) {
    if (record->leases.empty()) return RemoveRecorded(*record);
    std::string users;
    for (const Lease& lease : record->leases) {
      absl::StrAppend(&users, users.empty() ? "" : ", ", lease.owner);
    }
    return absl::FailedPreconditionError(absl::StrCat("it is in use by ", users));
  }
  PELAGOS_ASSIGN_OR_RETURN(std::vector<NetworkRecord> others, files_.LoadNetworks());
  return others.empty() ? RestoreHost() : absl::OkStatus();
}

// The record goes last: as long as it is there, all of this can be repeated.
absl::Status Session::RemoveRecorded(const NetworkRecord& record) {
  PELAGOS_RETURN_IF_ERROR(host_.DeleteRules({record}, {}));
  PELAGOS_RETURN_IF_ERROR(host_.DeleteBridge(record));
  PELAGOS_RETURN_IF_ERROR(files_.DeleteNames(record.name));
  PELAGOS_ASSIGN_OR_RETURN(std::vector<NetworkRecord> networks, files_.LoadNetworks());
  const bool last =
      std::all_of(networks.begin(), networks.end(),
                  [&](const NetworkRecord& network) { return network.name == record.name; });
  PELAGOS_RETURN_IF_ERROR(last ? RestoreHost() : ReloadDns(dns_));
  return files_.DeleteNetwork(record.name);
}

absl::Status Session::RestoreHost() {
  PELAGOS_RETURN_IF_ERROR(StopDns(dns_));
  PELAGOS_RETURN_IF_ERROR(host_.DeleteTable());
  PELAGOS_ASSIGN_OR_RETURN(std::optional<HostRecord> host, files_.LoadHost());
  if (!host) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(host_.RestoreForwarding(*host));
  return files_.DeleteHost();
}

// ---------------------------------------------------------------------------------------------
// Ports

absl::StatusOr<Reservation> Session::CheckPorts(absl::string_view container_id,
                                                const std::vector<PortMapping>& ports) {
  if (const int later = FirstOverlap(ports); later >= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(Text(ports[static_cast<size_t>(later)]), " is published twice"));
  }
  PELAGOS_ASSIGN_OR_RETURN(PortsRecord record, files_.LoadPorts());
  for (const PortMapping& port : ports) {
    for (const PortRecord& other : record.ports) {
      if (!Holds(other, container_id) && Overlap(port, other.mapping)) {
        return absl::AlreadyExistsError(
            absl::StrCat(Text(port), " is published by container '", other.owner, "'"));
      }
    }
  }
  return BindPorts(ports);
}

absl::StatusOr<Reservation> Session::Reserve(const std::string& container_id,
                                             const std::vector<PortMapping>& ports) {
  PELAGOS_RETURN_IF_ERROR(CheckId("container", container_id));
  PELAGOS_ASSIGN_OR_RETURN(Reservation reservation, CheckPorts(container_id, ports));
  PELAGOS_RETURN_IF_ERROR(Release(container_id, /*keep_ports=*/false));  // of an earlier life
  if (ports.empty()) return reservation;
  PELAGOS_ASSIGN_OR_RETURN(PortsRecord record, files_.LoadPorts());
  for (const PortMapping& port : ports) record.ports.push_back({container_id, port, {}});
  PELAGOS_RETURN_IF_ERROR(files_.SavePorts(record));
  return reservation;
}

// ---------------------------------------------------------------------------------------------
// Containers

absl::StatusOr<Endpoint> Session::Attach(const std::string& container_id, const NetPlan& plan,
                                         const Fd& netns) {
  PELAGOS_RETURN_IF_ERROR(CheckId("container", container_id));
  if (plan.mode != NetMode::kBridge && !(plan.attachments.empty() && plan.ports.empty())) {
    return absl::InvalidArgumentError(
        absl::StrCat("mode ", NameOf(plan.mode), " has neither networks nor ports"));
  }
  if (plan.mode == NetMode::kBridge && plan.attachments.empty()) {
    return absl::InvalidArgumentError("mode bridge needs a network");
  }
  PELAGOS_RETURN_IF_ERROR(Release(container_id, /*keep_ports=*/true));  // of an earlier life
  if (plan.mode != NetMode::kBridge) {
    if (plan.mode == NetMode::kNone) PELAGOS_RETURN_IF_ERROR(host_.ConnectLoopback(netns));
    return Endpoint{container_id, plan.mode, {}, {}};
  }
  PELAGOS_ASSIGN_OR_RETURN(const PortsRecord before, files_.LoadPorts());
  absl::StatusOr<Endpoint> endpoint = Bridge(container_id, plan, netns);
  if (endpoint.ok()) return endpoint;
  absl::Status undone = Release(container_id, /*keep_ports=*/true);
  if (undone.ok()) undone = files_.SavePorts(before);
  if (undone.ok()) return endpoint;
  return internal::WithContext(endpoint.status(), "(and undoing it: ", undone.message(), ")");
}

absl::StatusOr<Endpoint> Session::Bridge(const std::string& container_id, const NetPlan& plan,
                                         const Fd& netns) {
  Endpoint endpoint{container_id, plan.mode, {}, plan.ports};
  std::vector<Connection> connections;
  std::vector<NetworkRecord> joined;
  for (const Attachment& attachment : plan.attachments) {
    PELAGOS_ASSIGN_OR_RETURN(std::optional<NetworkRecord> network,
                             files_.LoadNetwork(attachment.network));
    if (!network) {
      return absl::NotFoundError(absl::StrCat("there is no network '", attachment.network, "'"));
    }
    for (const std::string& name : attachment.aliases) PELAGOS_RETURN_IF_ERROR(CheckName(name));
    for (const Interface& other : endpoint.interfaces) {
      if (other.network != attachment.network) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("network '", attachment.network, "' is joined twice"));
    }
    PELAGOS_ASSIGN_OR_RETURN(sys::Ipv4 address, PickAddress(*network, container_id));
    network->leases.push_back({address, container_id, attachment.aliases});
    PELAGOS_RETURN_IF_ERROR(files_.SaveNetwork(*network));
    const size_t index = endpoint.interfaces.size();
    endpoint.interfaces.push_back({absl::StrCat("eth", index), network->name, address,
                                   network->subnet.prefix, network->gateway()});
    connections.push_back({endpoint.interfaces.back(), VethName(files_.root(), container_id, index),
                           network->bridge});
    joined.push_back(*std::move(network));
  }

  PELAGOS_ASSIGN_OR_RETURN(PortsRecord record, files_.LoadPorts());
  std::vector<PortMapping> unreserved;
  for (const PortMapping& port : plan.ports) {
    const bool reserved =
        std::any_of(record.ports.begin(), record.ports.end(), [&](const PortRecord& candidate) {
          return Holds(candidate, container_id) && candidate.mapping == port;
        });
    if (!reserved) unreserved.push_back(port);
  }
  PELAGOS_ASSIGN_OR_RETURN(const Reservation checked, CheckPorts(container_id, unreserved));
  for (const PortMapping& port : unreserved) record.ports.push_back({container_id, port, {}});
  std::vector<PortRecord> published;
  for (PortRecord& port : record.ports) {
    const bool wanted =
        std::find(plan.ports.begin(), plan.ports.end(), port.mapping) != plan.ports.end();
    if (!Holds(port, container_id) || !wanted) continue;
    port.target = endpoint.interfaces.front().address;
    published.push_back(port);
  }
  if (!published.empty()) PELAGOS_RETURN_IF_ERROR(files_.SavePorts(record));

  PELAGOS_RETURN_IF_ERROR(host_.Connect(container_id, connections, netns));
  if (!published.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(std::vector<NetworkRecord> networks, files_.LoadNetworks());
    PELAGOS_ASSIGN_OR_RETURN(std::optional<HostRecord> host, files_.LoadHost());
    PELAGOS_RETURN_IF_ERROR(
        host_.AddRules({}, published, networks, record.ports, host.value_or(HostRecord())));
  }
  PELAGOS_RETURN_IF_ERROR(host_.OpenFirewalls().status());
  for (const NetworkRecord& network : joined) {
    PELAGOS_RETURN_IF_ERROR(files_.SaveNames(network).status());
  }
  PELAGOS_RETURN_IF_ERROR(EnsureDns(dns_));
  return endpoint;
}

absl::Status Session::Detach(const std::string& container_id) {
  PELAGOS_RETURN_IF_ERROR(CheckId("container", container_id));
  return Release(container_id, /*keep_ports=*/false);
}

// Kernel first, records after: what is recorded can be undone again.
absl::Status Session::Release(const std::string& container_id, bool keep_ports) {
  PELAGOS_ASSIGN_OR_RETURN(PortsRecord ports, files_.LoadPorts());
  std::vector<PortRecord> own;
  for (const PortRecord& port : ports.ports) {
    if (Holds(port, container_id)) own.push_back(port);
  }
  PELAGOS_RETURN_IF_ERROR(host_.DeleteRules({}, own));

  PELAGOS_ASSIGN_OR_RETURN(std::vector<NetworkRecord> networks, files_.LoadNetworks());
  const auto holds = [&](const Lease& lease) { return lease.owner == container_id; };
  size_t interfaces = 0;
  for (const NetworkRecord& network : networks) {
    if (std::any_of(network.leases.begin(), network.leases.end(), holds)) ++interfaces;
  }
  for (size_t index = 0; index < interfaces; ++index) {
    PELAGOS_RETURN_IF_ERROR(host_.Disconnect(VethName(files_.root(), container_id, index)));
  }
  bool names_changed = false;
  for (NetworkRecord& network : networks) {
    if (std::erase_if(network.leases, holds) == 0) continue;
    PELAGOS_ASSIGN_OR_RETURN(bool changed, files_.SaveNames(network));
    names_changed |= changed;
    PELAGOS_RETURN_IF_ERROR(files_.SaveNetwork(network));
  }
  if (names_changed) PELAGOS_RETURN_IF_ERROR(ReloadDns(dns_));

  if (own.empty()) return absl::OkStatus();
  if (keep_ports) {
    for (PortRecord& port : ports.ports) {
      if (Holds(port, container_id)) port.target.reset();
    }
  } else {
    std::erase_if(ports.ports, [&](const PortRecord& port) { return Holds(port, container_id); });
  }
  return files_.SavePorts(ports);
}

}  // namespace pelagos::net
