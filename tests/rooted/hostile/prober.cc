// What runs inside of a hostile container: it looks for everything that should not be there and
// tries to get out. Static: it is copied into roots that have nothing else.
//
//   prober [outside=PATH] [look=PATH]...
//   prober sleep           until it is killed
//   prober watch=NAME      until it is killed: for processes that enter, with a program of that
//   name
//
// Prints "ready", then a line for each finding ("escaped ..." or "leaked ..."), then "done".

#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {
namespace {

void Found(const char* verdict, const std::string& what) {
  std::printf("%s %s\n", verdict, what.c_str());
  std::fflush(stdout);
}
void Escaped(const std::string& what) { Found("escaped", what); }
void Leaked(const std::string& what) { Found("leaked", what); }

// At most `limit` bytes; "" for what cannot be opened. Never waits.
std::string Read(const std::string& path, size_t limit = 65536) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return "";
  std::string text(limit, '\0');
  size_t size = 0;
  while (size < limit) {
    const ssize_t got = ::read(fd, text.data() + size, limit - size);
    if (got <= 0) break;
    size += static_cast<size_t>(got);
  }
  ::close(fd);
  text.resize(size);
  return text;
}

std::vector<std::string> Names(const std::string& folder) {
  std::vector<std::string> names;
  DIR* dir = ::opendir(folder.c_str());
  if (dir == nullptr) return names;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(dir);
  return names;
}

std::string LinkText(const std::string& path) {
  char text[4096];
  const ssize_t size = ::readlink(path.c_str(), text, sizeof(text));
  return size < 0 ? "" : std::string(text, static_cast<size_t>(size));
}

bool HoldsSecret(const std::string& path) {
  return Read(path, 4096).find(kSecret) != std::string::npos;
}

// proc(5), mountinfo: the fourth field is what of a file system is mounted, the fifth is where.
bool IsMounted(const std::string& name) {
  const std::string mounts = Read("/proc/self/mountinfo", size_t{1} << 20);
  for (size_t line = 0; line < mounts.size();) {
    size_t end = mounts.find('\n', line);
    if (end == std::string::npos) end = mounts.size();
    size_t field = line;
    for (int skipped = 0; skipped < 3; ++skipped) field = mounts.find(' ', field) + 1;
    const std::string what = mounts.substr(field, mounts.find(' ', field) - field);
    if (what.find(name) != std::string::npos) return true;
    line = end + 1;
  }
  return false;
}

bool IsNumber(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

void CheckDescriptors() {
  for (int fd = 0; fd < 4096; ++fd) {
    struct stat info = {};
    if (::fstat(fd, &info) != 0) continue;
    const std::string name =
        std::to_string(fd) + " (" + LinkText("/proc/self/fd/" + std::to_string(fd)) + ")";
    if (fd > 2) Leaked("descriptor " + name);
    if (S_ISDIR(info.st_mode)) Escaped("a folder as descriptor " + name);
  }
}

void CheckWorkFolder() {
  const std::string folder = LinkText("/proc/self/cwd");
  char text[4096];
  if (::getcwd(text, sizeof(text)) == nullptr || text[0] != '/') {
    Escaped("the work folder is outside of the root: " + folder);
  }
  struct stat root = {}, top = {};
  constexpr int kDepth = 256;
  for (int i = 0; i < kDepth && ::chdir("..") == 0; ++i) {
  }
  ::stat("/", &root);
  ::stat(".", &top);
  if (root.st_dev != top.st_dev || root.st_ino != top.st_ino) {
    Escaped("'..' from the work folder ends at another root");
  }
  if (::chdir("/") != 0) Leaked("the root cannot be entered");
}

void CheckPaths(const std::string& outside, const std::vector<std::string>& look) {
  std::vector<std::string> paths = look;
  for (const char* way : {"", "/proc/1/root", "/proc/self/root", "/proc/1/cwd", "/../../.."}) {
    paths.push_back(way + outside + "/secret");
  }
  for (const std::string& pid : Names("/proc")) {
    if (!IsNumber(pid)) continue;
    for (const char* way : {"/root", "/cwd"}) {
      paths.push_back("/proc/" + pid + way + outside + "/secret");
    }
    if (Read("/proc/" + pid + "/environ").find(kSecret) != std::string::npos) {
      Leaked("the runtime's environment, of process " + pid);
    }
  }
  for (const std::string& path : paths) {
    if (HoldsSecret(path)) Escaped("a file of the host can be read at " + path);
  }
  if (IsMounted(kOutsideName)) Escaped("a folder of sentinels is mounted");
  if (const char* secret = std::getenv(kSecretVariable); secret != nullptr) {
    Leaked("the runtime's environment");
  }
}

// Opened at most, never written: what is behind it may be the host's.
void CheckKernel() {
  if (LinkText("/proc/self") != std::to_string(::getpid())) {
    Leaked("/proc shows no or another pid namespace");
  }
  for (const char* path :
       {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname",
        "/proc/sys/vm/panic_on_oom", "/proc/sysrq-trigger", "/proc/sys/fs/binfmt_misc/register",
        "/proc/irq/default_smp_affinity", "/sys/kernel/uevent_helper", "/sys/power/state",
        "/sys/kernel/profiling", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/release_agent",
        "/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/memory/cgroup.procs"}) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) continue;
    ::close(fd);
    Escaped(std::string("can be opened for writing: ") + path);
  }
  for (const char* path : {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug",
                           "/proc/latency_stats", "/proc/interrupts"}) {
    if (!Read(path, 16).empty()) Leaked(std::string("not masked: ") + path);
  }
  for (const char* path : {"/proc/acpi", "/proc/scsi", "/sys/firmware"}) {
    if (!Names(path).empty()) Leaked(std::string("not masked: ") + path);
  }
}

uint64_t StatusField(const std::string& status, const std::string& name, int base) {
  const size_t at = status.find("\n" + name + ":");
  if (at == std::string::npos) return 0;
  return std::strtoull(status.c_str() + at + name.size() + 2, nullptr, base);
}

void CheckRights() {
  const std::string status = Read("/proc/self/status");
  constexpr uint64_t kDefault = 0xa80425fb;
  if ((StatusField(status, "CapBnd", 16) & ~kDefault) != 0) Escaped("more capabilities");
  if (StatusField(status, "CapInh", 16) != 0) Leaked("inheritable capabilities");
  if (StatusField(status, "CapAmb", 16) != 0) Leaked("ambient capabilities");
  if (StatusField(status, "Seccomp", 10) != 2) Leaked("no filter of system calls");
  if (::geteuid() != ::getuid()) Escaped("another effective user");
  const auto succeeds = [](auto call) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(call() >= 0 ? 0 : 1);
    int code = 1;
    ::waitpid(child, &code, 0);
    return code == 0;
  };
  if (succeeds([] { return ::unshare(CLONE_NEWUSER); })) Leaked("user namespaces can be made");
  if (succeeds([] { return ::syscall(SYS_fsopen, "ext4", 0); })) Leaked("fsopen is allowed");
  if (succeeds([] { return ::mount("none", "/", "tmpfs", 0, nullptr); })) Escaped("mounted");
  if (succeeds([] {
        return ::syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user",
                         kSecretVariable, 0);
      })) {
    Leaked("the runtime's session keyring");
  }
  if (succeeds([] {
        constexpr int kRootHandle = 2;  // of a file system's first inode: Shocker
        struct {
          unsigned bytes = 8;
          int type = 1;
          unsigned inode[2] = {kRootHandle, 0};
        } handle;
        return ::syscall(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY);
      })) {
    Escaped("open_by_handle_at works");
  }
}

void CheckDevices() {
  for (const std::string& name : Names("/dev")) {
    struct stat info = {};
    if (::lstat(("/dev/" + name).c_str(), &info) != 0) continue;
    if (S_ISBLK(info.st_mode)) Escaped("a block device at /dev/" + name);
    if (name == "null" && !(S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3) &&
                            (info.st_mode & 0777) == 0666)) {
      Leaked("/dev/null is not the null device");
    }
  }
  // Any disk of the machine, and its memory.
  const std::string partitions = Read("/proc/partitions");
  unsigned major_number = 0, minor_number = 0;
  const size_t line = partitions.find("\n\n");
  if (line != std::string::npos) {
    std::sscanf(partitions.c_str() + line, "%u %u", &major_number, &minor_number);
  }
  const struct {
    const char* name;
    mode_t type;
    dev_t number;
  } nodes[] = {{"/.disk", S_IFBLK, makedev(major_number, minor_number)},
               {"/.mem", S_IFCHR, makedev(1, 1)},
               {"/.kmsg", S_IFCHR, makedev(1, 11)}};
  for (const auto& node : nodes) {
    ::mknod(node.name, node.type | 0666, node.number);
    const int fd = ::open(node.name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
      Escaped(std::string("a device could be made and opened: ") + node.name);
      ::close(fd);
    }
    ::unlink(node.name);
  }
}

void CheckTerminal() {
  const char typed = 'x';
  for (int fd = 0; fd < 3; ++fd) {
    if (::isatty(fd) != 0 && ::ioctl(fd, TIOCSTI, &typed) == 0) {
      std::printf("note typed into descriptor %d\n", fd);
    }
  }
  const int console = ::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (console >= 0) {
    if (::ioctl(console, TIOCSTI, &typed) == 0) std::printf("note typed into /dev/tty\n");
    ::close(console);
  }
}

// Whose program is it that runs beside us? A handle of the runtime's own binary is CVE-2019-5736.
void CheckBinaries() {
  for (const std::string& pid : Names("/proc")) {
    if (!IsNumber(pid)) continue;
    const std::string path = "/proc/" + pid + "/exe";
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) continue;
    ::close(fd);
    Escaped("a running program can be opened for writing: " + path);
  }
}

// A process of the runtime that is on its way into our pid namespace: what of it can be had?
// CVE-2016-9962, CVE-2019-5736.
void Watch(const std::string& program) {
  std::printf("ready\n");
  std::fflush(stdout);
  for (;;) {
    for (const std::string& pid : Names("/proc")) {
      if (!IsNumber(pid)) continue;
      const std::string folder = "/proc/" + pid;
      const std::string exe = LinkText(folder + "/exe");
      if (exe.find(program) == std::string::npos) continue;
      Escaped("the runtime's program " + exe);
      for (const std::string& fd : Names(folder + "/fd")) {
        Escaped("the runtime's descriptor " + LinkText(folder + "/fd/" + fd));
      }
    }
  }
}

int Main(int argc, char** argv) {
  if (argc >= 2 && std::strcmp(argv[1], "sleep") == 0) {
    for (;;) ::pause();
  }
  if (argc == 2 && std::strncmp(argv[1], "watch=", 6) == 0) Watch(argv[1] + 6);
  std::string outside;
  std::vector<std::string> look;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.rfind("outside=", 0) == 0) outside = word.substr(8);
    if (word.rfind("look=", 0) == 0) look.push_back(word.substr(5));
    if (word.rfind("uid=", 0) == 0 && ::getuid() == 0) Escaped("root, instead of " + word);
  }
  std::printf("ready\n");
  std::fflush(stdout);
  CheckDescriptors();
  CheckWorkFolder();
  CheckPaths(outside, look);
  CheckKernel();
  CheckRights();
  CheckDevices();
  CheckTerminal();
  CheckBinaries();
  std::printf("done\n");
  return 0;
}

}  // namespace
}  // namespace pelagos::hostile

int main(int argc, char** argv) { return pelagos::hostile::Main(argc, argv); }
