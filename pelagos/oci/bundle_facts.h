// What planning a bundle must know beside its config.json, as a value.
#pragma once

#include <optional>
#include <string>

#include "pelagos/oci/systemd/unit.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/sys/cgroup_fs.h"

namespace pelagos::oci {

struct BundleFacts {
  std::string id;
  std::string bundle;  // absolute
  // Only kernel, capabilities, apparmor and selinux count.
  HostFacts host;
  sys::CgroupMounts cgroups;       // in which the container's are made
  sys::CgroupMounts host_cgroups;  // all that the host has, also those that are not ours to change
  // /proc/self/cgroup's place of v2 is not asked: a relative cgroupsPath is counted from the root.
  std::string resctrl;  // where resctrl(7) is mounted; asked for linux.intelRdt alone
  std::string home;     // of the user in the root file system; empty: not known
  // Who makes the container's cgroup (--systemd-cgroup); nullopt: Pelagos itself.
  std::optional<ServiceManager> systemd;
  bool no_pivot = false;  // --no-pivot was given
  bool keyring = true;    // a session keyring of its own; not with --no-new-keyring
  friend bool operator==(const BundleFacts&, const BundleFacts&) = default;
};

}  // namespace pelagos::oci
