#include "pelagos/reml/interpreter.h"

#include <string>
#include <utility>

#include "pelagos/reml/builtins.h"
#include "pelagos/reml/define_service.h"
#include "pelagos/reml/derived_macros.h"
#include "pelagos/reml/host.h"
#include "pelagos/reml/import.h"
#include "pelagos/reml/machine.h"
#include "pelagos/reml/reader.h"
#include "pelagos/reml/record.h"
#include "pelagos/reml/stdlib.h"

namespace pelagos::reml {

Interpreter::Interpreter(SourceMap& sources, Limits limits, Host host)
    : inputs_(std::make_unique<Inputs>()),
      machine_(std::make_unique<Machine>(sources, limits,
                                         Recorded(WithDefaults(std::move(host)), *inputs_))) {
  for (const BuiltinTable& table : BuiltinTables()) {
    machine_->DefineTable(table.rows);
  }
  machine_->FindPrimitives();
  for (const DerivedMacro& macro : DerivedMacros()) {
    machine_->DefineMacro(macro.form.name, macro.expand);
  }
  machine_->DefineMacro("define-service", ExpandDefineService);
  machine_->DefineMacro("define-record-type", ExpandDefineRecordType);
  machine_->DefineMacro("import", ExpandImport);
  DefineImport(*machine_);
  machine_->LoadStandardLibrary(sources.Add("<stdlib>", std::string(StandardLibrary())));
}

Interpreter::~Interpreter() = default;

void Interpreter::Define(const Builtin& row, BuiltinClosure closure) {
  machine_->DefineBuiltin(row, std::move(closure));
}

void Interpreter::DefineValue(absl::string_view name, Value value) {
  heap().SetGlobal(heap().Intern(name).symbol(), value);
}

std::optional<Value> Interpreter::Find(absl::string_view name) const {
  const Value value = machine_->heap().Intern(name).symbol()->global;
  if (value.is_unbound()) return std::nullopt;
  return value;
}

std::vector<std::string> Interpreter::Globals() const {
  std::vector<std::string> names;
  machine_->heap().symbols().ForEach([&](const Symbol& symbol) {
    if (!symbol.global.is_unbound()) names.push_back(symbol.name);
  });
  return names;
}

std::optional<Value> Interpreter::Evaluate(uint32_t source, Diagnostics& diagnostics) {
  return machine_->Evaluate(Whole(source), diagnostics);
}

std::optional<Value> Interpreter::Evaluate(Span part, Diagnostics& diagnostics) {
  return machine_->Evaluate(part, diagnostics);
}

void Interpreter::Interrupt() { machine_->Interrupt(); }

std::optional<Value> Interpreter::Call(Value procedure, absl::Span<const Value> args,
                                       Diagnostics& diagnostics) {
  return machine_->CallFromHost(procedure, args, diagnostics);
}

Heap& Interpreter::heap() { return machine_->heap(); }

}  // namespace pelagos::reml
