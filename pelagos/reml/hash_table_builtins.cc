// Hash tables: SRFI 69 and what SRFI 125 adds to it.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/suggest.h"
#include "pelagos/reml/arguments.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/hash_table.h"

namespace pelagos::reml {
namespace {

// One look-up or change of a table; what it cost is charged, and a comparison without end fails.
class Paid {
 public:
  explicit Paid(CallContext& ctx) : ctx_(ctx) {}
  uint64_t* work() { return &work_; }
  // To be asked after each operation.
  MaybeError Settle() {
    const uint64_t work = std::exchange(work_, 0);
    if (!ctx_.Charge(work)) return ctx_.OutOfSteps();
    if (work < HashTable::kMostWork) return std::nullopt;
    return ctx_.Error(ctx_.CallSpan(), absl::StrCat(ctx_.name(), ": key too large to compare"));
  }

 private:
  CallContext& ctx_;
  uint64_t work_ = 0;
};

MaybeError WantTable(CallContext& ctx, Args args, size_t index, HashTable** table) {
  *table = HashTable::From(args[index]);
  if (*table == nullptr) return ctx.TypeError(index, "hash-table", args[index]);
  return std::nullopt;
}

MaybeError Put(CallContext& ctx, HashTable& table, Value key, Value value) {
  Paid paid(ctx);
  table.Set(key, value, paid.work());
  return paid.Settle();
}

// Room and steps for `count` more entries or pairs.
MaybeError Afford(CallContext& ctx, size_t count) {
  constexpr size_t kEntryBytes = sizeof(Pair) + 32;
  if (!ctx.Charge(count)) return ctx.OutOfSteps();
  if (!ctx.Fits(count * kEntryBytes)) return ctx.OutOfMemory();
  return std::nullopt;
}

// "no key 'b'", with the string key that is nearest to it.
EvalResult Missing(CallContext& ctx, const HashTable& table, Value key, Span span) {
  constexpr size_t kMostKeys = 10'000;
  std::string near;
  if ((key.is_string() || key.is_symbol()) && table.size() <= kMostKeys) {
    std::vector<absl::string_view> names;
    for (Value entry : table.Entries()) {
      const Value name = entry.car();
      if (name.is_string() || name.is_symbol()) names.push_back(name.text());
    }
    if (!ctx.Charge(table.size())) return ctx.OutOfSteps();
    near = Suggest(key.text(), names);
    // The same letters as a symbol or as a string are another key.
    for (Value entry : table.Entries()) {
      const Value name = entry.car();
      if ((name.is_string() || name.is_symbol()) && name.text() == near) {
        near = Shown(name);
        break;
      }
    }
  }
  return ctx.Error(span, absl::StrCat(ctx.name(), ": no key ", Shown(key)),
                   near.empty() ? "" : absl::StrCat("did you mean ", near, "?"));
}

EvalResult MakeHashTable(CallContext& ctx, Args) { return HashTable::Make(ctx.heap()); }

EvalResult HashTableOf(CallContext& ctx, Args args) {
  if (args.size() % 2 != 0) {
    return ctx.Error(ctx.ArgSpan(args.size() - 1), "hash-table: the last key has no value",
                     "it is (hash-table KEY VALUE KEY VALUE...)");
  }
  const Value table = HashTable::Make(ctx.heap());
  for (size_t i = 0; i < args.size(); i += 2) {
    if (auto error = Put(ctx, *HashTable::From(table), args[i], args[i + 1])) return *error;
  }
  return table;
}

EvalResult IsHashTable(CallContext&, Args args) {
  return Value::Bool(HashTable::From(args[0]) != nullptr);
}

EvalResult Ref(CallContext& ctx, Args args) {
  HashTable* table = nullptr;
  if (auto error = WantTable(ctx, args, 0, &table)) return *error;
  if (args.size() > 2) {
    if (auto error = WantProcedure(ctx, args, 2)) return *error;
  }
  Paid paid(ctx);
  const std::optional<Value> found = table->Find(args[1], paid.work());
  if (auto error = paid.Settle()) return *error;
  if (found) return *found;
  if (args.size() > 2) return ctx.TailCall(args[2], {});
  return Missing(ctx, *table, args[1], ctx.ArgSpan(1));
}

EvalResult RefDefault(CallContext& ctx, Args args) {
  HashTable* table = nullptr;
  if (auto error = WantTable(ctx, args, 0, &table)) return *error;
  Paid paid(ctx);
  const std::optional<Value> found = table->Find(args[1], paid.work());
  if (auto error = paid.Settle()) return *error;
  return found.value_or(args[2]);
}

EvalResult SetKey(CallContext& ctx, Args args) {
  HashTable* table = nullptr;
  if (auto error = WantTable(ctx, args, 0, &table)) return *error;
  if (auto error = Put(ctx, *table, args[1], args[2])) return *error;
  return Value::Nil();
}

EvalResult Delete(CallContext& ctx, Args args) {
  HashTable* table = nullptr;
  if (auto error = WantTable(ctx, args, 0, &table)) return *error;
  Paid paid(ctx);
  const bool there = table->Erase(args[1], paid.work());
  if (auto error = paid.Settle()) return *error;
  return Value::Bool(there);
}

EvalResult Contains(CallContext& ctx, Args args) {
  HashTable* table = nullptr;
  if (auto error = WantTable(ctx, args, 0, &table)) return *error;
  Paid paid(ctx);
  const bool there = table->Find(args[1], paid.work()).has_value();
  if (auto error = paid.Settle()) return *error;
  return Value::Bool(there);
}

EvalResult Size(CallContext& ctx, Args args) {
  HashTable* table = nullptr;
  if (auto error = WantTable(ctx, args, 0, &table)) return *error;
  return Value::Fixnum(static_cast<int64_t>(table->size()));
}

EvalResult IsEmpty(CallContext& ctx, Args args) {
  HashTable* table = nullptr;
  if (auto error = WantTable(ctx, args, 0, &table)) return *error;
  return Value::Bool(table->size() == 0);
}

// A list with `part` of every entry.
template <typename Part>
EvalResult ListOf(CallContext& ctx, Args args, Part part) {
  HashTable* table = nullptr;
  if (auto error = WantTable(ctx, args, 0, &table)) return *error;
  if (auto error = Afford(ctx, 2 * table->size())) return *error;
  ListBuilder list(ctx.heap());
  for (Value entry : table->Entries()) list.Add(part(entry));
  return list.Finish(ctx.CallSpan());
}

EvalResult Keys(CallContext& ctx, Args args) {
  return ListOf(ctx, args, [](Value entry) { return entry.car(); });
}
EvalResult Values(CallContext& ctx, Args args) {
  return ListOf(ctx, args, [](Value entry) { return entry.cdr(); });
}
EvalResult ToAlist(CallContext& ctx, Args args) {
  return ListOf(ctx, args, [&](Value entry) { return ctx.heap().Cons(entry.car(), entry.cdr()); });
}

EvalResult FromAlist(CallContext& ctx, Args args) {
  size_t length = 0;
  if (auto error = MeasureList(ctx, args, 0, &length)) return *error;
  if (auto error = Afford(ctx, length)) return *error;
  const Value value = HashTable::Make(ctx.heap());
  HashTable& table = *HashTable::From(value);
  for (Value rest = args[0]; rest.is_pair(); rest = rest.cdr()) {
    const Value entry = rest.car();
    if (!entry.is_pair()) {
      return ctx.Error(ElementSpan(ctx, rest, 0),
                       absl::StrCat(ctx.name(), ": expected pair, got ", entry.type_name()),
                       "an association list has pairs (KEY . VALUE)");
    }
    Paid paid(ctx);
    if (!table.Find(entry.car(), paid.work())) table.Set(entry.car(), entry.cdr(), paid.work());
    if (auto error = paid.Settle()) return *error;
  }
  return value;
}

// hash-table-update! and its /default. Locals: the table, the key, the procedure.
EvalResult ResumeUpdate(CallContext& ctx, absl::Span<Value> locals, Value result) {
  if (auto error = Put(ctx, *HashTable::From(locals[0]), locals[1], result)) return *error;
  return Value::Nil();
}
EvalResult ResumeUpdateWith(CallContext& ctx, absl::Span<Value> locals, Value start) {
  return ctx.CallThen(locals[2], {start}, locals, ResumeUpdate);
}

EvalResult UpdateKey(CallContext& ctx, Args args, bool has_default) {
  HashTable* table = nullptr;
  if (auto error = WantTable(ctx, args, 0, &table)) return *error;
  if (auto error = WantProcedure(ctx, args, 2)) return *error;
  if (args.size() > 3 && !has_default) {
    if (auto error = WantProcedure(ctx, args, 3)) return *error;
  }
  Paid paid(ctx);
  const std::optional<Value> found = table->Find(args[1], paid.work());
  if (auto error = paid.Settle()) return *error;
  const Value locals[] = {args[0], args[1], args[2]};
  if (found) return ctx.CallThen(args[2], {*found}, locals, ResumeUpdate);
  if (has_default) return ctx.CallThen(args[2], {args[3]}, locals, ResumeUpdate);
  if (args.size() > 3) return ctx.CallThen(args[3], {}, locals, ResumeUpdateWith);
  return Missing(ctx, *table, args[1], ctx.ArgSpan(1));
}

EvalResult Update(CallContext& ctx, Args args) { return UpdateKey(ctx, args, false); }
EvalResult UpdateDefault(CallContext& ctx, Args args) { return UpdateKey(ctx, args, true); }

// The entries as a vector of their own, so that the procedure may change the table. Locals: the
// procedure, that vector, the index of the next entry.
EvalResult ResumeWalk(CallContext& ctx, absl::Span<Value> locals, Value) {
  const std::vector<Value>& entries = locals[1].vector()->items;
  const size_t next = static_cast<size_t>(locals[2].as_int());
  if (next == entries.size()) return Value::Nil();
  locals[2] = Value::Fixnum(static_cast<int64_t>(next + 1));
  return ctx.CallThen(locals[0], {entries[next].car(), entries[next].cdr()}, locals, ResumeWalk);
}

EvalResult ResumeFold(CallContext& ctx, absl::Span<Value> locals, Value accumulated) {
  const std::vector<Value>& entries = locals[1].vector()->items;
  const size_t next = static_cast<size_t>(locals[2].as_int());
  if (next == entries.size()) return accumulated;
  locals[2] = Value::Fixnum(static_cast<int64_t>(next + 1));
  return ctx.CallThen(locals[0], {entries[next].car(), entries[next].cdr(), accumulated}, locals,
                      ResumeFold);
}

EvalResult Visit(CallContext& ctx, const HashTable& table, Value procedure, Value start,
                 ResumeFunction resume) {
  if (auto error = Afford(ctx, 2 * table.size())) return *error;
  std::vector<Value> entries = table.Entries();
  for (Value& entry : entries) entry = ctx.heap().Cons(entry.car(), entry.cdr());
  Value locals[] = {procedure, ctx.heap().Vector(std::move(entries)), Value::Fixnum(0)};
  return resume(ctx, absl::MakeSpan(locals), start);
}

EvalResult Walk(CallContext& ctx, Args args) {
  HashTable* table = nullptr;
  if (auto error = WantTable(ctx, args, 0, &table)) return *error;
  if (auto error = WantProcedure(ctx, args, 1)) return *error;
  return Visit(ctx, *table, args[1], Value::Nil(), ResumeWalk);
}

EvalResult Fold(CallContext& ctx, Args args) {
  // SRFI 69's order has the table first.
  const size_t at = HashTable::From(args[0]) != nullptr ? 0 : 2;
  const size_t procedure = at == 0 ? 1 : 0;
  HashTable* table = nullptr;
  if (auto error = WantProcedure(ctx, args, procedure)) return *error;
  if (auto error = WantTable(ctx, args, at, &table)) return *error;
  return Visit(ctx, *table, args[procedure], args[at == 0 ? 2 : 1], ResumeFold);
}

EvalResult Clear(CallContext& ctx, Args args) {
  HashTable* table = nullptr;
  if (auto error = WantTable(ctx, args, 0, &table)) return *error;
  if (!ctx.Charge(table->size())) return ctx.OutOfSteps();
  table->Clear();
  return Value::Nil();
}

EvalResult Merge(CallContext& ctx, Args args) {
  const Value merged = HashTable::Make(ctx.heap());
  for (size_t i = 0; i < args.size(); ++i) {
    HashTable* table = nullptr;
    if (auto error = WantTable(ctx, args, i, &table)) return *error;
    if (auto error = Afford(ctx, table->size())) return *error;
    for (Value entry : table->Entries()) {
      if (auto error = Put(ctx, *HashTable::From(merged), entry.car(), entry.cdr())) return *error;
    }
  }
  return merged;
}

constexpr absl::string_view kIntro =
    "A hash table maps keys to values. Keys are compared with `equal?`, so numbers, strings, "
    "symbols and lists can all be keys; a table lists its keys in the order in which they were "
    "first set.";

constexpr Builtin kRows[] = {
    {"make-hash-table", "ignored:any... -> hash-table", MakeHashTable,
     "A new, empty hash table. Arguments that other Schemes take here, an equality and a hash "
     "function, are ignored: keys are always compared with `equal?`.",
     "(make-hash-table) => #<hash-table>\n(hash-table-size (make-hash-table)) => 0", 1},
    {"hash-table", "key-or-value:any... -> hash-table", HashTableOf,
     "A new hash table of keys and values, which take turns: `(hash-table KEY VALUE KEY "
     "VALUE...)`.",
     "(hash-table \"a\" 1 \"b\" 2) => #<hash-table (\"a\" . 1) (\"b\" . 2)>\n"
     "(hash-table 'a) !! hash-table: the last key has no value",
     1},
    {"hash-table?", "x:any -> bool", IsHashTable, "Whether X is a hash table.",
     "(hash-table? (make-hash-table)) => #t\n(hash-table? '((a . 1))) => #f", 1},
    {"hash-table-ref", "table:hash-table key:any [failure:procedure] -> any", Ref,
     "The value of KEY. When TABLE does not have it, the value of calling FAILURE without "
     "arguments; without FAILURE that is an error.",
     "(hash-table-ref (hash-table 'a 1) 'a) => 1\n"
     "(hash-table-ref (hash-table 'a 1) 'b (lambda () 0)) => 0\n"
     "(hash-table-ref (hash-table \"port\" 1) \"prot\") !! hash-table-ref: no key \"prot\"",
     1},
    {"hash-table-ref/default", "table:hash-table key:any default:any -> any", RefDefault,
     "The value of KEY, or DEFAULT when TABLE does not have it.",
     "(hash-table-ref/default (hash-table 1 'one) 2 'many) => many", 1},
    {"hash-table-set!", "table:hash-table key:any value:any -> nil", SetKey,
     "Gives KEY the value VALUE. A new key becomes the last one.",
     "(let ((t (hash-table 'a 1))) (hash-table-set! t 'b 2) (hash-table->alist t)) => "
     "((a . 1) (b . 2))",
     1},
    {"hash-table-delete!", "table:hash-table key:any -> bool", Delete,
     "Takes KEY out of TABLE. Returns whether it was there.",
     "(let ((t (hash-table 'a 1))) (hash-table-delete! t 'a) (hash-table-size t)) => 0\n"
     "(hash-table-delete! (hash-table) 'a) => #f",
     1},
    {"hash-table-contains?", "table:hash-table key:any -> bool", Contains, "Whether TABLE has KEY.",
     "(hash-table-contains? (hash-table 1 #f) 1.0) => #t", 1},
    {"hash-table-exists?", "table:hash-table key:any -> bool", Contains,
     "The same as `hash-table-contains?`.", "(hash-table-exists? (hash-table 1 #f) 2) => #f", 1},
    {"hash-table-size", "table:hash-table -> int", Size, "The number of keys.",
     "(hash-table-size (hash-table 'a 1 'a 2)) => 1", 1},
    {"hash-table-empty?", "table:hash-table -> bool", IsEmpty, "Whether TABLE has no keys.",
     "(hash-table-empty? (hash-table)) => #t", 1},
    {"hash-table-keys", "table:hash-table -> list", Keys, "A list of the keys, in order.",
     "(hash-table-keys (hash-table 'b 1 'a 2)) => (b a)", 1},
    {"hash-table-values", "table:hash-table -> list", Values,
     "A list of the values, in the order of their keys.",
     "(hash-table-values (hash-table 'b 1 'a 2)) => (1 2)", 1},
    {"hash-table->alist", "table:hash-table -> list<pair>", ToAlist,
     "A list of pairs (KEY . VALUE), in order.",
     "(hash-table->alist (hash-table 'b 1 'a 2)) => ((b . 1) (a . 2))", 1},
    {"alist->hash-table", "alist:list<pair> ignored:any... -> hash-table", FromAlist,
     "A hash table of the pairs (KEY . VALUE) of ALIST. Of several pairs with the same key, the "
     "first counts.",
     "(alist->hash-table '((a . 1) (b . 2) (a . 3))) => #<hash-table (a . 1) (b . 2)>\n"
     "(alist->hash-table '(5)) !! alist->hash-table: expected pair, got int",
     1},
    {"hash-table-update!",
     "table:hash-table key:any procedure:procedure [failure:procedure] -> nil", Update,
     "Gives KEY the value that PROCEDURE makes of its value. When TABLE does not have it, "
     "PROCEDURE gets the value of calling FAILURE without arguments; without FAILURE that is an "
     "error.",
     "(let ((t (hash-table 'a 1))) (hash-table-update! t 'a (lambda (n) (+ n 1))) t) => "
     "#<hash-table (a . 2)>\n"
     "(hash-table-update! (hash-table) 'a car) !! hash-table-update!: no key a",
     1},
    {"hash-table-update!/default",
     "table:hash-table key:any procedure:procedure default:any -> nil", UpdateDefault,
     "Gives KEY the value that PROCEDURE makes of its value, or of DEFAULT when TABLE does not "
     "have it.",
     "(let ((t (hash-table))) (hash-table-update!/default t 'a (lambda (n) (+ n 1)) 0) t) => "
     "#<hash-table (a . 1)>",
     1},
    {"hash-table-walk", "table:hash-table procedure:procedure -> nil", Walk,
     "Calls PROCEDURE with each key and its value, in order. What PROCEDURE does to TABLE does "
     "not change what it is called with.",
     "(hash-table-walk (hash-table 'a 1) (lambda (key value) (list key value))) => ()", 1},
    {"hash-table-fold", "procedure:procedure start:any table:hash-table -> any", Fold,
     "Calls PROCEDURE with each key, its value and what the call before returned, which is START "
     "for the first; the value is that of the last call. TABLE may also stand first, as in SRFI "
     "69.",
     "(hash-table-fold (lambda (key value sum) (+ value sum)) 0 (hash-table 'a 1 'b 2)) => 3", 1},
    {"hash-table-copy", "table:hash-table -> hash-table", Merge,
     "A new hash table with the same keys and values.",
     "(let ((t (hash-table 'a 1))) (hash-table-set! (hash-table-copy t) 'b 2) t) => "
     "#<hash-table (a . 1)>",
     1},
    {"hash-table-clear!", "table:hash-table -> nil", Clear, "Takes all keys out of TABLE.",
     "(let ((t (hash-table 'a 1))) (hash-table-clear! t) t) => #<hash-table>", 1},
    {"hash-table-merge", "table:hash-table... -> hash-table", Merge,
     "A new hash table with the keys of all TABLEs. Of several values of a key, the one of the "
     "last table counts.",
     "(hash-table-merge (hash-table 'a 1 'b 2) (hash-table 'a 3)) => #<hash-table (a . 3) (b . "
     "2)>",
     1},
};

}  // namespace

BuiltinTable HashTableBuiltins() { return {"Hash tables", kIntro, kRows}; }

}  // namespace pelagos::reml
