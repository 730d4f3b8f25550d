#include "pelagos/reml/record.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/suggest.h"
#include "pelagos/reml/arguments.h"
#include "pelagos/reml/list.h"

namespace pelagos::reml {
namespace {

// What the expansion calls. They stand in it as values, so that no name of the program's is in the
// way; and each makes a procedure that carries the type.

// "<point>" is called "point".
absl::string_view Bare(absl::string_view name) {
  const bool brackets = name.size() > 2 && name.front() == '<' && name.back() == '>';
  return brackets ? name.substr(1, name.size() - 2) : name;
}

// (NAME (FIELD...))
EvalResult MakeType(CallContext& ctx, Args args) {
  std::vector<Value> labels;
  for (Value rest = args[1]; rest.is_pair(); rest = rest.cdr()) {
    labels.push_back(ctx.heap().Intern(absl::StrCat(rest.car().text(), ":")));
  }
  return ctx.heap().NewForeign(
      std::make_unique<RecordType>(std::string(Bare(args[0].text())), std::move(labels)),
      sizeof(RecordType));
}

// The record in args[0], of the type that the procedure carries.
MaybeError WantRecord(CallContext& ctx, Args args, const Record** record) {
  *record = args[0].foreign<Record>();
  const Value type = ctx.captures()[0];
  if (*record != nullptr && (*record)->type() == type) return std::nullopt;
  const std::string& name = type.foreign<RecordType>()->name();
  const bool alike = args[0].type_name() == name;
  return ctx.Error(ctx.ArgSpan(0),
                   absl::StrCat(ctx.name(), ": expected ", name, ", got ", args[0].type_name()),
                   alike ? "they are of two types with the same name" : "");
}

// Captures: the type; the index of the field that each argument goes to.
EvalResult Construct(CallContext& ctx, Args args) {
  const Value type = ctx.captures()[0];
  std::vector<Value> values(type.foreign<RecordType>()->labels().size());
  for (size_t i = 0; i < args.size(); ++i) {
    values[static_cast<size_t>(ctx.captures()[i + 1].as_int())] = args[i];
  }
  const size_t bytes = sizeof(Record) + values.size() * sizeof(Value);
  return ctx.heap().NewForeign(std::make_unique<Record>(type, std::move(values)), bytes);
}

// Captures: the type.
EvalResult IsRecord(CallContext& ctx, Args args) {
  const Record* record = args[0].foreign<Record>();
  return Value::Bool(record != nullptr && record->type() == ctx.captures()[0]);
}

// Captures: the type, the index.
EvalResult Access(CallContext& ctx, Args args) {
  const Record* record = nullptr;
  if (auto error = WantRecord(ctx, args, &record)) return *error;
  return record->field(static_cast<size_t>(ctx.captures()[1].as_int()));
}

EvalResult Modify(CallContext& ctx, Args args) {
  const Record* record = nullptr;
  if (auto error = WantRecord(ctx, args, &record)) return *error;
  record->field(static_cast<size_t>(ctx.captures()[1].as_int())) = args[1];
  return Value::Nil();
}

// (TYPE NAME INDEX...), INDEX of the field that an argument goes to.
EvalResult MakeConstructor(CallContext& ctx, Args args) {
  const RecordType& type = *args[0].foreign<RecordType>();
  std::string signature;
  std::vector<Value> captures = {args[0]};
  for (Value index : args.subspan(2)) {
    const absl::string_view label = type.labels()[static_cast<size_t>(index.as_int())].text();
    absl::StrAppend(&signature, label, "any ");
    captures.push_back(index);
  }
  absl::StrAppend(&signature, " -> ", type.name());
  return ctx.NewProcedure({args[1].text(), type.Keep(std::move(signature)), Construct}, captures);
}

EvalResult MakePredicate(CallContext& ctx, Args args) {
  return ctx.NewProcedure({args[1].text(), "x:any -> bool", IsRecord}, {args[0]});
}
EvalResult MakeAccessor(CallContext& ctx, Args args) {
  return ctx.NewProcedure({args[1].text(), "record:record -> any", Access}, {args[0], args[2]});
}
EvalResult MakeModifier(CallContext& ctx, Args args) {
  return ctx.NewProcedure({args[1].text(), "record:record x:any -> nil", Modify},
                          {args[0], args[2]});
}

constexpr absl::string_view kUsage =
    "it is (define-record-type NAME (CONSTRUCTOR FIELD...) PREDICATE (FIELD ACCESSOR "
    "[MODIFIER])...)";

class Expander {
 public:
  Expander(MacroContext& ctx, Span span) : ctx_(ctx), heap_(ctx.heap), span_(span) {}

  std::optional<Value> Expand(Value form) {
    const std::optional<size_t> length = ListLength(form);
    constexpr size_t kLeast = 4;
    if (!length || *length < kLeast) {
      Fail(span_, "define-record-type: expected name, constructor and predicate",
           std::string(kUsage));
      return std::nullopt;
    }
    const Value name = form.cdr(), constructor = name.cdr(), predicate = constructor.cdr();
    for (Value rest = predicate.cdr(); rest.is_pair(); rest = rest.cdr()) ReadField(rest);
    // What uses a field that could not be read is no further mistake.
    if (Name(name) && ctx_.diagnostics.ok()) {
      name_ = name.car();
      Define(name_, MakeType, "record-type", CarSpan(name),
             {Quote(name_), Quote(heap_.List(fields_))});
      AddConstructor(constructor);
      if (predicate.car() != Value::Bool(false) && Name(predicate)) {
        Define(predicate.car(), MakePredicate, "record-predicate", CarSpan(predicate),
               {name_, Quote(predicate.car())});
      }
      for (Value rest = predicate.cdr(); rest.is_pair(); rest = rest.cdr()) AddField(rest.car());
    }
    if (!ctx_.diagnostics.ok()) return std::nullopt;
    return definitions_.Finish(span_);
  }

 private:
  void Fail(Span span, std::string message, std::string hint = "") {
    ctx_.diagnostics.Error(span.known() ? span : span_, std::move(message), std::move(hint));
  }
  // The first element of a part of the form is a symbol; else that is a mistake.
  bool Name(Value part) {
    if (part.car().is_symbol()) return true;
    Fail(CarSpan(part),
         absl::StrCat("define-record-type: expected symbol, got ", part.car().type_name()));
    return false;
  }
  Value Quote(Value value) { return heap_.List({heap_.Intern("quote"), value}); }

  // (define NAME (MAKER ARGUMENT...))
  void Define(Value name, BuiltinFunction maker, absl::string_view maker_name, Span span,
              const std::vector<Value>& arguments) {
    // One of them would be the other's type.
    if (std::find(defined_.begin(), defined_.end(), name) != defined_.end()) {
      return Fail(span, absl::StrCat("define-record-type: '", name.text(), "' is there twice"));
    }
    defined_.push_back(name);
    if (definitions_.empty()) definitions_.Add(heap_.Intern("begin"), span_);
    ListBuilder call(heap_);
    call.Add(Value::Of(heap_.New<BuiltinObject>(0, Builtin{maker_name, "x:any... -> any", maker})));
    for (Value argument : arguments) call.Add(argument);
    ListBuilder define(heap_);
    define.Add(heap_.Intern("define"));
    define.Add(name, span);
    define.Add(call.Finish());
    definitions_.Add(define.Finish());
  }

  // Checks (FIELD ACCESSOR [MODIFIER]) and notes the field.
  void ReadField(Value part) {
    const Value field = part.car();
    const std::optional<size_t> length = ListLength(field);
    if (!length || *length < 2 || *length > 3) {
      Fail(CarSpan(part), "define-record-type: expected (FIELD ACCESSOR [MODIFIER])",
           field.is_symbol() ? absl::StrCat("as in (", field.text(), " get-", field.text(), ")")
                             : "");
      return;
    }
    for (Value rest = field; rest.is_pair(); rest = rest.cdr()) {
      if (!Name(rest)) return;
    }
    if (IndexOf(field.car())) {
      Fail(CarSpan(field),
           absl::StrCat("define-record-type: field '", field.car().text(), "' is there twice"));
      return;
    }
    fields_.push_back(field.car());
  }

  std::optional<size_t> IndexOf(Value field) const {
    const auto at = std::find(fields_.begin(), fields_.end(), field);
    if (at == fields_.end()) return std::nullopt;
    return static_cast<size_t>(at - fields_.begin());
  }

  static Value Index(size_t index) { return Value::Fixnum(static_cast<int64_t>(index)); }

  void AddConstructor(Value part) {
    const Value constructor = part.car();
    if (constructor == Value::Bool(false)) return;
    std::vector<Value> arguments = {name_, Value()};
    if (constructor.is_symbol()) {
      arguments[1] = Quote(constructor);
      for (size_t i = 0; i < fields_.size(); ++i) arguments.push_back(Index(i));
      return Define(constructor, MakeConstructor, "record-constructor", CarSpan(part), arguments);
    }
    if (!constructor.is_pair() || !ListLength(constructor)) {
      return Fail(CarSpan(part), "define-record-type: expected (CONSTRUCTOR FIELD...)",
                  "a symbol takes all fields, #f makes no constructor");
    }
    if (!Name(constructor)) return;
    arguments[1] = Quote(constructor.car());
    for (Value rest = constructor.cdr(); rest.is_pair(); rest = rest.cdr()) {
      if (!Name(rest)) return;
      const std::optional<size_t> index = IndexOf(rest.car());
      if (!index) {
        UnknownField(rest);
        continue;
      }
      if (std::find(arguments.begin() + 2, arguments.end(), Index(*index)) != arguments.end()) {
        Fail(CarSpan(rest), absl::StrCat("define-record-type: the constructor has field '",
                                         rest.car().text(), "' twice"));
      }
      arguments.push_back(Index(*index));
    }
    Define(constructor.car(), MakeConstructor, "record-constructor", CarSpan(constructor),
           arguments);
  }

  void UnknownField(Value part) {
    std::vector<absl::string_view> names;
    for (Value field : fields_) names.push_back(field.text());
    const std::string near = Suggest(part.car().text(), names);
    Fail(CarSpan(part), absl::StrCat("define-record-type: unknown field '", part.car().text(), "'"),
         near.empty() ? absl::StrCat("it needs a (", part.car().text(), " ACCESSOR) below")
                      : absl::StrCat("did you mean '", near, "'?"));
  }

  void AddField(Value field) {
    if (!ctx_.diagnostics.ok()) return;
    const Value index = Index(*IndexOf(field.car()));
    const Value accessor = field.cdr();
    Define(accessor.car(), MakeAccessor, "record-accessor", CarSpan(accessor),
           {name_, Quote(accessor.car()), index});
    const Value modifier = accessor.cdr();
    if (modifier.is_nil()) return;
    Define(modifier.car(), MakeModifier, "record-modifier", CarSpan(modifier),
           {name_, Quote(modifier.car()), index});
  }

  MacroContext& ctx_;
  Heap& heap_;
  const Span span_;
  Value name_;
  std::vector<Value> fields_;
  std::vector<Value> defined_;  // all names that the form defines
  ListBuilder definitions_{heap_};
};

}  // namespace

std::optional<std::vector<Value>> Record::Parts() const {
  std::vector<Value> parts;
  for (size_t i = 0; i < values_.size(); ++i) {
    parts.push_back(info_.labels()[i]);
    parts.push_back(values_[i]);
  }
  return parts;
}

std::optional<Value> ExpandDefineRecordType(MacroContext& ctx, Value form, Span span) {
  return Expander(ctx, span).Expand(form);
}

}  // namespace pelagos::reml
