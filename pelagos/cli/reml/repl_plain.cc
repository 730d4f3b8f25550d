// Lines as the terminal gives them: that of repl_terminal.h which can do no more.
#include <stdio.h>

#include <memory>

#include "pelagos/cli/reml/repl_keys.h"
#include "pelagos/cli/reml/repl_terminal.h"

namespace pelagos::cli {
namespace {

class Plain final : public LineReader {
 public:
  Got Read(const std::string& prompt, std::string* line) override {
    Got got = Got::kEnd;
    {
      // Before the prompt: whoever sees it may press Ctrl-C.
      Keys keys;
      ::fputs(prompt.c_str(), stdout);
      ::fflush(stdout);
      line->clear();
      got = Lines(keys, line);
    }
    if (got != Got::kLine) ::fputs("\n", stdout);
    ::fflush(stdout);
    return got;
  }
  void Remember(const std::string&) override {}

 private:
  Got Lines(Keys& keys, std::string* line) {
    for (;;) {
      unsigned char byte = 0;
      switch (keys.Next(&byte)) {
        case Keys::Event::kByte:
          if (byte == '\n') return Got::kLine;
          line->push_back(static_cast<char>(byte));
          break;
        case Keys::Event::kInterrupt:
          return Got::kDropped;
        case Keys::Event::kEnd:
          return line->empty() ? Got::kEnd : Got::kLine;
        case Keys::Event::kTerminate:
          signal_ = keys.signal();
          return Got::kSignal;
        case Keys::Event::kStop:
          keys.Stop();
          break;
        case Keys::Event::kResize:
          break;
      }
    }
  }
};

}  // namespace

std::unique_ptr<LineReader> PlainReader() { return std::make_unique<Plain>(); }

}  // namespace pelagos::cli
