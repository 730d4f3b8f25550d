// For tests of plans of bundles.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "pelagos/oci/config_json.h"
#include "pelagos/oci/plan_bundle.h"
#include "pelagos/plan/op.h"

namespace pelagos::oci {

inline BundleFacts Facts() {
  BundleFacts facts;
  facts.id = "c1";
  facts.bundle = "/b";
  facts.cgroups.v2_mount = "/sys/fs/cgroup";
  facts.cgroups.v2_controllers = {"cpu", "memory", "pids"};
  facts.host_cgroups = facts.cgroups;
  facts.keyring = false;
  return facts;
}

inline Config Minimal() {
  Config config = *ReadConfig(R"({"ociVersion": "1.2.0", "root": {"path": "rootfs"},
    "process": {"cwd": "/", "args": ["sh"], "env": ["A=1"], "noNewPrivileges": true},
    "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "uts"}]}})");
  return config;
}

// One line a step, or the mistakes.
inline std::vector<std::string> Steps(const Config& config, const BundleFacts& facts = Facts()) {
  const auto plan = PlanBundle(config, facts);
  if (!plan.ok()) return absl::StrSplit(plan.status().message(), '\n');
  std::vector<std::string> steps;
  for (const Op& op : plan->ops) steps.push_back(Describe(op));
  return steps;
}

}  // namespace pelagos::oci
