#include "pelagos/reml/import.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/sha256.h"
#include "pelagos/base/suggest.h"
#include "pelagos/reml/file_argument.h"
#include "pelagos/reml/list.h"
#include "pelagos/reml/printer.h"

namespace pelagos::reml {
namespace {

using Args = absl::Span<const Value>;

// A variable that no program can name by writing it.
constexpr absl::string_view kProcedure = "#<import>";

// What this language has of R7RS and of the SRFIs, docs/reml/r7rs.md.
constexpr absl::string_view kLibraries[] = {
    "(scheme base)",
    "(scheme case-lambda)",
    "(scheme char)",
    "(scheme cxr)",
    "(scheme inexact)",
    "(scheme lazy)",
    "(scheme process-context)",
    "(scheme read)",
    "(scheme time)",
    "(scheme write)",
    "(srfi 1)",
    "(srfi 6)",
    "(srfi 8)",
    "(srfi 9)",
    "(srfi 11)",
    "(srfi 16)",
    "(srfi 23)",
    "(srfi 28)",
    "(srfi 30)",
    "(srfi 34)",
    "(srfi 39)",
    "(srfi 62)",
    "(srfi 69)",
    "(srfi 87)",
};

// A path by its words alone: "a/./b/../c" is "a/c". The same for all spellings of one file, unless
// links are in between.
std::string Clean(absl::string_view path) {
  std::vector<absl::string_view> parts;
  for (absl::string_view part : absl::StrSplit(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  return absl::StrCat(path.substr(0, 1) == "/" ? "/" : "", absl::StrJoin(parts, "/"));
}

// What has been imported. A file is its path and its content, and so nothing of the disk but what
// was read is known here.
class Imports : public Foreign {
 public:
  absl::string_view type_name() const override { return "imports"; }
  void Print(std::string* out) const override { absl::StrAppend(out, "#<imports>"); }

  struct State {
    std::map<std::string, uint32_t> sources;  // by key
    std::map<uint32_t, std::string> keys;     // of sources
    std::map<uint32_t, uint32_t> importers;   // of sources; never a cycle
    std::set<uint32_t> done;
  };
  State& state() const { return state_; }

 private:
  mutable State state_;
};

std::string KeyOf(absl::string_view path, absl::string_view digest) {
  return absl::StrCat(Clean(path), "\n", digest);
}

// The key of a source that is evaluated: also of the program, which nobody imported.
const std::string& KeyOf(Imports::State& state, const SourceMap& sources, uint32_t source) {
  std::string& key = state.keys[source];
  if (key.empty()) {
    const Source* found = sources.Find(source);
    if (found != nullptr) key = KeyOf(found->name(), Sha256Hex(found->text()));
  }
  return key;
}

// "a.reml -> b.reml -> a.reml" when the file of this key is being imported by way of itself.
std::string CycleTo(Imports::State& state, const SourceMap& sources, uint32_t importer,
                    const std::string& key) {
  std::vector<absl::string_view> chain;
  for (uint32_t at = importer; sources.Find(at) != nullptr;) {
    chain.insert(chain.begin(), sources.Find(at)->name());
    if (KeyOf(state, sources, at) == key) {
      return absl::StrCat(absl::StrJoin(chain, " -> "), " -> ", chain.front());
    }
    const auto above = state.importers.find(at);
    if (above == state.importers.end()) break;
    at = above->second;
  }
  return "";
}

bool IsDigest(absl::string_view text) {
  constexpr size_t kDigits = 64;
  return text.size() == kDigits &&
         text.find_first_not_of("0123456789abcdef") == absl::string_view::npos;
}

// The value of :sha256, with or without that word before it.
std::optional<EvalResult> CheckDigest(CallContext& ctx, Value value, absl::string_view path,
                                      absl::string_view digest) {
  constexpr size_t kIndex = 2;
  if (!value.is_string()) return ctx.TypeError(kIndex, "string", value);
  absl::string_view expected = value.text();
  absl::ConsumePrefix(&expected, "sha256:");
  if (!IsDigest(expected)) {
    return ctx.Error(ctx.ArgSpan(kIndex), "import: not a SHA-256 digest",
                     "expected 64 digits 0-9a-f");
  }
  if (expected == digest) return std::nullopt;
  return ctx.Error(ctx.ArgSpan(kIndex),
                   absl::StrCat("import: '", path, "' is not the expected file"),
                   absl::StrCat("its sha256 is ", digest));
}

EvalResult Evaluate(CallContext& ctx, Args) {
  return ctx.EvaluateSource(static_cast<uint32_t>(ctx.captures()[0].as_int()));
}
constexpr Builtin kEvaluate = {"import", " -> any", Evaluate};

EvalResult Finish(CallContext&, absl::Span<Value> locals, Value) {
  locals[0].foreign<Imports>()->state().done.insert(static_cast<uint32_t>(locals[1].as_int()));
  return Value::Nil();
}

EvalResult Import(CallContext& ctx, Args args) {
  const Value imports = ctx.captures()[0];
  Imports::State& state = imports.foreign<Imports>()->state();
  std::string path, text;
  if (auto error = ReadFileArgument(ctx, 0, args[0], path, text)) return *error;
  const std::string digest = Sha256Hex(text);
  if (args.size() > 2) {
    if (auto error = CheckDigest(ctx, args[2], path, digest)) return *error;
  }
  const std::string key = KeyOf(path, digest);
  const uint32_t importer = ctx.CallSpan().source;
  if (const std::string cycle = CycleTo(state, ctx.sources(), importer, key); !cycle.empty()) {
    return ctx.Error(ctx.ArgSpan(0), absl::StrCat("import cycle: ", cycle));
  }
  auto [known, first] = state.sources.try_emplace(key, 0);
  if (first) {
    known->second = ctx.sources().Add(path, std::move(text));
    state.keys[known->second] = key;
  }
  const uint32_t source = known->second;
  if (state.done.count(source) != 0) return Value::Nil();
  state.importers[source] = importer;
  const Value number = Value::Fixnum(source);
  return ctx.CallThen(ctx.NewProcedure(kEvaluate, {&number, 1}), {}, {{imports, number}}, Finish);
}

constexpr Builtin kImport = {
    "import",
    "path:string option:any... -> nil",
    Import,
    "Evaluates the file PATH at the top level, so that all that it defines is there from then on. "
    "PATH counts from the folder of the importing file; a file is evaluated once, however often it "
    "is imported. `:sha256 HEX` says which content it must have. Instead of a path, the libraries "
    "of R7RS can be named, which are always there: `(import (scheme base))`.",
    "(import (scheme base)) => ()\n"
    "(import \"no-such.reml\") !! import: 'no-such.reml': No such file or directory",
    1};

class Expander {
 public:
  Expander(MacroContext& ctx, Span span) : ctx_(ctx), span_(span) {}

  std::optional<Value> Expand(Value form) {
    const std::optional<size_t> length = ListLength(form);
    if (!length || *length < 2) {
      return Fail(span_, "import: expected a file", "such as (import \"lib.reml\")");
    }
    ListBuilder calls(ctx_.heap);
    calls.Add(ctx_.heap.Intern("begin"), span_);
    for (Value rest = form.cdr(); rest.is_pair();) {
      const Value item = rest.car();
      const Span at = Or(CarSpan(rest));
      bool known = true;
      if (IsLibrary(item, at, known)) {
        if (!known) return std::nullopt;
        rest = rest.cdr();
        continue;
      }
      if (item.is_keyword()) {
        return Fail(at, absl::StrCat("import: expected a file, got ", item.text()));
      }
      ListBuilder call(ctx_.heap);
      call.Add(ctx_.heap.Intern(kProcedure).symbol()->global, span_);
      call.Add(item, at);
      rest = rest.cdr();
      if (rest.is_pair() && rest.car().is_keyword()) {
        if (rest.car().text() != ":sha256") {
          return Fail(Or(CarSpan(rest)),
                      absl::StrCat("import: unknown option '", rest.car().text(), "'"),
                      "the only one is ':sha256'");
        }
        if (!rest.cdr().is_pair()) {
          return Fail(Or(CarSpan(rest)), "import: ':sha256' needs a value",
                      "expected 64 digits 0-9a-f in quotes");
        }
        call.Add(rest.car(), Or(CarSpan(rest)));
        rest = rest.cdr();
        call.Add(rest.car(), Or(CarSpan(rest)));
        rest = rest.cdr();
      }
      calls.Add(call.Finish(span_), span_);
    }
    return calls.Finish(span_);
  }

 private:
  std::nullopt_t Fail(Span span, std::string message, std::string hint = "") {
    ctx_.diagnostics.Error(span, std::move(message), std::move(hint));
    return std::nullopt;
  }
  Span Or(Span span) const { return span.known() ? span : span_; }

  // Whether it is an import set of R7RS 5.2 and no expression; what is not here of it was reported.
  bool IsLibrary(Value item, Span at, bool& known) {
    while (item.is_pair() && item.car().is_symbol() && IsFree(item.car().symbol())) {
      const absl::string_view head = item.car().text();
      const bool inner = item.cdr().is_pair() && item.cdr().car().is_pair();
      if (inner && (head == "only" || head == "except")) {
        at = SpanOf(item.cdr().car()).known() ? SpanOf(item.cdr().car()) : at;
        item = item.cdr().car();
        continue;
      }
      constexpr size_t kLongest = 100;
      std::string name;
      WriteTo(item, &name, kLongest);
      known = std::find(std::begin(kLibraries), std::end(kLibraries), name) != std::end(kLibraries);
      if (inner && (head == "prefix" || head == "rename")) {
        Fail(at, absl::StrCat("import: ", head, " is not possible: names have no modules here"));
      } else if (!known) {
        const std::string near = Suggest(name, kLibraries);
        Fail(at, absl::StrCat("import: unknown library ", name),
             near.empty() ? "" : absl::StrCat("did you mean ", near, "?"));
      }
      return true;
    }
    return false;
  }
  bool IsFree(Symbol* head) const {
    return head->special_form == 0 && ctx_.value_of(head).is_unbound();
  }

  MacroContext& ctx_;
  const Span span_;
};

}  // namespace

const Builtin& ImportRow() { return kImport; }

std::optional<Value> ExpandImport(MacroContext& ctx, Value form, Span span) {
  return Expander(ctx, span).Expand(form);
}

void DefineImport(CallContext& ctx) {
  Heap& heap = ctx.heap();
  const Value imports = heap.NewForeign(std::make_unique<Imports>());
  heap.SetGlobal(heap.Intern(kProcedure).symbol(), ctx.NewProcedure(kImport, {&imports, 1}));
}

}  // namespace pelagos::reml
