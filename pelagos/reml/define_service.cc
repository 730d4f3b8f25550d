#include "pelagos/reml/define_service.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/list.h"

namespace pelagos::reml {
namespace {

struct Item {
  Value value;
  Span span;
};

// From the first to the second, both of one source.
Span Join(Span first, Span last) {
  if (!first.known() || last.source != first.source || last.end < first.begin) return first;
  return {first.source, first.begin, last.end};
}

class Expander {
 public:
  Expander(MacroContext& ctx, Span span) : ctx_(ctx), heap_(ctx.heap), span_(span) {}

  std::optional<Value> Expand(Value form) {
    const std::optional<size_t> length = ListLength(form);
    if (!length || *length < 3) {
      const size_t got = length.value_or(1) - 1;
      return Fail(span_, absl::StrCat("arity mismatch: expected at least 2 arguments, got ", got),
                  "it is (define-service VARIABLE NAME :key value...)");
    }
    const Value variable = form.cdr();
    const Value name = variable.cdr();
    Add(options_, Symbol("service"), span_);
    Add(options_, name.car(), CarSpan(name));
    if (!AddGroups(name.cdr())) return std::nullopt;
    ListBuilder service(heap_);
    for (const Item& option : options_) service.Add(option.value, option.span);
    ListBuilder define(heap_);
    define.Add(Symbol("define"), span_);
    define.Add(variable.car(), CarSpan(variable));
    define.Add(service.Finish(span_), span_);
    return define.Finish(span_);
  }

 private:
  std::nullopt_t Fail(Span span, std::string message, std::string hint = "") {
    ctx_.diagnostics.Error(span.known() ? span : span_, std::move(message), std::move(hint));
    return std::nullopt;
  }
  Value Symbol(absl::string_view name) { return heap_.Intern(name); }
  static void Add(std::vector<Item>& items, Value value, Span span) {
    items.push_back({value, span});
  }

  bool AddGroups(Value rest) {
    while (rest.is_pair()) {
      const Value key = rest.car();
      const Span at = CarSpan(rest);
      if (!key.is_keyword()) {
        if (key.is_symbol()) {
          Fail(at, absl::StrCat("define-service: expected a keyword, got ", key.text()),
               absl::StrCat("did you mean ':", key.text(), "'?"));
        } else {
          Fail(at, absl::StrCat("symbol->string: expected symbol, got ", key.type_name()),
               "options are written :key value");
        }
        return false;
      }
      key_ = key.text().substr(1);
      key_span_ = at;
      std::vector<Item> values;
      for (rest = rest.cdr(); rest.is_pair() && !rest.car().is_keyword(); rest = rest.cdr()) {
        Add(values, rest.car(), CarSpan(rest));
      }
      AddGroup(values);
    }
    return true;
  }

  void AddGroup(const std::vector<Item>& values) {
    if (!values.empty() && values[0].value.is_pair() && !IsExpression(values[0].value)) {
      for (const Item& value : values) AddOne(value);
      return;
    }
    std::vector<Item> option;
    for (const Item& value : values) {
      const bool begins = key_ == "tmpfs" || (key_ == "depends-on" && value.value.is_string());
      if (begins && !option.empty()) AddOption(std::exchange(option, {}));
      option.push_back(Literal(value));
    }
    AddOption(option);
  }

  // A value that is an option of its own.
  void AddOne(const Item& value) {
    if (!value.value.is_pair() || IsExpression(value.value)) {
      AddOption({Literal(value)});
    } else if (IsQuoted(value.value)) {
      AddQuoted({value.value.cdr().car(), CarSpan(value.value.cdr())});
    } else {
      AddPair(value.value);
    }
  }

  // (a b), (a . b), (a . EXPRESSION), (a b c...)
  void AddPair(Value pair) {
    const Value rest = pair.cdr();
    std::vector<Item> option = {{pair.car(), CarSpan(pair)}};
    const bool expression =
        rest.is_pair() && rest.cdr().is_pair() &&
        (rest.car().is_pair() || (rest.car().is_symbol() && !rest.car().is_keyword()));
    if (!rest.is_pair() && !rest.is_nil()) {
      Add(option, rest, TailSpan(pair));
    } else if (expression) {
      Span span = SpanOf(rest);
      if (!span.known()) {
        span = CarSpan(rest);
        for (Value part = rest; part.is_pair(); part = part.cdr()) span = Join(span, CarSpan(part));
      }
      Add(option, rest, span);
    } else {
      for (Value part = rest; part.is_pair(); part = part.cdr()) {
        Add(option, part.car(), CarSpan(part));
      }
    }
    AddOption(option);
  }

  // What a quote holds, literally: the values of one option or, of a list of lists, of several.
  void AddQuoted(const Item& quoted) {
    bool lists = quoted.value.is_pair();
    for (Value part = quoted.value; part.is_pair(); part = part.cdr()) {
      lists = lists && part.car().is_pair();
    }
    if (lists) {
      for (Value part = quoted.value; part.is_pair(); part = part.cdr()) {
        AddLiterals({part.car(), CarSpan(part)});
      }
    } else {
      AddLiterals(quoted);
    }
  }

  void AddLiterals(const Item& quoted) {
    std::vector<Item> option;
    Value part = quoted.value;
    Span tail = quoted.span;
    for (; part.is_pair(); part = part.cdr()) {
      option.push_back(Quote({part.car(), CarSpan(part)}));
      tail = TailSpan(part);
    }
    if (!part.is_nil()) option.push_back(Quote({part, tail}));
    AddOption(option);
  }

  void AddOption(const std::vector<Item>& values) {
    ListBuilder list(heap_);
    list.Add(Symbol("list"), key_span_);
    const Item key = Quote({Symbol(key_), key_span_});
    list.Add(key.value, key.span);
    Span whole = key_span_;
    for (const Item& value : values) {
      list.Add(value.value, value.span);
      whole = Join(whole, value.span);
    }
    Add(options_, list.Finish(whole), whole);
  }

  Item Quote(const Item& item) {
    ListBuilder quote(heap_);
    quote.Add(Symbol("quote"), item.span);
    quote.Add(item.value, item.span);
    return {quote.Finish(item.span), item.span};
  }

  // Names of capabilities need no quotes.
  Item Literal(const Item& item) {
    const bool names = TakesBareNames(key_);
    if (!names || !item.value.is_symbol()) return item;
    return ctx_.value_of(item.value.symbol()).is_unbound() ? Quote(item) : item;
  }

  bool IsQuoted(Value value) {
    return value.is_pair() && value.car() == Symbol("quote") && ListLength(value) == 2;
  }

  bool IsExpression(Value list) {
    if (!list.is_pair() || !list.car().is_symbol() || !ListLength(list) || IsQuoted(list)) {
      return false;
    }
    reml::Symbol* head = list.car().symbol();
    if (head->special_form != 0) return true;
    const Value value = ctx_.value_of(head);
    return value.is_unbound() || value.is_procedure() || value.is_macro();
  }

  MacroContext& ctx_;
  Heap& heap_;
  const Span span_;
  absl::string_view key_;
  Span key_span_;
  std::vector<Item> options_;  // of the call of service, its head and name included
};

}  // namespace

bool TakesBareNames(absl::string_view key) { return key == "cap-add" || key == "cap-drop"; }

std::optional<Value> ExpandDefineService(MacroContext& ctx, Value form, Span span) {
  return Expander(ctx, span).Expand(form);
}

}  // namespace pelagos::reml
