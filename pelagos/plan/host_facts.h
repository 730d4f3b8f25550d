// What MakePlan must know of the host, as a value: read once by sys/ and the CLI, written by hand
// in tests.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pelagos/abi/kernel_version.h"
#include "pelagos/policy/capability_set.h"
#include "pelagos/policy/cgroup_plan.h"
#include "pelagos/policy/device.h"
#include "pelagos/policy/id_map.h"

namespace pelagos {

// Where cgroups are and who has which controller. Source: cgroups(7), proc_pid_mountinfo(5).
struct CgroupLayout {
  std::string v2_mount;                          // "/sys/fs/cgroup", ".../unified" on hybrid, or ""
  std::vector<CgroupController> v2_controllers;  // those that v2 offers
  std::map<CgroupController, std::string> v1_mounts;  // those bound to a v1 hierarchy
  // Swap can be limited: cgroups have memory.swap.max (v2) or memory.memsw.limit_in_bytes (v1).
  bool limits_swap = false;
  // What the names of containers' cgroups begin with; each run root has its own, so that containers
  // of the same id in different worlds do not meet.
  std::string name_prefix = "pelagos-";
  // The caller may make cgroups. An ordinary user may only where one was delegated to it.
  bool usable = true;
  // Below v2_mount: where containers' cgroups stand, "/user.slice/x"; "": right below it.
  std::string v2_own = {};

  friend bool operator==(const CgroupLayout&, const CgroupLayout&) = default;
};

struct DeviceNumber {
  uint32_t major = 0, minor = 0;
  friend bool operator==(const DeviceNumber&, const DeviceNumber&) = default;
};

// The caller is an ordinary user: it works in a user namespace of its own, in which it is root.
struct RootlessFacts {
  IdMap ids;                   // of that namespace
  bool may_set_groups = true;  // setgroups(2)
  std::string note = {};       // what it lacks, a sentence for people
  friend bool operator==(const RootlessFacts&, const RootlessFacts&) = default;
};

struct HostFacts {
  std::string data_root = "/var/lib/pelagos";
  std::string run_root = "/run/pelagos";
  // Below it ID/upper and ID/work; empty: they are in the container's folder of the run root.
  std::string layers_root = {};
  CgroupLayout cgroups;
  CapabilitySet capabilities = CapabilitySet::All();  // the caller's own (permitted)
  std::optional<RootlessFacts> rootless;
  // Of the user namespace that the spec joins.
  IdMap joined_ids = {};
  // The launcher's user namespace is not the initial one; always so for who is rootless.
  bool in_user_namespace = false;
  bool apparmor = false;     // profiles are enforced
  bool selinux = false;      // the policy is enforced or audited
  std::string init_program;  // pelagos-init; empty: not looked for
  int landlock_abi = 0;      // version of the interface; 0: none
  KernelVersion kernel;
  // Read only for a spec that asks for them; nullopt: not read.
  std::optional<IdList> online_cpus, memory_nodes;
  std::optional<std::vector<uint64_t>> huge_page_sizes;
  // The block devices named in IoLimits, by path. A path that is none is missing.
  std::map<std::string, DeviceNumber> block_devices;
  // /sys/devices/system/cpu/*/thermal_throttle: they tell programs of each other's work.
  std::vector<std::string> thermal_throttle;
  std::set<std::string> missing_sources;  // of binds that need theirs
  // By Device::source; what is not here is none.
  std::map<std::string, std::vector<HostDevice>> devices;
  // All below /dev, for a privileged container; not those of other file systems (pts, shm, mqueue).
  std::vector<HostDevice> all_devices;

  friend bool operator==(const HostFacts&, const HostFacts&) = default;
};

}  // namespace pelagos
