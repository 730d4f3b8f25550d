#include "pelagos/cli/reml/repl.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/cli/reml/repl_complete.h"
#include "pelagos/cli/reml/repl_history.h"
#include "pelagos/cli/reml/repl_session.h"
#include "pelagos/cli/reml/repl_terminal.h"
#include "pelagos/sys/tty.h"

namespace pelagos::cli {
namespace {

constexpr char kPrompt[] = "reml> ";
constexpr char kMorePrompt[] = "...   ";
constexpr size_t kWidth = 80;

// What Ctrl-C interrupts.
std::atomic<ReplSession*> running = nullptr;

void InterruptSession(int) {
  if (ReplSession* session = running.load()) session->Interrupt();
}

// Characters have more than one byte, whatever the environment says.
void UseUtf8() {
  if (::setlocale(LC_CTYPE, "") != nullptr &&
      absl::string_view(::nl_langinfo(CODESET)) == "UTF-8") {
    return;
  }
  ::setlocale(LC_CTYPE, "C.UTF-8");
}

// Of earlier sessions; nullopt and a note when none can be kept.
std::optional<ReplHistory> OpenHistory() {
  const std::string path = ReplHistory::DefaultPath();
  if (path.empty()) {
    std::cerr << "note: no history is kept: HOME is not set\n";
    return std::nullopt;
  }
  absl::StatusOr<ReplHistory> history = ReplHistory::Open(path);
  if (history.ok()) return *std::move(history);
  std::cerr << "note: no history is kept: " << history.status().message() << "\n";
  return std::nullopt;
}

// Returns the signal that ended it; 0: none.
int Converse(const Arguments& args) {
  UseUtf8();
  const auto width = [] { return sys::TerminalColumns(STDOUT_FILENO); };
  ReplSession session({std::cin, std::cout, std::cerr},
                      {.prompt_output = true, .width = width().value_or(kWidth)});
  running = &session;
  const absl::Cleanup none_runs = [] { running = nullptr; };
  struct sigaction action = {};
  action.sa_handler = InterruptSession;
  ::sigaction(SIGINT, &action, nullptr);

  std::optional<ReplHistory> history = OpenHistory();
  for (const std::string& file : args.positionals()) session.Load(file);
  const std::unique_ptr<LineReader> reader =
      width().has_value() ? EditingReader([&session](absl::string_view line) {
        return CompleteInput(session, line);
      })
                          : PlainReader();
  if (history) {
    for (const std::string& entry : history->entries()) reader->Remember(entry);
  }
  session.set_on_input([&](const std::string& input) {
    reader->Remember(input);
    // A disk that is full is no reason to stop: the session has it.
    if (history) history->Add(input).IgnoreError();
  });
  std::cout << "reml: ,help tells the commands, Ctrl-D leaves\n" << std::flush;

  for (ReplSession::State state = ReplSession::State::kReady; state != ReplSession::State::kQuit;) {
    std::string line;
    switch (reader->Read(state == ReplSession::State::kMore ? kMorePrompt : kPrompt, &line)) {
      case LineReader::Got::kLine:
        session.set_width(width().value_or(kWidth));
        state = session.Feed(line);
        break;
      case LineReader::Got::kDropped:
        session.Drop();
        state = ReplSession::State::kReady;
        break;
      case LineReader::Got::kEnd:
        state = ReplSession::State::kQuit;
        break;
      case LineReader::Got::kSignal:
        return reader->signal();
    }
  }
  return 0;
}

int RunRepl(const Context&, const Arguments& args) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
    return ReplOverStreams(args, {std::cin, std::cout, std::cerr});
  }
  const int signal = Converse(args);
  if (signal != 0) ::raise(signal);
  return kDone;
}

}  // namespace

int ReplOverStreams(const Arguments& args, Streams streams) {
  ReplSession session(streams);
  bool fine = true;
  for (const std::string& file : args.positionals()) fine = session.Load(file) && fine;
  std::string text(std::istreambuf_iterator<char>(streams.in), {});
  fine = session.Evaluate("<stdin>", std::move(text), true) && fine;
  return fine ? kDone : kFailed;
}

std::vector<Command> ReplCommands() {
  return {
      {.name = "reml repl",
       .usage = "[FILE...]",
       .summary = "Evaluate what is typed, form by form; FILEs come first.",
       .example = "pelagos reml repl",
       .flags = {},
       .run = RunRepl},
  };
}

}  // namespace pelagos::cli
