// Lines from a person at a terminal: edited with libedit, or as the terminal gives them where it
// can do no more (TERM=dumb).
//
// While a line is read, signals wait until the terminal is as it was before. Between lines they do
// what they always do, and the terminal has its own settings.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/cli/reml/repl_complete.h"

namespace pelagos::cli {

class LineReader {
 public:
  enum class Got {
    kLine,
    kDropped,  // Ctrl-C
    kEnd,      // Ctrl-D, or the terminal is gone
    kSignal,   // signal() asks the program to end; it was not delivered
  };

  virtual ~LineReader() = default;
  // Without the line's end. A line may have several when it comes from the history.
  virtual Got Read(const std::string& prompt, std::string* line) = 0;
  // Puts an input into the history of this session.
  virtual void Remember(const std::string& input) = 0;

  int signal() const { return signal_; }

 protected:
  int signal_ = 0;
};

// What the Tab key asks: the line up to the cursor.
using Completer = std::function<ReplCompletion(absl::string_view line)>;

// Reads the standard input, prompts on the standard output; there may be one at a time.
std::unique_ptr<LineReader> EditingReader(Completer completer);
std::unique_ptr<LineReader> PlainReader();

}  // namespace pelagos::cli
