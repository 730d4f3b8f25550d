// What a user asked for, of one container. Four front doors (reml, CLI, C++ builder, OCI
// config.json) meet in ContainerSpec; MakePlan turns it into a LaunchPlan.
//
// A value. Each part that came from text remembers its Span, so that a rule which is broken as late
// as in MakePlan still points at the user's line.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pelagos/base/diagnostic.h"
#include "pelagos/policy/capability_set.h"
#include "pelagos/policy/cgroup_plan.h"
#include "pelagos/policy/device.h"
#include "pelagos/policy/extra_host.h"
#include "pelagos/policy/id_map.h"
#include "pelagos/policy/landlock.h"
#include "pelagos/policy/mount_plan.h"
#include "pelagos/policy/namespace_join.h"
#include "pelagos/policy/namespace_set.h"
#include "pelagos/policy/net_plan.h"
#include "pelagos/policy/process_capabilities.h"
#include "pelagos/policy/rlimits.h"
#include "pelagos/policy/seccomp_policy.h"
#include "pelagos/policy/security_label.h"
#include "pelagos/policy/sysctls.h"
#include "pelagos/policy/time_offsets.h"
#include "pelagos/spec/lifecycle.h"

namespace pelagos {

// Where each option was written, by its name ("memory"), and of repeated ones also each item by
// what tells it from the others ("env", "PATH"); the last writing wins. Not part of the value: two
// specs are equal wherever they were written.
//
// Items: env by key; mount by target; port by index in NetPlan::ports; network, depends-on, cap-add
// and cap-drop by name.
class SpanTable {
 public:
  void Set(std::string option, Span span) { spans_[std::move(option)] = span; }
  void Set(const std::string& option, const std::string& item, Span span) {
    spans_[Key(option, item)] = span;
  }
  // The span of the option, else of the whole form (""), else nowhere.
  Span Find(const std::string& option) const {
    if (auto it = spans_.find(option); it != spans_.end()) return it->second;
    if (auto it = spans_.find(""); it != spans_.end()) return it->second;
    return {};
  }
  // The span of the item, else as above.
  Span Find(const std::string& option, const std::string& item) const {
    if (auto it = spans_.find(Key(option, item)); it != spans_.end()) return it->second;
    return Find(option);
  }
  friend bool operator==(const SpanTable&, const SpanTable&) { return true; }

 private:
  // No option's name holds a NUL.
  static std::string Key(const std::string& option, const std::string& item) {
    std::string key = option;
    key.push_back('\0');
    return key + item;
  }
  std::map<std::string, Span> spans_;
};

struct EnvVariable {
  std::string key, value;
  friend bool operator==(const EnvVariable&, const EnvVariable&) = default;
};

inline constexpr uint32_t kDefaultUmask = 022;

// As it begins, it is the hardened profile: default capabilities, the default filter, no new
// privileges, masked and read-only kernel files, namespaces of its own, no devices but the harmless
// ones. Every entry point starts from here and only takes away what the user opts out of; none has
// defaults of its own, see tests/rooted/hardening_test.cc.
struct ContainerSpec {
  std::string name;      // unique in a run root; see NameProblem, kMaxContainerNameLength
  std::string id;        // what the kernel's and the disk's things of it are called; empty: name
  std::string hostname;  // empty: name
  std::string image;     // reference as written; empty exactly if rootfs is set
  std::string rootfs;    // a host folder used as the root; the container's writes go to an overlay
  std::vector<std::string> command;  // replaces entrypoint and cmd of the image; empty: theirs
  // Without a command: instead of the image's entrypoint (whose cmd is dropped then) ...
  std::optional<std::vector<std::string>> entrypoint;
  std::vector<std::string> arguments;  // ... and after the entrypoint, instead of the image's cmd
  std::vector<EnvVariable> env;        // later entries win
  std::string workdir;                 // empty: the image's
  std::string user;                    // "uid[:gid]" or "name[:group]"; empty: the image's
  std::vector<std::string> groups;  // supplementary, beside the user's: names of the image or gids
  std::string domainname;           // the NIS one; empty: none
  uint32_t umask = kDefaultUmask;
  MountPlan mounts;
  uint64_t shm_bytes = kDefaultShmBytes;  // size of /dev/shm
  std::vector<Device> devices;
  bool mask_paths = true;                 // what Docker calls systempaths
  std::vector<std::string> masked_paths;  // more that nobody may look into; absolute
  NetPlan net;
  std::vector<ExtraHost> extra_hosts;  // more lines of /etc/hosts
  CgroupPlan cgroup;
  NamespaceSet namespaces = kDefaultNamespaces;
  NamespaceJoins joins;   // of kinds that `namespaces` does not have
  IdMap ids;              // of its own user namespace; not empty exactly if it has one
  TimeOffsets time;       // of its own time namespace; not empty exactly if it has one
  bool terminal = false;  // the program's streams are a terminal of the container's
  bool init = false;      // the first process is pelagos-init, the program its child
  CapabilitySet capabilities = kDefaultCapabilities;
  // Those of them that were asked for by name: who lacks one is told so, see PlanNote.
  CapabilitySet named_capabilities;
  // Instead of what follows from `capabilities`, which then is the bounding set alone.
  std::optional<ProcessCapabilities> process_capabilities;
  bool ambient_capabilities = false;  // users other than root keep `capabilities` too
  SeccompPolicy seccomp = kDefaultSeccomp;
  bool no_new_privileges = true;
  bool read_only = false;
  // /proc, /sys and /dev as the host has them: nothing masked or read-only, all devices.
  bool privileged = false;
  Rlimits rlimits;                   // what is not set is the caller's
  std::optional<int> oom_score_adj;  // unset: the caller's
  Sysctls sysctls;
  SecurityLabels labels;
  LandlockRules landlock;
  std::optional<int> stop_signal;  // unset: the image's, or SIGTERM
  int stop_grace_seconds = 10;
  Lifecycle lifecycle;
  SpanTable spans;

  friend bool operator==(const ContainerSpec&, const ContainerSpec&) = default;
};

// What all that is made for the container is named by.
inline const std::string& IdOf(const ContainerSpec& spec) {
  return spec.id.empty() ? spec.name : spec.id;
}

}  // namespace pelagos
