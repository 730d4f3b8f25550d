#include "pelagos/cli/reml/repl_session.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/base/suggest.h"
#include "pelagos/cli/reml/columns.h"
#include "pelagos/cli/reml/doc.h"
#include "pelagos/cli/reml/programs.h"
#include "pelagos/reml/reader.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::cli {
namespace {

constexpr absl::string_view kLastValue = "_";

// Waits in pieces, so that an interrupt ends it.
void SleepUnless(const std::atomic<bool>& interrupted, double seconds) {
  constexpr double kPiece = 0.1;
  const auto now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  const double end = now() + seconds;
  for (double left = seconds; left > 0 && !interrupted; left = end - now()) {
    const double piece = std::min(left, kPiece);
    const timespec time = {0, static_cast<long>(piece * 1e9)};
    ::nanosleep(&time, nullptr);  // a signal ends it early
  }
}

// No containers, and no waiting for ports that cannot be interrupted.
class Containers final : public compose::ContainerHost {
 public:
  explicit Containers(const std::atomic<bool>& interrupted) : interrupted_(interrupted) {}
  compose::ContainerId Begin(const ServiceSpec& service,
                             const std::vector<EnvVariable>& env) override {
    return none_.Begin(service, env);
  }
  absl::Status Join(compose::ContainerId id) override { return none_.Join(id); }
  std::string Name(compose::ContainerId id) const override { return none_.Name(id); }
  std::string Ip(compose::ContainerId id) const override { return none_.Ip(id); }
  bool IsRunning(compose::ContainerId id) override { return none_.IsRunning(id); }
  absl::Status Stop(compose::ContainerId id) override { return none_.Stop(id); }
  absl::StatusOr<int> Wait(compose::ContainerId id) override { return none_.Wait(id); }
  absl::StatusOr<bool> AwaitPort(const std::string& host, uint16_t port,
                                 absl::Duration timeout) override {
    constexpr absl::Duration kPiece = absl::Milliseconds(300);
    const absl::Time end = absl::Now() + timeout;
    for (;;) {
      const absl::Duration left = end - absl::Now();
      absl::StatusOr<bool> there = none_.AwaitPort(host, port, std::min(left, kPiece));
      if (interrupted_) return absl::CancelledError("interrupted");
      if (!there.ok() || *there || left <= kPiece) return there;
    }
  }

 private:
  const std::atomic<bool>& interrupted_;
  compose::NoContainers none_;
};

// "1.5 ms"
std::string Duration(double seconds) {
  if (seconds < 1e-3) return absl::StrFormat("%.0f us", seconds * 1e6);
  if (seconds < 1) return absl::StrFormat("%.1f ms", seconds * 1e3);
  return absl::StrFormat("%.2f s", seconds);
}

}  // namespace

ReplSession::ReplSession(Streams streams, Options options)
    : streams_(streams),
      width_(options.width),
      session_(MakeHost(options.prompt_output), std::make_unique<Containers>(interrupted_),
               options.limits) {
  for (std::string& name : session_.interpreter.Globals()) given_.insert(std::move(name));
}

reml::Host ReplSession::MakeHost(bool prompt_output) {
  reml::Host host = HostFor(streams_);
  if (prompt_output) {
    host.output = [this](absl::string_view text) { streams_.out << text << std::flush; };
  }
  host.sleep = [this](double seconds) {
    streams_.out.flush();
    SleepUnless(interrupted_, seconds);
  };
  return host;
}

void ReplSession::Complain(absl::string_view message) {
  streams_.out.flush();
  streams_.err << "error: " << message << "\n" << std::flush;
}

bool ReplSession::Evaluate(std::string name, std::string text, bool print) {
  interrupted_ = false;
  const uint32_t source = session_.sources.Add(std::move(name), text);
  if (text.size() < UINT32_MAX) {
    const reml::SyntaxTree tree(text);
    if (tree.balanced()) {
      AddToProgram(text);
      bool fine = true;
      for (reml::NodeId id = tree.FirstDatum(reml::SyntaxTree::kRoot); id != reml::kNoNode;
           id = tree.NextDatum(id)) {
        const Span part = {source, tree[id].begin, tree[id].end};
        fine = EvaluatePart(part, tree.text(id), print) && fine;
        // What was interrupted is all of it.
        if (interrupted_) return false;
      }
      return fine;
    }
  }
  return EvaluatePart(reml::Whole(source), text, print);
}

void ReplSession::AddToProgram(absl::string_view text) {
  constexpr size_t kMost = 1 << 20;
  if (program_.size() + text.size() > kMost) program_.clear();
  if (text.size() <= kMost) absl::StrAppend(&program_, text, "\n");
}

bool ReplSession::EvaluatePart(Span part, absl::string_view text, bool print) {
  Diagnostics diagnostics;
  const std::optional<reml::Value> value = session_.forms.Evaluate(part, diagnostics);
  std::string line;
  if (print && diagnostics.ok() && !(value->is_nil() && EndsInDefinition(text))) {
    absl::StatusOr<std::string> written =
        Written(*value, false, session_.interpreter.heap().limit());
    if (written.ok()) {
      line = *std::move(written);
      session_.interpreter.DefineValue(kLastValue, *value);
    } else {
      diagnostics.Error(part, std::string(written.status().message()));
    }
  }
  streams_.out << line << std::flush;
  streams_.err << Render(session_.sources, diagnostics) << std::flush;
  return diagnostics.ok();
}

bool ReplSession::Load(const std::string& path) {
  absl::StatusOr<std::string> text = ReadProgram(path);
  if (!text.ok()) {
    Complain(text.status().message());
    return false;
  }
  interrupted_ = false;
  if (reml::SyntaxTree(*text).balanced()) AddToProgram(*text);
  return EvaluatePart(reml::Whole(session_.sources.Add(path, *std::move(text))), "", false);
}

ReplSession::State ReplSession::Feed(absl::string_view line) {
  if (pending_.empty()) {
    const absl::string_view trimmed = absl::StripAsciiWhitespace(line);
    if (trimmed.empty()) return State::kReady;
    if (trimmed[0] == ',' && !TakesForm(trimmed)) {
      const std::string obeyed(trimmed);
      if (on_input_) on_input_(obeyed);
      return Obey(obeyed);
    }
  }
  pending_.Add(line);
  if (!pending_.complete()) return State::kMore;
  const std::string text = pending_.text();
  pending_.Clear();
  if (on_input_) on_input_(text);
  const absl::string_view trimmed = absl::StripAsciiWhitespace(text);
  if (absl::StartsWith(trimmed, ",")) return Obey(trimmed);
  Evaluate(absl::StrCat("<repl:", ++inputs_, ">"), text, true);
  return State::kReady;
}

std::vector<std::string> ReplSession::names() const {
  std::vector<std::string> names;
  for (std::string& name : session_.interpreter.Globals()) {
    if (!given_.contains(name) && name != kLastValue) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

const std::vector<ReplSession::Command>& ReplSession::Commands() {
  static const auto* const commands = new std::vector<Command>{
      {"doc", "NAME", "what a name of the language means", &ReplSession::Doc},
      {"apropos", "TEXT", "the names that have TEXT in them or are about it",
       &ReplSession::Apropos},
      {"load", "FILE", "evaluate a file", &ReplSession::LoadCommand},
      {"time", "FORM", "evaluate, and say how long it took", &ReplSession::Time, true},
      {"help", "", "this", &ReplSession::Help},
      {"quit", "", "leave; so does Ctrl-D", &ReplSession::Quit},
  };
  return *commands;
}

// The one that a line begins with.
const ReplSession::Command* ReplSession::FindCommand(absl::string_view line) {
  if (!absl::ConsumePrefix(&line, ",")) return nullptr;
  const absl::string_view name = line.substr(0, line.find_first_of(" \t\r\n("));
  for (const Command& command : Commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

ReplSession::State ReplSession::Obey(absl::string_view line) {
  if (const Command* command = FindCommand(line)) {
    const absl::string_view rest =
        absl::StripAsciiWhitespace(line.substr(1 + command->name.size()));
    if (command->usage.empty() == rest.empty() || command->name == "doc") {
      return (this->*command->run)(rest);
    }
    Complain(
        absl::StrCat("it is ,", command->name, command->usage.empty() ? "" : " ", command->usage));
    return State::kReady;
  }
  const absl::string_view name = line.substr(1, line.find_first_of(" \t(") - 1);
  std::vector<absl::string_view> names;
  for (const Command& command : Commands()) names.push_back(command.name);
  const std::string near = Suggest(name, names);
  Complain(absl::StrCat("no command ',", absl::Utf8SafeCEscape(name), "'; ",
                        near.empty() ? "see ,help" : absl::StrCat("did you mean ',", near, "'?")));
  return State::kReady;
}

ReplSession::State ReplSession::Doc(absl::string_view rest) {
  const absl::StatusOr<std::string> text = rest.empty() ? DocContents(width_) : DocOf(rest, width_);
  if (text.ok()) {
    streams_.out << *text << std::flush;
  } else {
    Complain(text.status().message());
  }
  return State::kReady;
}

ReplSession::State ReplSession::Apropos(absl::string_view rest) {
  const absl::StatusOr<std::string> text = cli::Apropos(rest, width_);
  if (text.ok()) {
    streams_.out << *text << std::flush;
  } else {
    Complain(text.status().message());
  }
  return State::kReady;
}

ReplSession::State ReplSession::LoadCommand(absl::string_view rest) {
  Load(std::string(rest));
  return State::kReady;
}

ReplSession::State ReplSession::Time(absl::string_view rest) {
  const auto begin = std::chrono::steady_clock::now();
  Evaluate(absl::StrCat("<repl:", ++inputs_, ">"), std::string(rest), true);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  streams_.out << "took " << Duration(took.count()) << "\n" << std::flush;
  return State::kReady;
}

ReplSession::State ReplSession::Help(absl::string_view) {
  size_t widest = 0;
  const auto shown = [](const Command& command) {
    return absl::StrCat(",", command.name, command.usage.empty() ? "" : " ", command.usage);
  };
  for (const Command& command : Commands()) widest = std::max(widest, shown(command).size());
  streams_.out << Wrapped("Forms are evaluated; _ is the last value that was printed.", width_, 0);
  for (const Command& command : Commands()) {
    const std::string name = shown(command);
    streams_.out << "  " << name << std::string(widest + 2 - name.size(), ' ') << command.summary
                 << "\n";
  }
  streams_.out << std::flush;
  return State::kReady;
}

ReplSession::State ReplSession::Quit(absl::string_view) { return State::kQuit; }

}  // namespace pelagos::cli
