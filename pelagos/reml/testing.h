// What the tests of the language share: run a text, see what it printed and what went wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/reml/printer.h"

namespace pelagos::reml {

// An interpreter with a terminal, a log and an environment of its own.
class TestBench {
 public:
  explicit TestBench(Limits limits = {}) : interpreter(sources, limits, MakeHost()) {}

  // The value in write form, or "!! " and the message of the first error.
  std::string Eval(absl::string_view text) {
    diagnostics = Diagnostics();
    const uint32_t source = sources.Add("t.reml", std::string(text));
    const std::optional<Value> value = interpreter.Evaluate(source, diagnostics);
    return value ? Write(*value) : absl::StrCat("!! ", FirstMessage());
  }
  // The errors and notes that it gave, as users see them.
  std::string Errors(absl::string_view text) {
    Eval(text);
    return Render(sources, diagnostics);
  }
  std::string FirstMessage() const {
    for (const Diagnostic& diagnostic : diagnostics.list()) {
      if (diagnostic.severity == Severity::kError) return diagnostic.message;
    }
    return "";
  }

  SourceMap sources;
  std::string output;
  std::vector<std::string> log;
  std::vector<double> naps;
  Diagnostics diagnostics;
  Interpreter interpreter;

 private:
  Host MakeHost() {
    Host host;
    host.output = [this](absl::string_view text) { absl::StrAppend(&output, text); };
    host.log = [this](absl::string_view record) { log.emplace_back(record); };
    host.environment = [](absl::string_view name) -> std::optional<std::string> {
      if (name == "TAG") return "1.27";
      return std::nullopt;
    };
    host.sleep = [this](double seconds) { naps.push_back(seconds); };
    return host;
  }
};

}  // namespace pelagos::reml
