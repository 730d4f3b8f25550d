#include "pelagos/cli/engine/attach_client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/engine/detach_keys.h"
#include "pelagos/cli/engine/our_output.h"
#include "pelagos/cli/terminal.h"
#include "pelagos/container/attach_protocol.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/raw.h"

namespace pelagos::cli {
namespace {

using container::kMostAttachBytes;

constexpr std::initializer_list<int> kSignals = {SIGHUP,  SIGINT,   SIGQUIT, SIGTERM, SIGUSR1,
                                                 SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT};
constexpr int kPacketsAtOnce = 16;  // before something else gets its turn
constexpr int kSignaled = 128;

class Client {
 public:
  Client(const Fd& monitor, const AttachOptions& options, sys::EventLoop loop)
      : monitor_(monitor.get()),
        options_(options),
        loop_(std::move(loop)),
        keys_(options.terminal ? options.detach_keys : ""),
        out_(options.out),
        err_(options.err) {}

  absl::StatusOr<AttachEnd> Run();

 private:
  // What is watched for what, so that nothing is asked of the kernel that is so already.
  void Want(int fd, uint32_t events, void (Client::*then)(uint32_t));
  void Rewatch();

  absl::Status Open();
  void OnSignal(int signal);
  void Suspend();
  void ResizeLater(bool redraw);

  void OnInput(uint32_t events);
  void OnMonitor(uint32_t events);
  void OnOutput(uint32_t events);
  void ReadInput();
  void Send();
  bool SendOne();
  bool SendPacket(absl::string_view packet);
  void Receive();
  void Take(absl::string_view packet);
  void WriteOutput();

  void End(AttachEnd::Reason reason, int code = 0) { end_ = AttachEnd{reason, code}; }
  void Note(const absl::Status& status) { failed_.Update(status); }
  bool done() const { return end_.has_value() || !failed_.ok(); }

  const int monitor_;
  const AttachOptions& options_;
  sys::EventLoop loop_;
  std::map<int, uint32_t> watched_;
  RawMode raw_;
  bool is_raw_ = false;
  uint64_t ignored_ = 0;  // signals that we were started to ignore

  // To the monitor, in this order.
  bool takes_ = true;    // it is still there
  bool redraw_ = false;  // another size first
  bool resize_ = false;
  uint64_t signals_ = 0;  // bit n: signal n
  std::string typed_;
  int ahead_ = 0;             // packets of it that the monitor has not handed on
  bool input_ended_ = false;  // and the monitor is to be told so

  bool input_open_ = false;
  bool input_never_waits_ = false;  // it is a file: epoll(7) knows none
  DetachKeys keys_;

  // From the monitor: one packet, and where it goes.
  std::array<char, kMostAttachBytes + 1> packet_;
  absl::string_view rest_;
  OurOutput out_, err_;
  OurOutput* to_ = nullptr;

  std::optional<AttachEnd> end_;
  absl::Status failed_;
};

uint64_t Bit(int signal) { return uint64_t{1} << signal; }

absl::Status Client::Open() {
  ::signal(SIGPIPE, SIG_IGN);  // our terminal is to be put back first
  for (const int signal : kSignals) {
    struct sigaction action = {};
    if (::sigaction(signal, nullptr, &action) != 0) return ErrnoStatus(errno, "sigaction");
    if (action.sa_handler == SIG_IGN) ignored_ |= Bit(signal);
  }
  PELAGOS_RETURN_IF_ERROR(loop_.WatchSignals(kSignals, [this](int signal) { OnSignal(signal); }));
  struct stat info = {};
  input_open_ = options_.in >= 0;
  if (input_open_ && ::fstat(options_.in, &info) != 0) {
    return ErrnoStatus(errno, "standard input");
  }
  const bool is_terminal = input_open_ && ::isatty(options_.in) == 1;
  input_never_waits_ =
      S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) || (S_ISCHR(info.st_mode) && !is_terminal);
  if (!options_.terminal) return absl::OkStatus();
  if (is_terminal) {
    PELAGOS_RETURN_IF_ERROR(raw_.Set(options_.in), "our terminal");
    is_raw_ = true;
  }
  ResizeLater(options_.redraw);
  return absl::OkStatus();
}

absl::StatusOr<AttachEnd> Client::Run() {
  PELAGOS_RETURN_IF_ERROR(Open());
  while (!done()) {
    Rewatch();
    if (done()) break;
    Note(loop_.Step());
  }
  raw_.Restore();
  PELAGOS_RETURN_IF_ERROR(failed_);
  return *end_;
}

void Client::Want(int fd, uint32_t events, void (Client::*then)(uint32_t)) {
  if (fd < 0) return;
  uint32_t& now = watched_[fd];
  if (now == events) return;
  now = events;
  if (events == 0) return loop_.Forget(fd);
  Note(loop_.Watch(fd, events, [this, then](uint32_t ready) { (this->*then)(ready); }));
}

void Client::Rewatch() {
  const bool reads_input = input_open_ && takes_ && typed_.empty();
  const bool types = typed_.empty() ? input_ended_ : ahead_ < container::kMostInputAhead;
  const bool sends =
      takes_ && (resize_ || signals_ != 0 || types || (reads_input && input_never_waits_));
  // Without an event to wait for not at all: its end would be told again and again.
  Want(monitor_,
       (rest_.empty() ? uint32_t{EPOLLIN} : uint32_t{0}) |
           (sends ? uint32_t{EPOLLOUT} : uint32_t{0}),
       &Client::OnMonitor);
  if (!input_never_waits_) {
    Want(options_.in, reads_input ? uint32_t{EPOLLIN} : uint32_t{0}, &Client::OnInput);
  }
  for (OurOutput* output : {&out_, &err_}) {
    const bool waits = !rest_.empty() && output == to_;
    Want(output->fd(), waits ? uint32_t{EPOLLOUT} : uint32_t{0}, &Client::OnOutput);
  }
}

void Client::OnSignal(int signal) {
  if ((ignored_ & Bit(signal)) != 0) return;
  switch (signal) {
    case SIGWINCH:
      return ResizeLater(false);
    case SIGTSTP:
      return Suspend();
    case SIGCONT:  // after a SIGSTOP the shell has changed our terminal
      raw_.Reassert();
      return ResizeLater(false);
    default:
      break;
  }
  // A terminal that was hung up is no reason for the program in the other one to end.
  if (!options_.pass_signals_on || (is_raw_ && signal == SIGHUP)) {
    return End(AttachEnd::Reason::kSignaled, kSignaled + signal);
  }
  signals_ |= Bit(signal);
}

// What the signal does where nobody handles it, with our terminal as it was before.
void Client::Suspend() {
  raw_.Restore();
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTSTP);
  ::raise(SIGTSTP);
  // Here we stop, until somebody has us continue; at once where nobody could (an orphaned group).
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  if (is_raw_) Note(raw_.Set(options_.in));
  ResizeLater(false);
}

void Client::ResizeLater(bool redraw) {
  if (!options_.terminal) return;
  resize_ = true;
  redraw_ = redraw_ || redraw;
}

void Client::OnInput(uint32_t) {
  ReadInput();
  Send();
}

void Client::OnMonitor(uint32_t events) {
  if ((events & EPOLLOUT) != 0) {
    if (input_open_ && input_never_waits_ && typed_.empty()) ReadInput();
    Send();
  }
  // That nobody is there any more is told by the reading, after what was said before.
  if (rest_.empty() && (events & ~uint32_t{EPOLLOUT}) != 0) Receive();
  if (!rest_.empty() && (events & EPOLLOUT) == 0 && (events & (EPOLLERR | EPOLLHUP)) != 0) {
    takes_ = false;
  }
}

void Client::OnOutput(uint32_t) { WriteOutput(); }

void Client::ReadInput() {
  std::array<char, kMostAttachBytes> buffer;
  const sys::Result got = sys::Call(SYS_read, options_.in, buffer.data(), buffer.size());
  if (got.err == EAGAIN) return;
  if (got.value <= 0) {
    input_open_ = false;
    // A raw terminal has no end: it was hung up.
    if (is_raw_) return End(AttachEnd::Reason::kSignaled, kSignaled + SIGHUP);
    if (!got.ok() && got.err != EIO) return Note(ErrnoStatus(got.err, "reading standard input"));
    typed_ += keys_.Flush();
    input_ended_ = true;
    return;
  }
  DetachKeys::Result result =
      keys_.Feed(absl::string_view(buffer.data(), static_cast<size_t>(got.value)));
  typed_ += result.forward;
  if (!result.detached) return;
  Send();  // what was typed before is the container's, if it takes it now
  End(AttachEnd::Reason::kDetached);
}

void Client::Send() {
  while (takes_ && SendOne()) {
  }
}

// False: there is nothing to send, or the monitor takes nothing now.
bool Client::SendOne() {
  if (resize_) {
    auto [rows, columns] = TerminalSize(options_.out, options_.in);
    if (rows == 0 && columns == 0) {
      resize_ = redraw_ = false;
      return true;
    }
    if (redraw_) ++rows;
    const auto low = [](unsigned value) { return static_cast<char>(value & 0xff); };
    const char packet[] = {container::kAttachWindow, low(rows), low(rows >> 8u), low(columns),
                           low(columns >> 8u)};
    if (!SendPacket({packet, sizeof(packet)})) return false;
    (redraw_ ? redraw_ : resize_) = false;
    return true;
  }
  if (signals_ != 0) {
    const int signal = __builtin_ctzll(signals_);
    const char packet[] = {container::kAttachSignal, static_cast<char>(signal)};
    if (!SendPacket({packet, sizeof(packet)})) return false;
    signals_ &= ~Bit(signal);
    return true;
  }
  if (!typed_.empty()) {
    if (ahead_ == container::kMostInputAhead) return false;
    const size_t size = std::min(typed_.size(), kMostAttachBytes);
    const std::string packet = absl::StrCat(absl::string_view(&container::kAttachInput, 1),
                                            absl::string_view(typed_).substr(0, size));
    if (!SendPacket(packet)) return false;
    ++ahead_;
    typed_.erase(0, size);
    return true;
  }
  if (!input_ended_ || !SendPacket({&container::kAttachInputEnd, 1})) return false;
  input_ended_ = false;
  return true;
}

bool Client::SendPacket(absl::string_view packet) {
  const sys::Result sent = sys::Call(SYS_sendto, monitor_, packet.data(), packet.size(),
                                     MSG_DONTWAIT | MSG_NOSIGNAL, nullptr, 0);
  if (sent.ok()) return true;
  if (sent.err == EPIPE || sent.err == ECONNRESET) {
    takes_ = false;
  } else if (sent.err != EAGAIN) {
    Note(ErrnoStatus(sent.err, "writing to the container's monitor"));
  }
  return false;
}

void Client::Receive() {
  for (int i = 0; i < kPacketsAtOnce && rest_.empty() && !done(); ++i) {
    const sys::Result got = sys::Call(SYS_recvfrom, monitor_, packet_.data(), packet_.size(),
                                      MSG_DONTWAIT | MSG_TRUNC, nullptr, nullptr);
    if (got.err == EAGAIN) return;
    // Said once, and first, where the monitor ended with something of ours unread; what it wrote
    // comes after.
    if (got.err == ECONNRESET) continue;
    if (!got.ok()) return Note(ErrnoStatus(got.err, "reading from the container's monitor"));
    if (got.value == 0) return End(AttachEnd::Reason::kLost);
    if (static_cast<size_t>(got.value) > packet_.size()) {
      return Note(absl::InternalError("the container's monitor said more than fits"));
    }
    Take({packet_.data(), static_cast<size_t>(got.value)});
  }
}

void Client::Take(absl::string_view packet) {
  const char kind = packet[0];
  packet.remove_prefix(1);
  if (kind == container::kAttachStdout || kind == container::kAttachStderr) {
    to_ = kind == container::kAttachStdout ? &out_ : &err_;
    rest_ = packet;
    return WriteOutput();
  }
  if (kind == container::kAttachGo && packet.empty() && ahead_ > 0) {
    --ahead_;
    return;
  }
  if (kind != container::kAttachExit || packet.size() != 1) {
    return Note(absl::InternalError("the container's monitor said what is not understood"));
  }
  End(AttachEnd::Reason::kExited, static_cast<unsigned char>(packet[0]));
}

void Client::WriteOutput() {
  const absl::StatusOr<bool> written = to_->Write(rest_);
  if (absl::IsAborted(written.status())) {
    return End(AttachEnd::Reason::kSignaled, kSignaled + SIGPIPE);
  }
  Note(written.status());
}

}  // namespace

absl::Status OpenMissingStreams() {
  pollfd streams[] = {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}};
  const sys::Result asked = sys::Call(SYS_poll, streams, nfds_t{3}, 0);
  if (!asked.ok()) return ErrnoStatus(asked.err, "poll");
  for (const pollfd& stream : streams) {
    if ((stream.revents & POLLNVAL) == 0) continue;
    // The lowest number that is free, which is this one. It is to be inherited, as they are.
    const sys::Result opened = sys::Call(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
    if (!opened.ok()) return ErrnoStatus(opened.err, "open", "/dev/null");
  }
  return absl::OkStatus();
}

absl::Status HoldAttachSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kSignals) sigaddset(&set, signal);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return ErrnoStatus(errno, "sigprocmask");
  return absl::OkStatus();
}

absl::StatusOr<AttachEnd> Attach(const Fd& monitor, const AttachOptions& options) {
  PELAGOS_ASSIGN_OR_RETURN(sys::EventLoop loop, sys::EventLoop::Create());
  return Client(monitor, options, std::move(loop)).Run();
}

}  // namespace pelagos::cli
