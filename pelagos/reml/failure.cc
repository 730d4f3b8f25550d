// What the evaluator does when a program fails: words, places, the way there, and guards.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/reml/hints.h"
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
  constexpr size_t kMostContinuations = 1000;
  const Symbol* name = NameWalk(variable.name).Global();
  size_t looked = 0;
  std::string hint;
  const auto look = [&](const Continuation& k) {
    if (k.wait != Wait::kSequence || !hint.empty()) return;
    looked += k.node->kids.size() / 8;
    const std::optional<Span> later = DefinedAfter(*k.node, k.index + 1, name, variable.scope);
    if (!later || IsInternal(*later)) return;
    const LineColumn at = sources_.Find(later->source)->Locate(later->begin);
    hint = absl::StrCat("'", name->name, "' is defined later, at ", at.line, ":", at.column);
  };
  // The program itself is the first that waits.
  for (size_t i = 0; i < std::min<size_t>(waiting_.size(), 2); ++i) look(waiting_[i]);
  for (size_t i = waiting_.size(); i > 2 && waiting_.size() - i < kMostContinuations; --i) {
    look(waiting_[i - 1]);
    ++looked;
  }
  if (hint.empty()) hint = UnboundHint(variable, heap_, &looked);
  // Looking costs more than a step; a program that fails all the time pays for it.
  Charge(looked);
  FailAt(&variable, absl::StrCat(prefix, "unbound variable: ", variable.name->name),
         std::move(hint));
}

void Machine::FailArity(const Node* call, const Node& lambda, absl::string_view name, size_t got) {
  std::string hint = absl::StrCat("it is ", LambdaUsage(lambda, name));
  // What a builtin calls is one of its arguments.
  const Node* procedure = now_.direct || now_.node != call ? nullptr : ProcedureArgument(*call);
  if (procedure != nullptr) {
    hint = absl::StrCat(CalledBuiltin(*call)->name, " calls it with ", got,
                        got == 1 ? " argument; " : " arguments; ", hint);
  }
  FailAt(procedure == nullptr ? call : procedure,
         absl::StrCat("arity mismatch: expected ", lambda.rest ? "at least " : "", lambda.params,
                      " arguments, got ", got),
         std::move(hint));
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
  std::string hint = absl::StrCat("it is ", Usage(row.name, row.signature));
  const Node* procedure = now_.direct ? nullptr : ProcedureArgument(*now_.node);
  if (procedure != nullptr) {
    hint = absl::StrCat(CalledBuiltin(*now_.node)->name, " calls it with ", got,
                        got == 1 ? " argument; " : " arguments; ", hint);
  }
  FailAt(procedure == nullptr ? now_.node : procedure, std::move(message), std::move(hint));
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
  FailOutOfSteps(now_.node);
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
  // A call that failed has its operator and arguments on top of the values.
  const bool is_call = node->op == Op::kCall || node->op == Op::kPrimitive;
  const bool stacked = is_call && now_.direct && values_.size() >= node->kids.size();
  const auto operand = [&](size_t i) { return values_[values_.size() - node->kids.size() + i]; };
  const auto improve = [&](Diagnostic& error) {
    // Inside a macro of the standard library: at its use.
    for (size_t i = waiting_.size();
         i > 0 && !error.span.known() && waiting_.size() - i < kMostContinuations; --i) {
      error.span = Visible(waiting_[i - 1].node);
    }
    if (!error.hint.empty()) return;
    if (error.message == "recursion too deep") {
      error.hint = absl::StrCat(limits_.depth, " calls may wait for others");
    } else if (error.message == "too many steps") {
      error.hint = absl::StrCat("a program may take ", limits_.steps, " steps");
    } else if (absl::StartsWith(error.message, "not a procedure: ")) {
      if (stacked && !operand(0).is_procedure()) {
        error.hint = NotProcedureHint(*node, operand(0));
      } else if (is_call && !now_.direct && now_.node == node) {
        const Node* argument = ProcedureArgument(*node);
        if (argument == nullptr) return;
        const Span span = Visible(argument);
        if (span.known()) error.span = span;
        if (!request_.procedure.is_macro() || !argument->datum.is_symbol()) return;
        const absl::string_view name = argument->datum.text();
        error.hint = absl::StrCat("'", name, "' is a macro: write (lambda (x) (", name, " x))");
      }
    } else if (stacked && now_.node == node && error.message == "not a proper list") {
      for (size_t i = 1; i < node->kids.size(); ++i) {
        const Value value = operand(i);
        if (!(Visible(node->kids[i]) == error.span)) continue;
        const Builtin& row = now_.builtin->row;
        error.hint = value.is_vector() ? "vector->list makes a list"
                     : value.is_pair() ? "it does not end with ()"
                                       : absl::StrCat("expected list, got ", value.type_name(),
                                                      "; it is ", Usage(row.name, row.signature));
      }
    } else if (const Source* source = sources_.Find(error.span.source);
               source != nullptr && now_.builtin != nullptr) {
      constexpr size_t kEnough = 32;
      const absl::string_view text =
          absl::string_view(source->text()).substr(error.span.begin, kEnough);
      error.hint = TypeHint(error.message, text, now_.builtin->row.name);
    }
  };
  // Whether `let` binds the name whose value was missing.
  const auto binds = [](const Node* let, absl::string_view message) {
    if (let->op != Op::kLet || !absl::ConsumePrefix(&message, "unbound variable: ")) return false;
    const auto& names = let->inner->names;
    return std::any_of(names.begin(), names.begin() + let->params,
                       [&](const Symbol* name) { return name->name == message; });
  };
  Diagnostics improved;
  for (Diagnostic diagnostic : failure_->diagnostics.list()) {
    if (diagnostic.severity == Severity::kError && improved.ok()) {
      const bool waits = waiting_.size() != 0 && waiting_.back().wait == Wait::kOperand;
      if (binds(node, diagnostic.message) ||
          (waits && binds(waiting_.back().node, diagnostic.message))) {
        diagnostic.hint = "let* sees the bindings before it";
      }
      improve(diagnostic);
    }
    improved.Add(std::move(diagnostic));
  }
  failure_->diagnostics = std::move(improved);
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
