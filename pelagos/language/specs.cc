#include "pelagos/language/specs.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/reml/define_service.h"
#include "pelagos/reml/usage.h"

namespace pelagos::language {
namespace {

using reml::SyntaxNode;
using reml::SyntaxTree;
using reml::TokenKind;
using Kind = SyntaxNode::Kind;

struct KindName {
  SpecKind kind;
  Named named;
  absl::string_view name;  // of the procedure that makes it
};
constexpr KindName kKinds[] = {{SpecKind::kService, Named::kService, "service"},
                               {SpecKind::kNetwork, Named::kNetwork, "network"},
                               {SpecKind::kVolume, Named::kVolume, "volume"}};

bool Quote(const SyntaxNode& node) {
  return node.token == TokenKind::kQuote || node.token == TokenKind::kQuasiquote;
}

bool Keyword(const SyntaxTree& tree, NodeId node) {
  return tree[node].kind == Kind::kWord && tree.text(node).front() == ':';
}

// Of a call, what its head makes, and whether it is a form with keywords.
struct Maker {
  SpecKind kind = SpecKind::kNone;
  bool keywords = false;
};
Maker MakerOf(const Names& names, NodeId list) {
  const Call* call = names.CallOf(list);
  if (call == nullptr || call->meaning.word == nullptr) return {};
  return {SpecMadeBy(*call->meaning.word), call->meaning.word->macro()};
}

// Longer lists are not looked into: it would be done for each of their elements.
constexpr size_t kLongest = 10'000;

// Which datum of a list a child of it is; nullopt: none.
std::optional<size_t> IndexOf(const SyntaxTree& tree, NodeId list, NodeId child) {
  size_t index = 0;
  for (NodeId id = tree.FirstDatum(list); id != kNoNode && index < kLongest;
       id = tree.NextDatum(id), ++index) {
    if (id == child) return index;
  }
  return std::nullopt;
}

// The word behind a quote; kNoNode: there is none.
NodeId QuotedWord(const SyntaxTree& tree, NodeId node) {
  if (!Quote(tree[node])) return kNoNode;
  const NodeId word = tree[node].last;
  return word != kNoNode && tree[word].kind == Kind::kWord ? word : kNoNode;
}

OptionUse UseOf(const SyntaxTree& tree, NodeId name, bool keyword) {
  OptionUse use;
  use.name = tree.text(name);
  if (keyword) use.name.remove_prefix(1);
  use.name_node = name;
  use.option = Vocabulary::Get().FindOption(use.name);
  use.keyword = keyword;
  return use;
}

// Of a value of define-service: the option of the last keyword before it.
std::optional<OptionUse> KeywordBefore(const SyntaxTree& tree, NodeId list, NodeId child) {
  std::optional<OptionUse> use;
  size_t index = 0;
  for (NodeId id = tree.FirstDatum(list); id != kNoNode && index < kLongest;
       id = tree.NextDatum(id), ++index) {
    if (index >= 3 && Keyword(tree, id)) {
      use = UseOf(tree, id, true);
      use->is_name = id == child;
    } else if (use) {
      if (id == child) return use;
      ++use->index;
    }
    if (id == child) return use;
  }
  return std::nullopt;
}

}  // namespace

SpecKind SpecMadeBy(const Word& word) {
  if (word.macro()) {
    const bool service =
        !word.ways.empty() && !word.ways[0].parts.empty() &&
        std::any_of(word.ways[0].parts.begin(), word.ways[0].parts.end(),
                    [](const reml::UsagePart& part) { return part.word == ":option"; });
    return service ? SpecKind::kService : SpecKind::kNone;
  }
  if (!word.procedure()) return SpecKind::kNone;
  for (const KindName& row : kKinds) {
    if (word.name() == row.name && word.signature.result == absl::StrCat(row.name, "-spec")) {
      return row.kind;
    }
  }
  return SpecKind::kNone;
}

absl::string_view AtomText(const SyntaxTree& tree, NodeId node) {
  const Range range = AtomRange(tree, node);
  return tree.source().substr(range.begin, range.end - range.begin);
}

Range AtomRange(const SyntaxTree& tree, NodeId node) {
  const SyntaxNode& syntax = tree[node];
  if (syntax.kind == Kind::kWord) return {syntax.begin, syntax.end};
  if (syntax.kind != Kind::kString) return {syntax.begin, syntax.begin};
  return {syntax.begin + 1, syntax.end - (syntax.complete ? 1 : 0)};
}

std::vector<Spec> SpecsOf(const Names& names) {
  const SyntaxTree& tree = names.tree();
  std::vector<Spec> specs;
  for (const Call& call : names.calls()) {
    if (call.meaning.word == nullptr) continue;
    const SpecKind kind = SpecMadeBy(*call.meaning.word);
    if (kind == SpecKind::kNone) continue;
    Spec spec{kind, "", {}, call.list, kNoNode};
    NodeId name = tree.NextDatum(call.head);
    if (call.meaning.word->macro() && name != kNoNode) {
      spec.bound = name;
      name = tree.NextDatum(name);
    }
    if (name == kNoNode) continue;
    if (const NodeId quoted = QuotedWord(tree, name); quoted != kNoNode) name = quoted;
    const bool text = tree[name].kind == Kind::kString ||
                      (tree[name].parent != call.list && tree[name].kind == Kind::kWord);
    if (!text) continue;
    spec.name_range = AtomRange(tree, name);
    spec.name = std::string(AtomText(tree, name));
    specs.push_back(std::move(spec));
  }
  return specs;
}

std::optional<OptionUse> OptionAround(const Names& names, NodeId node) {
  const SyntaxTree& tree = names.tree();
  constexpr size_t kMostLists = 16;  // around a value of an option
  NodeId child = node;
  size_t lists = 0;
  for (NodeId list = tree[node].parent;; child = list, list = tree[list].parent) {
    if (list == SyntaxTree::kRoot || ++lists > kMostLists) return std::nullopt;
    const SyntaxNode& syntax = tree[list];
    if (syntax.kind != Kind::kList) continue;
    if (const Maker maker = MakerOf(names, list); maker.keywords) {
      return KeywordBefore(tree, list, child);
    }
    const std::optional<size_t> index = IndexOf(tree, list, child);
    if (!index) return std::nullopt;
    // '(port 8080 80)
    NodeId name = kNoNode;
    const NodeId above = syntax.parent;
    NodeId in = above;
    if (above != SyntaxTree::kRoot && Quote(tree[above])) {
      in = tree[above].parent;
      const NodeId head = tree.FirstDatum(list);
      if (head != kNoNode && tree[head].kind == Kind::kWord) name = head;
    } else if (const NodeId head = tree.FirstDatum(list); head != kNoNode) {
      // (list 'port 8080 80)
      const NodeId first = tree.NextDatum(head);
      if (first != kNoNode && names.CallOf(list) != nullptr) name = QuotedWord(tree, first);
      if (name != kNoNode && *index == 0) return std::nullopt;
    }
    if (name == kNoNode) continue;
    const bool in_service =
        in != SyntaxTree::kRoot && MakerOf(names, in).kind == SpecKind::kService;
    OptionUse use = UseOf(tree, name, false);
    // Elsewhere it is one only if the word is.
    if (!in_service && use.option == nullptr) continue;
    const size_t first_value = tree[name].parent == list ? 1 : 2;
    use.is_name = node == name;
    use.index = *index < first_value ? 0 : *index - first_value;
    return use;
  }
}

Named NamedBy(const OptionUse& use) {
  if (use.option == nullptr || use.is_name) return Named::kNothing;
  if (reml::TakesBareNames(use.name)) return Named::kCapability;
  const std::vector<reml::UsageWay> ways = reml::ParseUsage(use.option->entry->usage);
  if (ways.empty() || ways[0].parts.empty()) return Named::kNothing;
  const std::vector<reml::UsagePart>& parts = ways[0].parts;
  const size_t index = std::min(use.index, parts.size() - 1);
  if (use.index >= parts.size() && !parts.back().repeated && !use.keyword) return Named::kNothing;
  for (const KindName& row : kKinds) {
    // (depends-on SERVICE [PORT]); as a keyword it may name several.
    if (absl::EqualsIgnoreCase(parts[index].word, row.name)) return row.named;
    if (use.keyword && absl::EqualsIgnoreCase(parts[0].word, row.name)) return row.named;
    // (network NAME...)
    if (use.name == row.name && parts[index].word == "NAME") return row.named;
  }
  return Named::kNothing;
}

Named NamedByArgument(const Names& names, NodeId node) {
  const SyntaxTree& tree = names.tree();
  const NodeId list = tree[node].parent;
  const Call* call = list == SyntaxTree::kRoot ? nullptr : names.CallOf(list);
  if (call == nullptr || call->meaning.word == nullptr || !call->meaning.word->procedure()) {
    return Named::kNothing;
  }
  const std::optional<size_t> index = IndexOf(tree, list, node);
  const std::vector<reml::Parameter>& parameters = call->meaning.word->signature.parameters;
  if (!index || *index == 0 || *index > parameters.size()) return Named::kNothing;
  const absl::string_view type = parameters[*index - 1].type;
  bool text = false;
  Named named = Named::kNothing;
  for (absl::string_view one : absl::StrSplit(type, '|')) {
    text |= one == "text" || one == "string";
    for (const KindName& row : kKinds) {
      if (one == absl::StrCat(row.name, "-spec")) named = row.named;
    }
  }
  return text ? named : Named::kNothing;
}

}  // namespace pelagos::language
