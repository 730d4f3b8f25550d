#include "pelagos/cli/reml/lsp.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/cli/reml/programs.h"
#include "pelagos/lsp/frame.h"
#include "pelagos/lsp/server.h"
#include "pelagos/sys/raw.h"

namespace pelagos::cli {
namespace {

class Session {
 public:
  Session(int in, int out) : in_(in), out_(out), server_(ReadImport) {}

  int Run() {
    while (!Done()) {
      Exchange(/*patient=*/true);
      while (HandleWaiting()) {
      }
    }
    return server_.exit_code();
  }

 private:
  // More is not read while so much of what was said is not taken.
  static constexpr size_t kMostUnsent = size_t{64} << 20;
  // After so many messages diagnostics are due, even if more messages wait.
  static constexpr size_t kMostUnsettled = 64;

  size_t unsent() const { return out_text_.size() - sent_; }
  bool Done() const { return gone_ || ((server_.ended() || ended_) && unsent() == 0); }

  void Say(const std::vector<std::string>& messages) {
    for (const std::string& message : messages) out_text_ += lsp::Framed(message);
  }

  // Writes and reads what is possible at once; `patient`: waits until something is. True: something
  // was read.
  bool Exchange(bool patient) {
    pollfd polled[2] = {{in_, POLLIN, 0}, {out_, POLLOUT, 0}};
    if (ended_ || server_.ended() || unsent() > kMostUnsent) polled[0].fd = -1;
    if (unsent() == 0) polled[1].fd = -1;
    if (::poll(polled, 2, patient ? -1 : 0) < 0) {
      gone_ |= errno != EINTR;
      return false;
    }
    if (polled[1].revents != 0) Write();
    return polled[0].revents != 0 && Read();
  }

  bool Read() {
    char buffer[65536];
    const sys::Result result = sys::Call(SYS_read, in_, buffer, sizeof(buffer));
    if (!result.ok()) {
      gone_ |= result.err != EAGAIN;
      return false;
    }
    if (result.value == 0) ended_ = true;
    frames_.Add({buffer, static_cast<size_t>(result.value)});
    return result.value > 0;
  }

  // A pipe that can be written to takes PIPE_BUF bytes without waiting, pipe(7).
  void Write() {
    constexpr size_t kMost = 4096;
    pollfd polled = {out_, POLLOUT, 0};
    do {
      const absl::string_view text = absl::string_view(out_text_).substr(sent_, kMost);
      const sys::Result result = sys::Call(SYS_write, out_, text.data(), text.size());
      if (!result.ok()) {
        gone_ |= result.err != EAGAIN;
        return;
      }
      sent_ += static_cast<size_t>(result.value);
    } while (unsent() > 0 && ::poll(&polled, 1, 0) == 1);
    if (unsent() > 0) return;
    out_text_.clear();
    sent_ = 0;
  }

  // Answers what has been read; true: there was something to do.
  bool HandleWaiting() {
    if (gone_ || server_.ended()) return false;
    if (const std::optional<lsp::Frame> frame = frames_.Next()) {
      Say(frame->error.empty() ? server_.Handle(frame->body) : server_.Refuse(frame->error));
      if (++since_settled_ >= kMostUnsettled) Settle();
      return true;
    }
    if (!server_.unsettled()) return false;
    // Nothing waits here; perhaps in the pipe. Answers need not wait for diagnostics.
    if (Exchange(/*patient=*/false)) return true;
    Settle();
    return false;
  }

  void Settle() {
    Say(server_.Settle());
    since_settled_ = 0;
  }

  const int in_, out_;
  lsp::Server server_;
  lsp::FrameReader frames_;
  std::string out_text_;
  size_t sent_ = 0;  // of out_text_
  size_t since_settled_ = 0;
  bool ended_ = false;  // the input
  bool gone_ = false;   // the editor, without a goodbye
};

int RunLsp(const Context&, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("reml lsp: unexpected argument '", args.positionals().front(), "'"),
                kUsage);
  }
  return ServeEditor(STDIN_FILENO, STDOUT_FILENO);
}

}  // namespace

int ServeEditor(int in, int out) {
  // An editor that is gone is an error of write(2), and ends the session.
  ::signal(SIGPIPE, SIG_IGN);
  return Session(in, out).Run();
}

std::vector<Command> LspCommands() {
  return {
      {.name = "reml lsp",
       .usage = "[--stdio]",
       .summary = "Serve an editor: the Language Server Protocol over standard input and output.",
       .example = "pelagos reml lsp",
       .flags = {{"stdio", 0, "", "accepted because editors pass it; there is no other way"}},
       .run = RunLsp},
  };
}

}  // namespace pelagos::cli
