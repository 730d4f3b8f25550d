// How what is being called at a place is used.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/language/assist.h"
#include "pelagos/language/captures.h"
#include "pelagos/language/place.h"
#include "pelagos/language/specs.h"

namespace pelagos::language {
namespace {

using reml::SyntaxNode;
using reml::SyntaxTree;
using Kind = SyntaxNode::Kind;

bool Blank(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return reml::IsBlank(c); });
}

// "(substring text:string start:int [end:int])" with the places of its parts behind the name.
SignatureWay WayOf(absl::string_view usage) {
  SignatureWay way;
  way.label = std::string(usage);
  size_t depth = 0;  // of parentheses and brackets
  size_t begin = 0;
  bool in_part = false;
  for (size_t i = 0; i < usage.size(); ++i) {
    const char c = usage[i];
    const bool closes = c == ')' && depth == 1;
    const bool dot = in_part && usage.substr(begin, i - begin) == ".";  // ". rest"
    if (in_part && !dot && depth == 1 && (closes || c == ' ')) {
      way.parameters.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(i)});
      in_part = false;
    }
    if (depth == 1 && !in_part && c != ' ' && !closes) {
      in_part = true;
      begin = i;
    }
    if (c == '(' || c == '[') ++depth;
    if ((c == ')' || c == ']') && depth > 0) --depth;
  }
  if (!way.parameters.empty()) way.parameters.erase(way.parameters.begin());  // the name
  return way;
}

// The part that the argument `index` belongs to: the last one again when that repeats.
void SetActive(SignatureWay& way, size_t index) {
  const size_t count = way.parameters.size();
  way.active = std::min(index, count);
  if (index < count || count == 0) return;
  const Range last = way.parameters.back();
  const absl::string_view text =
      absl::string_view(way.label).substr(last.begin, last.end - last.begin);
  const bool repeats =
      absl::StrContains(text, "...") || text.front() == '.' || absl::StartsWith(text, "[.");
  if (repeats) way.active = count - 1;
}

struct Inside {
  NodeId list = kNoNode;
  size_t index = 0;  // of the datum that is being written
};

// The innermost list around a place whose head is behind it already.
std::vector<Inside> ListsAround(const SyntaxTree& tree, uint32_t offset) {
  constexpr size_t kMost = 32;
  std::vector<Inside> lists;
  NodeId node = tree.At(offset);
  for (; node != SyntaxTree::kRoot && lists.size() < kMost; node = tree[node].parent) {
    const SyntaxNode& syntax = tree[node];
    if (syntax.kind != Kind::kList || offset <= syntax.begin) continue;
    if (offset >= syntax.end && syntax.complete) continue;
    size_t before = 0;
    for (NodeId id = tree.FirstDatum(node); id != kNoNode && tree[id].end < offset;
         id = tree.NextDatum(id)) {
      ++before;
    }
    lists.push_back({node, before});
  }
  return lists;
}

std::optional<SignatureHelp> HelpFor(const Word& word, size_t index) {
  SignatureHelp help;
  help.markdown = word.entry->doc;
  for (absl::string_view line : absl::StrSplit(word.entry->usage, '\n')) {
    help.ways.push_back(WayOf(line));
    SetActive(help.ways.back(), index);
  }
  // The first way that has room for it.
  for (size_t i = 0; i < help.ways.size(); ++i) {
    if (help.ways[i].active < help.ways[i].parameters.size()) {
      help.active = i;
      break;
    }
  }
  return help;
}

}  // namespace

std::optional<SignatureHelp> SignatureAt(const Names& names, uint32_t offset) {
  const SyntaxTree& tree = names.tree();
  if (CommentAt(tree, offset)) return std::nullopt;
  for (const Inside& inside : ListsAround(tree, offset)) {
    const NodeId head = tree.FirstDatum(inside.list);
    if (inside.index == 0 || head == kNoNode) continue;
    const Call* call = names.CallOf(inside.list);
    if (call == nullptr) {
      // An option: '(port 8080 |)
      const auto use = tree[head].kind == Kind::kWord ? OptionAround(names, head) : std::nullopt;
      if (!use || !use->is_name || use->option == nullptr) continue;
      return HelpFor(*use->option, inside.index - 1);
    }
    const Meaning& meaning = call->meaning;
    if (meaning.kind == Meaning::Kind::kWord) {
      if (meaning.word->macro() && SpecMadeBy(*meaning.word) != SpecKind::kNone) {
        // Behind a keyword it is the option that counts.
        NodeId last = kNoNode;
        size_t since = 0, index = 0;
        for (NodeId id = tree.FirstDatum(inside.list); id != kNoNode && index < inside.index;
             id = tree.NextDatum(id), ++index, ++since) {
          if (index < 3 || tree[id].kind != Kind::kWord || tree.text(id).front() != ':') continue;
          last = id;
          since = 0;
        }
        const Word* option =
            last == kNoNode ? nullptr : Vocabulary::Get().FindOption(tree.text(last).substr(1));
        if (option != nullptr) return HelpFor(*option, since - 1);
      }
      std::optional<SignatureHelp> help = HelpFor(*meaning.word, inside.index - 1);
      if (!meaning.word->procedure()) {
        const size_t way = MatchForm(tree, inside.list, *meaning.word).way;
        if (way < help->ways.size()) help->active = way;
      }
      return help;
    }
    if (meaning.kind != Meaning::Kind::kDefinition) continue;
    const Definition& definition = names.definitions()[meaning.definition];
    // Of what is called here no more is known; what is around it is not being written.
    if (definition.imported() || !definition.arity) return std::nullopt;
    SignatureHelp help;
    NodeId formals = tree[definition.node].parent;  // (f a b)
    std::string label;
    if (definition.value != kNoNode) {
      // (define f (lambda (a b) ...))
      const std::vector<NodeId> parts = tree.Data(definition.value);
      if (parts.size() < 2) continue;
      formals = parts[1];
      absl::string_view text = tree.text(formals);
      if (tree[formals].kind == Kind::kList) {
        text = text.substr(1, text.size() - (tree[formals].complete ? 2 : 1));
        label = absl::StrCat("(", definition.name, Blank(text) ? "" : " ", text, ")");
      } else {
        label = absl::StrCat("(", definition.name, " ", text, "...)");
      }
    } else if (formals == definition.form) {
      // Of a record, or the like: its parameters have no names.
      continue;
    } else {
      label = std::string(tree.text(formals));
    }
    constexpr size_t kLongest = 500;
    if (label.size() > kLongest || label.find_first_of("\n;") != std::string::npos) continue;
    help.ways.push_back(WayOf(label));
    SetActive(help.ways.back(), inside.index - 1);
    return help;
  }
  return std::nullopt;
}

}  // namespace pelagos::language
