// Names that nothing binds, or nothing has bound yet.
#include "absl/strings/str_cat.h"
#include "pelagos/language/check_program.h"
#include "pelagos/reml/name_hint.h"

namespace pelagos::language {
namespace {

using reml::SyntaxNode;

class NameChecker {
 public:
  explicit NameChecker(Program& program)
      : program_(program), names_(program.names), tree_(program.tree) {
    if (program.reads) return;
    // Whatever stands in a broken form may have been defined by it.
    for (NodeId form = tree_[reml::SyntaxTree::kRoot].first; form != kNoNode;
         form = tree_[form].next) {
      if (!tree_[form].complete) broken_.push_back(form);
    }
    for (const NodeId form : broken_) {
      for (NodeId node = form; node < tree_.size() && tree_[node].begin < tree_[form].end; ++node) {
        if (tree_[node].kind == SyntaxNode::Kind::kWord) in_broken_.insert(tree_.text(node));
      }
    }
  }

  void Check() {
    for (NodeId node = 1; node < tree_.size(); ++node) {
      if (tree_[node].token == reml::TokenKind::kUnquote) CheckUnquote(node);
      if (tree_[node].kind != SyntaxNode::Kind::kWord) continue;
      const Meaning meaning = names_.MeaningOf(node);
      const bool form = meaning.kind == Meaning::Kind::kWord && meaning.word->special() &&
                        tree_.FirstDatum(tree_[node].parent) != node;
      if (meaning.kind == Meaning::Kind::kUnknown || form) CheckUnknown(node);
    }
    // The `else` of other languages.
    for (const Call& call : names_.calls()) {
      const bool other = call.head != kNoNode && !call.vague &&
                         call.meaning.kind == Meaning::Kind::kDatum &&
                         (tree_.text(call.head) == "else" || tree_.text(call.head) == "=>");
      if (other) CheckUnknown(call.head);
    }
    for (const NodeId use : names_.early_uses()) CheckEarly(use);
  }

 private:
  void CheckUnknown(NodeId node) {
    const absl::string_view name = tree_.text(node);
    if (names_.MayBeBound(name) || in_broken_.contains(name) || program_.Sheltered(node)) return;
    Report("unbound-name", node, HintFor(name, node));
  }

  // A ',' among the parts of a call, without a '`' around it.
  void CheckUnquote(NodeId node) {
    const NodeId list = tree_[node].parent;
    const Call* call = list == kNoNode ? nullptr : names_.CallOf(list);
    if (call == nullptr || call->vague || program_.Sheltered(node)) return;
    for (NodeId around = list; around != kNoNode; around = tree_[around].parent) {
      if (tree_[around].kind == SyntaxNode::Kind::kPrefix) return;
      const Call* form = names_.CallOf(around);
      if (form != nullptr && (form->vague || program_.Is(*form, "defmacro"))) return;
    }
    const uint32_t begin = tree_[node].begin;
    size_t looked = 0;
    program_.Report("unbound-name",
                    {Severity::kError,
                     {program_.source, begin, begin + 1},
                     "unbound variable: unquote",
                     reml::UnboundNameHint("unquote", false, nullptr, {}, &looked)});
  }

  void Report(absl::string_view rule, NodeId node, std::string hint,
              std::vector<Diagnostic> notes = {}) {
    const NodeId list = tree_[node].parent;
    const bool set = list != kNoNode && program_.CallAt(list, "set!") != nullptr &&
                     tree_.NextDatum(tree_.FirstDatum(list)) == node;
    program_.Report(rule, node,
                    absl::StrCat(set ? "set!: " : "", "unbound variable: ", tree_.text(node)),
                    std::move(hint), std::move(notes));
  }

  std::string HintFor(absl::string_view name, NodeId node) {
    // Looking for a near name costs; who has so many is helped by the first.
    constexpr size_t kMostHints = 500;
    if (++hints_ > kMostHints) return "";
    const Word* word = Vocabulary::Get().Find(name);
    const ScopeId scope = names_.ScopeAt(tree_[node].begin);
    const auto bound = [&](absl::string_view wanted) {
      const auto kind = names_.Lookup(wanted, scope).kind;
      return kind == Meaning::Kind::kDefinition || kind == Meaning::Kind::kWord;
    };
    std::vector<absl::string_view> all;
    for (const DefinitionId id : names_.VisibleAt(tree_[node].begin)) {
      all.push_back(names_.definitions()[id].name);
    }
    for (const Word& known : Vocabulary::Get().words()) all.push_back(known.name());
    size_t looked = 0;
    return reml::UnboundNameHint(name, word != nullptr && word->special(), bound, all, &looked);
  }

  // The program is evaluated from top to bottom.
  void CheckEarly(NodeId use) {
    const Definition* definition = names_.DefinitionAt(use);
    if (definition == nullptr || definition->imported() || names_.MayBeBound(definition->name) ||
        program_.Sheltered(use) || InMacro(use)) {
      return;
    }
    // Until then it is the language's, or that of the scope around.
    if (Vocabulary::Get().Find(definition->name) != nullptr) return;
    const ScopeId scope = definition->scope;
    if (scope != 0 && names_.Lookup(definition->name, names_.scopes()[scope].parent).kind !=
                          Meaning::Kind::kUnknown) {
      return;
    }
    const SyntaxNode& name = tree_[definition->node];
    const LineColumn at = program_.sources.Find(program_.source)->Locate(name.begin);
    Report("use-before-definition", use,
           absl::StrCat("'", definition->name, "' is defined later, at ", at.line, ":", at.column),
           {program_.Note(definition->node,
                          absl::StrCat("'", definition->name, "' is defined here"))});
  }

  // In the use of a macro of the program, or where a promise is made: it may be evaluated later.
  bool InMacro(NodeId node) const {
    for (NodeId list = tree_[node].parent; list != kNoNode; list = tree_[list].parent) {
      const Call* call = names_.CallOf(list);
      if (call == nullptr) continue;
      if (call->vague) return true;
      if (call->meaning.kind != Meaning::Kind::kWord) continue;
      const std::string& result = call->meaning.word->entry->result;
      if (!call->meaning.word->procedure() && result == "promise") return true;
    }
    return false;
  }

  Program& program_;
  const Names& names_;
  const reml::SyntaxTree& tree_;
  std::vector<NodeId> broken_;
  absl::flat_hash_set<absl::string_view> in_broken_;
  size_t hints_ = 0;
};

}  // namespace

void CheckNames(Program& program) { NameChecker(program).Check(); }

}  // namespace pelagos::language
