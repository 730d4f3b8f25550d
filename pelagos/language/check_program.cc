#include "pelagos/language/check_program.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/language/specs.h"

namespace pelagos::language {

using reml::SyntaxNode;
using reml::TokenKind;

Program::Program(const SourceMap& all, uint32_t number, const Names& known)
    : sources(all), source(number), names(known), tree(known.tree()) {
  for (const Call& call : names.calls()) {
    if (!Is(call, "set!")) continue;
    const std::vector<NodeId> arguments = ArgumentsOf(call.list);
    if (!arguments.empty()) assigned_.insert(tree.text(arguments[0]));
  }
  FindShelters();
  FindKnown();
}

void Program::Report(absl::string_view rule, Diagnostic diagnostic, std::vector<Diagnostic> notes) {
  const auto rules = Rules();
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const Rule& row) { return row.name == rule; });
  // Who has so many mistakes is helped by the first ones.
  constexpr size_t kMostFindings = 10'000;
  if (found == rules.end() || !diagnostic.span.known()) return;
  if (findings_.size() >= kMostFindings) return;
  diagnostic.severity = found->severity;
  findings_.push_back({&*found, std::move(diagnostic), std::move(notes)});
}

std::vector<Finding> Program::Take() {
  const auto before = [](const Finding& a, const Finding& b) {
    const Span &one = a.diagnostic.span, &other = b.diagnostic.span;
    if (one.source != other.source) return one.source < other.source;
    if (one.begin != other.begin) return one.begin < other.begin;
    return a.diagnostic.severity < b.diagnostic.severity;
  };
  std::stable_sort(findings_.begin(), findings_.end(), before);
  std::vector<Finding> kept;
  size_t here = 0;  // the first of those that begin at the same place
  for (Finding& finding : findings_) {
    if (!kept.empty() && kept.back().diagnostic.span.begin != finding.diagnostic.span.begin) {
      here = kept.size();
    }
    const bool hidden = std::any_of(
        kept.begin() + static_cast<ptrdiff_t>(here), kept.end(), [&](const Finding& other) {
          const bool same = other.diagnostic.span == finding.diagnostic.span;
          const bool error = other.diagnostic.severity == Severity::kError;
          return (same && other.rule == finding.rule) ||
                 (error && (other.diagnostic.message == finding.diagnostic.message ||
                            finding.diagnostic.severity != Severity::kError));
        });
    if (!hidden) kept.push_back(std::move(finding));
  }
  findings_.clear();
  return kept;
}

bool Program::Sheltered(NodeId node) const {
  const uint32_t offset = tree[node].begin;
  auto found =
      std::upper_bound(shelters_.begin(), shelters_.end(), offset,
                       [](uint32_t at, const Stretch& stretch) { return at < stretch.begin; });
  return found != shelters_.begin() && offset < std::prev(found)->end;
}

// What stands in `guard` and under a handler may fail on purpose, and so may what is given to a
// procedure of the program that has one of them. Of the clauses of `cond-expand` one is taken, and
// `import` reads names of libraries.
void Program::FindShelters() {
  absl::flat_hash_set<DefinitionId> catchers;
  for (const Call& call : names.calls()) {
    const SyntaxNode& list = tree[call.list];
    if (!list.complete) Shelter(call.list);
    const bool guard = Is(call, "guard");
    if (!guard && !Is(call, "with-exception-handler")) {
      if (Is(call, "cond-expand") || Is(call, "import")) Shelter(list.begin + 1, list.end);
      continue;
    }
    const std::vector<NodeId> parts = ArgumentsOf(call.list);
    if (!parts.empty()) Shelter(tree[parts[0]].end, list.end);
    // The definition that it stands in.
    for (NodeId node = list.parent; node != kNoNode; node = tree[node].parent) {
      const NodeId head = tree.FirstDatum(node);
      NodeId name = head == kNoNode ? kNoNode : tree.NextDatum(head);
      if (name != kNoNode && tree[name].list()) name = tree.FirstDatum(name);
      if (name == kNoNode || tree[name].kind != SyntaxNode::Kind::kWord) continue;
      const Definition* definition = names.DefinitionAt(name);
      if (definition == nullptr || definition->node != name || definition->form != node) continue;
      catchers.insert(static_cast<DefinitionId>(definition - names.definitions().data()));
    }
  }
  for (const Call& call : names.calls()) {
    if (call.meaning.kind == Meaning::Kind::kDefinition &&
        catchers.contains(call.meaning.definition)) {
      Shelter(tree[call.list].begin + 1, tree[call.list].end);
    }
  }
  SettleShelters();
}

void Program::SettleShelters() {
  std::vector<Stretch> all = std::move(shelters_);
  all.insert(all.end(), added_.begin(), added_.end());
  added_.clear();
  shelters_.clear();
  std::sort(all.begin(), all.end(),
            [](const Stretch& a, const Stretch& b) { return a.begin < b.begin; });
  for (const Stretch& stretch : all) {
    if (!shelters_.empty() && stretch.begin < shelters_.back().end) {
      shelters_.back().end = std::max(shelters_.back().end, stretch.end);
    } else {
      shelters_.push_back(stretch);
    }
  }
}

const Word* Program::WordAt(NodeId node) const {
  const Meaning meaning = names.MeaningOf(node);
  const bool word = meaning.kind == Meaning::Kind::kWord;
  return word && !assigned_.contains(meaning.word->name()) ? meaning.word : nullptr;
}

const Call* Program::CallAt(NodeId node, absl::string_view name) const {
  const Call* call = names.CallOf(node);
  return call != nullptr && !call->vague && Is(*call, name) ? call : nullptr;
}

bool Program::DefinesService(NodeId node) const {
  const Call* call = node == kNoNode ? nullptr : names.CallOf(node);
  if (call == nullptr || call->vague || call->meaning.kind != Meaning::Kind::kWord) return false;
  const Word& word = *call->meaning.word;
  return word.macro() && SpecMadeBy(word) == SpecKind::kService;
}

NodeId Program::ValueOf(const Definition& definition) const {
  const bool fixed = definition.kind == Definition::Kind::kVariable && !definition.assigned &&
                     !definition.redefined && !definition.imported() &&
                     !names.MayBeBound(definition.name);
  return fixed ? definition.value : kNoNode;
}

std::vector<NodeId> Program::ArgumentsOf(NodeId list) const {
  std::vector<NodeId> data = tree.Data(list);
  if (!data.empty()) data.erase(data.begin());
  return data;
}

bool Program::Dotted(const std::vector<NodeId>& data) const {
  return std::any_of(data.begin(), data.end(), [&](NodeId node) {
    return tree[node].kind == SyntaxNode::Kind::kWord && tree.text(node) == ".";
  });
}

bool Program::ConstantFalse(NodeId node) const {
  return tree[node].kind == SyntaxNode::Kind::kWord &&
         (tree.text(node) == "#f" || tree.text(node) == "#false");
}

bool Program::ConstantTrue(NodeId node) const {
  switch (tree[node].kind) {
    case SyntaxNode::Kind::kString:
    case SyntaxNode::Kind::kCharacter:
      return true;
    case SyntaxNode::Kind::kWord: {
      const TypeSet type = TypeOfAtom(tree.text(node));
      return !type.empty() && !ConstantFalse(node);
    }
    default:
      return false;
  }
}

bool Program::SafeToTry(const Word& word) const {
  static const Word* const error = Vocabulary::Get().Find("error");
  static const Word* const service = Vocabulary::Get().Find("service");
  // What fails on purpose, and what has rules of its own.
  return word.procedure() && word.section != error->section && word.chapter != service->chapter &&
         absl::StrContains(word.entry->signature, "->");
}

// Children have higher numbers than their parents. First without the names of the program, then
// with those whose values are known then.
void Program::FindKnown() {
  known_.resize(tree.size(), Known::kNot);
  for (const bool named : {false, true}) {
    for (size_t i = tree.size(); i-- > 1;) {
      const auto node = static_cast<NodeId>(i);
      if (known_[node] == Known::kNot) known_[node] = KnownOf(node, named);
    }
  }
}

// Whether the program cannot change the value, whoever gets it.
bool Program::Stays(NodeId value) {
  const auto [known, fresh] = stays_.emplace(value, true);
  if (!fresh) return known->second;
  static const TypeSet changing = ParseType("vector|hash-table|input-port|output-port|promise");
  const Call* call = names.CallOf(value);
  bool stays = tree[value].kind != SyntaxNode::Kind::kVector;
  if (stays && call != nullptr && tree.FirstDatum(value) != kNoNode) {
    const Word* word = WordOf(*call);
    const TypeSet result = word == nullptr ? kAnyType : ParseType(word->signature.result);
    stays = word != nullptr && (result.any() || (result & changing).empty());
    for (const NodeId argument : ArgumentsOf(value)) stays = stays && Stays(argument);
  }
  stays_[value] = stays;
  return stays;
}

Known Program::KnownOf(NodeId node, bool named) {
  constexpr uint32_t kLongest = 1 << 16;
  const SyntaxNode& at = tree[node];
  if (!at.complete || at.end - at.begin > kLongest) return Known::kNot;
  switch (at.kind) {
    case SyntaxNode::Kind::kString:
    case SyntaxNode::Kind::kCharacter:
    case SyntaxNode::Kind::kVector:
      return Known::kWhole;
    case SyntaxNode::Kind::kPrefix:
      return Quoted(node) && Inside(node) != kNoNode ? Known::kWhole : Known::kNot;
    case SyntaxNode::Kind::kWord: {
      const Meaning meaning = names.MeaningOf(node);
      if (meaning.kind == Meaning::Kind::kDatum) {
        return TypeOfAtom(tree.text(node)).empty() ? Known::kNot : Known::kWhole;
      }
      if (const Word* word = WordAt(node)) return SafeToTry(*word) ? Known::kWhole : Known::kNot;
      if (!named || meaning.kind != Meaning::Kind::kDefinition) return Known::kNot;
      const NodeId value = ValueOf(names.definitions()[meaning.definition]);
      const bool good = value != kNoNode && known_[value] == Known::kWhole && Stays(value);
      return good ? Known::kNamed : Known::kNot;
    }
    case SyntaxNode::Kind::kList: {
      const NodeId head = tree.FirstDatum(node);
      const Call* call = names.CallOf(node);
      if (head == kNoNode) return Known::kWhole;  // ()
      if (call == nullptr || call->vague || call->meaning.kind != Meaning::Kind::kWord) {
        return Known::kNot;
      }
      Known known = Known::kWhole;
      for (NodeId part = head; part != kNoNode; part = tree.NextDatum(part)) {
        known = std::min(known, known_[part]);
      }
      return known;
    }
    default:
      return Known::kNot;
  }
}

std::string Program::BindingsOf(absl::Span<const NodeId> nodes) const {
  std::string bindings;
  absl::flat_hash_set<absl::string_view> done;
  std::vector<NodeId> waiting(nodes.rbegin(), nodes.rend());
  while (!waiting.empty()) {
    const NodeId node = waiting.back();
    waiting.pop_back();
    if (known_[node] != Known::kNamed) continue;
    if (tree[node].kind == SyntaxNode::Kind::kList) {
      for (const NodeId part : tree.Data(node)) waiting.push_back(part);
    } else if (done.insert(tree.text(node)).second) {
      const Definition& definition = names.definitions()[names.MeaningOf(node).definition];
      absl::StrAppend(&bindings, "(", tree.text(node), " ", tree.text(definition.value), ")");
    }
  }
  return bindings;
}

TypeSet Program::TypeOf(NodeId node, int depth) {
  if (depth > kDeepestType) return kAnyType;
  if (types_.empty()) types_.resize(tree.size());
  if (types_[node].empty()) {
    types_[node] = kAnyType;  // of a name that is defined by itself
    types_[node] = FindType(node, depth);
  }
  return types_[node];
}

TypeSet Program::FindType(NodeId node, int depth) {
  switch (tree[node].kind) {
    case SyntaxNode::Kind::kString:
    case SyntaxNode::Kind::kCharacter:
    case SyntaxNode::Kind::kVector:
      return TypeOfDatum(tree, node);
    case SyntaxNode::Kind::kPrefix: {
      const NodeId inside = Inside(node);
      if (inside == kNoNode) return kAnyType;
      if (Quoted(node)) return TypeOfDatum(tree, inside);
      const bool list = tree[node].token == TokenKind::kQuasiquote &&
                        tree[inside].kind == SyntaxNode::Kind::kList;
      return list && !Dotted(tree.Data(inside)) ? ParseType("list") : kAnyType;
    }
    case SyntaxNode::Kind::kWord:
      return TypeOfWord(node, depth);
    case SyntaxNode::Kind::kList:
      return TypeOfCall(node, depth);
    default:
      return kAnyType;
  }
}

TypeSet Program::TypeOfWord(NodeId node, int depth) {
  const Meaning meaning = names.MeaningOf(node);
  if (meaning.kind == Meaning::Kind::kDatum) {
    const TypeSet atom = TypeOfAtom(tree.text(node));
    return atom.empty() ? kAnyType : atom;
  }
  if (const Word* word = WordAt(node)) return word->procedure() ? ParseType("procedure") : kAnyType;
  if (meaning.kind != Meaning::Kind::kDefinition) return kAnyType;
  const Definition& definition = names.definitions()[meaning.definition];
  const NodeId value = ValueOf(definition);
  if (value != kNoNode) return TypeOf(value, depth + 1);
  const bool settled = definition.kind == Definition::Kind::kVariable && !definition.assigned &&
                       !definition.redefined && !names.MayBeBound(definition.name);
  if (!settled) return kAnyType;
  if (definition.arity) return ParseType("procedure");
  const bool service = !definition.imported() && DefinesService(definition.form);
  return service ? ParseType("service-spec") : kAnyType;
}

TypeSet Program::TypeOfCall(NodeId node, int depth) {
  if (tree.FirstDatum(node) == kNoNode) return ParseType("nil");
  const Call* call = names.CallOf(node);
  if (call == nullptr || call->vague) return kAnyType;
  const Word* word = WordOf(*call);
  if (word == nullptr) return kAnyType;
  if (word->procedure()) return ParseType(word->signature.result);
  const std::vector<NodeId> parts = ArgumentsOf(node);
  if (Is(*call, "lambda") || Is(*call, "case-lambda")) return ParseType("procedure");
  if (Is(*call, "if") && parts.size() == 3) {
    return TypeOf(parts[1], depth + 1) | TypeOf(parts[2], depth + 1);
  }
  const bool last = Is(*call, "begin") || Is(*call, "let") || Is(*call, "let*") ||
                    Is(*call, "letrec") || Is(*call, "letrec*");
  const bool named = parts.size() > 1 && !tree[parts[0]].list();
  if (last && !parts.empty() && !named && (Is(*call, "begin") || parts.size() > 1)) {
    return TypeOf(parts.back(), depth + 1);
  }
  return kAnyType;
}

}  // namespace pelagos::language
