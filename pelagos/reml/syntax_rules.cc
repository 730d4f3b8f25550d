#include "pelagos/reml/syntax_rules.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/equality.h"
#include "pelagos/reml/expansion.h"
#include "pelagos/reml/printer.h"

namespace pelagos::reml {
namespace {

// Patterns and templates may nest so deep; what they match may nest as it likes.
constexpr size_t kDeepest = 200;

Symbol* Root(Value name) { return NameWalk(name.symbol()).Global(); }

class SyntaxRules final : public Foreign {
 public:
  struct Rule {
    Value pattern;  // without its first element
    Value body;     // the template
    Span span;
  };
  SyntaxRules(Symbol* e, std::vector<Symbol*> l, std::vector<Rule> r)
      : ellipsis(e), literals(std::move(l)), rules(std::move(r)) {}
  absl::string_view type_name() const override { return "syntax-rules"; }
  void Print(std::string* out) const override { out->append("#<syntax-rules>"); }
  void Trace(Marker& marker) const override {
    for (const Rule& rule : rules) {
      marker.Mark(rule.pattern);
      marker.Mark(rule.body);
    }
  }
  bool IsEllipsis(Value value) const { return value.is_symbol() && Root(value) == ellipsis; }
  bool IsLiteral(Value name) const {
    for (const Symbol* literal : literals) {
      if (literal == Root(name)) return true;
    }
    return false;
  }

  Symbol* const ellipsis;
  const std::vector<Symbol*> literals;
  const std::vector<Rule> rules;
};

// What a pattern variable stands for: a datum; or, under an ellipsis, one binding a match.
struct Binding {
  size_t depth = 0;  // ellipses
  Value value;
  Span span;
  std::vector<Binding> many;
};
using Bindings = std::map<const Symbol*, Binding>;

Value ListOf(Heap& heap, Value vector) { return heap.List(vector.vector()->items); }

size_t PairsOf(Value list) {
  size_t count = 0;
  for (; list.is_pair(); list = list.cdr()) ++count;
  return count;
}

class Matcher {
 public:
  Matcher(Heap& heap, const SyntaxRules& rules) : heap_(heap), rules_(rules) {}

  bool Match(Value pattern, Value form, Span span, Bindings& bindings) {
    for (;;) {
      if (pattern.is_symbol()) return MatchName(pattern, form, span, bindings);
      if (pattern.is_vector()) {
        if (!form.is_vector()) return false;
        pattern = ListOf(heap_, pattern);
        form = ListOf(heap_, form);
        continue;
      }
      if (!pattern.is_pair()) {
        constexpr uint64_t kMostSteps = 10'000;
        return Equal(pattern, form, kMostSteps).value_or(false);
      }
      if (pattern.cdr().is_pair() && rules_.IsEllipsis(pattern.cdr().car())) {
        return MatchMany(pattern, form, span, bindings);
      }
      if (!form.is_pair()) return false;
      if (!Match(pattern.car(), form.car(), SpanOfCar(form), bindings)) return false;
      pattern = pattern.cdr();
      span = form.cdr().is_pair() ? span : TailSpan(form);
      form = form.cdr();
    }
  }

  // The variables of a pattern, with the depth of their ellipses.
  void Variables(Value pattern, size_t depth, Bindings& variables) const {
    if (pattern.is_vector()) pattern = ListOf(heap_, pattern);
    for (; pattern.is_pair(); pattern = pattern.cdr()) {
      if (rules_.IsEllipsis(pattern.car())) continue;
      const bool many = pattern.cdr().is_pair() && rules_.IsEllipsis(pattern.cdr().car());
      Variables(pattern.car(), depth + (many ? 1 : 0), variables);
    }
    if (!pattern.is_symbol() || rules_.IsEllipsis(pattern) || rules_.IsLiteral(pattern)) return;
    if (pattern.text() == "_") return;
    variables[pattern.symbol()].depth = depth;
  }

 private:
  static Span SpanOfCar(Value pair) {
    const Span span = CarSpan(pair);
    return span.known() ? span : SpanOf(pair.car());
  }

  bool MatchName(Value name, Value form, Span span, Bindings& bindings) {
    if (rules_.IsLiteral(name)) return form.is_symbol() && Root(form) == Root(name);
    if (name.text() == "_") return true;
    Binding& binding = bindings[name.symbol()];
    binding.value = form;
    binding.span = span;
    return true;
  }

  // PATTERN ... REST: as many as leave enough for the rest.
  bool MatchMany(Value pattern, Value form, Span span, Bindings& bindings) {
    const Value rest = pattern.cdr().cdr();
    const size_t needed = PairsOf(rest), there = PairsOf(form);
    if (there < needed) return false;
    Bindings variables;
    Variables(pattern.car(), 1, variables);
    for (const auto& [name, variable] : variables) bindings[name].depth = variable.depth;
    for (size_t i = needed; i < there; ++i) {
      Bindings one;
      if (!Match(pattern.car(), form.car(), SpanOfCar(form), one)) return false;
      for (const auto& [name, variable] : variables) bindings[name].many.push_back(one[name]);
      form = form.cdr();
    }
    return Match(rest, form, span, bindings);
  }

  Heap& heap_;
  const SyntaxRules& rules_;
};

class Template {
 public:
  Template(MacroContext& ctx, const SyntaxRules& rules, Span span)
      : ctx_(ctx), rules_(rules), span_(span) {}

  // nullopt: the context has the diagnostic.
  std::optional<Value> Fill(Value form, const Bindings& bindings, bool escaped, size_t depth) {
    if (depth > kDeepest) return Fail("template nests too deep");
    if (form.is_symbol()) return FillName(form, bindings);
    if (form.is_vector()) {
      const auto list = Fill(ListOf(ctx_.heap, form), bindings, escaped, depth + 1);
      if (!list) return std::nullopt;
      std::vector<Value> items;
      for (Value rest = *list; rest.is_pair(); rest = rest.cdr()) items.push_back(rest.car());
      return ctx_.heap.Vector(std::move(items));
    }
    if (!form.is_pair()) return form;
    if (!escaped && rules_.IsEllipsis(form.car()) && form.cdr().is_pair()) {
      return Fill(form.cdr().car(), bindings, true, depth + 1);
    }
    ListBuilder list(ctx_.heap);
    const Span whole = SpanOf(form);
    while (form.is_pair()) {
      const Value item = form.car();
      const Span span = CarSpan(form);
      size_t ellipses = 0;
      Span tail = TailSpan(form);
      form = form.cdr();
      while (!escaped && form.is_pair() && rules_.IsEllipsis(form.car())) {
        ++ellipses;
        tail = TailSpan(form);
        form = form.cdr();
      }
      if (!FillItem(item, span, ellipses, bindings, escaped, depth, list)) return std::nullopt;
      if (!form.is_pair() && !form.is_nil()) {
        const std::optional<Value> last = Fill(form, bindings, escaped, depth + 1);
        if (!last) return std::nullopt;
        if (list.empty()) return last;
        list.SetTail(*last, tail);
        break;
      }
    }
    return list.Finish(whole);
  }

 private:
  std::nullopt_t Fail(std::string message) {
    ctx_.diagnostics.Error(span_, absl::StrCat(ctx_.macro.name->name, ": ", message));
    return std::nullopt;
  }

  std::optional<Value> FillName(Value name, const Bindings& bindings) {
    if (const auto it = bindings.find(name.symbol()); it != bindings.end()) {
      if (it->second.depth == 0) return it->second.value;
      return Fail(absl::StrCat("'", name.text(), "' needs an ellipsis after it in the template"));
    }
    // A quasi-quotation knows its holes by these names.
    if (name.is_keyword() || name.text() == "unquote" || name.text() == "unquote-splicing") {
      return name;
    }
    Value& alias = aliases_[name.symbol()];
    if (alias.is_nil()) alias = ctx_.heap.Alias(name.symbol(), ctx_.macro.scope);
    return alias;
  }

  bool FillItem(Value item, Span span, size_t ellipses, const Bindings& bindings, bool escaped,
                size_t depth, ListBuilder& list) {
    if (ellipses == 0) {
      const std::optional<Value> value = Fill(item, bindings, escaped, depth + 1);
      if (!value) return false;
      if (item.is_symbol()) {
        const auto it = bindings.find(item.symbol());
        if (it != bindings.end() && it->second.span.known()) span = it->second.span;
      }
      list.Add(*value, span);
      return true;
    }
    if (depth > kDeepest) {
      Fail("template nests too deep");
      return false;
    }
    // The variables that the ellipsis repeats, which must be as many as one another.
    Bindings used;
    Matcher(ctx_.heap, rules_).Variables(item, 0, used);
    std::optional<size_t> count;
    for (const auto& [name, variable] : used) {
      const auto it = bindings.find(name);
      if (it == bindings.end() || it->second.depth == 0) continue;
      if (count && *count != it->second.many.size()) {
        Fail(
            "the variables before an ellipsis of the template stand for different numbers of "
            "forms");
        return false;
      }
      count = it->second.many.size();
    }
    if (!count) {
      Fail("an ellipsis of the template follows nothing that repeats");
      return false;
    }
    for (size_t i = 0; i < *count; ++i) {
      Bindings one = bindings;
      for (const auto& [name, variable] : used) {
        const auto it = bindings.find(name);
        if (it == bindings.end() || it->second.depth == 0) continue;
        Binding part = it->second.many[i];
        part.depth = it->second.depth - 1;
        one[name] = std::move(part);
      }
      if (!FillItem(item, span, ellipses - 1, one, escaped, depth + 1, list)) return false;
    }
    return true;
  }

  MacroContext& ctx_;
  const SyntaxRules& rules_;
  const Span span_;
  std::map<const Symbol*, Value> aliases_;  // of this expansion
};

std::optional<Value> ExpandRules(MacroContext& ctx, Value form, Span span) {
  const SyntaxRules& rules = *ctx.macro.rules.foreign<SyntaxRules>();
  Matcher matcher(ctx.heap, rules);
  for (const SyntaxRules::Rule& rule : rules.rules) {
    Bindings bindings;
    matcher.Variables(rule.pattern, 0, bindings);
    if (matcher.Match(rule.pattern, form.cdr(), span, bindings)) {
      return Template(ctx, rules, span).Fill(rule.body, bindings, false, 0);
    }
  }
  std::string hint = "it is ";
  for (const SyntaxRules::Rule& rule : rules.rules) {
    constexpr size_t kMostText = 300;
    if (hint.size() > kMostText) break;
    absl::StrAppend(&hint, &rule == &rules.rules.front() ? "" : " or ");
    WriteTo(ctx.heap.Cons(Value::Of(ctx.macro.name), rule.pattern), &hint);
  }
  ctx.diagnostics.Error(span, absl::StrCat(ctx.macro.name->name, ": no pattern matches"), hint);
  return std::nullopt;
}

bool NestsTooDeep(Value form) {
  std::vector<std::pair<Value, size_t>> waiting = {{form, 0}};
  while (!waiting.empty()) {
    auto [part, depth] = waiting.back();
    waiting.pop_back();
    if (depth > kDeepest) return true;
    if (part.is_vector()) {
      for (Value item : part.vector()->items) waiting.emplace_back(item, depth + 1);
    }
    for (; part.is_pair(); part = part.cdr()) waiting.emplace_back(part.car(), depth + 1);
  }
  return false;
}

// The macro of (syntax-rules [ELLIPSIS] (LITERAL ...) (PATTERN TEMPLATE) ...) at `pair`'s car.
std::optional<Value> ReadRules(MacroContext& ctx, Expansion& out, Value name, Value pair) {
  Value form = pair.car();
  if (!form.is_pair() || !ListLength(form) || !out.Is(form.car(), "syntax-rules")) {
    return out.Fail(pair, "expected (syntax-rules (literal ...) (pattern template) ...)");
  }
  Value rest = form.cdr();
  Symbol* ellipsis = ctx.heap.Intern("...").symbol();
  if (rest.is_pair() && rest.car().is_symbol()) {
    ellipsis = Root(rest.car());
    rest = rest.cdr();
  }
  if (!rest.is_pair() || !ListLength(rest.car())) {
    return out.Fail(pair, "syntax-rules: expected a list of literals");
  }
  std::vector<Symbol*> literals;
  for (Value list = rest.car(); list.is_pair(); list = list.cdr()) {
    if (!list.car().is_symbol()) return out.Fail(list, "syntax-rules: literal must be a symbol");
    literals.push_back(Root(list.car()));
  }
  std::vector<SyntaxRules::Rule> rules;
  for (rest = rest.cdr(); rest.is_pair(); rest = rest.cdr()) {
    const Value rule = rest.car();
    if (ListLength(rule) != 2 || !rule.car().is_pair()) {
      return out.Fail(rest, "syntax-rules: rule must be ((_ pattern ...) template)");
    }
    if (NestsTooDeep(rule)) return out.Fail(rest, "syntax-rules: rule nests too deep");
    rules.push_back({rule.car().cdr(), rule.cdr().car(), SpanOf(rule)});
  }
  const size_t bytes = rules.size() * sizeof(SyntaxRules::Rule);
  const Value value = ctx.heap.NewForeign(
      std::make_unique<SyntaxRules>(ellipsis, std::move(literals), std::move(rules)), bytes);
  return Value::Of(ctx.heap.New<MacroObject>(0, name.symbol(), ExpandRules, value, ctx.scope));
}

}  // namespace

std::optional<Value> DefineSyntax(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  if (ListLength(form) != 3 || !form.cdr().car().is_symbol()) {
    return out.Fail("expected a name and (syntax-rules ...)");
  }
  const Value name = form.cdr().car(), definition = form.cdr().cdr();
  if (definition.car().is_symbol()) {
    const Value macro = ctx.value_of(definition.car().symbol());
    if (macro.is_macro()) return out.List({out.Name("define"), name, macro});
  }
  const std::optional<Value> macro = ReadRules(ctx, out, name, definition);
  if (!macro) return std::nullopt;
  return out.List({out.Name("define"), name, *macro});
}

// (let () (define-syntax NAME RULES) ... (let () BODY ...)): the macros see each other.
std::optional<Value> LetSyntax(MacroContext& ctx, Value form, Span span) {
  Expansion out(ctx, form, span);
  if (!HasAtLeast(form, 2) || !ListLength(form.cdr().car())) {
    return out.Fail("expected ((name (syntax-rules ...)) ...) and a body");
  }
  const Value define = Value::Of(
      ctx.heap.New<MacroObject>(0, ctx.heap.Intern("define-syntax").symbol(), DefineSyntax));
  ListBuilder all(out.heap());
  all.Add(out.Name("let"));
  all.Add(Value::Nil());
  for (Value rest = form.cdr().car(); rest.is_pair(); rest = rest.cdr()) {
    if (ListLength(rest.car()) != 2 || !rest.car().car().is_symbol()) {
      return out.Fail(rest, "binding must have a name and (syntax-rules ...)");
    }
    all.Add(out.heap().Cons(define, rest.car()), CarSpan(rest));
  }
  all.Add(out.Append({out.Name("let"), Value::Nil()}, form.cdr().cdr()));
  return all.Finish();
}

}  // namespace pelagos::reml
