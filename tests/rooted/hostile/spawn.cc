#include "tests/rooted/hostile/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"
#include "pelagos/sys/process.h"
#include "tests/rooted/hostile/case.h"
#include "tests/rooted/program.h"

namespace pelagos::hostile {
namespace {

struct Ends {
  Fd ours, theirs;
};

Ends MakePipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  return {Fd(ends[0]), Fd(ends[1])};
}

Ends MakeTerminal() {
  Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ::grantpt(master.get());
  ::unlockpt(master.get());
  char name[64] = {};
  ::ptsname_r(master.get(), name, sizeof(name));
  Fd slave(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios mode = {};
  ::tcgetattr(slave.get(), &mode);
  mode.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);  // what is typed can be counted at once
  mode.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  ::tcsetattr(slave.get(), TCSANOW, &mode);
  return {std::move(master), std::move(slave)};
}

// capabilities(7): all that we have, inheritable and ambient.
void RaiseInheritable() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct words[2] = {};
  ::syscall(SYS_capget, &header, words);
  for (auto& word : words) word.inheritable = word.permitted;
  ::syscall(SYS_capset, &header, words);
  constexpr int kCapabilities = 64;
  for (int cap = 0; cap < kCapabilities; ++cap) {
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
  }
}

void MakeKeyring() {
  ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "hostile");
  ::syscall(SYS_add_key, "user", kSecretVariable, kSecret, sizeof(kSecret),
            KEY_SPEC_SESSION_KEYRING);
}

[[noreturn]] void Exec(const SpawnOptions& options, int in, int out, int err) {
  ::setsid();
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (options.hide_v2) {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      ::_exit(127);
    }
    ::umount2("/sys/fs/cgroup/unified", MNT_DETACH);
  }
  if (options.terminal) ::ioctl(in, TIOCSCTTY, 0);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  constexpr int kTimes = 25;
  for (int time = 0; time < kTimes; ++time) {
    for (int fd : options.descriptors) ::fcntl(fd, F_DUPFD, 3);
  }
  if (::chdir(options.folder.c_str()) != 0) ::_exit(127);
  MakeKeyring();
  if (options.uid != 0) {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(options.uid, options.uid, options.uid) != 0 ||
        ::setresuid(options.uid, options.uid, options.uid) != 0) {
      ::_exit(127);
    }
  } else {
    RaiseInheritable();
  }
  std::vector<char*> argv, env;
  for (const std::string& word : options.argv) argv.push_back(const_cast<char*>(word.c_str()));
  for (const std::string& pair : options.env) env.push_back(const_cast<char*>(pair.c_str()));
  argv.push_back(nullptr);
  env.push_back(nullptr);
  ::execve(argv[0], argv.data(), env.data());
  ::_exit(127);
}

// True while there may be more.
bool Drain(Fd& fd, std::string& text) {
  while (fd.valid()) {
    std::array<char, 65536> buffer;
    const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
    if (size > 0) {
      text.append(buffer.data(), static_cast<size_t>(size));
      continue;
    }
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    fd.reset();  // EIO: the terminal's other side is closed
  }
  return false;
}

int CodeOf(int status) {
  constexpr int kSignal = 128;
  return WIFSIGNALED(status) ? kSignal + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Spawned Spawn(const SpawnOptions& options) {
  Spawned result;
  Ends out = options.terminal ? MakeTerminal() : MakePipe();
  Ends err = options.terminal ? Ends{} : MakePipe();
  const Fd null(::open(options.null.c_str(), O_RDWR | O_CLOEXEC));
  struct stat before = {};
  ::fstat(out.theirs.get(), &before);
  const pid_t pid = ::fork();
  if (pid < 0) return result;
  if (pid == 0) {
    const int stream = options.quiet ? null.get() : out.theirs.get();
    Exec(options, options.terminal ? stream : null.get(), stream,
         options.terminal || options.quiet ? stream : err.theirs.get());
  }
  auto pidfd = sys::OpenPidfd(pid);
  if (!options.terminal) out.theirs.reset();  // a terminal is looked at afterwards
  err.theirs.reset();
  for (const Fd* fd : {&out.ours, &err.ours}) {
    if (fd->valid()) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  }
  const absl::Time deadline = absl::Now() + options.patience;
  int status = 0;
  bool ended = false;
  for (;;) {
    const bool more_out = Drain(out.ours, result.out), more_err = Drain(err.ours, result.err);
    if (!ended) ended = ::waitpid(pid, &status, WNOHANG) == pid;
    if (ended && (options.terminal || (!more_out && !more_err))) break;
    if (absl::Now() > deadline) {
      result.hung = true;
      ::kill(-pid, SIGKILL);
      ::kill(pid, SIGKILL);
      for (pid_t left : rooted::Descendants()) ::kill(left, SIGKILL);
      if (!ended) ::waitpid(pid, &status, 0);
      break;
    }
    std::array<pollfd, 3> polled = {{{out.ours.valid() ? out.ours.get() : -1, POLLIN, 0},
                                     {err.ours.valid() ? err.ours.get() : -1, POLLIN, 0},
                                     {ended ? -1 : pidfd->get(), POLLIN, 0}}};
    const absl::Duration left = std::max(deadline - absl::Now(), absl::ZeroDuration());
    ::poll(polled.data(), polled.size(), static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
  }
  Drain(out.ours, result.out);
  if (options.terminal) {
    int waiting = 0;
    struct stat after = {};
    ::ioctl(out.theirs.get(), FIONREAD, &waiting);
    ::fstat(out.theirs.get(), &after);
    result.typed_into = waiting > 0;
    result.terminal_changed = before.st_mode != after.st_mode || before.st_uid != after.st_uid ||
                              before.st_gid != after.st_gid;
  }
  rooted::ReapOrphans();
  result.code = CodeOf(status);
  return result;
}

}  // namespace pelagos::hostile
