// Which subnets and which gateway a new network gets: files and values only, no kernel.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/net/ipam.h"
#include "pelagos/net/record.h"
#include "pelagos/net/run_files.h"
#include "pelagos/policy/net_plan.h"

namespace pelagos::net {

// Where subnets come from that nobody asked for.
struct SubnetSource {
  std::vector<std::string> pools;  // of IPv4, in this order
  std::string run_root;            // with the network's name it decides about a /64 of fd00::/8
  bool ipv6 = true;                // the host has it
};

// All networks that are there or defined, but for the one called `network`.
absl::StatusOr<SubnetUsers> UsersOfSubnets(const RunFiles& files, const std::string& network);

// Fills in subnet, gateway and subnet6 of `record`: what the plan asks for, else what nobody of
// `users` has. InvalidArgument for what no network can have; FailedPrecondition for an overlap,
// which names the other; ResourceExhausted if the pools have nothing left.
absl::Status ChooseSubnets(const NetworkPlan& plan, const SubnetSource& source,
                           const SubnetUsers& users, NetworkRecord& record);

}  // namespace pelagos::net
