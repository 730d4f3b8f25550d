// The reml language in one object: reads and evaluates sources, and calls what they defined.
//
// It knows no containers; who does registers builtins. It is not thread-safe. It keeps `sources`,
// which must outlive it; Values and Roots must not outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/inputs.h"
#include "pelagos/reml/limits.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

class Machine;

class Interpreter {
 public:
  // Adds the standard library to `sources` under the name "<stdlib>".
  explicit Interpreter(SourceMap& sources, Limits limits = {}, Host host = {});
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // Binds a global variable. Programs may bind it again. With a `closure`, that is called and
  // row.function is not needed.
  void Define(const Builtin& row, BuiltinClosure closure = nullptr);
  void DefineValue(absl::string_view name, Value value);
  // The value of a global variable.
  std::optional<Value> Find(absl::string_view name) const;
  // The names of all global variables that have a value, in no order.
  std::vector<std::string> Globals() const;

  // Reads the whole source, then evaluates its forms in order; the value is that of the last one.
  // Nothing is evaluated when the source does not read. nullopt: `diagnostics` says why, with notes
  // of the calls and macro uses that led there.
  std::optional<Value> Evaluate(uint32_t source, Diagnostics& diagnostics);

  // The same for the forms in a part of a source: its places count from the source's beginning.
  std::optional<Value> Evaluate(Span part, Diagnostics& diagnostics);

  // Makes the Evaluate or Call that is going on fail with "interrupted", which no guard can stop;
  // nothing when there is none. Any thread and any signal handler may call it.
  void Interrupt();

  // Calls a procedure. Requires: it is a Value of this interpreter, alive.
  std::optional<Value> Call(Value procedure, absl::Span<const Value> args,
                            Diagnostics& diagnostics);

  Heap& heap();

  // What programs have read of the world so far.
  const Inputs& inputs() const { return *inputs_; }

 private:
  std::unique_ptr<Inputs> inputs_;
  std::unique_ptr<Machine> machine_;
};

}  // namespace pelagos::reml
