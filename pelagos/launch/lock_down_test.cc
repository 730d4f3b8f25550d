#include "pelagos/launch/lock_down.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"
#include "pelagos/sys/security.h"

namespace pelagos::launch {
namespace {

namespace fs = std::filesystem;

struct Attempt {
  std::string what;
  std::function<long()> act;  // -1 and errno, as system calls do
};

// A planner that tries everything.
std::vector<Attempt> Attempts(const std::string& folder) {
  const std::string file = folder + "/file";
  const std::string other = folder + "/other";
  const auto open2 = [](const std::string& path, uint64_t flags) {
    struct {
      uint64_t flags, mode, resolve;
    } how = {flags, (flags & O_CREAT) != 0 ? 0600u : 0u, 0};
    return ::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof(how));
  };
  std::vector<Attempt> attempts = {
      {"write", [=] { return ::open(file.c_str(), O_WRONLY); }},
      {"read and write", [=] { return ::open(file.c_str(), O_RDWR); }},
      {"create", [=] { return ::open(other.c_str(), O_RDONLY | O_CREAT, 0600); }},
      {"truncate on open", [=] { return ::open(file.c_str(), O_RDONLY | O_TRUNC); }},
      {"nameless file", [=] { return ::open(folder.c_str(), O_TMPFILE | O_RDWR, 0600); }},
      {"openat2 to write", [=] { return open2(file, O_WRONLY); }},
      {"openat2 to create", [=] { return open2(other, O_RDONLY | O_CREAT); }},
      {"openat2 to truncate", [=] { return open2(file, O_RDONLY | O_TRUNC); }},
      {"truncate", [=] { return ::truncate(file.c_str(), 0); }},
      {"mkdir", [=] { return ::mkdir(other.c_str(), 0700); }},
      {"mknod", [=] { return ::mknod(other.c_str(), S_IFIFO | 0600, 0); }},
      {"unlink", [=] { return ::unlink(file.c_str()); }},
      {"rename", [=] { return ::rename(file.c_str(), other.c_str()); }},
      {"link", [=] { return ::link(file.c_str(), other.c_str()); }},
      {"symlink", [=] { return ::symlink("x", other.c_str()); }},
      {"chmod", [=] { return ::chmod(file.c_str(), 0777); }},
      {"chown", [=] { return ::chown(file.c_str(), 1, 1); }},
      {"setxattr", [=] { return ::setxattr(file.c_str(), "user.x", "1", 1, 0); }},
      {"utimes", [=] { return ::utimensat(AT_FDCWD, file.c_str(), nullptr, 0); }},
      {"mount", [=] { return ::mount("tmpfs", folder.c_str(), "tmpfs", 0, nullptr); }},
      {"unmount", [] { return ::umount2("/proc", MNT_DETACH); }},
      {"mount tree", [] { return ::syscall(SYS_open_tree, AT_FDCWD, "/", 1); }},
      {"unshare", [] { return ::unshare(CLONE_NEWUTS); }},
      {"setns", [] { return ::setns(0, 0); }},
      {"chroot", [] { return ::chroot("/"); }},
      {"hostname", [] { return ::sethostname("x", 1); }},
      {"fork", [] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }},
      {"clone3", [] { return ::syscall(SYS_clone3, nullptr, 0); }},
      {"exec", [] { return ::execl("/bin/true", "true", nullptr); }},
      {"signal", [] { return ::kill(::getppid(), SIGUSR1); }},
      {"socket", [] { return ::socket(AF_INET, SOCK_STREAM, 0); }},
      {"netlink", [] { return ::socket(AF_NETLINK, SOCK_RAW, 0); }},
      {"bpf", [] { return ::syscall(SYS_bpf, 0, nullptr, 0); }},
      {"io_uring", [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }},
      {"limits", [] { return ::syscall(SYS_prlimit64, 0, 0, nullptr, nullptr); }},
      {"set id", [] { return ::syscall(SYS_setuid, 1); }},
      {"terminal input", [] { return ::syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x"); }},
      {"directory", [=] { return ::rmdir(folder.c_str()); }},
  };
  // What only Landlock can refuse.
  if (sys::LandlockAbi() == 0) {
    std::erase_if(attempts,
                  [](const Attempt& attempt) { return attempt.what.rfind("openat2", 0) == 0; });
  }
  return attempts;
}

// In a process of its own; the number of the attempt that was not refused, less one.
int Try(const std::string& folder) {
  const pid_t child = ::fork();
  if (child == 0) {
    const std::vector<Attempt> attempts = Attempts(folder);
    const absl::StatusOr<bool> complete = LockDown();
    if (!complete.ok() || *complete != (sys::LandlockAbi() > 0)) ::_exit(250);
    for (size_t i = 0; i < attempts.size(); ++i) {
      errno = 0;
      if (attempts[i].act() >= 0 || (errno != EPERM && errno != EACCES)) {
        ::_exit(static_cast<int>(i) + 1);
      }
    }
    // What is left: to look.
    std::string text;
    char buffer[16];
    const int fd = ::open((folder + "/file").c_str(), O_RDONLY);
    const ssize_t size = ::read(fd, buffer, sizeof(buffer));
    if (fd < 0 || size != 4) ::_exit(251);
    const absl::StatusOr<std::vector<std::string>> entries = sys::ListFolder(folder);
    if (!entries.ok() || entries->size() != 1) ::_exit(252);
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  return WEXITSTATUS(status);
}

TEST(LockDown, APlannerThatTriesChangesNothing) {
  const std::string folder = absl::StrCat(testing::TempDir(), "/lock_down");
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::ofstream(folder + "/file") << "text";
  const int result = Try(folder);
  const std::vector<Attempt> attempts = Attempts(folder);
  ASSERT_EQ(result, 0) << (result > 0 && static_cast<size_t>(result) <= attempts.size()
                               ? attempts[static_cast<size_t>(result) - 1].what
                               : "locking or looking failed");
  std::ifstream file(folder + "/file");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "text");
}

// That the attempts are such: without the lock they are not refused with EPERM or EACCES alone.
TEST(LockDown, WithoutItTheAttemptsSucceed) {
  const std::string folder = absl::StrCat(testing::TempDir(), "/unlocked");
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::ofstream(folder + "/file") << "text";
  const std::vector<Attempt> attempts = Attempts(folder);
  for (const char* harmless : {"write", "openat2 to write", "truncate", "mkdir", "chmod"}) {
    for (const Attempt& attempt : attempts) {
      if (attempt.what != harmless) continue;
      EXPECT_GE(attempt.act(), 0) << harmless;
    }
  }
}

}  // namespace
}  // namespace pelagos::launch
