#include "tests/lsp/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "absl/time/clock.h"
#include "pelagos/sys/process.h"

namespace pelagos::lsp {
namespace {

int Milliseconds(absl::Time deadline) {
  const absl::Duration left = std::max(deadline - absl::Now(), absl::ZeroDuration());
  return static_cast<int>(absl::ToInt64Milliseconds(left)) + 1;
}

}  // namespace

Process::Process(std::vector<std::string> argv) {
  ::signal(SIGPIPE, SIG_IGN);
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0) return;
  const Fd in_end(in[0]);
  in_ = Fd(in[1]);
  if (::pipe2(out, O_CLOEXEC) != 0) return;
  const Fd out_end(out[1]);
  out_ = Fd(out[0]);
  std::vector<char*> args;
  for (std::string& arg : argv) args.push_back(arg.data());
  args.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in_end.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out_end.get(), STDOUT_FILENO);
  if (::posix_spawnp(&pid_, args[0], &actions, nullptr, args.data(), environ) != 0) pid_ = -1;
  ::posix_spawn_file_actions_destroy(&actions);
  ::fcntl(in_.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(out_.get(), F_SETFL, O_NONBLOCK);
  if (pid_ <= 0) return;
  if (auto pidfd = sys::OpenPidfd(pid_); pidfd.ok()) pidfd_ = *std::move(pidfd);
}

Process::~Process() {
  if (pid_ <= 0 || code_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Process::Read(absl::Time deadline, bool also_writable) {
  pollfd polled[2] = {{out_.get(), POLLIN, 0}, {also_writable ? in_.get() : -1, POLLOUT, 0}};
  writable_ = false;
  if (::poll(polled, 2, Milliseconds(deadline)) <= 0) return false;
  writable_ = polled[1].revents != 0;
  if (polled[0].revents != 0) {
    char buffer[65536];
    const ssize_t size = ::read(out_.get(), buffer, sizeof(buffer));
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) out_.reset();
    if (size > 0) bytes_.append(buffer, static_cast<size_t>(size));
  }
  return true;
}

bool Process::Write(absl::string_view bytes, absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  while (!bytes.empty()) {
    if (!in_.valid() || absl::Now() > deadline || !Read(deadline, true)) return false;
    if (!writable_) continue;
    const ssize_t size = ::write(in_.get(), bytes.data(), bytes.size());
    if (size < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (size > 0) bytes.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

std::optional<std::string> Process::Next(absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  for (;;) {
    frames_.Add(bytes_);
    bytes_.clear();
    if (std::optional<Frame> frame = frames_.Next()) {
      return frame->error.empty() ? frame->body : "no frame: " + frame->error;
    }
    if (!out_.valid() || absl::Now() > deadline || !Read(deadline, false)) return std::nullopt;
  }
}

std::string Process::NextBytes(absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  while (bytes_.empty() && out_.valid() && absl::Now() <= deadline && Read(deadline, false)) {
  }
  return std::exchange(bytes_, "");
}

std::optional<int> Process::Wait(absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  while (!code_) {
    if (!pidfd_.valid() || absl::Now() > deadline) return std::nullopt;
    // Whoever waits for room to write must not hold up its end.
    pollfd polled[2] = {{pidfd_.get(), POLLIN, 0}, {out_.get(), POLLIN, 0}};
    if (::poll(polled, 2, Milliseconds(deadline)) <= 0) continue;
    if (polled[1].revents != 0) Read(deadline, false);
    int status = 0;
    if (polled[0].revents == 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) continue;
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return code_;
}

}  // namespace pelagos::lsp
