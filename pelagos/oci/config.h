// config.json of a bundle as values: everything that runtime-spec 1.2 says of Linux containers, and
// what 1.3 added.
//
// A mirror of the document: what is left out there is empty here, texts and numbers are as they
// stand, so that writing gives back what was read (config_json.h). What it means is decided by
// plan_bundle.h. Members have the document's names in our spelling; config_fields.h pairs them.
//
// Source: OCI runtime-spec config.md, config-linux.md, schema/.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pelagos/oci/config_resources.h"

namespace pelagos::oci {

using Texts = std::vector<std::string>;
using TextMap = std::map<std::string, std::string>;

// A part of the document that another reader understands: JSON in one line.
struct RawJson {
  std::string text;
  friend bool operator==(const RawJson&, const RawJson&) = default;
};

struct Root {
  std::string path;  // absolute, or relative to the bundle
  bool readonly = false;
  friend bool operator==(const Root&, const Root&) = default;
};

struct IdMap {
  uint32_t container_id = 0, host_id = 0, size = 0;
  friend bool operator==(const IdMap&, const IdMap&) = default;
};

struct Mount {
  std::string destination, type, source;
  Texts options;
  std::vector<IdMap> uid_mappings, gid_mappings;
  friend bool operator==(const Mount&, const Mount&) = default;
};

struct ConsoleSize {
  uint32_t height = 0, width = 0;
  friend bool operator==(const ConsoleSize&, const ConsoleSize&) = default;
};

struct User {
  uint32_t uid = 0, gid = 0;
  std::optional<uint32_t> umask;
  std::vector<uint32_t> additional_gids;
  friend bool operator==(const User&, const User&) = default;
};

struct Capabilities {
  Texts bounding, effective, inheritable, permitted, ambient;
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

struct Rlimit {
  std::string type;  // "RLIMIT_NOFILE"
  uint64_t soft = 0, hard = 0;
  friend bool operator==(const Rlimit&, const Rlimit&) = default;
};

// sched_setattr(2)
struct Scheduler {
  std::string policy;  // "SCHED_FIFO"
  std::optional<int32_t> nice, priority;
  Texts flags;  // "SCHED_FLAG_RESET_ON_FORK"
  std::optional<uint64_t> runtime, deadline, period;
  friend bool operator==(const Scheduler&, const Scheduler&) = default;
};

// ioprio_set(2)
struct IoPriority {
  std::string io_class;  // "IOPRIO_CLASS_BE"
  int64_t priority = 0;
  friend bool operator==(const IoPriority&, const IoPriority&) = default;
};

// Lists of CPUs, for exec alone.
struct ExecCpuAffinity {
  std::string initial, final_list;
  friend bool operator==(const ExecCpuAffinity&, const ExecCpuAffinity&) = default;
};

struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  User user;
  Texts args, env;
  std::string cwd;
  std::optional<Capabilities> capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::string apparmor_profile, selinux_label;
  std::optional<int32_t> oom_score_adj;
  std::optional<Scheduler> scheduler;
  std::optional<IoPriority> io_priority;
  std::optional<ExecCpuAffinity> exec_cpu_affinity;
  friend bool operator==(const Process&, const Process&) = default;
};

struct Hook {
  std::string path;  // absolute
  Texts args, env;
  std::optional<int64_t> timeout;  // seconds, above 0
  friend bool operator==(const Hook&, const Hook&) = default;
};

struct Hooks {
  std::vector<Hook> prestart, create_runtime, create_container, start_container, poststart,
      poststop;
  friend bool operator==(const Hooks&, const Hooks&) = default;
};

struct NamespaceEntry {
  std::string type;
  std::string path;  // empty: a new one
  friend bool operator==(const NamespaceEntry&, const NamespaceEntry&) = default;
};

struct DeviceNode {
  std::string type, path;  // "c", "b", "u", "p"
  std::optional<int64_t> major, minor;
  std::optional<uint32_t> file_mode, uid, gid;
  friend bool operator==(const DeviceNode&, const DeviceNode&) = default;
};

struct IntelRdt {
  std::string clos_id;
  Texts schemata;
  std::string l3_cache_schema, mem_bw_schema;
  bool enable_cmt = false, enable_mbm = false, enable_monitoring = false;
  friend bool operator==(const IntelRdt&, const IntelRdt&) = default;
};

// personality(2)
struct Personality {
  std::string domain;  // "LINUX", "LINUX32"
  Texts flags;
  friend bool operator==(const Personality&, const Personality&) = default;
};

// time_namespaces(7)
struct TimeOffset {
  int64_t secs = 0;
  uint32_t nanosecs = 0;
  friend bool operator==(const TimeOffset&, const TimeOffset&) = default;
};

// set_mempolicy(2); runtime-spec 1.3.
struct MemoryPolicy {
  std::string mode;   // "MPOL_BIND"; an object without any members is no policy
  std::string nodes;  // "0-3"
  Texts flags;
  friend bool operator==(const MemoryPolicy&, const MemoryPolicy&) = default;
};

// An interface of the host that moves into the container; runtime-spec 1.3.
struct NetDevice {
  std::string name;  // inside; empty: as on the host
  friend bool operator==(const NetDevice&, const NetDevice&) = default;
};

struct Linux {
  std::vector<NamespaceEntry> namespaces;
  std::vector<IdMap> uid_mappings, gid_mappings;
  std::map<std::string, TimeOffset> time_offsets;
  std::vector<DeviceNode> devices;
  std::map<std::string, NetDevice> net_devices;
  std::string cgroups_path;
  std::optional<Resources> resources;
  std::optional<IntelRdt> intel_rdt;
  std::optional<MemoryPolicy> memory_policy;
  TextMap sysctl;
  std::optional<RawJson> seccomp;  // spec/seccomp_json.h
  std::string rootfs_propagation;
  Texts masked_paths, readonly_paths;
  std::string mount_label;
  std::optional<Personality> personality;
  friend bool operator==(const Linux&, const Linux&) = default;
};

struct Config {
  std::string oci_version;
  std::optional<Root> root;
  std::vector<Mount> mounts;
  std::optional<Process> process;
  std::string hostname, domainname;
  std::optional<Hooks> hooks;
  std::optional<Linux> linux_part;
  TextMap annotations;
  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace pelagos::oci
