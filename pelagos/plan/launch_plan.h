// A launch, all decided: what MakePlan returns, what is printed, diffed, tested and executed.
//
// A value; equal inputs give equal plans, byte for byte.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pelagos/plan/op.h"
#include "pelagos/policy/device_rules.h"
#include "pelagos/policy/extra_host.h"
#include "pelagos/policy/id_map.h"
#include "pelagos/policy/namespace_join.h"
#include "pelagos/policy/namespace_set.h"
#include "pelagos/policy/net_plan.h"
#include "pelagos/policy/time_offsets.h"

namespace pelagos {

// One write of a limit: `value` into `file` (an absolute path). Where the kernel does not have this
// file, `other_value` goes into `other_file`, if there is one.
struct CgroupWrite {
  std::string file, value;
  std::string other_file = {}, other_value = {};
  bool optional = false;  // what cannot be written is left
  bool operator==(const CgroupWrite&) const = default;
};

// The cgroups of one container and their limits, by path. Source: cgroups(7).
struct CgroupSteps {
  std::string v2;               // folder the child is cloned into (CLONE_INTO_CGROUP); may be empty
  std::vector<std::string> v1;  // folders whose `tasks` the child joins itself
  std::vector<std::string> parents;  // folders above, made first where they are missing; they stay
  std::vector<CgroupWrite> enable;   // controllers to switch on in the parent's subtree_control
  std::vector<CgroupWrite> limits;
  // What a program attached to `v2` allows (BPF_PROG_TYPE_CGROUP_DEVICE); empty: no program.
  std::vector<DeviceRule> devices;
  std::string parent;  // where the folders are below their roots: "a/b/"; "": right below
  // The folders are another container's: they are joined, neither made nor removed.
  bool joined = false;
  // Not empty: a service manager makes `v2` and puts the first process there, before it runs on
  // (launch/late_cgroups.h); for people, "unit web.scope of systemd".
  std::string placed_by = {};
  bool operator==(const CgroupSteps&) const = default;
};

// What this host cannot give as it was asked for, and what is done instead; a sentence for people.
struct PlanNote {
  std::string text;
  // About something that the user named. What merely belongs to a default set, or to "all", is
  // shown with the plan; `run` says only what was asked for.
  bool asked = true;
  bool operator==(const PlanNote&) const = default;
};

struct LaunchPlan {
  std::string id;    // owner of all that is made for it
  std::string name;  // by which others find it on its networks
  NamespaceSet namespaces;
  NamespaceJoins joins;  // of other kinds
  IdMap ids;             // of a user namespace that is the container's own, or that it joins
  TimeOffsets time;      // of a time namespace of its own
  CgroupSteps cgroup;
  NetPlan net;  // executed by net/ between the start of the child and its AwaitStart
  // Host folders to make first (upper, work), mode 0755: the upper folder's mode is the mode of the
  // container's root, which users inside must be able to enter. The folder above keeps others out.
  std::vector<std::string> folders;
  std::vector<Op> ops;
  std::vector<ExtraHost> extra_hosts;  // of /etc/hosts, which is written before it starts
  int stop_signal = 15;
  int stop_grace_seconds = 10;
  std::vector<PlanNote> notes;
  // The first process does not die with the thread that launched it.
  bool outlives_launcher = false;
  // There is no mount namespace, and that is meant: mounts are made in the launcher's.
  bool shares_mounts = false;
  // The launcher is in a user namespace: from a pid namespace that it had joined for its children
  // it could not return to its own (setns(2)), and so another process joins it.
  bool cannot_return = false;
  // Of an OCI bundle, for who is told of the container: a listener of its filter.
  std::string bundle = {};
  std::map<std::string, std::string> annotations = {};
  bool operator==(const LaunchPlan&) const = default;
};

// What people call it.
inline const std::string& NameOf(const LaunchPlan& plan) {
  return plan.name.empty() ? plan.id : plan.name;
}

}  // namespace pelagos
