// syntax-rules (R7RS 4.3): macros by patterns and templates, hygienic.
//
// Each expansion gives every name that its template brings an alias of its own (value.h); the
// analyzer resolves those where the macro was defined. Ellipses nest, may be followed by more
// patterns, and may be called otherwise; (... ...) stands for itself.
#pragma once

#include <optional>

#include "pelagos/reml/code.h"

namespace pelagos::reml {

// (define-syntax NAME (syntax-rules ...)), or NAME of a macro that there is.
std::optional<Value> DefineSyntax(MacroContext& ctx, Value form, Span span);
// (let-syntax ((NAME (syntax-rules ...)) ...) BODY ...), which is letrec-syntax too.
std::optional<Value> LetSyntax(MacroContext& ctx, Value form, Span span);

}  // namespace pelagos::reml
