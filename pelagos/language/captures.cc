#include "pelagos/language/captures.h"

#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "pelagos/reml/number.h"

namespace pelagos::language {
namespace {

using reml::kNoNode;
using reml::NodeId;
using reml::Role;
using reml::SyntaxNode;
using reml::UsagePart;
using Kind = SyntaxNode::Kind;

// As the usage writes it: "(name value)".
std::string Written(const UsagePart& part) {
  if (!part.list()) return std::string(part.word);
  std::string text;
  for (const UsagePart& inner : part.parts) {
    absl::StrAppend(&text, text.empty() ? "" : " ", inner.optional ? "[" : "",
                    inner.tail ? ". " : "", Written(inner), inner.repeated ? "..." : "",
                    inner.optional ? "]" : "");
  }
  return absl::StrCat("(", text, ")");
}

bool IsBinding(const UsagePart& part) {
  return part.role == Role::kName || part.role == Role::kParameter;
}

class Matcher {
 public:
  Matcher(const reml::SyntaxTree& tree, Match& match) : tree_(tree), match_(match) {}

  void List(const std::vector<UsagePart>& parts, NodeId list, absl::Span<const NodeId> items) {
    size_t at = 0;
    bool marked = false;
    for (size_t p = 0; p < parts.size(); ++p) {
      const UsagePart& part = parts[p];
      if (part.after_mark && !marked) continue;
      if (part.tail) {
        if (at + 1 < items.size() && IsDot(items[at])) {
          Part(part, list, items[at + 1]);
          at += 2;
        }
      } else if (part.repeated) {
        const size_t needed = Needed(parts, p + 1);
        while (at + needed < items.size() && !IsDot(items[at])) {
          Part(Marked(parts, p + 1, items[at]).value_or(part), list, items[at]);
          ++at;
        }
      } else if (part.role == Role::kMark && !part.list()) {
        marked = at < items.size() && tree_.text(items[at]) == part.word;
        if (marked) ++at;
        if (!marked && !part.optional) Wrong(at < items.size() ? items[at] : list, part);
      } else if (at < items.size() && !IsDot(items[at])) {
        Part(part, list, items[at++]);
      } else if (!part.optional) {
        return Wrong(list, part);
      }
    }
    // A list of names may end as a dotted one.
    if (at + 2 == items.size() && IsDot(items[at]) && !parts.empty() && parts.back().repeated &&
        IsBinding(parts.back())) {
      Part(parts.back(), list, items[at + 1]);
      at += 2;
    }
    if (at < items.size()) Wrong(items[at], "nothing more");
  }

 private:
  bool IsDot(NodeId item) const {
    return tree_[item].kind == Kind::kWord && tree_.text(item) == ".";
  }
  static size_t Needed(const std::vector<UsagePart>& parts, size_t from) {
    size_t needed = 0;
    for (; from < parts.size(); ++from) {
      if (!parts[from].optional && !parts[from].repeated) ++needed;
    }
    return needed;
  }
  // The clause of `parts` from `from` on whose mark the item begins with.
  std::optional<UsagePart> Marked(const std::vector<UsagePart>& parts, size_t from,
                                  NodeId item) const {
    const absl::string_view head = tree_.Head(item);
    for (; !head.empty() && from < parts.size(); ++from) {
      const UsagePart& part = parts[from];
      if (part.list() && !part.parts.empty() && part.parts[0].role == Role::kMark &&
          part.parts[0].word == head) {
        return part;
      }
    }
    return std::nullopt;
  }

  void Part(const UsagePart& part, NodeId list, NodeId item) {
    const Kind kind = tree_[item].kind;
    if (part.list()) {
      if (kind == Kind::kList) {
        List(part.parts, item, tree_.Data(item));
      } else if (part.formals() && IsName(item)) {
        Add(part.parts.front(), list, item);
      } else {
        Wrong(item, part);
      }
      return;
    }
    if (!IsBinding(part)) {
      Add(part, list, item);
      return;
    }
    if (part.word == "parameters" && kind == Kind::kList) {
      for (NodeId name : tree_.Data(item)) {
        if (IsDot(name)) continue;
        if (!IsName(name)) return Wrong(name, "a name");
        Add(part, list, name);
      }
      return;
    }
    // (define "name" ...) is the original's.
    if (!IsName(item) && kind != Kind::kString) return Wrong(item, "a name");
    Add(part, list, item);
  }

  bool IsName(NodeId item) const {
    return tree_[item].kind == Kind::kWord && !IsConstant(tree_.text(item)) && !IsDot(item);
  }
  void Add(const UsagePart& part, NodeId list, NodeId item) {
    match_.captures.push_back({part.role, part.word, item, list});
  }
  void Wrong(NodeId node, const UsagePart& part) { Wrong(node, Written(part)); }
  void Wrong(NodeId node, std::string expected) {
    if (match_.wrong != kNoNode) return;
    match_.wrong = node;
    match_.expected = std::move(expected);
  }

  const reml::SyntaxTree& tree_;
  Match& match_;
};

// Whether the item may be that part, by its shape alone.
bool Fits(const reml::SyntaxTree& tree, const UsagePart& part, NodeId item) {
  const bool list = tree[item].kind == Kind::kList;
  if (part.list()) return list || part.formals();
  if (!IsBinding(part)) return !list;
  return tree[item].atom() && !IsConstant(tree.text(item));
}

}  // namespace

Match MatchForm(const reml::SyntaxTree& tree, NodeId list, const Word& word) {
  Match match;
  std::vector<NodeId> items = tree.Data(list);
  items.erase(items.begin());
  if (!items.empty()) {
    for (size_t way = 0; way < word.ways.size(); ++way) {
      const std::vector<UsagePart>& parts = word.ways[way].parts;
      if (parts.empty() || !Fits(tree, parts.front(), items.front())) continue;
      match.way = way;
      break;
    }
  }
  if (word.ways.empty()) return match;
  Matcher(tree, match).List(word.ways[match.way].parts, list, items);
  return match;
}

bool DefinesSyntax(const Word& word) {
  return absl::StrContains(word.entry->usage, "(syntax-rules ");
}
bool DefinesMacro(const Word& word) {
  return DefinesSyntax(word) || (word.special() && word.name() == "defmacro");
}

reml::Arity ArityOfFormals(const reml::SyntaxTree& tree, NodeId formals, size_t skip) {
  reml::Arity arity;
  if (!tree[formals].list()) return {0, reml::Arity::kAny};
  for (NodeId name : tree.Data(formals)) {
    if (skip != 0) {
      --skip;
    } else if (tree.text(name) == ".") {
      arity.most = reml::Arity::kAny;
      break;
    } else {
      ++arity.least;
      ++arity.most;
    }
  }
  return arity;
}

bool IsConstant(absl::string_view word) {
  const char c = word.front();
  if (c == ':') return true;
  if (c == '#') return word == "#t" || word == "#f" || word == "#true" || word == "#false";
  if ((c < '0' || c > '9') && c != '+' && c != '-' && c != '.') return false;
  const auto number = reml::ParseNumber(word);
  const auto* none = std::get_if<reml::NotANumber>(&number);
  return none == nullptr || *none == reml::NotANumber::kOutOfRange;
}

}  // namespace pelagos::language
