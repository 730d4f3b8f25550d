// What the evaluator does when a program fails: words, places, the way there, and guards.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/suggest.h"
#include "pelagos/reml/forms.h"
#include "pelagos/reml/machine.h"

namespace pelagos::reml {

// What the user wrote to get this: the text of a macro of the standard library is no place to
// point at, its use is.
Span Machine::Visible(const Node* node) const {
  for (; node != nullptr; node = node->macro_use) {
    if (!IsInternal(node->span)) return node->span;
  }
  // The body of a macro of the standard library: its use waits for it.
  for (const Continuation* k = waiting_.end(); k != waiting_.begin();) {
    --k;
    if (k->wait != Wait::kExpand) continue;
    for (node = k->node; node != nullptr; node = node->macro_use) {
      if (!IsInternal(node->span)) return node->span;
    }
  }
  return {};
}

void Machine::FailAt(const Node* node, std::string message, std::string hint) {
  failure_.emplace();
  failure_->diagnostics.Error(Visible(node), std::move(message), std::move(hint));
}

void Machine::FailWith(const Node* node, const Diagnostic& problem) {
  failure_.emplace();
  failure_->diagnostics.Error(IsInternal(problem.span) ? Visible(node) : problem.span,
                              problem.message, problem.hint);
}

void Machine::FailFatally(const Node* node, std::string message, std::string hint) {
  FailAt(node, std::move(message), std::move(hint));
  failure_->fatal = true;
}

void Machine::FailUnbound(const Node& variable, absl::string_view prefix) {
  const std::string& written = variable.name->name;
  std::vector<absl::string_view> candidates;
  const auto consider = [&](absl::string_view name) {
    const size_t difference =
        std::max(name.size(), written.size()) - std::min(name.size(), written.size());
    // Every name of one or two letters is near every other.
    if (written.size() <= 2 && !absl::EqualsIgnoreCase(name, written)) return;
    if (name != written && difference <= std::max<size_t>(1, written.size() / 3)) {
      candidates.push_back(name);
    }
  };
  for (const Scope* scope = variable.scope; scope != nullptr; scope = scope->parent) {
    for (const Symbol* name : scope->names) consider(name->name);
  }
  for (const Symbol* name : heap_.globals()) consider(name->name);
  for (const Form& form : SpecialForms()) consider(form.name);
  // Looking costs more than a step; a program that fails all the time pays for it.
  Charge(candidates.size());
  const std::string near = Suggest(written, candidates);
  FailAt(&variable, absl::StrCat(prefix, "unbound variable: ", written),
         near.empty() ? "" : absl::StrCat("did you mean '", near, "'?"));
}

void Machine::FailArity(const Node* call, const Node& lambda, absl::string_view name, size_t got) {
  // As it was defined: (f a b . rest).
  std::string usage = absl::StrCat("(", name.empty() ? "lambda" : name);
  for (size_t i = 0; i < lambda.inner->fixed; ++i) {
    absl::StrAppend(&usage, i == lambda.params ? " . " : " ", lambda.inner->names[i]->name);
  }
  FailAt(call,
         absl::StrCat("arity mismatch: expected ", lambda.rest ? "at least " : "", lambda.params,
                      " arguments, got ", got),
         absl::StrCat("it is ", usage, ")"));
}

bool Machine::CheckArity(const BuiltinObject& builtin, size_t got) {
  const Builtin& row = builtin.row;
  const auto [least, most] = builtin.arity;
  const bool any = most == Arity::kAny;
  if (got >= static_cast<size_t>(least) && (any || got <= static_cast<size_t>(most))) return true;
  std::string message(row.arity_message);
  if (message.empty()) {
    const auto arguments = [](int count) {
      return absl::StrCat(count, count == 1 ? " argument" : " arguments");
    };
    if (any) {
      message = absl::StrCat(row.name, ": requires at least ", arguments(least));
    } else if (least == most) {
      message = absl::StrCat(row.name, ": expected ", least, " argument(s), got ", got);
    } else {
      message = absl::StrCat(row.name, ": expected ", least, "–", arguments(most));
    }
  }
  FailAt(now_.node, std::move(message), absl::StrCat("it is ", Usage(row.name, row.signature)));
  return false;
}

EvalResult Machine::Fail(Diagnostics diagnostics) {
  failure_.emplace();
  if (diagnostics.ok()) diagnostics.Error(CallSpan(), absl::StrCat(name(), ": failed"));
  for (Diagnostic diagnostic : diagnostics.list()) {
    if (IsInternal(diagnostic.span)) diagnostic.span = CallSpan();
    failure_->diagnostics.Add(std::move(diagnostic));
  }
  return Failed();
}

bool Machine::Guarded() const {
  const auto guards = [](const Stack<Continuation>& waiting) {
    return std::any_of(waiting.begin(), waiting.end(), [](const Continuation& k) {
      return k.wait == Wait::kGuard || k.wait == Wait::kHandler;
    });
  };
  return guards(waiting_) ||
         std::any_of(suspended_.begin(), suspended_.end(),
                     [&](const Activity* activity) { return guards(activity->waiting); });
}

EvalResult Machine::OutOfSteps() {
  FailFatally(now_.node, "too many steps");
  return Failed();
}

EvalResult Machine::OutOfMemory() {
  FailFatally(now_.node, "out of memory",
              absl::StrCat("a program may use ", limits_.bytes, " bytes"));
  return Failed();
}

// The notes under an error: the uses of macros around it, and the calls that wait for it.
void Machine::AddTrace(const Node* node) {
  if (failure_->traced || failure_->escape != 0) return;
  failure_->traced = true;
  constexpr size_t kMostNotes = 8;
  constexpr size_t kMostContinuations = 1000;
  Diagnostics& out = failure_->diagnostics;
  const auto& errors = out.list();
  const Span primary = std::find_if(errors.begin(), errors.end(), [](const Diagnostic& d) {
                         return d.severity == Severity::kError;
                       })->span;
  size_t notes = 0;
  Diagnostic last;
  const auto note = [&](const Node* at, absl::string_view what, absl::string_view quote) {
    const Value head = at->op == Op::kNamedLet ? Value::Of(at->name)
                       : at->datum.is_pair()   ? at->datum.car()
                                               : Value::Nil();
    const absl::string_view name = head.is_symbol() ? head.text() : absl::string_view("lambda");
    Diagnostic diagnostic = {Severity::kNote, Visible(at), absl::StrCat(what, quote, name, quote),
                             ""};
    if (notes >= kMostNotes || !diagnostic.span.known() || diagnostic == last) return;
    if (diagnostic.span == primary) return;
    last = diagnostic;
    ++notes;
    out.Add(std::move(diagnostic));
  };
  const auto expansion = [&](const Node* use) {
    // What a macro of the standard library makes of the user's text is nothing to tell about.
    const bool own =
        use->expanded_by.is_macro() &&
        static_cast<const MacroObject*>(use->expanded_by.object())->lambda != nullptr &&
        static_cast<const MacroObject*>(use->expanded_by.object())->lambda->span.source != stdlib_;
    if (own) note(use, "in the expansion of macro ", "'");
  };
  for (const Node* use = node->macro_use; use != nullptr; use = use->macro_use) expansion(use);
  size_t seen = 0;
  for (const Continuation* k = waiting_.end();
       k != waiting_.begin() && ++seen <= kMostContinuations;) {
    --k;
    if (k->last_call != nullptr) note(k->last_call, "in call to ", "");
    if (k->first_call != nullptr) note(k->first_call, "in call to ", "");
    if (k->wait == Wait::kExpand) note(k->node, "in the expansion of macro ", "'");
    if (notes >= kMostNotes) break;
  }
}

}  // namespace pelagos::reml
