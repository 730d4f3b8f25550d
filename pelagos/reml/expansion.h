// What native macros build their expansions with.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/reml/code.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/list.h"

namespace pelagos::reml {

class Expansion {
 public:
  Expansion(MacroContext& ctx, Value form, Span span)
      : ctx_(ctx), name_(form.car().text()), span_(span) {}

  // A special form or other global name, as the program would write it.
  Value Name(absl::string_view name) { return ctx_.heap.Intern(name); }
  // A variable of the expansion's own.
  Value Fresh(absl::string_view name) {
    return ctx_.heap.Alias(ctx_.heap.Intern(name).symbol(), nullptr);
  }
  Value Procedure(const Builtin& row) { return Value::Of(ctx_.heap.New<BuiltinObject>(0, row)); }
  Value List(std::initializer_list<Value> items) { return Append(items, Value::Nil()); }
  // The items before a list of the user's, which keeps its places.
  Value Append(std::initializer_list<Value> items, Value tail) {
    for (auto item = items.end(); item != items.begin();) tail = ctx_.heap.Cons(*--item, tail);
    return tail;
  }
  Value Quote(Value datum) { return List({Name("quote"), datum}); }
  // (lambda FORMALS BODY...)
  Value Lambda(Value formals, Value body) { return Append({Name("lambda"), formals}, body); }
  Value Thunk(Value body) { return Lambda(Value::Nil(), body); }

  bool Is(Value value, absl::string_view name) const {
    return value.is_symbol() && NameWalk(value.symbol()).Global()->name == name;
  }
  // "NAME: EXPECTED" at the place of `pair`'s car, or of the form.
  std::nullopt_t Fail(Value pair, absl::string_view expected, std::string hint = "") {
    Span at = pair.is_pair() ? CarSpan(pair) : Span();
    if (!at.known() && pair.is_pair()) at = SpanOf(pair.car());
    ctx_.diagnostics.Error(at.known() ? at : span_, absl::StrCat(name_, ": ", expected),
                           std::move(hint));
    return std::nullopt;
  }
  std::nullopt_t Fail(absl::string_view expected, std::string hint = "") {
    return Fail(Value::Nil(), expected, std::move(hint));
  }
  Heap& heap() { return ctx_.heap; }

 private:
  MacroContext& ctx_;
  const absl::string_view name_;
  const Span span_;
};

// The elements of a form after its head; nullopt when it is no proper list of so many at least.
inline bool HasAtLeast(Value form, size_t count) {
  const std::optional<size_t> length = ListLength(form);
  return length && *length > count;
}

}  // namespace pelagos::reml
