// Macros and quasi-quotation of the evaluator.
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "pelagos/reml/quick.h"

namespace pelagos::reml {

Frame* Machine::BindMacro(const Node* use, const MacroObject& macro) {
  const Node& lambda = *macro.lambda;
  Frame* frame = Frame::Make(heap_, macro.frame, lambda.inner->names.size());
  size_t count = 0;
  Value rest = use->datum.cdr();
  for (; rest.is_pair() && count < lambda.params; rest = rest.cdr()) {
    frame->slots()[count++] = rest.car();
  }
  const bool enough = count == lambda.params && (lambda.rest || rest.is_nil());
  if (!enough) {
    for (; rest.is_pair(); rest = rest.cdr()) ++count;
    FailArity(use, lambda, macro.name->name, count);
    return nullptr;
  }
  if (lambda.rest) frame->slots()[count] = rest;
  return frame;
}

std::optional<Value> Machine::ExpandNative(const Node& use, const MacroObject& macro,
                                           Frame* frame) {
  Diagnostics diagnostics;
  MacroContext context{heap_, diagnostics,
                       [&](Symbol* name) {
                         Node* variable = heap_.New<Node>(0, Value::Of(name), use.span, use.scope,
                                                          use.macro_use);
                         variable->name = name;
                         analyzer_.Resolve(*variable);
                         const Value* place = Place(*variable, frame);
                         return place == nullptr ? Value::Unbound() : *place;
                       },
                       macro, use.scope};
  std::optional<Value> expansion = macro.native(context, use.datum, Visible(&use));
  if (!expansion) {
    failure_.emplace();
    failure_->diagnostics = std::move(diagnostics);
  }
  return expansion;
}

// Gives the use of a macro the code of what the macro made.
bool Machine::Expand(Node* use, Value macro, Value expansion) {
  const bool native = static_cast<const MacroObject*>(macro.object())->native != nullptr;
  absl::flat_hash_set<const Object*> seen;  // parts may be shared
  std::vector<Value> parts = {expansion};
  while (!parts.empty()) {
    const Value part = parts.back();
    parts.pop_back();
    if (part.is_pair()) {
      if (!seen.insert(part.object()).second) continue;
      parts.push_back(part.cdr());
      parts.push_back(part.car());
    } else if (native) {
      continue;  // it may put in procedures, so that no name that the user binds stands between
    } else if (part.is_object() && !part.is_number() && !part.is_string() && !part.is_vector()) {
      FailAt(use, absl::StrCat("macro expansion error: macro expansion produced "
                               "non-serialisable value: ",
                               part.type_name()));
      return false;
    }
  }
  const Span span = SpanOf(expansion);
  use->expansion = heap_.New<Node>(0, expansion, span.known() ? span : use->span, use->scope, use);
  use->expanded_by = macro;
  return true;
}

// Where the user wrote what a parameter of the macro at work stands for; unknown for any other
// expression.
Span Machine::SpanOfMacroArgument(const Node& variable) const {
  if (variable.op != Op::kArgument) return {};
  const Scope* scope = variable.scope;
  for (uint32_t i = variable.depth; i != 0; --i) scope = scope->parent;
  for (const Continuation* k = waiting_.end(); k != waiting_.begin();) {
    --k;
    if (k->wait != Wait::kExpand) continue;
    const auto* macro = static_cast<const MacroObject*>(values_[k->base].object());
    if (macro->lambda->inner != scope || variable.index >= macro->lambda->params) return {};
    Value argument = k->node->datum.cdr();
    for (uint32_t i = 0; i < variable.index && argument.is_pair(); ++i) argument = argument.cdr();
    return argument.is_pair() ? reml::CarSpan(argument) : Span();
  }
  return {};
}

std::optional<Value> Machine::FillQuasiquote(const Node& node, size_t base) {
  Diagnostic problem;
  size_t next = base;
  const auto unquote = [&](Value, Span& span) {
    const Span written = SpanOfMacroArgument(*node.kids[next - base]);
    if (written.known()) span = written;
    return values_[next++];
  };
  const std::optional<Value> filled = FillTemplate(heap_, analyzer_.quasiquote_names(), node.datum,
                                                   Visible(&node), unquote, problem);
  if (!filled) FailWith(&node, problem);
  return filled;
}

}  // namespace pelagos::reml
