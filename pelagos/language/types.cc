#include "pelagos/language/types.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/language/vocabulary.h"

namespace pelagos::language {
namespace {

using reml::NodeId;
using reml::SyntaxNode;
using reml::TokenKind;

// The types of the language's own values, with expressions that give some.
struct Row {
  absl::string_view name;
  absl::string_view samples[4];
};
constexpr Row kRows[] = {
    {"int", {"1", "0", "2"}},
    {"string", {"\"a\"", "\"\"", "\"12\""}},
    {"procedure", {"list", "(lambda a 0)"}},
    {"pair", {"'(1)", "'((a . 1))", "'(\"a\")", "'(#\\a)"}},
    {"nil", {"'()"}},
    {"float", {"1.5", "2.0"}},
    {"bool", {"#t", "#f"}},
    {"symbol", {"'a"}},
    {"keyword", {":a"}},
    {"char", {"#\\a"}},
    {"vector", {"#(1)", "#()"}},
    {"hash-table", {"(make-hash-table)"}},
    {"regex", {"(regex \"a\")"}},
    {"input-port", {"(open-input-string \"a\")"}},
    {"output-port", {"(open-output-string)"}},
    {"promise", {"(make-promise 1)"}},
    {"eof", {"(eof-object)"}},
    {"service-spec", {"(service \"a\" '(image \"i\"))"}},
    {"network-spec", {"(network \"a\")"}},
    {"volume-spec", {"(volume \"a\")"}},
    {"compose-spec", {"(compose)"}},
};

struct Group {
  absl::string_view name;
  absl::string_view types;
};
constexpr Group kGroups[] = {
    {"number", "int|float"},
    {"list", "nil|pair"},
    {"text", "string|symbol|keyword"},
    {"map", "hash-table"},
    {"port", "input-port|output-port"},
};

// Names of types in the order of their bits; those of the layers above are found in signatures.
const std::vector<std::string>& TypeNames() {
  static const auto* const names = [] {
    auto* all = new std::vector<std::string>;
    for (const Row& row : kRows) all->emplace_back(row.name);
    const auto add = [&](absl::string_view type) {
      for (absl::string_view name : absl::StrSplit(type, '|')) {
        name = name.substr(0, name.find('<'));
        const bool known = name.empty() || name == "any" || name == "values" ||
                           std::any_of(std::begin(kGroups), std::end(kGroups),
                                       [&](const Group& group) { return group.name == name; }) ||
                           std::find(all->begin(), all->end(), name) != all->end();
        // Bits that are left over stand for types that no signature names.
        if (!known && all->size() < 60) all->emplace_back(name);
      }
    };
    for (const Word& word : Vocabulary::Get().words()) {
      for (const reml::Parameter& parameter : word.signature.parameters) add(parameter.type);
      if (word.procedure()) add(word.signature.result);
    }
    return all;
  }();
  return *names;
}

TypeSet One(absl::string_view name) {
  const std::vector<std::string>& names = TypeNames();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return kAnyType;
  TypeSet set(uint64_t{1} << (found - names.begin()));
  // A keyword is a symbol too; an alias of types is not told from its types.
  if (name == "symbol") set = set | One("keyword");
  return set;
}

}  // namespace

TypeSet ParseType(absl::string_view type) {
  TypeSet set;
  for (absl::string_view name : absl::StrSplit(type, '|')) {
    name = name.substr(0, name.find('<'));
    if (name.empty() || name == "any" || name == "values") return kAnyType;
    const auto* group = std::find_if(std::begin(kGroups), std::end(kGroups),
                                     [&](const Group& row) { return row.name == name; });
    set = set | (group == std::end(kGroups) ? One(name) : ParseType(group->types));
  }
  return set;
}

std::string TypeName(TypeSet set) {
  if (set.any()) return "any";
  std::string text;
  const std::vector<std::string>& names = TypeNames();
  for (size_t i = 0; i < names.size(); ++i) {
    if ((set.bits() >> i & 1) == 0) continue;
    absl::StrAppend(&text, text.empty() ? "" : "|", names[i]);
  }
  return text;
}

std::vector<absl::string_view> SamplesOf(TypeSet set) {
  std::vector<absl::string_view> samples;
  for (size_t rank = 0; rank < std::size(kRows[0].samples); ++rank) {
    for (size_t i = 0; i < std::size(kRows); ++i) {
      const absl::string_view sample = kRows[i].samples[rank];
      if ((set.bits() >> i & 1) != 0 && !sample.empty()) samples.push_back(sample);
    }
  }
  return samples;
}

TypeSet TypeOfAtom(absl::string_view word) {
  if (word.empty()) return {};
  if (word[0] == ':') return ParseType("keyword") & One("keyword");
  if (word == "#t" || word == "#f" || word == "#true" || word == "#false") return One("bool");
  int64_t integer = 0;
  if (absl::SimpleAtoi(word, &integer)) return One("int");
  double number = 0;
  const bool digits = word.find_first_of("0123456789") != absl::string_view::npos;
  const bool letters = word.find_first_not_of("0123456789+-.eE") != absl::string_view::npos;
  if (digits && !letters && absl::SimpleAtod(word, &number)) return One("float");
  if (absl::ConsumePrefix(&word, "#x") || absl::ConsumePrefix(&word, "#b") ||
      absl::ConsumePrefix(&word, "#o")) {
    return One("int");
  }
  return {};
}

TypeSet TypeOfDatum(const reml::SyntaxTree& tree, NodeId datum) {
  const SyntaxNode& node = tree[datum];
  switch (node.kind) {
    case SyntaxNode::Kind::kString:
      return One("string");
    case SyntaxNode::Kind::kCharacter:
      return One("char");
    case SyntaxNode::Kind::kVector:
      return One("vector");
    case SyntaxNode::Kind::kList:
      return One(tree.FirstDatum(datum) == reml::kNoNode ? "nil" : "pair");
    case SyntaxNode::Kind::kPrefix:
      return One("pair");  // (quote x)
    case SyntaxNode::Kind::kWord: {
      const TypeSet atom = TypeOfAtom(tree.text(datum));
      if (!atom.empty()) return atom;
      // What begins with # may be anything.
      return tree.text(datum)[0] == '#' ? kAnyType : ParseType("symbol");
    }
    default:
      return kAnyType;
  }
}

}  // namespace pelagos::language
