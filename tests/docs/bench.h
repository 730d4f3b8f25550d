// What the examples of the manual run on: an interpreter with all forms, and a world that is made
// up. No container is started for real, TAG is the only variable of the environment.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/compose/fake_containers.h"
#include "pelagos/compose/imperative.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/reml/limits.h"
#include "pelagos/reml/printer.h"
#include "pelagos/spec/forms.h"

namespace pelagos::docs {

class Bench {
 public:
  explicit Bench(reml::Limits limits = {})
      : interpreter_(sources_, limits, MakeHost()),
        forms_(interpreter_),
        containers_("proj", [this](absl::string_view text) { absl::StrAppend(&output_, text); }),
        imperative_(interpreter_, forms_, containers_) {}
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  // "=> " and the value of the last form in write form, or "!! " and the message of the first
  // error.
  std::string Eval(absl::string_view text) {
    output_.clear();
    Diagnostics diagnostics;
    const uint32_t source = sources_.Add("manual.reml", std::string(text));
    const std::optional<reml::Value> value = interpreter_.Evaluate(source, diagnostics);
    last_type_ = value ? std::string(value->type_name()) : "";
    if (value) return absl::StrCat("=> ", reml::Write(*value));
    for (const Diagnostic& diagnostic : diagnostics.list()) {
      if (diagnostic.severity == Severity::kError) return absl::StrCat("!! ", diagnostic.message);
    }
    return "!! ";
  }
  // The type of the value that the last Eval gave.
  const std::string& last_type() const { return last_type_; }
  // What the last Eval printed.
  const std::string& output() const { return output_; }
  // All that is said of a program with mistakes, as `pelagos` shows it.
  std::string Mistakes(absl::string_view name, absl::string_view program) {
    Diagnostics diagnostics;
    forms_.Evaluate(sources_.Add(std::string(name), std::string(program)), diagnostics);
    return Render(sources_, diagnostics);
  }

  // A file of the made-up world.
  void AddFile(absl::string_view path, absl::string_view content) {
    files_[std::string(path)] = std::string(content);
  }

  reml::Interpreter& interpreter() { return interpreter_; }

 private:
  reml::Host MakeHost() {
    reml::Host host;
    host.output = [this](absl::string_view text) { absl::StrAppend(&output_, text); };
    host.log = [](absl::string_view) {};
    host.environment = [](absl::string_view name) -> std::optional<std::string> {
      if (name == "TAG") return "1.27";
      return std::nullopt;
    };
    host.read_file = [this](const std::string& path, size_t) -> absl::StatusOr<std::string> {
      if (path == "/") return absl::FailedPreconditionError("Is a directory");
      const auto file = files_.find(path);
      if (file == files_.end()) return absl::NotFoundError("No such file or directory");
      return file->second;
    };
    host.sleep = [](double) {};
    return host;
  }

  SourceMap sources_;
  std::string last_type_;
  std::string output_;
  std::map<std::string, std::string> files_;
  reml::Interpreter interpreter_;
  ComposeForms forms_;
  compose::FakeContainers containers_;
  compose::ImperativeForms imperative_;
};

}  // namespace pelagos::docs
