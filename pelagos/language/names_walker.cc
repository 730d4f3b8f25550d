#include "pelagos/language/names_walker.h"

#include <algorithm>

namespace pelagos::language {
namespace {

using reml::SyntaxNode;
using reml::TokenKind;
using Kind = SyntaxNode::Kind;

}  // namespace

void Names::Walker::Run() {
  NameScope program;
  program.end = tree_[reml::SyntaxTree::kRoot].end;
  names_.scopes_.push_back(program);
  const State state;
  for (NodeId form : tree_.Data(reml::SyntaxTree::kRoot)) Hoist(form, state);
  for (NodeId form : tree_.Data(reml::SyntaxTree::kRoot)) Walk(form, state);

  std::sort(names_.calls_.begin(), names_.calls_.end(),
            [](const Call& a, const Call& b) { return a.list < b.list; });
  for (uint32_t i = 0; i < names_.calls_.size(); ++i) {
    names_.call_index_.emplace(names_.calls_[i].list, i);
  }
  for (Definition& definition : names_.definitions_) {
    std::sort(definition.uses.begin(), definition.uses.end());
  }
  std::sort(names_.early_uses_.begin(), names_.early_uses_.end());
}

void Names::Walker::Walk(NodeId node, State state) {
  if (++state.depth > kDeepest) {
    names_.open_world_ = true;
    return;
  }
  const SyntaxNode& syntax = tree_[node];
  switch (syntax.kind) {
    case Kind::kWord:
      return Reference(node, state);
    case Kind::kList:
      return List(node, state);
    case Kind::kPrefix:
      if (syntax.token == TokenKind::kQuasiquote) return Quasi(node, 1, state);
      if (syntax.token == TokenKind::kQuote) {
        if (state.macro) Vague(node, state);
        return;
      }
      return WalkAll(syntax.first, state);
    default:
      return;  // data
  }
}

void Names::Walker::WalkAll(NodeId from, State state) {
  for (NodeId node = from; node != kNoNode; node = tree_[node].next) {
    if (tree_[node].datum()) Walk(node, state);
  }
}

const Word* Names::Walker::FormAt(absl::string_view head, ScopeId scope) const {
  const Word* word = vocabulary_.Find(head);
  if (word == nullptr || word->procedure()) return nullptr;
  if (word->special()) return word;
  return names_.Lookup(head, scope).kind == Meaning::Kind::kWord ? word : nullptr;
}

void Names::Walker::List(NodeId list, State state) {
  const NodeId head = tree_.FirstDatum(list);
  if (head == kNoNode) return;
  if (tree_[head].kind != Kind::kWord || IsConstant(tree_.text(head))) {
    AddCall(list, head, {}, false, state);
    return WalkAll(head, state);
  }
  const absl::string_view name = tree_.text(head);
  if (const Word* word = FormAt(name, state.scope)) {
    const Meaning meaning = {Meaning::Kind::kWord, 0, word};
    names_.meanings_[head] = meaning;
    AddCall(list, head, meaning, false, state);
    return Form(list, *word, state);
  }
  Reference(head, state);
  const Meaning meaning = names_.MeaningOf(head);
  AddCall(list, head, meaning, false, state);
  const bool known = meaning.kind == Meaning::Kind::kWord ||
                     (meaning.kind == Meaning::Kind::kDefinition &&
                      names_.definitions_[meaning.definition].kind != Definition::Kind::kMacro);
  if (known) return WalkAll(tree_[head].next, state);
  // A macro of the program, or what may be one.
  for (NodeId node = tree_[head].next; node != kNoNode; node = tree_[node].next) {
    Vague(node, state);
  }
}

void Names::Walker::Quasi(NodeId node, size_t level, State state) {
  if (++state.depth > kDeepest) return;
  for (NodeId child = tree_[node].first; child != kNoNode; child = tree_[child].next) {
    const SyntaxNode& syntax = tree_[child];
    if (!syntax.datum()) continue;
    if (syntax.kind == Kind::kWord) {
      if (state.macro) Vague(child, state);
    } else if (syntax.token == TokenKind::kUnquote || syntax.token == TokenKind::kUnquoteSplicing) {
      if (level == 1) {
        WalkAll(syntax.first, state);
      } else {
        Quasi(child, level - 1, state);
      }
    } else if (!syntax.atom()) {
      Quasi(child, level + (syntax.token == TokenKind::kQuasiquote ? 1 : 0), state);
    }
  }
}

void Names::Walker::Reference(NodeId word, State state) {
  const absl::string_view name = tree_.text(word);
  if (IsConstant(name)) return;
  const Meaning meaning = names_.Lookup(name, state.scope);
  if (meaning.kind == Meaning::Kind::kUnknown && (name == "else" || name == "=>" || name == ".")) {
    return;
  }
  names_.meanings_[word] = meaning;
  if (meaning.kind != Meaning::Kind::kDefinition) return;
  Definition& definition = names_.definitions_[meaning.definition];
  definition.uses.push_back(word);
  if (definition.imported() || word > definition.node) return;
  // Before its own definition a name of the language still means that.
  if (state.level == names_.scopes_[definition.scope].level && vocabulary_.Find(name) == nullptr) {
    names_.early_uses_.push_back(word);
  }
}

void Names::Walker::Assign(NodeId word, State state) {
  const Meaning meaning = names_.Lookup(tree_.text(word), state.scope);
  names_.meanings_[word] = meaning;
  if (meaning.kind != Meaning::Kind::kDefinition) return;
  Definition& definition = names_.definitions_[meaning.definition];
  definition.assigned = true;
  definition.arity.reset();
}

void Names::Walker::Vague(NodeId node, State state) {
  // The nodes below one follow it.
  const uint32_t end = tree_[node].end;
  for (NodeId id = node; id < tree_.size() && tree_[id].begin < end; ++id) {
    const SyntaxNode& syntax = tree_[id];
    if (syntax.kind == Kind::kList) {
      const NodeId head = tree_.FirstDatum(id);
      if (head != kNoNode && tree_[head].kind == Kind::kWord) {
        AddCall(id, head, names_.Lookup(tree_.text(head), state.scope), true, state);
      }
    }
    if (syntax.kind != Kind::kWord || IsConstant(tree_.text(id)) || Declared(id)) continue;
    const absl::string_view name = tree_.text(id);
    Meaning meaning = names_.Lookup(name, state.scope);
    if (meaning.kind == Meaning::Kind::kUnknown) meaning.kind = Meaning::Kind::kVague;
    if (meaning.kind == Meaning::Kind::kDefinition) {
      names_.definitions_[meaning.definition].uses.push_back(id);
    } else {
      names_.vague_.insert(std::string(name));
    }
    names_.meanings_[id] = meaning;
  }
}

void Names::Walker::AddCall(NodeId list, NodeId head, Meaning meaning, bool vague, State state) {
  Call call;
  call.list = list;
  call.head = head;
  call.meaning = meaning;
  call.vague = vague;
  call.scope = state.scope;
  call.deferred = state.level > 0;
  names_.calls_.push_back(call);
}

}  // namespace pelagos::language
