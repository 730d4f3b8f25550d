// What the container's first process does between clone3(2) and execve(2), as flat data: the border
// between flatten.h, which writes it in the parent, and child_main.cc, which allocates nothing and
// knows no strings of its own.
//
// All pointers lead into memory that FlatPlan owns; the child sees its own copy of it (no CLONE_VM)
// and may write into `char*` texts. All descriptors are close-on-exec and are the same numbers in
// parent and child.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>

namespace pelagos::launch {

// The parent and the child talk over one socket pair (AF_UNIX, SOCK_SEQPACKET, close-on-exec):
//
//   parent                                       child
//     | clone3 ----------------------------------> |  closes what is not its own, joins cgroups
//     | has it placed, one byte -----------------> |  if a service manager places it: goes on
//     | makes v1 cgroups, one byte --------------> |  if late (late_cgroups.h): joins them
//     | makes the network meanwhile                |  does the steps before AwaitStart
//     | one byte --------------------------------> |  AwaitStart goes on; end of file: it exits
//     | <---- ChildReport{kFailed, index, errno}   |  a step failed, at any time; it exits
//     | <---- ChildReport{kCloned, pid} + pidfd    |  of a process between: who the child really is
//     | writes the id maps, one byte ------------> |  in a user namespace of its own: goes on
//     | <---- ChildReport{kTerminal} + descriptor  |  the master of the container's terminal
//     | <---- ChildReport{kExecuting}              |  execve(2) comes next, at most a filter before
//     | <---- ChildReport{kListener, fd}           |  a filter with a listener is installed
//     | takes the descriptor, sends it on          |
//     | one byte --------------------------------> |  execve may come (it closes the descriptor)
//     | <---- end of file                          |  execve closed the socket: the program runs
//
// kExecuting comes before the filter, which may forbid to write: a filter that forbids execve too
// then ends the program as it says, not the launch. End of file without kExecuting: the child was
// killed on its way. The parent, who owns the plan, words what failed.
//
// A plan with AwaitHooks says kReached there and waits for one byte. One with AwaitExec says
// kReached a last time to the parent, which may go; then it accepts a connection on the listening
// socket, which takes the channel's place: one byte lets it go on, end of file makes it accept the
// next one.
enum class ReportKind : uint8_t { kFailed, kExecuting, kListener, kTerminal, kReached, kCloned };

// Where in a step it failed, as far as it matters for the wording.
enum class Part : uint8_t {
  kCall,        // the call that the step is about
  kTarget,      // finding the target in the root
  kMakeTarget,  // making the missing target
  kNullDevice,  // the container's /dev/null is not what it must be
  kRights,      // setting the user's ids, capabilities
  kItem,        // finding the path of the rule `item`
  kProc,        // what is at /proc/sys in the container is no proc(5)
  // Before the first step; `index` counts within the part.
  kDescriptors,
  kParentDeath,
  kCgroup,  // joining the v1 cgroup `index`
  kCgroupNamespace,
  kJoin,     // of ChildPlan::joins
  kClocks,   // making the time namespace
  kBetween,  // what else the process between does
  kClone,    // making the container's first process from there
  kSession,
  kStandardStream,  // descriptor `index`
  kListener,        // handing over the listener of a filter
  kCopy,            // copying what a mount hides into it
  kProgram,         // looking for the program of the last step
};

struct ChildReport {
  ReportKind kind = ReportKind::kFailed;
  Part part = Part::kCall;
  uint32_t index = 0;  // of the operation in LaunchPlan::ops
  int32_t error = 0;   // errno; kListener: the descriptor, in the child; kCloned: the pid
  uint32_t item = 0;   // of a step with several
};

enum class ChildCall : uint8_t {
  kMakeMountsPrivate,
  kMountRoot,
  kAttachRoot,
  kMount,
  kGround,
  kBind,
  kDevice,
  kFolder,
  kSymlink,
  kMask,
  kReadOnly,
  kPivotRoot,
  kMoveRoot,
  kChangeRoot,
  kSealRoot,
  kLoopbackUp,
  kHostname,
  kAwaitStart,
  kUser,
  kCapabilities,
  kNoNewPrivileges,
  kSeccomp,
  kChangeFolder,
  kExec,
  kTerminal,
  kDomainname,
  kWriteProc,
  kSysctl,
  kRlimit,
  kLandlock,
  kUmask,
  kChangeMount,
  kAwaitHooks,
  kAwaitExec,
  kEnterRoot,
  kScheduler,
  kIoPriority,
  kMemoryPolicy,
  kCpuAffinity,
  kPersonality,
  kDevices,
  kBecomeRoot,
  kKeyring,
};

// Attributes of mounts, in the order in which they are set.
struct ChildMountChange {
  uint64_t set, clear;
  uint64_t propagation;  // MS_*; 0: as it is
  bool recursive;
};

// A file system of the kernel's own that the plan itself mounts, at /proc, /dev and /sys. The child
// keeps a descriptor of its root: what the plan puts or covers there is found from it by name,
// since nothing of the image, and nobody else, can have put a link in between.
enum class Ground : uint8_t { kNone, kProc, kDev, kSys };
constexpr int kGrounds = 4;

// fsconfig(2), FSCONFIG_SET_STRING, or SET_FLAG where there is no value.
struct ChildOption {
  const char *key, *value;
};

// A rule of landlock(7).
struct ChildPathRule {
  const char* path;  // absolute, in the container's root
  uint64_t rights;
};

// A node of /dev; nodes of one folder follow each other and share its text.
struct ChildDevice {
  const char *folder, *name;
  uint32_t mode;
  uint64_t device;
  uint32_t uid, gid;
};

// Targets are absolute and resolved in the container's root, whatever links it holds.
struct ChildOp {
  ChildCall call;
  uint32_t index;  // of the operation in LaunchPlan::ops, for the report
  // kMount, kDevice, kSymlink, kMask, kReadOnly: the target as a name below this ground; null: the
  // target is looked for in the root.
  const char* below;
  Ground ground;
  union {
    struct {               // kMountRoot: an overlay
      const char* folder;  // the option's paths are relative to it; may be null
      const char* options;
      const char* mount_point;
    } mount_root;
    struct {     // kAttachRoot: a detached tree
      int tree;  // -1: what the process between has attached there
      const char* mount_point;
    } attach_root;
    struct {  // kMount
      const char *type, *source, *target, *data;
      uint64_t flags;
      bool links;  // of the image may lead to the target
      bool copy_up, keep_mode;
    } mount;
    struct {  // kGround: ChildOp::ground, at the folder `below` of the root
      const char *type, *source, *target;
      const ChildOption* options;
      size_t option_count;
      uint64_t attributes;  // MOUNT_ATTR_*
    } mount_ground;
    struct {  // kBind: a detached tree
      int tree;
      bool is_folder;
      bool copy_up;
      bool is_root;  // it is the root from now on
      const char* target;
    } bind;
    struct {  // kDevice; `folder` exists
      const char *folder, *name;
      uint32_t mode;
      uint64_t device;
      uint32_t uid, gid;
      bool keep;
    } device;
    struct {  // kDevices
      const ChildDevice* nodes;
      size_t count;
    } devices;
    struct {  // kFolder
      const char* target;
      uint32_t mode;
    } folder;
    struct {  // kSymlink; `folder` exists
      const char *text, *folder, *name;
      bool keep;
    } symlink;
    struct {  // kMask, kReadOnly
      const char* target;
      bool is_folder;  // known to be one, if it is there
    } path;
    struct {                // kEnterRoot
      int root;             // -1: that of the mount namespace
      bool if_other_mount;  // else that of the namespace, too
    } enter_root;
    struct {  // kHostname, kDomainname, kKeyring
      const char* name;
      size_t size;
    } hostname;
    struct {  // kUser, kBecomeRoot
      uint32_t uid, gid;
      const uint32_t* groups;
      size_t group_count;
      bool set_groups;  // false in a user namespace that denies setgroups(2)
      bool set_ids;     // false: they are the parent's own
    } user;
    struct {  // kCapabilities
      uint64_t keep;
      // Of the parent, and so the child's own; what was in the bounding set.
      uint64_t permitted_before, bounding;
      bool effective_before;  // all that is permitted is effective still
      bool is_root;           // the user is uid 0
      bool exact;  // the four sets below count, else they follow from `keep` and the user
      uint64_t permitted, effective, inheritable, ambient;
    } capabilities;
    struct {                        // kWriteProc: on the host's /proc
      int folder;                   // which that is, where a mount namespace is joined before
      const char *path, *fallback;  // where `path` is missing; may be null
      const char* text;
      size_t size;
    } write_proc;
    struct {             // kSysctl
      const char* path;  // relative to /proc/sys
      const char* text;
      size_t size;
    } sysctl;
    struct {  // kRlimit: prlimit64(2)
      uint32_t limit;
      uint64_t soft, hard;
    } rlimit;
    struct {  // kLandlock
      uint64_t handled;
      const ChildPathRule* rules;
      size_t rule_count;
    } landlock;
    struct {  // kTerminal; the streams of ChildPlan do not count then
      uint32_t uid;
      bool console;
    } terminal;
    struct {  // kChangeMount
      const char* target;
      const ChildMountChange* changes;
      size_t change_count;
    } change_mount;
    struct {                          // kAwaitExec
      const char* const* candidates;  // those of kExec
    } await_exec;
    struct {  // kScheduler: struct sched_attr of sched_setattr(2)
      uint32_t size, policy;
      uint64_t flags;
      int32_t nice;
      uint32_t priority;
      uint64_t runtime, deadline, period;
    } scheduler;
    struct {  // kIoPriority
      uint32_t priority;
    } io_priority;
    struct {  // kMemoryPolicy, kCpuAffinity: the bits of a mask
      uint32_t mode;
      const uint64_t* words;
      size_t word_count;
    } mask;
    struct {  // kPersonality
      uint32_t persona;
    } personality;
    struct {  // kUmask
      uint32_t mode;
    } umask;
    struct {  // kSeccomp
      sock_fprog program;
      uint32_t flags;
      bool has_listener;
    } seccomp;
    struct {  // kChangeFolder; what is made belongs to the ids
      const char* target;
      uint32_t uid, gid;
      bool is_root;  // the target is the root, and the working folder since PivotRoot
      bool make;
    } change_folder;
    struct {  // kExec; `candidates` are tried in turn, null-terminated lists
      const char* const* candidates;
      char* const* argv;
      char* const* envp;
    } exec;
  };
};

// A namespace to join: setns(2).
struct ChildJoin {
  int fd;
  int flag;  // CLONE_NEW*
};

// What a process between launcher and container does (child_between.h).
struct ChildBetweenPlan {
  bool used = false;
  bool await_maps = false;   // the first process is in a user namespace that has no maps yet
  uint64_t clone_flags = 0;  // of the container's first process
  const char* time_offsets = nullptr;  // for /proc/self/timens_offsets; null: no time namespace
  size_t time_size = 0;
  int root_tree =
      -1;  // the root, to be attached there: its mount flags are locked for the container
  const char* mount_point = nullptr;
};

struct ChildPlan {
  const ChildOp* ops = nullptr;
  size_t op_count = 0;

  int channel = -1;           // the child's end
  int parents_end = -1;       // whose closing tells the child that the parent is gone
  const int* keep = nullptr;  // all descriptors above 2 that the child needs, ascending
  size_t keep_count = 0;
  static constexpr size_t kNever = ~size_t{0};
  const char* const* cgroup_tasks = nullptr;  // v1 `tasks` files on the host; ends with null
  // The step before which the parent says that they are there; kNever: they are from the beginning.
  size_t await_cgroups_at = kNever;
  bool await_placing = false;   // first of all the parent has it put into its cgroup
  bool unshare_cgroup = false;  // after joining: the new namespace's root is what we joined
  const ChildJoin* joins = nullptr;
  size_t join_count = 0;
  ChildBetweenPlan between;
  uint64_t ignored_signals = 0;        // bit N-1 for signal N; they get their default back
  uint16_t rows = 0, columns = 0;      // of the terminal; 0: not set
  int streams[3] = {-1, -1, -1};       // become 0, 1, 2; -1: the container's /dev/null
  int64_t* times = nullptr;            // shared with the parent, see step_laps.h; null: nobody asks
  bool streams_are_inherited = false;  // 0, 1 and 2 are open, and not close-on-exec
  unsigned first_closed = 3;           // what execve closes begins here
  int start_listener = -1;             // of kAwaitExec
  bool outlives_parent = false;
};

// Never returns. Requires: the calling process is the fresh child of clone3(2) with one thread and
// no signal handlers.
[[noreturn]] void ChildMain(const ChildPlan& plan) noexcept;

}  // namespace pelagos::launch
