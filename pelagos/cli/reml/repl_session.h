// A session of the language: lines in, values and errors out. It knows no terminal; repl.h does.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "pelagos/cli/reml/repl_input.h"
#include "pelagos/cli/reml/session.h"
#include "pelagos/cli/reml/streams.h"

namespace pelagos::cli {

class ReplSession {
 public:
  struct Options {
    bool prompt_output = false;  // what a program prints is there at once, not when a form is done
    size_t width = 80;           // columns for what is listed
    reml::Limits limits = {};    // of each form
  };
  // The streams must outlive it; nothing is read.
  ReplSession(Streams streams, Options options);
  explicit ReplSession(Streams streams) : ReplSession(streams, Options{}) {}
  ReplSession(const ReplSession&) = delete;
  ReplSession& operator=(const ReplSession&) = delete;

  // Evaluates a text, form by form. With `print`, their values are printed, but those of
  // definitions. A form that fails does not stop those after it; when the text does not read,
  // nothing is evaluated. false: something failed.
  bool Evaluate(std::string name, std::string text, bool print);
  // Evaluates a file as a whole. false: it cannot be read, or fails.
  bool Load(const std::string& path);

  enum class State {
    kReady,  // for a new input
    kMore,   // the input needs another line
    kQuit,
  };
  // A line of the input, without its end. Once the input is complete, it is evaluated, or obeyed:
  // a line that begins with ',' is a command.
  State Feed(absl::string_view line);
  // Forgets the lines of an input that is not complete.
  void Drop() { pending_.Clear(); }
  const PendingInput& pending() const { return pending_; }
  // Called with every complete input before it is evaluated: for the history.
  void set_on_input(std::function<void(const std::string&)> on_input) {
    on_input_ = std::move(on_input);
  }

  // Makes what is being evaluated fail with "interrupted"; also what waits or sleeps. Any signal
  // handler may call it.
  void Interrupt() {
    interrupted_.store(true, std::memory_order_relaxed);
    session_.interpreter.Interrupt();
  }

  // What the session has defined, sorted.
  std::vector<std::string> names() const;

  // The inputs and files that could be read so far, the latest ones as far as they are not too
  // much: for the tools that look at programs.
  const std::string& program() const { return program_; }

  void set_width(size_t width) { width_ = width; }

  // The commands, for help and completion: "doc", with what follows it and what it does.
  struct Command {
    absl::string_view name, usage, summary;
    State (ReplSession::*run)(absl::string_view rest);
    bool takes_form = false;  // what follows may need more lines
  };
  static const std::vector<Command>& Commands();
  // Whether a line that begins with ',' is a command with a form behind it.
  static bool TakesForm(absl::string_view line) {
    const Command* command = FindCommand(line);
    return command != nullptr && command->takes_form;
  }

 private:
  State Obey(absl::string_view line);
  static const Command* FindCommand(absl::string_view line);
  State Doc(absl::string_view rest);
  State Apropos(absl::string_view rest);
  State LoadCommand(absl::string_view rest);
  State Time(absl::string_view rest);
  State Help(absl::string_view rest);
  State Quit(absl::string_view rest);

  void Complain(absl::string_view message);
  void AddToProgram(absl::string_view text);
  bool EvaluatePart(Span part, absl::string_view text, bool print);
  reml::Host MakeHost(bool prompt_output);

  Streams streams_;
  size_t width_;
  std::atomic<bool> interrupted_ = false;
  Session session_;
  absl::flat_hash_set<std::string> given_;  // names that every session has
  PendingInput pending_;
  std::string program_;
  std::function<void(const std::string&)> on_input_;
  size_t inputs_ = 0;
};

}  // namespace pelagos::cli
