#include "pelagos/reml/quasiquote.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace pelagos::reml {
namespace {

Span Known(Span span, Span otherwise) { return span.known() ? span : otherwise; }

class Filler {
 public:
  Filler(Heap& heap, const QuasiquoteNames& names, const Unquote& unquote, Diagnostic& problem)
      : heap_(heap), names_(names), unquote_(unquote), problem_(problem) {}

  std::optional<Value> Fill(Value form, Span span) {
    if (!Begin(form, span)) return std::nullopt;
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.rest.is_pair()) {
        if (!Step(level)) return std::nullopt;
      } else {
        End(level.rest, level.rest.is_nil() ? Span() : level.tail_span);
      }
    }
    return result_;
  }

 private:
  // A list of the template, half filled.
  struct Level {
    Value rest;
    Span span;
    Span tail_span;
    ListBuilder out;
  };

  bool Fail(Span span, std::string message) {
    problem_.span = span;
    problem_.message = std::move(message);
    return false;
  }

  // (NAME EXPRESSION)
  static bool IsForm(Value form, Value name) {
    return form.is_pair() && form.car() == name && form.cdr().is_pair() &&
           form.cdr().cdr().is_nil();
  }

  bool Begin(Value form, Span span) {
    if (IsForm(form, names_.unquote)) {
      Span at = Known(CarSpan(form.cdr()), span);
      const Value value = unquote_(form.cdr().car(), at);
      Deliver(value, at);
    } else if (IsForm(form, names_.splicing)) {
      return Fail(span, "unquote-splicing: not in a list");
    } else if (form.is_pair()) {
      levels_.push_back(Level{form, span, {}, ListBuilder(heap_)});
    } else {
      Deliver(form, span);
    }
    return true;
  }

  // The next element of a list, or its dotted tail when that is an unquote.
  bool Step(Level& level) {
    const Value rest = level.rest;
    if (IsForm(rest, names_.unquote)) {
      Span at = Known(CarSpan(rest.cdr()), level.span);
      const Value tail = unquote_(rest.cdr().car(), at);
      End(tail, at);
      return true;
    }
    const Value element = rest.car();
    const Span span = Known(CarSpan(rest), Known(SpanOf(element), level.span));
    level.rest = rest.cdr();
    level.tail_span = TailSpan(rest);
    if (!IsForm(element, names_.splicing)) return Begin(element, span);
    Span at = Known(CarSpan(element.cdr()), span);
    const Value spliced = unquote_(element.cdr().car(), at);
    Value items = spliced;
    for (; items.is_pair(); items = items.cdr()) {
      level.out.Add(items.car(), Known(CarSpan(items), at));
    }
    if (items.is_nil()) return true;
    return Fail(at, absl::StrCat("unquote-splicing: expected list, got ", spliced.type_name()));
  }

  void End(Value tail, Span tail_span) {
    Level& level = levels_.back();
    const Span span = level.span;
    Value list = tail;
    if (!level.out.empty()) {
      if (!tail.is_nil()) level.out.SetTail(tail, tail_span);
      list = level.out.Finish(span);
    }
    levels_.pop_back();
    Deliver(list, span);
  }

  void Deliver(Value value, Span span) {
    if (levels_.empty()) {
      result_ = value;
    } else {
      levels_.back().out.Add(value, span);
    }
  }

  Heap& heap_;
  const QuasiquoteNames& names_;
  const Unquote& unquote_;
  Diagnostic& problem_;
  std::vector<Level> levels_;
  Value result_;
};

}  // namespace

std::optional<Value> FillTemplate(Heap& heap, const QuasiquoteNames& names, Value form, Span span,
                                  const Unquote& unquote, Diagnostic& problem) {
  return Filler(heap, names, unquote, problem).Fill(form, span);
}

}  // namespace pelagos::reml
