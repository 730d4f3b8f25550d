// The default seccomp profile, by name: what a container may call. All that is not listed fails
// with EPERM; numbers newer than all that is listed fail with ENOSYS, so that programs fall back.
//
// The set is Docker's documented default (docs.docker.com, "Seccomp security profiles for Docker"):
// an allow list, in which some calls are opened by a capability that the container keeps. Names of
// other architectures (i386's stat64) stand here too. seccomp_default.h makes it a profile as any
// other.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "pelagos/abi/capability.h"

namespace pelagos::launch {

// What becomes of a call. The checks look at the low 32 bits of the first argument only, as the
// kernel does for these calls.
enum class SeccompAction : uint8_t {
  kAllow,
  kDeny,               // EPERM
  kUnknown,            // ENOSYS
  kNotVsock,           // socket(2): any family but AF_VSOCK, which leads to the hypervisor
  kPersonality,        // personality(2): the plain ones, and asking
  kWithoutNamespaces,  // clone(2): no CLONE_NEW* flags
};

inline constexpr uint32_t kVsockFamily = 40;
inline constexpr uint32_t kPersonalities[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};
inline constexpr uint32_t kNamespaceFlags =
    0x7e020000;  // CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}

// `action`, or kAllow if the container keeps one of `unlocks` (a bit each, as CapabilitySet).
struct SeccompRule {
  absl::string_view name;
  SeccompAction action = SeccompAction::kAllow;
  uint64_t unlocks = 0;
};

namespace internal {
template <typename... Caps>
constexpr uint64_t CapabilityBits(Caps... caps) {
  return (... | (uint64_t{1} << static_cast<unsigned>(caps)));
}
inline constexpr uint64_t kAdmin = CapabilityBits(Capability::kSysAdmin);
inline constexpr uint64_t kNice = CapabilityBits(Capability::kSysNice);
inline constexpr uint64_t kTrace = CapabilityBits(Capability::kSysPtrace);
inline constexpr uint64_t kModule = CapabilityBits(Capability::kSysModule);
inline constexpr uint64_t kTime = CapabilityBits(Capability::kSysTime);
inline constexpr uint64_t kRawio = CapabilityBits(Capability::kSysRawio);
}  // namespace internal

// clang-format off
inline constexpr SeccompRule kSeccompRules[] = {
    // Always.
    {"accept"}, {"accept4"}, {"access"}, {"adjtimex"}, {"alarm"}, {"arch_prctl"}, {"bind"},
    {"brk"}, {"cachestat"}, {"capget"}, {"capset"}, {"chdir"}, {"chmod"}, {"chown"}, {"chown32"},
    {"clock_adjtime"}, {"clock_adjtime64"}, {"clock_getres"}, {"clock_getres_time64"},
    {"clock_gettime"}, {"clock_gettime64"}, {"clock_nanosleep"}, {"clock_nanosleep_time64"},
    {"close"}, {"close_range"}, {"connect"}, {"copy_file_range"}, {"creat"}, {"dup"}, {"dup2"},
    {"dup3"}, {"epoll_create"}, {"epoll_create1"}, {"epoll_ctl"}, {"epoll_ctl_old"},
    {"epoll_pwait"}, {"epoll_pwait2"}, {"epoll_wait"}, {"epoll_wait_old"}, {"eventfd"},
    {"eventfd2"}, {"execve"}, {"execveat"}, {"exit"}, {"exit_group"}, {"faccessat"},
    {"faccessat2"}, {"fadvise64"}, {"fadvise64_64"}, {"fallocate"}, {"fanotify_mark"}, {"fchdir"},
    {"fchmod"}, {"fchmodat"}, {"fchmodat2"}, {"fchown"}, {"fchown32"}, {"fchownat"}, {"fcntl"},
    {"fcntl64"}, {"fdatasync"}, {"fgetxattr"}, {"flistxattr"}, {"flock"}, {"fork"},
    {"fremovexattr"}, {"fsetxattr"}, {"fstat"}, {"fstat64"}, {"fstatat64"}, {"fstatfs"},
    {"fstatfs64"}, {"fsync"}, {"ftruncate"}, {"ftruncate64"}, {"futex"}, {"futex_requeue"},
    {"futex_time64"}, {"futex_wait"}, {"futex_waitv"}, {"futex_wake"}, {"futimesat"},
    {"get_robust_list"}, {"get_thread_area"}, {"getcpu"}, {"getcwd"}, {"getdents"},
    {"getdents64"}, {"getegid"}, {"getegid32"}, {"geteuid"}, {"geteuid32"}, {"getgid"},
    {"getgid32"}, {"getgroups"}, {"getgroups32"}, {"getitimer"}, {"getpeername"}, {"getpgid"},
    {"getpgrp"}, {"getpid"}, {"getppid"}, {"getpriority"}, {"getrandom"}, {"getresgid"},
    {"getresgid32"}, {"getresuid"}, {"getresuid32"}, {"getrlimit"}, {"getrusage"}, {"getsid"},
    {"getsockname"}, {"getsockopt"}, {"gettid"}, {"gettimeofday"}, {"getuid"}, {"getuid32"},
    {"getxattr"}, {"inotify_add_watch"}, {"inotify_init"}, {"inotify_init1"},
    {"inotify_rm_watch"}, {"io_cancel"}, {"io_destroy"}, {"io_getevents"}, {"io_pgetevents"},
    {"io_pgetevents_time64"}, {"io_setup"}, {"io_submit"}, {"ioctl"}, {"ioprio_get"},
    {"ioprio_set"}, {"ipc"}, {"kill"}, {"landlock_add_rule"}, {"landlock_create_ruleset"},
    {"landlock_restrict_self"}, {"lchown"}, {"lchown32"}, {"lgetxattr"}, {"link"}, {"linkat"},
    {"listen"}, {"listxattr"}, {"llistxattr"}, {"_llseek"}, {"lremovexattr"}, {"lseek"},
    {"lsetxattr"}, {"lstat"}, {"lstat64"}, {"madvise"}, {"map_shadow_stack"}, {"membarrier"},
    {"memfd_create"}, {"memfd_secret"}, {"mincore"}, {"mkdir"}, {"mkdirat"}, {"mknod"},
    {"mknodat"}, {"mlock"}, {"mlock2"}, {"mlockall"}, {"mmap"}, {"mmap2"}, {"modify_ldt"},
    {"mprotect"}, {"mq_getsetattr"}, {"mq_notify"}, {"mq_open"}, {"mq_timedreceive"},
    {"mq_timedreceive_time64"}, {"mq_timedsend"}, {"mq_timedsend_time64"}, {"mq_unlink"},
    {"mremap"}, {"msgctl"}, {"msgget"}, {"msgrcv"}, {"msgsnd"}, {"msync"}, {"munlock"},
    {"munlockall"}, {"munmap"}, {"name_to_handle_at"}, {"nanosleep"}, {"newfstatat"},
    {"_newselect"}, {"open"}, {"openat"}, {"openat2"}, {"pause"}, {"pidfd_open"},
    {"pidfd_send_signal"}, {"pipe"}, {"pipe2"}, {"pkey_alloc"}, {"pkey_free"}, {"pkey_mprotect"},
    {"poll"}, {"ppoll"}, {"ppoll_time64"}, {"prctl"}, {"pread64"}, {"preadv"}, {"preadv2"},
    {"prlimit64"}, {"process_mrelease"}, {"process_vm_readv"}, {"process_vm_writev"}, {"pselect6"},
    {"pselect6_time64"}, {"ptrace"}, {"pwrite64"}, {"pwritev"}, {"pwritev2"}, {"read"},
    {"readahead"}, {"readlink"}, {"readlinkat"}, {"readv"}, {"recvfrom"}, {"recvmmsg"},
    {"recvmmsg_time64"}, {"recvmsg"}, {"remap_file_pages"}, {"removexattr"}, {"rename"},
    {"renameat"}, {"renameat2"}, {"restart_syscall"}, {"rmdir"}, {"rseq"}, {"rt_sigaction"},
    {"rt_sigpending"}, {"rt_sigprocmask"}, {"rt_sigqueueinfo"}, {"rt_sigreturn"},
    {"rt_sigsuspend"}, {"rt_sigtimedwait"}, {"rt_sigtimedwait_time64"}, {"rt_tgsigqueueinfo"},
    {"sched_get_priority_max"}, {"sched_get_priority_min"}, {"sched_getaffinity"},
    {"sched_getattr"}, {"sched_getparam"}, {"sched_getscheduler"}, {"sched_rr_get_interval"},
    {"sched_rr_get_interval_time64"}, {"sched_setaffinity"}, {"sched_setattr"},
    {"sched_setparam"}, {"sched_setscheduler"}, {"sched_yield"}, {"seccomp"}, {"select"},
    {"semctl"}, {"semget"}, {"semop"}, {"semtimedop"}, {"semtimedop_time64"},
    {"sendfile"}, {"sendfile64"}, {"sendmmsg"}, {"sendmsg"}, {"sendto"}, {"set_robust_list"},
    {"set_thread_area"}, {"set_tid_address"}, {"setfsgid"}, {"setfsgid32"}, {"setfsuid"},
    {"setfsuid32"}, {"setgid"}, {"setgid32"}, {"setgroups"}, {"setgroups32"}, {"setitimer"},
    {"setpgid"}, {"setpriority"}, {"setregid"}, {"setregid32"}, {"setresgid"}, {"setresgid32"},
    {"setresuid"}, {"setresuid32"}, {"setreuid"}, {"setreuid32"}, {"setrlimit"}, {"setsid"},
    {"setsockopt"}, {"setuid"}, {"setuid32"}, {"setxattr"}, {"shmat"}, {"shmctl"}, {"shmdt"},
    {"shmget"}, {"shutdown"}, {"sigaltstack"}, {"signalfd"}, {"signalfd4"}, {"sigprocmask"},
    {"sigreturn"}, {"socketcall"}, {"socketpair"}, {"splice"}, {"stat"}, {"stat64"}, {"statfs"},
    {"statfs64"}, {"statx"}, {"symlink"}, {"symlinkat"}, {"sync"}, {"sync_file_range"},
    {"syncfs"}, {"sysinfo"}, {"tee"}, {"tgkill"}, {"time"}, {"timer_create"}, {"timer_delete"},
    {"timer_getoverrun"}, {"timer_gettime"}, {"timer_gettime64"}, {"timer_settime"},
    {"timer_settime64"}, {"timerfd_create"}, {"timerfd_gettime"}, {"timerfd_gettime64"},
    {"timerfd_settime"}, {"timerfd_settime64"}, {"times"}, {"tkill"}, {"truncate"},
    {"truncate64"}, {"ugetrlimit"}, {"umask"}, {"uname"}, {"unlink"}, {"unlinkat"}, {"utime"},
    {"utimensat"}, {"utimensat_time64"}, {"utimes"}, {"vfork"}, {"vmsplice"}, {"wait4"},
    {"waitid"}, {"waitpid"}, {"write"}, {"writev"},

    // By their arguments.
    {"socket", SeccompAction::kNotVsock},
    {"personality", SeccompAction::kPersonality},
    {"clone", SeccompAction::kWithoutNamespaces, internal::kAdmin},
    // Its flags lie in memory, where no filter sees them; programs fall back to clone.
    {"clone3", SeccompAction::kUnknown, internal::kAdmin},

    // By the container's capabilities.
    {"acct", SeccompAction::kDeny, internal::CapabilityBits(Capability::kSysPacct)},
    {"bpf", SeccompAction::kDeny, internal::kAdmin | internal::CapabilityBits(Capability::kBpf)},
    {"chroot", SeccompAction::kDeny, internal::CapabilityBits(Capability::kSysChroot)},
    {"clock_settime", SeccompAction::kDeny, internal::kTime},
    {"clock_settime64", SeccompAction::kDeny, internal::kTime},
    {"delete_module", SeccompAction::kDeny, internal::kModule},
    {"fanotify_init", SeccompAction::kDeny, internal::kAdmin},
    {"finit_module", SeccompAction::kDeny, internal::kModule},
    {"fsconfig", SeccompAction::kDeny, internal::kAdmin},
    {"fsmount", SeccompAction::kDeny, internal::kAdmin},
    {"fsopen", SeccompAction::kDeny, internal::kAdmin},
    {"fspick", SeccompAction::kDeny, internal::kAdmin},
    {"get_mempolicy", SeccompAction::kDeny, internal::kNice},
    {"init_module", SeccompAction::kDeny, internal::kModule},
    {"ioperm", SeccompAction::kDeny, internal::kRawio},
    {"iopl", SeccompAction::kDeny, internal::kRawio},
    {"kcmp", SeccompAction::kDeny, internal::kTrace},
    {"lookup_dcookie", SeccompAction::kDeny, internal::kAdmin},
    {"mbind", SeccompAction::kDeny, internal::kNice},
    {"mount", SeccompAction::kDeny, internal::kAdmin},
    {"mount_setattr", SeccompAction::kDeny, internal::kAdmin},
    {"move_mount", SeccompAction::kDeny, internal::kAdmin},
    {"open_by_handle_at", SeccompAction::kDeny,
     internal::CapabilityBits(Capability::kDacReadSearch)},
    {"open_tree", SeccompAction::kDeny, internal::kAdmin},
    {"perf_event_open", SeccompAction::kDeny,
     internal::kAdmin | internal::CapabilityBits(Capability::kPerfmon)},
    {"pidfd_getfd", SeccompAction::kDeny, internal::kTrace},
    {"process_madvise", SeccompAction::kDeny, internal::kTrace},
    {"quotactl", SeccompAction::kDeny, internal::kAdmin},
    {"quotactl_fd", SeccompAction::kDeny, internal::kAdmin},
    {"reboot", SeccompAction::kDeny, internal::CapabilityBits(Capability::kSysBoot)},
    {"set_mempolicy", SeccompAction::kDeny, internal::kNice},
    {"set_mempolicy_home_node", SeccompAction::kDeny, internal::kNice},
    {"setdomainname", SeccompAction::kDeny, internal::kAdmin},
    {"sethostname", SeccompAction::kDeny, internal::kAdmin},
    {"setns", SeccompAction::kDeny, internal::kAdmin},
    {"settimeofday", SeccompAction::kDeny, internal::kTime},
    {"stime", SeccompAction::kDeny, internal::kTime},
    {"syslog", SeccompAction::kDeny,
     internal::kAdmin | internal::CapabilityBits(Capability::kSyslog)},
    {"umount", SeccompAction::kDeny, internal::kAdmin},
    {"umount2", SeccompAction::kDeny, internal::kAdmin},
    {"unshare", SeccompAction::kDeny, internal::kAdmin},
    {"vhangup", SeccompAction::kDeny, internal::CapabilityBits(Capability::kSysTtyConfig)},
};
// clang-format on

}  // namespace pelagos::launch
