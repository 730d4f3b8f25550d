// The floor: one container with full isolation and nothing else. What the kernel asks for the same
// namespaces, mounts, masks, rights and filter, written down as plain calls: no plan, no errors
// worded, no name looked up safely. A runtime can come near it, not below it.
//
// Usage: floor LAYER UPPER WORK MOUNT_POINT PROGRAM [v1|v2 CGROUP]
//
// CGROUP is the folder of the cgroup that is made for it and removed after it, in v2 or in v1's
// devices hierarchy, with the filter for devices.

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "pelagos/launch/device_filter.h"
#include "pelagos/launch/seccomp_program.h"
#include "pelagos/plan/mount.h"
#include "pelagos/policy/capability_set.h"
#include "pelagos/policy/device_rules.h"

namespace {

enum class Backing { kNone, kV1, kV2 };

// What the child finds made.
struct Cgroup {
  Backing backing = Backing::kNone;
  std::string folder;
  int fd = -1;  // v1: its `tasks`; v2: its folder
};

void Must(long result, const char* what) {
  if (result >= 0) return;
  std::perror(what);
  ::_exit(125);
}

void Mount(const char* type, const char* target, unsigned long flags, const char* data) {
  Must(::mount(type, target, type, flags, data), target);
}

void Write(int fd, const std::string& text, const char* what) {
  Must(::write(fd, text.data(), text.size()), what);
}

void AttachDeviceFilter(int cgroup) {
  const std::vector<bpf_insn> program = pelagos::launch::CompileDeviceFilter(
      {pelagos::kDefaultDeviceRules.begin(), pelagos::kDefaultDeviceRules.end()});
  bpf_attr load = {};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = reinterpret_cast<uintptr_t>(program.data());
  load.insn_cnt = static_cast<uint32_t>(program.size());
  load.license = reinterpret_cast<uintptr_t>("Apache-2.0");
  const long loaded = ::syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
  Must(loaded, "BPF_PROG_LOAD");
  bpf_attr attach = {};
  attach.target_fd = static_cast<uint32_t>(cgroup);
  attach.attach_bpf_fd = static_cast<uint32_t>(loaded);
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  Must(::syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)), "BPF_PROG_ATTACH");
  ::close(static_cast<int>(loaded));
}

void MakeCgroup(Cgroup& cgroup) {
  if (cgroup.backing == Backing::kNone) return;
  const char* folder = cgroup.folder.c_str();
  Must(::mkdir(folder, 0755), folder);
  if (cgroup.backing == Backing::kV2) {
    cgroup.fd = ::open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    Must(cgroup.fd, folder);
    AttachDeviceFilter(cgroup.fd);
    return;
  }
  const int deny = ::open((cgroup.folder + "/devices.deny").c_str(), O_WRONLY | O_CLOEXEC);
  Write(deny, "a", "devices.deny");
  ::close(deny);
  const int allow = ::open((cgroup.folder + "/devices.allow").c_str(), O_WRONLY | O_CLOEXEC);
  for (const pelagos::DeviceRule& rule : pelagos::kDefaultDeviceRules) {
    Write(allow, pelagos::DeviceRuleText(rule), "devices.allow");
  }
  ::close(allow);
  cgroup.fd = ::open((cgroup.folder + "/tasks").c_str(), O_WRONLY | O_CLOEXEC);
  Must(cgroup.fd, "tasks");
}

void MountAll(char** args, Backing backing) {
  constexpr unsigned long kInert = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  Must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private");
  const std::string overlay =
      std::string("lowerdir=") + args[1] + ",upperdir=" + args[2] + ",workdir=" + args[3];
  Must(::mount("overlay", args[4], "overlay", 0, overlay.c_str()), "overlay");
  Must(::chdir(args[4]), "chdir");
  for (const char* folder : {"proc", "dev", "sys"}) ::mkdir(folder, 0755);
  Mount("proc", "proc", kInert, nullptr);
  Mount("tmpfs", "dev", MS_NOSUID, "mode=755,size=65536k");
  for (const pelagos::DeviceRow& device : pelagos::kDevices) {
    Must(::mknod(device.target + 1, S_IFCHR | 0666, makedev(device.major, device.minor)), "mknod");
  }
  Must(::symlink("/proc/self/fd", "dev/fd"), "symlink");
  Must(::symlink("/proc/self/fd/0", "dev/stdin"), "symlink");
  Must(::symlink("/proc/self/fd/1", "dev/stdout"), "symlink");
  Must(::symlink("/proc/self/fd/2", "dev/stderr"), "symlink");
  Must(::symlink("pts/ptmx", "dev/ptmx"), "symlink");
  for (const char* folder : {"dev/pts", "dev/shm", "dev/mqueue"})
    Must(::mkdir(folder, 0755), "mkdir");
  Mount("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5");
  Mount("tmpfs", "dev/shm", kInert, "mode=1777,size=65536k");
  Mount("mqueue", "dev/mqueue", kInert, nullptr);
  Mount("sysfs", "sys", kInert | MS_RDONLY, nullptr);
  if (backing == Backing::kV2) {
    Mount("cgroup2", "sys/fs/cgroup", kInert | MS_RDONLY, nullptr);
  } else {
    Mount("tmpfs", "sys/fs/cgroup", kInert | MS_RDONLY, "mode=755");
  }
  for (const char* path : pelagos::kMaskedPaths) {
    struct stat info = {};
    if (::stat(path + 1, &info) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      Mount("tmpfs", path + 1, kInert | MS_RDONLY, "size=4k");
    } else {
      Must(::mount("dev/null", path + 1, nullptr, MS_BIND, nullptr), path);
    }
  }
  for (const char* path : pelagos::kReadOnlyPaths) {
    if (::mount(path + 1, path + 1, nullptr, MS_BIND | MS_REC, nullptr) != 0) continue;
    Must(::mount(nullptr, path + 1, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY | kInert, nullptr),
         path);
  }
  Must(::syscall(SYS_pivot_root, ".", "."), "pivot_root");
  Must(::umount2(".", MNT_DETACH), "umount");
  Must(::chdir("/"), "chdir");
}

void LimitRights() {
  const uint64_t keep = pelagos::kDefaultCapabilities.bits();
  for (unsigned cap = 0; ::prctl(PR_CAPBSET_READ, cap) >= 0; ++cap) {
    if ((keep >> cap & 1) == 0) Must(::prctl(PR_CAPBSET_DROP, cap), "bounding set");
  }
  const uint32_t low = static_cast<uint32_t>(keep);
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct words[2] = {{low, low, 0}, {0, 0, 0}};
  Must(::syscall(SYS_capset, &header, words), "capset");
  Must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  const auto program = pelagos::launch::kDefaultSeccompProgram;
  const sock_fprog filter = {static_cast<unsigned short>(program.size()),
                             const_cast<sock_filter*>(program.data())};
  Must(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter), "seccomp");
}

[[noreturn]] void Child(char** args, const Cgroup& cgroup) {
  Must(::prctl(PR_SET_PDEATHSIG, SIGKILL), "pdeathsig");
  if (cgroup.backing == Backing::kV1) {
    Write(cgroup.fd, "0", "tasks");
    Must(::unshare(CLONE_NEWCGROUP), "unshare");
  }
  MountAll(args, cgroup.backing);
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq loopback = {};
  std::strcpy(loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP | IFF_RUNNING;
  Must(::ioctl(socket, SIOCSIFFLAGS, &loopback), "loopback");
  Must(::sethostname("floor", 5), "hostname");
  LimitRights();
  char* argv[] = {args[5], nullptr};
  char* envp[] = {nullptr};
  ::execve(args[5], argv, envp);
  std::perror(args[5]);
  ::_exit(127);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string backing = argc == 8 ? argv[6] : "";
  if (argc != 6 && backing != "v1" && backing != "v2") {
    std::fprintf(stderr, "usage: floor LAYER UPPER WORK MOUNT_POINT PROGRAM [v1|v2 CGROUP]\n");
    return 2;
  }
  ::mkdir(argv[2], 0755);
  ::mkdir(argv[3], 0755);
  Cgroup cgroup;
  if (argc == 8) {
    cgroup = {backing == "v1" ? Backing::kV1 : Backing::kV2, argv[7], -1};
  }
  MakeCgroup(cgroup);
  clone_args args = {};
  args.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
  if (cgroup.backing != Backing::kV1) args.flags |= CLONE_NEWCGROUP;
  if (cgroup.backing == Backing::kV2) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<uint64_t>(cgroup.fd);
  }
  args.exit_signal = SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &args, sizeof(args));
  Must(pid, "clone3");
  if (pid == 0) Child(argv, cgroup);
  int status = 0;
  Must(::waitpid(static_cast<pid_t>(pid), &status, 0), "waitpid");
  if (cgroup.backing != Backing::kNone) Must(::rmdir(cgroup.folder.c_str()), "rmdir");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
