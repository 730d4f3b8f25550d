// A stack as its program describes it, evaluated, checked and planned: everything that can be known
// before anything is made.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/compose/imperative.h"
#include "pelagos/compose/no_containers.h"
#include "pelagos/container/engine.h"
#include "pelagos/plan/compose_plan.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/spec/compose.h"
#include "pelagos/spec/forms.h"

namespace pelagos::compose {

struct StackOptions {
  std::string file = "compose.reml";
  std::string project;  // empty: the program's word, else the name of the file's folder
};

// Owns the interpreter: on-ready hooks are closures of the program. Moves only within its
// unique_ptr. Not thread-safe.
class Stack {
 public:
  // Reads and evaluates the file, checks and plans the whole stack. Mistakes of the program are
  // `diagnostics()` of the result, whose ok() is then false; a Status is a failure of the host (the
  // file cannot be read).
  static absl::StatusOr<std::unique_ptr<Stack>> Load(container::Engine& engine,
                                                     const StackOptions& options);

  bool ok() const { return diagnostics_.ok(); }
  // What is to be said of the program, also when it is fine (warnings).
  std::string RenderDiagnostics() const { return Render(sources_, diagnostics_); }

  // False: the program asked for no stack (no compose-up).
  bool requested() const { return requested_; }

  const std::string& file() const { return file_; }
  const ComposeSpec& spec() const { return spec_; }
  const ComposePlan& plan() const { return plan_; }
  bool foreground() const { return foreground_; }

  // Where display and write go from now on. The default is standard output.
  void set_output(std::function<void(absl::string_view)> output) { output_ = std::move(output); }

  // Runs the on-ready hooks of a service in their order; the first error ends it.
  absl::Status RunHooks(const std::string& service);

 private:
  Stack() = default;

  // False: something ended the program before its time.
  bool Evaluate(uint32_t source);
  void Compile(container::Engine& engine, const std::string& wanted_project);

  std::string file_;
  SourceMap sources_;
  Diagnostics diagnostics_;
  std::function<void(absl::string_view)> output_;
  std::unique_ptr<reml::Interpreter> interpreter_;
  std::unique_ptr<ComposeForms> forms_;  // holds closures: goes before the interpreter
  NoContainers containers_;
  std::unique_ptr<ImperativeForms> imperative_;
  bool requested_ = false;
  bool foreground_ = false;
  ComposeSpec spec_;
  ComposePlan plan_;
  std::vector<image::LayerHold> holds_;
};

}  // namespace pelagos::compose
