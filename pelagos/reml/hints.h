// What may have been meant: the hints under errors of the evaluator. They are looked for only when
// there is an error.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/code.h"
#include "pelagos/reml/heap.h"

namespace pelagos::reml {

// For a variable without a value. `*looked` is how many names it was compared with.
std::string UnboundHint(const Node& variable, const Heap& heap, size_t* looked);

// Where the kids of `body` from number `from` on define the name, as seen from `scope`.
std::optional<Span> DefinedAfter(const Node& body, size_t from, const Symbol* name,
                                 const Scope* scope);

// For the call of what is no procedure.
std::string NotProcedureHint(const Node& call, Value got);

// For an error "...: expected string, got int" of an expression that begins with `text`: how the
// one becomes the other, or why it is not what was expected. `builtin` is what reported it.
std::string TypeHint(absl::string_view message, absl::string_view text, absl::string_view builtin);

// The builtin that a call names; nullptr for other calls.
const Builtin* CalledBuiltin(const Node& call);
// The kid of the call of a builtin that gives the procedure which the builtin calls.
const Node* ProcedureArgument(const Node& call);

// As it was defined: "(f a b . rest)", "(lambda (a b) ...)".
std::string LambdaUsage(const Node& lambda, absl::string_view name);

}  // namespace pelagos::reml
