// Names that are bound and not used, or bound over others.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/language/check_program.h"

namespace pelagos::language {
namespace {

using reml::SyntaxNode;

class BindingChecker {
 public:
  explicit BindingChecker(Program& program)
      : program_(program), names_(program.names), tree_(program.tree) {
    for (const Call& call : names_.calls()) {
      composes_ = composes_ || program.Is(call, "compose") || program.Is(call, "compose-up") ||
                  program.Is(call, "run");
    }
  }

  void Check() {
    for (const Definition& definition : names_.definitions()) {
      if (definition.imported()) continue;
      const Call* form = names_.CallOf(definition.form);
      if (form == nullptr || form->vague || !tree_[definition.form].complete) continue;
      if (program_.misshapen.contains(definition.form)) continue;
      CheckAgain(definition, *form);
      CheckUsed(definition, *form);
      CheckShadow(definition);
    }
    for (const NameScope& scope : names_.scopes()) CheckTwice(scope);
  }

 private:
  void CheckUsed(const Definition& definition, const Call& form) {
    const std::string& name = definition.name;
    if (definition.kind != Definition::Kind::kVariable || !definition.uses.empty()) return;
    if (name.empty() || name[0] == '_' || names_.MayBeBound(name) || !program_.reads) return;
    if (form.meaning.kind != Meaning::Kind::kWord) return;
    const Word& word = *form.meaning.word;
    // The name that a failure gets in `guard` has to be there.
    if (program_.Is(form, "guard")) return;
    if (definition.scope == 0) {
      if (!composes_ || definition.redefined) return;
      // Forms that bind several names bind them for whoever wants some; services have a rule of
      // their own.
      if (!program_.Is(form, "define") || MakesSpec(definition.value)) return;
    } else if (word.name() == "define-record-type" || MakesSpec(definition.value) ||
               program_.DefinesService(definition.form)) {
      return;
    }
    program_.Report(
        "unused-binding", definition.node, absl::StrCat("'", name, "' is never used"),
        definition.scope == 0 ? "" : absl::StrCat("remove it, or name it '_", name, "'"));
  }

  bool MakesSpec(NodeId value) const {
    const Call* call = value == kNoNode ? nullptr : names_.CallOf(value);
    return call != nullptr && call->meaning.kind == Meaning::Kind::kWord &&
           call->meaning.word->procedure() &&
           absl::EndsWith(call->meaning.word->signature.result, "-spec");
  }

  void CheckShadow(const Definition& definition) {
    const Word* word = Vocabulary::Get().Find(definition.name);
    if (word == nullptr) return;
    const bool called =
        std::any_of(definition.uses.begin(), definition.uses.end(), [&](NodeId use) {
          const NodeId list = tree_[use].parent;
          return tree_[list].kind == SyntaxNode::Kind::kList && tree_.FirstDatum(list) == use;
        });
    // A local variable that is not called is no trap: `list` and `string` are good names.
    const bool own = definition.scope == 0 || definition.kind == Definition::Kind::kMacro;
    if (!own && !called && !word->special()) return;
    const absl::string_view kind = word->special() ? "a special form"
                                   : word->macro() ? "a macro"
                                                   : "a procedure";
    program_.Report("shadowed-builtin", definition.node,
                    absl::StrCat("'", definition.name, "' is ", kind, " of the language"),
                    word->special() ? absl::StrCat("(", definition.name,
                                                   " ...) stays the form, whatever is bound")
                                    : "here it means something else");
  }

  void CheckTwice(const NameScope& scope) {
    if (&scope == &names_.scopes().front()) return;
    for (const DefinitionId id : scope.definitions) {
      const Definition& definition = names_.definitions()[id];
      if (definition.imported() || definition.kind != Definition::Kind::kParameter) continue;
      CheckParameters(definition);
    }
  }

  // Bound again by the same form, which binds all of its names at once.
  void CheckAgain(const Definition& definition, const Call& form) {
    if (form.meaning.kind != Meaning::Kind::kWord) return;
    const reml::Reach reach = form.meaning.word->entry->reach;
    if (reach != reml::Reach::kBody && reach != reml::Reach::kRecursive) return;
    for (const NodeId again : definition.redefinitions) {
      constexpr int kLevels = 4;
      NodeId around = tree_[again].parent;
      for (int i = 0; i < kLevels && around != definition.form; ++i) {
        // A definition in the body.
        if (names_.CallOf(around) != nullptr) break;
        around = tree_[around].parent;
      }
      if (around != definition.form) continue;
      program_.Report("duplicate-binding", again,
                      absl::StrCat("'", definition.name, "' is bound twice"), "the last one counts",
                      {program_.Note(definition.node, "the first one is here")});
    }
  }

  // Parameters of one name may be one definition: then only the list shows it.
  void CheckParameters(const Definition& parameter) {
    const NodeId list = tree_[parameter.node].parent;
    if (list == kNoNode || list == parameter.form || !tree_[list].list() ||
        !checked_.insert(list).second)
      return;
    absl::flat_hash_map<absl::string_view, NodeId> seen;
    std::vector<NodeId> data = tree_.Data(list);
    for (const NodeId name : data) {
      if (tree_[name].kind != SyntaxNode::Kind::kWord || tree_.text(name) == ".") continue;
      const Definition* definition = names_.DefinitionAt(name);
      if (definition == nullptr || definition->kind != Definition::Kind::kParameter) continue;
      const auto [earlier, fresh] = seen.emplace(tree_.text(name), name);
      if (fresh) continue;
      program_.Report(
          "duplicate-binding", name, absl::StrCat("'", tree_.text(name), "' is bound twice"),
          "the last one counts", {program_.Note(earlier->second, "the first one is here")});
    }
  }

  Program& program_;
  const Names& names_;
  const reml::SyntaxTree& tree_;
  bool composes_ = false;
  absl::flat_hash_set<NodeId> checked_;
};

}  // namespace

void CheckBindings(Program& program) { BindingChecker(program).Check(); }

}  // namespace pelagos::language
