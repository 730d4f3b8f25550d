#include "pelagos/reml/hints.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/reml/forms.h"
#include "pelagos/reml/name_hint.h"
#include "pelagos/reml/printer.h"

namespace pelagos::reml {
namespace {

std::string Shown(Value value) {
  constexpr size_t kMost = 40;
  std::string text;
  if (!WriteTo(value, &text, kMost)) text += "...";
  return text;
}

bool IsBound(const Node& variable, absl::string_view name, const Heap& heap) {
  const auto is = [&](const Symbol* symbol) { return symbol->name == name; };
  for (const Scope* scope = variable.scope; scope != nullptr; scope = scope->parent) {
    if (std::any_of(scope->names.begin(), scope->names.end(), is)) return true;
  }
  return std::any_of(heap.globals().begin(), heap.globals().end(), is);
}

}  // namespace

std::string UnboundHint(const Node& variable, const Heap& heap, size_t* looked) {
  const Symbol* symbol = NameWalk(variable.name).Global();
  std::vector<absl::string_view> names;
  for (const Scope* scope = variable.scope; scope != nullptr; scope = scope->parent) {
    for (const Symbol* name : scope->names) names.push_back(name->name);
  }
  for (const Symbol* name : heap.globals()) names.push_back(name->name);
  return UnboundNameHint(
      symbol->name, symbol->special_form != 0,
      [&](absl::string_view name) { return IsBound(variable, name, heap); }, names, looked);
}

std::optional<Span> DefinedAfter(const Node& body, size_t from, const Symbol* name,
                                 const Scope* scope) {
  for (size_t i = from; i < body.kids.size(); ++i) {
    const Node& kid = *body.kids[i];
    const Value datum = kid.datum;
    if (!datum.is_pair() || !datum.car().is_symbol() || !datum.cdr().is_pair()) continue;
    if (datum.car().symbol()->special_form != static_cast<uint8_t>(SpecialForm::kDefine)) continue;
    Value place = datum.cdr();
    if (place.car().is_pair()) place = place.car();
    if (!place.car().is_symbol() || place.car().symbol() != name) continue;
    const Scope* around = scope;
    while (around != nullptr && around != kid.scope) around = around->parent;
    if (around == kid.scope && CarSpan(place).known()) return CarSpan(place);
  }
  return std::nullopt;
}

std::string NotProcedureHint(const Node& call, Value got) {
  const Value head = call.kids[0]->datum;
  if (got.is_macro()) {
    const absl::string_view name = head.is_symbol() ? head.text() : absl::string_view("it");
    return absl::StrCat("'", name, "' is a macro");
  }
  if (call.kids.size() == 3 && call.kids[1]->datum.is_symbol()) {
    const Value second = call.kids[1]->datum;
    const Value third = call.kids[2]->datum;
    const auto* found = std::find(std::begin(kOperators), std::end(kOperators), second.text());
    if (found != std::end(kOperators)) {
      return absl::StrCat("the operator comes first: (", second.text(), " ", Shown(head), " ",
                          Shown(third), ")");
    }
  }
  if (!head.is_pair() && (!head.is_symbol() || head.is_keyword())) {
    return absl::StrCat("a list is a call; data is quoted: '(", Shown(head),
                        call.kids.size() > 1 ? " ...)" : ")");
  }
  if (!head.is_symbol()) return absl::StrCat("its value is ", Shown(got));
  return absl::StrCat(head.text(), " is ", Shown(got),
                      call.kids.size() == 1 ? ": without parentheses it is the value" : "");
}

std::string TypeHint(absl::string_view message, absl::string_view text, absl::string_view builtin) {
  struct Row {
    absl::string_view ending, begins, hint;
  };
  // The first that fits.
  static constexpr Row kRows[] = {
      {"expected pair, got bool", "(ass", "it is #f when there is no such key"},
      {"expected pair, got bool", "(hash-table-ref/default ", "there is no such key"},
      {"expected pair, got bool", "(mem", "it is #f when there is no such element"},
      {"expected string, got nil", "(env ", "env gives () when the variable is not set"},
      {"expected string, got int", "", "number->string makes one"},
      {"expected string, got float", "", "number->string makes one"},
      {"expected string, got symbol", "", "symbol->string makes one"},
      {"expected number, got string", "", "string->number reads one"},
      {"expected integer, got string", "", "string->number reads one"},
      {"expected symbol, got string", "", "string->symbol makes one"},
      {"expected vector, got pair", "", "list->vector makes one"},
  };
  // string->number of a number: it need not become a string first.
  if (builtin == "string->number" && absl::EndsWith(message, "got int")) return "it is a number";
  for (const Row& row : kRows) {
    if (absl::EndsWith(message, row.ending) && absl::StartsWith(text, row.begins)) {
      return std::string(row.hint);
    }
  }
  if (absl::EndsWith(message, "expected pair, got nil")) {
    return builtin == "car" || builtin == "cdr" || builtin == "last" ? "the list is empty"
                                                                     : "the list is too short";
  }
  return "";
}

const Builtin* CalledBuiltin(const Node& call) {
  if ((call.op != Op::kCall && call.op != Op::kPrimitive) || call.kids.empty()) return nullptr;
  const Node& head = *call.kids[0];
  if (head.op != Op::kGlobal || !head.global->global.is_builtin()) return nullptr;
  return &static_cast<const BuiltinObject*>(head.global->global.object())->row;
}

const Node* ProcedureArgument(const Node& call) {
  const Builtin* row = CalledBuiltin(call);
  if (row == nullptr) return nullptr;
  const std::vector<Parameter> parameters = ParseSignature(row->signature).parameters;
  for (size_t i = 0; i < parameters.size() && i + 1 < call.kids.size(); ++i) {
    if (absl::StrContains(parameters[i].type, "procedure")) return call.kids[i + 1];
  }
  return nullptr;
}

std::string LambdaUsage(const Node& lambda, absl::string_view name) {
  std::string usage(name);
  for (size_t i = 0; i < lambda.inner->fixed; ++i) {
    absl::StrAppend(&usage, usage.empty() ? "" : " ", i == lambda.params ? ". " : "",
                    lambda.inner->names[i]->name);
  }
  if (!name.empty()) return absl::StrCat("(", usage, ")");
  if (lambda.rest && lambda.params == 0) return absl::StrCat("(lambda ", usage.substr(2), " ...)");
  return absl::StrCat("(lambda (", usage, ") ...)");
}

}  // namespace pelagos::reml
