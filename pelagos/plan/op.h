// The steps of a launch. Each is done by the container's first process, between clone3(2) and
// execve(2), in its own namespaces; all is decided, nothing is left to look up but what lies inside
// the root file system.
//
// Values. Paths called `source` lie on the host, `target` inside the container and are resolved in
// its root (openat2(2), RESOLVE_IN_ROOT), whatever links the image holds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pelagos/policy/capability_set.h"
#include "pelagos/policy/device.h"
#include "pelagos/policy/landlock.h"
#include "pelagos/policy/mount_attributes.h"
#include "pelagos/policy/mount_options.h"
#include "pelagos/policy/process_capabilities.h"
#include "pelagos/policy/process_traits.h"
#include "pelagos/policy/rlimits.h"
#include "pelagos/policy/seccomp_compile.h"
#include "pelagos/policy/seccomp_policy.h"

namespace pelagos {

// mount(2): makes every mount of the new namespace private, so that nothing reaches the host.
struct MakeMountsPrivate {
  bool operator==(const MakeMountsPrivate&) const = default;
};

// The root: an overlay of `lowers` (top first) with a writable layer. `mount_point` is an empty
// folder of the host.
struct MountOverlayRoot {
  std::vector<std::string> lowers;
  std::string upper, work;
  std::string mount_point;
  std::string label = {};  // SELinux context of all its files; empty: their own
  // What overlayfs keeps in extended attributes lies in user.*, not in trusted.*: in a user
  // namespace nobody may use those (overlayfs.rst, "User xattr").
  bool user_xattrs = false;
  MountIdMap ids = {};  // of the layers: whom their files' owners are on the host
  bool operator==(const MountOverlayRoot&) const = default;
};

// The root: a folder of the host as it is, with all mounts below it.
struct MountBindRoot {
  std::string source;
  std::string mount_point;
  bool operator==(const MountBindRoot&) const = default;
};

// A file system of the kernel's own (proc, sysfs, tmpfs, devpts, mqueue, cgroup2). The target is
// made, mode 0755, where it is missing. `flags` are MS_* of mount(2), `data` its options.
struct MountFilesystem {
  std::string type, source, target;
  uint64_t flags = 0;
  std::string data;
  bool copy_up = false;    // what the folder held before is copied into it
  bool keep_mode = false;  // a folder that was there keeps its mode
  // Whom its files' owners are on the host. It is mounted by the launcher then, as one that is to
  // be the root ("/") is: for file systems that do not belong to a namespace.
  MountIdMap ids = {};
  bool operator==(const MountFilesystem&) const = default;
};

// A folder or file of the host, with the mounts below it. Target made where missing, of the
// source's kind.
struct BindMount {
  std::string source, target;
  bool read_only = false;
  bool recursive = true;        // the mounts below the source come too
  bool read_only_below = true;  // `read_only` counts for them as well
  Propagation propagation = Propagation::kPrivate;
  uint64_t flags = 0;        // kMountNoSuid, kMountNoDev, kMountNoExec, set on all of them
  std::string subpath = {};  // what is mounted lies here below the source, links kept inside it
  MountIdMap ids = {};       // of the mount itself, not of those below it
  bool make_source = false;  // a folder, where the source is missing
  // Instead of read_only, flags and propagation.
  std::optional<MountAttributes> attributes = {};
  bool ids_below = false;  // `ids` are of the mounts below it too
  bool is_file = false;    // the source is known to be a file, one of the runtime's own
  bool operator==(const BindMount&) const = default;
};

// mknod(2) of a device on the container's own /dev; mode includes the permission bits. `source` is
// the host's node of it, which is bound where mknod(2) is not allowed; empty: at the same path.
// A bound node has the host's owner and mode.
struct MakeDevice {
  std::string target;
  uint32_t major = 0, minor = 0;
  uint32_t mode = 0666;
  bool block = false;
  uint32_t uid = 0, gid = 0;
  std::string source = {};
  bool bound = false;  // in a user namespace, where no device can be made
  bool fifo = false;   // a named pipe instead; the numbers do not count
  bool keep = false;   // what is at the target already is taken, if it is the same
  bool operator==(const MakeDevice&) const = default;
};

// In a user namespace of the container's own: from here on its user and group 0 do the steps, or
// another of its ids where 0 is none of them. Before, it is the caller, whose folders lead to the
// root.
struct BecomeRoot {
  uint32_t uid = 0, gid = 0;
  bool operator==(const BecomeRoot&) const = default;
};

struct MakeFolder {
  std::string target;
  uint32_t mode = 0755;
  bool operator==(const MakeFolder&) const = default;
};

struct MakeSymlink {
  std::string text;    // what the link says
  std::string target;  // where it stands
  bool keep = false;   // what is there already stays
  bool operator==(const MakeSymlink&) const = default;
};

// Hides a file behind the container's own /dev/null (verified to be character device 1:3), a folder
// behind an empty read-only tmpfs. A missing target is fine.
struct MaskPath {
  std::string target;
  bool operator==(const MaskPath&) const = default;
};

// Makes a path read-only by a bind mount over itself. A missing target is fine.
struct MakeReadOnly {
  std::string target;
  bool operator==(const MakeReadOnly&) const = default;
};

// pivot_root(2) into the root; the host's mounts are detached. With `move` the root's mount is
// moved over the old one, and chroot(2) enters it: for hosts whose root is a ramfs (--no-pivot).
// With `enter` chroot(2) alone does: in a mount namespace that others share.
struct PivotRoot {
  bool move = false, enter = false;
  bool operator==(const PivotRoot&) const = default;
};

// Seals the root itself (not the mounts below it).
struct SealRoot {
  bool operator==(const SealRoot&) const = default;
};

// Brings `lo` up.
struct LoopbackUp {
  bool operator==(const LoopbackUp&) const = default;
};

struct SetHostname {
  std::string name;
  bool operator==(const SetHostname&) const = default;
};

// Waits for the runtime's word: everything outside (network, state) is ready. Failures of the steps
// before it are reported without waiting.
struct AwaitStart {
  bool operator==(const AwaitStart&) const = default;
};

// setdomainname(2)
struct SetDomainname {
  std::string name;
  bool operator==(const SetDomainname&) const = default;
};

// /proc/self/oom_score_adj. On the host's /proc: before the root is mounted.
struct SetOomScoreAdj {
  int value = 0;
  bool operator==(const SetOomScoreAdj&) const = default;
};

enum class LabelKind : uint8_t { kAppArmor, kSelinux };

// What the next execve(2) changes to: /proc/self/attr/[apparmor/]exec. On the host's /proc: before
// the root is mounted, so that nothing in it can stand in for the file.
struct SetExecLabel {
  LabelKind kind = LabelKind::kAppArmor;
  std::string label;
  bool operator==(const SetExecLabel&) const = default;
};

// Writes a setting below the container's own /proc/sys, which must be a proc(5) that nothing is
// mounted over. `name` as in policy/sysctls.h.
struct WriteSysctl {
  std::string name, value;
  bool operator==(const WriteSysctl&) const = default;
};

// prlimit64(2). Standard streams are in place from here on: the limit may be on open files.
struct SetRlimit {
  Rlimit limit = Rlimit::kCpu;
  RlimitPair pair;
  bool operator==(const SetRlimit&) const = default;
};

// landlock_restrict_self(2): of the `handled` rights nothing is left but what the rules give.
// Standard streams are in place from here on. A path of a rule must exist.
struct RestrictPaths {
  uint64_t handled = 0;
  LandlockRules rules;
  bool operator==(const RestrictPaths&) const = default;
};

// A pseudo terminal of the container's devpts: /dev/console, the controlling terminal and the
// standard streams. Belongs to `uid`.
struct OpenTerminal {
  uint32_t uid = 0;
  bool console = true;  // it is put at /dev/console
  bool operator==(const OpenTerminal&) const = default;
};

// mount_setattr(2) on what is mounted at the target.
struct ChangeMount {
  std::string target;
  MountAttributes attributes;
  bool operator==(const ChangeMount&) const = default;
};

// Tells the runtime that the mounts are there, and waits for its word: hooks run meanwhile, on the
// host and in the container's namespaces, and interfaces of the host are moved into its network
// namespace.
struct AwaitHooks {
  std::map<std::string, std::string> links;  // names there and inside
  bool operator==(const AwaitHooks&) const = default;
};

// Looks whether the program can be run, tells the runtime, and waits until another process of the
// runtime connects to the socket that this one listens on. From then on that one is told what
// fails.
struct AwaitExec {
  bool operator==(const AwaitExec&) const = default;
};

// The root is that of the mount namespace that was joined, or `path`, a folder of the host's
// (/proc/PID/root): chroot(2). `if_other_mount`: the latter only if it lies on another mount. The
// root of a container that was made in a chroot(2) environment is not that of its namespace
// (setns(2)), and whoever joined that would be outside of both.
struct EnterRoot {
  std::string path = {};
  bool if_other_mount = false;
  bool operator==(const EnterRoot&) const = default;
};

struct SetScheduler {
  SchedulerTraits traits;
  bool operator==(const SetScheduler&) const = default;
};

struct SetIoPriority {
  IoPriorityTraits traits;
  bool operator==(const SetIoPriority&) const = default;
};

struct SetMemoryPolicy {
  MemoryPolicyTraits traits;
  bool operator==(const SetMemoryPolicy&) const = default;
};

// sched_setaffinity(2)
struct SetCpuAffinity {
  IdList cpus;
  bool operator==(const SetCpuAffinity&) const = default;
};

// personality(2)
struct SetPersonality {
  uint32_t persona = 0;
  bool operator==(const SetPersonality&) const = default;
};

// mknod(2) of the host's devices on the container's own /dev, at the same places, with their owners
// and modes; folders are made. What stands there already is not among them. A privileged
// container's.
struct MakeHostDevices {
  std::vector<HostDevice> nodes;  // `below` /dev
  bool operator==(const MakeHostDevices&) const = default;
};

// A session keyring of the container's own, by name: keyctl(2), KEYCTL_JOIN_SESSION_KEYRING.
struct JoinKeyring {
  std::string name;
  bool operator==(const JoinKeyring&) const = default;
};

// The program's umask(2), instead of 022.
struct SetUmask {
  uint32_t mode = 022;
  bool operator==(const SetUmask&) const = default;
};

// setgroups(2), setresgid(2), setresuid(2); capabilities are kept until LimitCapabilities.
struct SetUser {
  uint32_t uid = 0, gid = 0;
  std::vector<uint32_t> groups;
  bool operator==(const SetUser&) const = default;
};

// The bounding set becomes `keep`; permitted and effective `keep` for root, nothing for other
// users. Nothing is inheritable: a file with inheritable capabilities would win back what was
// dropped (capabilities(7)). What the launcher itself lacks is left out.
struct LimitCapabilities {
  CapabilitySet keep;
  // The other four sets, where they are not the above. What is not in the launcher's own permitted
  // set is left out of each.
  std::optional<ProcessCapabilities> process = {};
  bool operator==(const LimitCapabilities&) const = default;
};

// prctl(PR_SET_NO_NEW_PRIVS)
struct SetNoNewPrivileges {
  bool operator==(const SetNoNewPrivileges&) const = default;
};

// seccomp(2). The default profile's program is built into the launcher; a custom one is here, with
// what tells people which it is.
struct InstallSeccomp {
  SeccompProfile profile = SeccompProfile::kDefault;
  SeccompProgram program = {};
  std::string digest = {};  // of the profile, "sha256:..."
  uint32_t rules = 0;       // of the profile
  uint32_t flags = 0;       // SECCOMP_FILTER_FLAG_*, without NEW_LISTENER
  // A unix socket of the host that is given the listener; empty: there is none.
  std::string listener_path = {};
  std::string listener_metadata = {};
  bool operator==(const InstallSeccomp&) const = default;
};

// Also makes the folder where it is missing, owned by the container's user; or not.
struct ChangeFolder {
  std::string target;
  bool make = true;
  bool operator==(const ChangeFolder&) const = default;
};

// argv[0] with a slash is a path in the container; without, it is looked up in the PATH of `env`.
struct Exec {
  std::vector<std::string> argv;
  std::vector<std::string> env;  // KEY=VALUE, sorted by key
  std::string path = {};         // what is run instead of argv[0]; empty: that
  bool operator==(const Exec&) const = default;
};

using Op = std::variant<
    MakeMountsPrivate, MountOverlayRoot, MountBindRoot, MountFilesystem, BindMount, MakeDevice,
    MakeFolder, MakeSymlink, MaskPath, MakeReadOnly, PivotRoot, SealRoot, LoopbackUp, SetHostname,
    AwaitStart, SetUser, LimitCapabilities, SetNoNewPrivileges, InstallSeccomp, ChangeFolder, Exec,
    SetDomainname, SetOomScoreAdj, SetExecLabel, WriteSysctl, SetRlimit, RestrictPaths, SetUmask,
    OpenTerminal, ChangeMount, AwaitHooks, AwaitExec, EnterRoot, SetScheduler, SetIoPriority,
    SetMemoryPolicy, SetCpuAffinity, SetPersonality, MakeHostDevices, BecomeRoot, JoinKeyring>;

// One line for people: "bind /srv/www -> /www read-only". Used in plans and in errors.
std::string Describe(const Op& op);

}  // namespace pelagos
