// Values that become text in a builtin.
#pragma once

#include <optional>
#include <string>

#include "pelagos/reml/builtin.h"
#include "pelagos/reml/printer.h"

namespace pelagos::reml {

// Appends one value. Shared structure can print as far more than there is in memory, so text is
// bounded as memory is, and counts as work. A failure is what the builtin returns.
inline std::optional<EvalResult> AppendText(CallContext& ctx, Value value, bool display,
                                            std::string* out) {
  constexpr size_t kTextPerStep = 64;  // bytes
  const size_t before = out->size();
  const size_t limit = ctx.heap().limit();
  if (!(display ? DisplayTo(value, out, limit) : WriteTo(value, out, limit))) {
    return ctx.OutOfMemory();
  }
  if (!ctx.Charge((out->size() - before) / kTextPerStep)) return ctx.OutOfSteps();
  return std::nullopt;
}

}  // namespace pelagos::reml
