// Networks: how they are made and removed.

#include <unistd.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/names.h"
#include "pelagos/net/session.h"
#include "pelagos/net/subnets.h"

namespace pelagos::net {
namespace {

Rules RulesOf(const NetworkRecord& network) {
  Rules rules;
  if (network.driver == NetworkDriver::kBridge) {
    rules.bridges.push_back({network.bridge, network.name, network.internal, network.nat66});
  }
  return rules;
}

absl::Status NoNetwork(const std::string& name) {
  return absl::NotFoundError(absl::StrCat("there is no network '", name,
                                          "'; 'pelagos network create ", name, "' makes one"));
}

bool HasIpv6() { return ::access("/proc/sys/net/ipv6", F_OK) == 0; }

}  // namespace

absl::Status CheckId(absl::string_view what, absl::string_view id) {
  const bool good = !id.empty() && id[0] != '.' && std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '/';
  });
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("'", id, "' cannot be the name of a ", what));
}

Session::Session(Fd lock, RunFiles files, Host host, Links links, const NetworksOptions& options)
    : lock_(std::move(lock)),
      files_(std::move(files)),
      leases_(files_),
      host_(std::move(host)),
      links_(std::move(links)),
      zones_(files_.dns_folder()),
      pools_(options.pools),
      dns_{files_.dns_folder(), options.dns_program, options.resolv_conf} {}

absl::StatusOr<Session> Session::Begin(const std::string& run_root,
                                       const NetworksOptions& options) {
  RunFiles files(run_root, options.definitions);
  PELAGOS_ASSIGN_OR_RETURN(Fd lock, files.Lock());
  PELAGOS_ASSIGN_OR_RETURN(Host host, Host::Open(run_root));
  PELAGOS_ASSIGN_OR_RETURN(Links links, Links::Open(run_root));
  return Session(std::move(lock), std::move(files), std::move(host), std::move(links), options);
}

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
  return BuildNew(std::move(record));
}

absl::StatusOr<NetworkRecord> Session::BuildNew(NetworkRecord record) {
  if (record.driver == NetworkDriver::kBridge) {
    PELAGOS_ASSIGN_OR_RETURN(record.bridge, links_.ChooseBridge(record.name));
  }
  PELAGOS_RETURN_IF_ERROR(files_.SaveNetwork(record));
  const absl::Status built = Build(record);
  if (built.ok()) return record;
  const absl::Status removed = RemoveRecorded(record);
  if (removed.ok()) return built;
  return internal::WithContext(built, "(and undoing it: ", removed.message(), ")");
}

absl::StatusOr<NetworkRecord> Session::Allocate(const NetworkPlan& plan) {
  if ((plan.driver == NetworkDriver::kBridge) != plan.parent.empty()) {
    return absl::InvalidArgumentError(
        plan.parent.empty() ? absl::StrCat("driver ", NameOf(plan.driver),
                                           " needs a parent: an interface of the host")
                            : "only macvlan and ipvlan have a parent");
  }
  NetworkRecord record;
  record.name = plan.name;
  record.project = plan.project;
  record.driver = plan.driver;
  record.parent = plan.parent;
  record.mtu = plan.mtu;
  record.internal = plan.internal;
  record.nat66 = plan.nat66;
  record.servers = plan.servers;
  record.labels = plan.labels;
  PELAGOS_ASSIGN_OR_RETURN(SubnetUsers users, UsersOfSubnets(files_, plan.name));
  // A child is meant to be in its parent's segment, to which the host has a route.
  if (plan.driver == NetworkDriver::kBridge) {
    PELAGOS_RETURN_IF_ERROR(links_.AddRoutes(BridgeName(files_.root(), plan.name, 0), users));
  }
  PELAGOS_RETURN_IF_ERROR(ChooseSubnets(plan, {pools_, files_.root(), HasIpv6()}, users, record));
  if (!record.subnet6 && record.nat66) {
    return absl::InvalidArgumentError("nat66 needs IPv6");
  }
  return record;
}

// Each step can be repeated. The table is there before forwarding is changed: other run roots read
// in it that the change is ours.
absl::Status Session::Build(const NetworkRecord& record) {
  if (record.driver != NetworkDriver::kBridge) return links_.Ensure(record);
  PELAGOS_ASSIGN_OR_RETURN(std::optional<HostRecord> host, files_.LoadHost());
  if (!host) {
    PELAGOS_ASSIGN_OR_RETURN(host, host_.ReadForwarding());
    PELAGOS_RETURN_IF_ERROR(files_.SaveHost(*host));
  }
  PELAGOS_RETURN_IF_ERROR(links_.Ensure(record));
  PELAGOS_RETURN_IF_ERROR(host_.AddRules(
      RulesOf(record), [this] { return AllRules(); }, *host));
  // Whoever joins hears the warnings.
  PELAGOS_RETURN_IF_ERROR(host_.OpenFirewalls().status());
  PELAGOS_RETURN_IF_ERROR(host_.Forward());
  if (record.nat66) PELAGOS_RETURN_IF_ERROR(Forward6());
  ZoneHead head;
  head.gateway = record.gateway;
  head.prefix = record.subnet.prefix;
  if (record.subnet6) {
    head.gateway6 = record.gateway6();
    head.prefix6 = record.subnet6->prefix;
  }
  head.internal = record.internal;
  if (IsNetworkName(record.name)) head.domain = record.name;
  head.resolvers = record.servers;
  PELAGOS_RETURN_IF_ERROR(zones_.WriteNetwork(FileName(record.name), head));
  return EnsureDns(dns_);
}

// Requires: the host's lock, and the table.
absl::Status Session::Forward6() {
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<HostRecord> before, files_.LoadHost());
  PELAGOS_ASSIGN_OR_RETURN(const HostRecord after,
                           host_.ReadForwarding6(before.value_or(HostRecord())));
  if (before != after) PELAGOS_RETURN_IF_ERROR(files_.SaveHost(after));
  return host_.Forward6(after);
}

absl::StatusOr<NetworkRecord> Session::Find(const std::string& name, Endpoint& endpoint) {
  PELAGOS_RETURN_IF_ERROR(CheckId("network", name));
  PELAGOS_RETURN_IF_ERROR(Settle(endpoint));
  PELAGOS_ASSIGN_OR_RETURN(std::optional<NetworkRecord> found, files_.LoadNetwork(name));
  if (found) {
    PELAGOS_ASSIGN_OR_RETURN(const AddressMap map, leases_.Open(*found));
    if (!map.empty()) return *found;
  }
  PELAGOS_ASSIGN_OR_RETURN(const Fd host_lock, host_.Lock());
  if (found) {
    // Whoever made it, or was about to remove it, may have been killed.
    PELAGOS_RETURN_IF_ERROR(Build(*found));
    return *found;
  }
  PELAGOS_ASSIGN_OR_RETURN(std::optional<NetworkRecord> defined, files_.LoadDefinition(name));
  if (!defined && name == kDefaultNetwork) {
    NetworkPlan plan;
    plan.name = name;
    PELAGOS_ASSIGN_OR_RETURN(defined, Allocate(plan));
  }
  if (!defined) return NoNetwork(name);
  endpoint.unsettled = name;
  PELAGOS_RETURN_IF_ERROR(files_.SaveEndpoint(endpoint));
  PELAGOS_ASSIGN_OR_RETURN(NetworkRecord record, BuildNew(*std::move(defined)), "network '", name,
                           "'");
  return record;
}

absl::StatusOr<std::string> Session::UsersOf(const std::string& network) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<Endpoint> endpoints, files_.LoadEndpoints());
  std::string users;
  for (const Endpoint& endpoint : endpoints) {
    for (const Interface& inside : endpoint.interfaces) {
      if (inside.network != network) continue;
      absl::StrAppend(&users, users.empty() ? "" : ", ", endpoint.container_id);
    }
  }
  return users;
}

absl::Status Session::Remove(const std::string& name) {
  PELAGOS_RETURN_IF_ERROR(CheckId("network", name));
  PELAGOS_ASSIGN_OR_RETURN(const Fd host_lock, host_.Lock());
  PELAGOS_ASSIGN_OR_RETURN(std::optional<NetworkRecord> record, files_.LoadNetwork(name));
  if (record) {
    PELAGOS_ASSIGN_OR_RETURN(const AddressMap map, leases_.Open(*record));
    if (map.empty()) return RemoveRecorded(*record);
    PELAGOS_ASSIGN_OR_RETURN(const std::string users, UsersOf(name));
    return absl::FailedPreconditionError(absl::StrCat("it is in use by ", users));
  }
  PELAGOS_ASSIGN_OR_RETURN(std::vector<NetworkRecord> others, files_.LoadNetworks());
  return others.empty() ? RestoreHost() : absl::OkStatus();
}

absl::StatusOr<NetworkRecord> Session::Define(const NetworkPlan& plan, std::string created) {
  PELAGOS_RETURN_IF_ERROR(CheckId("network", plan.name));
  if (plan.name == kDefaultNetwork) {
    return absl::AlreadyExistsError("it is the default network, which is made when it is needed");
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<NetworkRecord> defined,
                           files_.LoadDefinition(plan.name));
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<NetworkRecord> found, files_.LoadNetwork(plan.name));
  if (defined || found) return absl::AlreadyExistsError("a network of this name exists already");
  PELAGOS_ASSIGN_OR_RETURN(NetworkRecord record, Allocate(plan));
  record.created = std::move(created);
  if (record.driver != NetworkDriver::kBridge) PELAGOS_RETURN_IF_ERROR(links_.Ensure(record));
  PELAGOS_RETURN_IF_ERROR(files_.SaveDefinition(record));
  return record;
}

absl::Status Session::CheckExists(const std::string& name) {
  PELAGOS_RETURN_IF_ERROR(CheckId("network", name));
  if (name == kDefaultNetwork) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<NetworkRecord> found, files_.LoadNetwork(name));
  if (found) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<NetworkRecord> defined, files_.LoadDefinition(name));
  return defined ? absl::OkStatus() : NoNetwork(name);
}

absl::Status Session::Undefine(const std::string& name) {
  PELAGOS_RETURN_IF_ERROR(CheckId("network", name));
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<NetworkRecord> defined, files_.LoadDefinition(name));
  if (!defined) return absl::NotFoundError("there is no such network");
  PELAGOS_RETURN_IF_ERROR(Remove(name));
  return files_.DeleteDefinition(name);
}

// The record goes last: as long as it is there, all of this can be repeated.
absl::Status Session::RemoveRecorded(const NetworkRecord& record) {
  if (record.driver == NetworkDriver::kBridge) {
    PELAGOS_RETURN_IF_ERROR(links_.Delete(record.bridge));
    PELAGOS_RETURN_IF_ERROR(host_.DeleteRules(RulesOf(record)));
    PELAGOS_RETURN_IF_ERROR(zones_.RemoveNetwork(FileName(record.name)));
    PELAGOS_ASSIGN_OR_RETURN(std::vector<NetworkRecord> networks, files_.LoadNetworks());
    const bool last =
        std::all_of(networks.begin(), networks.end(), [&](const NetworkRecord& network) {
          return network.name == record.name || network.driver != NetworkDriver::kBridge;
        });
    PELAGOS_RETURN_IF_ERROR(last ? RestoreHost() : ReloadDns(dns_));
  }
  return files_.DeleteNetwork(record.name);
}

absl::Status Session::RemoveIfUnused(const std::string& network) {
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<NetworkRecord> record, files_.LoadNetwork(network));
  if (!record || !record->project.empty()) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const AddressMap map, leases_.Open(*record));
  if (!map.empty()) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const Fd host_lock, host_.Lock());
  return RemoveRecorded(*record);
}

absl::Status Session::Settle(Endpoint& endpoint) {
  if (endpoint.unsettled.empty()) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(RemoveIfUnused(endpoint.unsettled));
  endpoint.unsettled.clear();
  return absl::OkStatus();
}

absl::Status Session::RestoreHost() {
  PELAGOS_RETURN_IF_ERROR(StopDns(dns_));
  PELAGOS_RETURN_IF_ERROR(host_.DeleteTable());
  PELAGOS_ASSIGN_OR_RETURN(std::optional<HostRecord> host, files_.LoadHost());
  if (!host) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(host_.RestoreForwarding(*host));
  return files_.DeleteHost();
}

// What the table has to hold by the records.
absl::StatusOr<Rules> Session::AllRules() {
  Rules all;
  const auto add = [&all](Rules rules) {
    all.bridges.insert(all.bridges.end(), rules.bridges.begin(), rules.bridges.end());
    all.ports.insert(all.ports.end(), rules.ports.begin(), rules.ports.end());
  };
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<NetworkRecord> networks, files_.LoadNetworks());
  for (const NetworkRecord& network : networks) add(RulesOf(network));
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<Endpoint> endpoints, files_.LoadEndpoints());
  for (const Endpoint& endpoint : endpoints) add(PortRules(endpoint));
  return all;
}

}  // namespace pelagos::net
