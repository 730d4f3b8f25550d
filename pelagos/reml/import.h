// (import "lib.reml" [:sha256 HEX])
//   Evaluates the file at the top level, once for each content that a path has had; gives ().
// (import (scheme base) (only (srfi 1) fold) ...)
//   Nothing: what there is of R7RS's libraries is always there.
//
// A macro, because names of libraries are no expressions; files become calls of a procedure, which
// knows what has been imported by whom.
#pragma once

#include <optional>

#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/code.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

// The row of the manual.
const Builtin& ImportRow();

std::optional<Value> ExpandImport(MacroContext& ctx, Value form, Span span);

// Gives the macro its procedure.
void DefineImport(CallContext& ctx);

}  // namespace pelagos::reml
