// Resources of config.json as writes to the files of cgroups, v2's or v1's.
//
// Pure. Source: OCI runtime-spec config-linux.md ("Control groups"), cgroup-v2.rst, cgroup-v1/.
// Where one number means different things in v1 and v2 the document speaks of v1, and what v2 gets
// is what runc and crun make of it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "pelagos/oci/config_resources.h"
#include "pelagos/oci/mistakes.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/policy/device_rules.h"

namespace pelagos::oci {

// Where one container's cgroups are: the folder in v2 with the controllers that v2 has, and the
// folder of each controller of v1 by its name there ("blkio", "net_cls").
struct CgroupFolders {
  std::string v2;
  std::set<std::string> v2_controllers;
  std::map<std::string, std::string> v1;
  friend bool operator==(const CgroupFolders&, const CgroupFolders&) = default;
};

// cpu.weight of cpu.shares, as runc 1.4 and crun 1.23 convert: 2..262144 to 1..10000, such that
// 1024, what a group of v1 has, is 100, what one of v2 has.
uint64_t CpuWeightOf(uint64_t shares);
// io.weight, 1..10000, of blkio.weight, 10..1000.
uint64_t IoWeightOf(uint64_t weight);

// Without devices. `at` is the pointer of the resources in their document.
std::vector<CgroupWrite> LimitWrites(const Resources& resources, const CgroupFolders& folders,
                                     const std::string& at, Mistakes& mistakes);

// The controllers of v2 ("memory", "cpu") that the writes are of.
std::set<std::string> ControllersOf(const std::vector<CgroupWrite>& writes,
                                    const CgroupFolders& folders);

// The rules in their order as one list (policy/device_rules.h), beside the devices that every
// container has. Empty: everything is allowed.
std::vector<DeviceRule> AllowedDevices(const std::vector<DeviceAccess>& rules,
                                       const std::string& at, Mistakes& mistakes);

}  // namespace pelagos::oci
