// What may be written at a place.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/abi/capability.h"
#include "pelagos/language/assist.h"
#include "pelagos/language/place.h"
#include "pelagos/language/specs.h"

namespace pelagos::language {
namespace {

using reml::SyntaxNode;
using reml::SyntaxTree;
using reml::TokenKind;
using Kind = SyntaxNode::Kind;

Completion OfWord(const Word& word) {
  Completion item;
  item.label = word.name();
  item.kind = word.special() ? Completion::Kind::kForm
              : word.macro() ? Completion::Kind::kMacro
                             : Completion::Kind::kProcedure;
  if (word.kind() == Word::Kind::kOption) item.kind = Completion::Kind::kOption;
  item.detail = FirstLine(word.entry->usage);
  item.markdown = word.entry->doc;
  return item;
}

class Completer {
 public:
  Completer(const Names& names, uint32_t offset)
      : names_(names),
        tree_(names.tree()),
        offset_(std::min(offset, static_cast<uint32_t>(tree_.source().size()))) {}

  Completions Run() {
    found_.range = {offset_, offset_};
    if (CommentAt(tree_, offset_)) return std::move(found_);
    const NodeId node = NodeAt(tree_, offset_);
    if (node != SyntaxTree::kRoot && tree_[node].kind == Kind::kString) {
      InString(node);
    } else if (node != SyntaxTree::kRoot && tree_[node].kind == Kind::kCharacter) {
    } else if (node != SyntaxTree::kRoot && tree_[node].kind == Kind::kWord) {
      found_.range.begin = tree_[node].begin;
      InWord(node);
    } else {
      InList(node);
    }
    return std::move(found_);
  }

 private:
  // In a text only what it may name.
  void InString(NodeId node) {
    const SyntaxNode& text = tree_[node];
    if (offset_ == text.begin || (offset_ == text.end && text.complete)) return;
    // What is not closed goes on to the end of the program.
    found_.range = {text.begin + 1, offset_};
    Values(NamedAt(names_, node), /*quoted=*/true);
  }

  void InWord(NodeId node) {
    if (tree_.text(node).front() == '#') return;
    const Definition* definition = names_.DefinitionAt(node);
    if (definition != nullptr && definition->node == node) return;  // a new name
    const auto use = OptionAround(names_, node);
    if (use && use->is_name) return Options(use->keyword ? ":" : "");
    if (tree_.text(node).front() == ':') {
      if (InKeywords(node)) Options(":");
      return;
    }
    if (Quoted(tree_, node)) {
      Values(NamedAt(names_, node), false);
      return;
    }
    const NodeId list = tree_[node].parent;
    if (use) Values(NamedBy(*use), false);
    All(list != SyntaxTree::kRoot && tree_.FirstDatum(list) == node);
  }

  // Between words.
  void InList(NodeId node) {
    if (node == SyntaxTree::kRoot) return All(false);
    const SyntaxNode& syntax = tree_[node];
    if (syntax.kind == Kind::kPrefix) {
      // Behind a quote the name of an option may come: (list '|
      if (syntax.complete) return;
      if (syntax.token == TokenKind::kQuote || syntax.token == TokenKind::kQuasiquote) {
        const auto use = OptionAround(names_, node);
        if (use) return Values(NamedBy(*use), false);
        if (FirstArgumentOfOption(node)) Options("");
        return;
      }
      return All(false);
    }
    if (!syntax.list()) return;
    NodeId before = kNoNode;  // the datum before the place
    for (NodeId id = tree_.FirstDatum(node); id != kNoNode && tree_[id].end <= offset_;
         id = tree_.NextDatum(id)) {
      before = id;
    }
    if (Quoted(tree_, node)) {
      if (before == kNoNode) {
        if (QuotedInService(node)) Options("");
        return;
      }
      return Values(ValueBehind(node, before), false);
    }
    if (before == kNoNode) return All(true);
    const Call* call = names_.CallOf(node);
    if (call != nullptr && InKeywordsOf(*call, before)) {
      Values(ValueBehind(node, before), false);
      Options(":");
    }
    All(false);
  }

  // What a new value behind another one would name.
  Named ValueBehind(NodeId list, NodeId before) const {
    const auto use = OptionAround(names_, before);
    if (!use) return Named::kNothing;
    OptionUse next = *use;
    next.index = use->is_name ? 0 : use->index + 1;
    next.is_name = false;
    // The value before may be in a list of its own.
    if (!use->keyword && tree_[use->name_node].parent != list &&
        tree_[tree_[use->name_node].parent].parent != list) {
      return Named::kNothing;
    }
    return NamedBy(next);
  }

  bool MakesService(NodeId list) const {
    const Call* call = list == SyntaxTree::kRoot ? nullptr : names_.CallOf(list);
    return call != nullptr && call->meaning.word != nullptr &&
           SpecMadeBy(*call->meaning.word) == SpecKind::kService;
  }
  // '(|) as an argument of a service
  bool QuotedInService(NodeId list) const {
    const NodeId quote = tree_[list].parent;
    return quote != SyntaxTree::kRoot && tree_[quote].kind == Kind::kPrefix &&
           MakesService(tree_[quote].parent);
  }
  // (list '| as an argument of a service
  bool FirstArgumentOfOption(NodeId prefix) const {
    const NodeId list = tree_[prefix].parent;
    if (list == SyntaxTree::kRoot || names_.CallOf(list) == nullptr) return false;
    const NodeId head = tree_.FirstDatum(list);
    return tree_[list].parent != SyntaxTree::kRoot && MakesService(tree_[list].parent) &&
           head != kNoNode && head != prefix &&
           (tree_.NextDatum(head) == prefix || tree_.NextDatum(head) == kNoNode);
  }
  // Behind the name of a define-service.
  bool InKeywordsOf(const Call& call, NodeId before) const {
    if (call.meaning.word == nullptr || !call.meaning.word->macro() || !MakesService(call.list)) {
      return false;
    }
    size_t index = 0;
    for (NodeId id = call.head; id != kNoNode; id = tree_.NextDatum(id), ++index) {
      if (id == before) return index >= 2;
    }
    return false;
  }
  bool InKeywords(NodeId word) const {
    const NodeId list = tree_[word].parent;
    const Call* call = list == SyntaxTree::kRoot ? nullptr : names_.CallOf(list);
    return call != nullptr && InKeywordsOf(*call, word);
  }

  void Options(absl::string_view mark) {
    for (const Word& option : Vocabulary::Get().options()) {
      Completion item = OfWord(option);
      item.label = absl::StrCat(mark, item.label);
      found_.items.push_back(std::move(item));
    }
  }

  // Names nothing that the place itself is in. `quoted`: the place is inside of quotation marks.
  void Values(Named named, bool quoted) {
    if (named == Named::kCapability) {
      for (absl::string_view name : kCapabilityNames) {
        found_.items.push_back({std::string(name), Completion::Kind::kValue, "capability", ""});
      }
      return;
    }
    const SpecKind kind = KindOf(named);
    if (kind == SpecKind::kNone) return;
    std::vector<std::string> seen;
    for (const Spec& spec : SpecsOf(names_)) {
      if (spec.kind != kind || spec.name.empty() ||
          (tree_[spec.list].begin <= offset_ && offset_ <= tree_[spec.list].end) ||
          std::find(seen.begin(), seen.end(), spec.name) != seen.end()) {
        continue;
      }
      seen.push_back(spec.name);
      const absl::string_view text = tree_.text(spec.list);
      found_.items.push_back({quoted ? spec.name : absl::StrCat("\"", spec.name, "\""),
                              Completion::Kind::kValue, FirstLine(text), ""});
    }
  }

  // Names of the program and of the language; forms only where something may be called.
  void All(bool head) {
    for (DefinitionId id : names_.VisibleAt(offset_)) {
      const Definition& definition = names_.definitions()[id];
      if (definition.node != kNoNode && tree_[definition.node].begin <= offset_ &&
          offset_ <= tree_[definition.node].end) {
        continue;
      }
      if (definition.kind == Definition::Kind::kMacro && !head) continue;
      Completion item;
      item.label = definition.name;
      item.kind = definition.kind == Definition::Kind::kMacro       ? Completion::Kind::kMacro
                  : definition.arity                                ? Completion::Kind::kProcedure
                  : definition.kind == Definition::Kind::kParameter ? Completion::Kind::kParameter
                                                                    : Completion::Kind::kVariable;
      item.detail = DetailOf(definition);
      found_.items.push_back(std::move(item));
    }
    for (const Word& word : Vocabulary::Get().words()) {
      if (!head && !word.procedure()) continue;
      if (names_.Lookup(word.name(), 0).kind == Meaning::Kind::kDefinition) continue;
      found_.items.push_back(OfWord(word));
    }
  }

  std::string DetailOf(const Definition& definition) const {
    if (definition.imported()) return definition.file;
    const NodeId parent = tree_[definition.node].parent;
    const bool procedure = definition.arity && parent != definition.form;
    const NodeId shown = procedure                    ? parent
                         : definition.form == kNoNode ? definition.node
                                                      : definition.form;
    const absl::string_view text = tree_.text(shown);
    return FirstLine(text);
  }

  const Names& names_;
  const SyntaxTree& tree_;
  const uint32_t offset_;
  Completions found_;
};

}  // namespace

Completions CompleteAt(const Names& names, uint32_t offset) {
  return Completer(names, offset).Run();
}

}  // namespace pelagos::language
