#include "pelagos/net/subnets.h"

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/names.h"

namespace pelagos::net {
namespace {

// Where nobody says how large a network is. Whom nobody named is asked by many.
constexpr int kUsualPrefix = 24;
constexpr int kDefaultPrefix = 20;

}  // namespace

absl::StatusOr<SubnetUsers> UsersOfSubnets(const RunFiles& files, const std::string& network) {
  SubnetUsers users;
  const auto add = [&](const std::vector<NetworkRecord>& others) {
    for (const NetworkRecord& other : others) {
      if (other.name == network) continue;
      const std::string who = absl::StrCat("network '", other.name, "'");
      users.ipv4.push_back({other.subnet, who});
      if (other.subnet6) users.ipv6.push_back({*other.subnet6, who});
    }
  };
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<NetworkRecord> networks, files.LoadNetworks());
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<NetworkRecord> definitions, files.LoadDefinitions());
  add(networks);
  add(definitions);
  return users;
}

absl::Status ChooseSubnets(const NetworkPlan& plan, const SubnetSource& source,
                           const SubnetUsers& users, NetworkRecord& record) {
  if (!plan.subnet.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(record.subnet, CheckSubnet(plan.subnet, users.ipv4));
  } else if (plan.driver != NetworkDriver::kBridge) {
    return absl::InvalidArgumentError(
        absl::StrCat("driver ", NameOf(plan.driver), " needs the subnet of its parent's segment"));
  } else {
    std::vector<sys::Subnet> pools;
    for (const std::string& text : source.pools) {
      PELAGOS_ASSIGN_OR_RETURN(pools.emplace_back(), sys::ParseSubnet(text), "a pool of subnets");
    }
    const bool wide = plan.name == kDefaultNetwork && plan.project.empty();
    PELAGOS_ASSIGN_OR_RETURN(record.subnet,
                             PickSubnet(pools, wide ? kDefaultPrefix : kUsualPrefix, users.ipv4));
  }
  record.gateway = {record.subnet.base.bits + 1};
  if (!plan.gateway.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(record.gateway, sys::ParseIpv4(plan.gateway), "gateway");
    if (!record.subnet.contains(record.gateway) || record.gateway == record.subnet.base ||
        record.gateway == record.subnet.broadcast()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "gateway ", plan.gateway, " is no address of a host in ", sys::ToString(record.subnet)));
    }
  }
  if (!plan.ipv6 || !source.ipv6) return absl::OkStatus();
  if (!plan.subnet6.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(record.subnet6, CheckSubnet6(plan.subnet6, users.ipv6));
    if (128 - record.subnet6->prefix < 32 - record.subnet.prefix) {
      return absl::InvalidArgumentError(
          absl::StrCat("subnet ", plan.subnet6, " is smaller than ", sys::ToString(record.subnet)));
    }
  } else if (plan.driver == NetworkDriver::kBridge) {
    const auto seed = [&](int attempt) {
      return HashOf(absl::StrCat(source.run_root, "\n", plan.name, "\n", attempt));
    };
    PELAGOS_ASSIGN_OR_RETURN(record.subnet6, PickSubnet6(seed, users.ipv6));
  }
  return absl::OkStatus();
}

}  // namespace pelagos::net
