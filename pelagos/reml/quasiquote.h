// Filling a quasi-quoted template. There are no levels: an unquote counts at any depth.
#pragma once

#include <functional>
#include <optional>

#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

struct QuasiquoteNames {
  explicit QuasiquoteNames(Heap& heap)
      : unquote(heap.Intern("unquote")), splicing(heap.Intern("unquote-splicing")) {}
  Value unquote;
  Value splicing;
};

// Gives the value of an unquoted expression, and may say that it was written elsewhere than the
// expression. Called in the order of the text, which is the same each time.
using Unquote = std::function<Value(Value expression, Span& span)>;

// The template with its holes filled. Parts of the result keep the spans of the template and of the
// unquoted expressions; what is spliced keeps its own. nullopt: `problem` says why.
std::optional<Value> FillTemplate(Heap& heap, const QuasiquoteNames& names, Value form, Span span,
                                  const Unquote& unquote, Diagnostic& problem);

}  // namespace pelagos::reml
