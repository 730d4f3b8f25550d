// Stacks: what compose-up would say of one, as far as its parts are known; and parts that are in
// none.
#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/language/check_services.h"
#include "pelagos/spec/check.h"

namespace pelagos::language {
namespace {

using reml::SyntaxNode;

// What a compose form is made of.
struct Members {
  std::vector<const Part*> parts;
  bool closed = true;  // nothing else is in it
  size_t looked = 0;   // at expressions
};

class StackChecker {
 public:
  StackChecker(Program& program, const std::vector<Part>& parts)
      : program_(program), names_(program.names), tree_(program.tree), parts_(parts) {
    for (const Part& part : parts_) by_list_.emplace(part.list, &part);
  }

  void Check() {
    for (const Call& call : names_.calls()) {
      if (call.vague || program_.Sheltered(call.list)) continue;
      if (program_.Is(call, "compose-up")) CheckUp(call);
      composes_ = composes_ || program_.Is(call, "compose-up") || program_.Is(call, "compose");
    }
    if (!composes_) return;
    CheckDoubtful();
    for (const Part& part : parts_) CheckComposed(part);
  }

 private:
  // The expression behind names with one value.
  NodeId Behind(NodeId node) const {
    constexpr int kMost = 20;
    for (int i = 0; i < kMost && tree_[node].kind == SyntaxNode::Kind::kWord; ++i) {
      const Meaning meaning = names_.MeaningOf(node);
      if (meaning.kind != Meaning::Kind::kDefinition) return kNoNode;
      const Definition& definition = names_.definitions()[meaning.definition];
      if (definition.assigned || definition.redefined || definition.imported() ||
          definition.kind != Definition::Kind::kVariable || names_.MayBeBound(definition.name)) {
        return kNoNode;
      }
      if (by_list_.contains(definition.form) && program_.DefinesService(definition.form)) {
        return definition.form;
      }
      if (definition.value == kNoNode) return kNoNode;
      node = definition.value;
    }
    return node;
  }

  void Collect(NodeId item, Members& members, int depth) const {
    constexpr int kDeepest = 50;
    constexpr size_t kMost = 20'000;
    const NodeId node = Behind(item);
    if (node == kNoNode || depth > kDeepest || ++members.looked > kMost) {
      members.closed = false;
      return;
    }
    if (const auto part = by_list_.find(node); part != by_list_.end()) {
      members.parts.push_back(part->second);
      members.closed = members.closed && part->second->named;
      return;
    }
    const bool nothing = program_.Quoted(node) && (program_.TypeOf(node) == ParseType("nil"));
    if (nothing) return;
    const Call* list = program_.CallAt(node, "list");
    if (list == nullptr) list = program_.CallAt(node, "append");
    if (list == nullptr) {
      members.closed = false;
      return;
    }
    for (const NodeId inner : program_.ArgumentsOf(node)) Collect(inner, members, depth + 1);
  }

  void CheckUp(const Call& up) {
    const std::vector<NodeId> arguments = program_.ArgumentsOf(up.list);
    if (arguments.empty() || program_.Dotted(arguments)) return;
    const NodeId compose = Behind(arguments[0]);
    if (compose == kNoNode || program_.CallAt(compose, "compose") == nullptr) return;
    if (!composed_.insert(compose).second) return;
    Members members;
    const std::vector<NodeId> items = program_.ArgumentsOf(compose);
    if (program_.Dotted(items)) return;
    for (const NodeId item : items) Collect(item, members, 0);
    // A stack of that size is generated; to compare all with all would take long.
    constexpr size_t kMostParts = 2000;
    if (members.parts.size() > kMostParts) return;
    ComposeSpec spec;
    for (const Part* part : members.parts) {
      if (!part->named) continue;
      if (part->kind == SpecKind::kService) {
        spec.services.push_back(part->service);
      } else if (part->kind == SpecKind::kNetwork) {
        spec.networks.push_back(part->network);
      } else {
        spec.volumes.push_back({part->text, part->network.span});
      }
    }
    std::vector<HookSite> hooks;
    if (members.closed) {
      hooks = Hooks();
    } else {
      AddMissing(spec);
    }
    Diagnostics diagnostics;
    CheckCompose(spec, hooks, diagnostics);
    for (Diagnostic error : diagnostics.list()) {
      if (error.span.source != program_.source || !hook_spans_.contains(error.span.begin)) {
        error.span = program_.trial().InProgram(error.span);
      }
      const bool reference = absl::StrContains(error.message, " unknown ");
      program_.Report(reference ? "unknown-reference" : "stack", std::move(error));
    }
  }

  // Whatever is not seen may be there.
  static void AddMissing(ComposeSpec& spec) {
    const auto add = [](auto& items, const std::string& name) {
      const bool known = std::any_of(items.begin(), items.end(),
                                     [&](const auto& item) { return item.name == name; });
      if (known) return;
      items.emplace_back();
      items.back().name = name;
    };
    const std::vector<ServiceSpec> services = spec.services;
    for (const ServiceSpec& service : services) {
      for (const Dependency& dependency : service.depends_on) {
        add(spec.services, dependency.service);
      }
      for (const std::string& network : service.networks) add(spec.networks, network);
      for (const Mount& mount : service.container.mounts.mounts()) {
        if (mount.kind == MountKind::kVolume) add(spec.volumes, mount.source);
      }
    }
  }

  // Those whose service is known by its name.
  std::vector<HookSite> Hooks() {
    std::vector<HookSite> hooks;
    for (const Call& call : names_.calls()) {
      if (call.vague || !program_.Is(call, "on-ready") || program_.Sheltered(call.list)) continue;
      const std::vector<NodeId> arguments = program_.ArgumentsOf(call.list);
      if (arguments.size() != 2) continue;
      const NodeId node = arguments[0];
      if (tree_[node].kind != SyntaxNode::Kind::kString) continue;
      absl::string_view text = tree_.text(node);
      text = text.substr(1, text.size() - 2);
      if (absl::StrContains(text, "\\")) continue;
      hooks.push_back({std::string(text), program_.SpanOf(node)});
      hook_spans_.insert(tree_[node].begin);
    }
    return hooks;
  }

  // Where a stack is not known as a whole: names that stand nowhere else in the program.
  void CheckDoubtful() {
    if (names_.open_world()) return;
    for (const Definition& definition : names_.definitions()) {
      if (definition.imported()) return;
    }
    absl::flat_hash_map<absl::string_view, int> texts;
    for (NodeId node = 1; node < tree_.size(); ++node) {
      const auto kind = tree_[node].kind;
      absl::string_view text = tree_.text(node);
      if (kind == SyntaxNode::Kind::kString && text.size() > 2) {
        ++texts[text.substr(1, text.size() - 2)];
      } else if (kind == SyntaxNode::Kind::kWord) {
        ++texts[text];
      }
    }
    // A name that is put together can be any.
    const bool all_named =
        std::all_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.named; });
    if (!all_named) return;
    for (const Part& part : parts_) {
      if (part.kind != SpecKind::kService) continue;
      for (const Dependency& dependency : part.service.depends_on) {
        if (texts[dependency.service] != 1) continue;
        program_.Report("doubtful-reference",
                        {Severity::kWarning, program_.trial().InProgram(dependency.span),
                         absl::StrCat("service '", part.text, "' depends on '", dependency.service,
                                      "', which the program does not seem to make"),
                         ""});
      }
    }
  }

  // A part whose value goes nowhere.
  void CheckComposed(const Part& part) {
    const Call* call = names_.CallOf(part.list);
    if (call == nullptr || program_.Sheltered(part.list)) return;
    const absl::string_view kind = part.kind == SpecKind::kService   ? "service"
                                   : part.kind == SpecKind::kNetwork ? "network"
                                                                     : "volume";
    const std::string which =
        absl::StrCat(kind, part.named ? absl::StrCat(" '", part.text, "'") : "");
    const Definition* definition = DefinitionOf(part);
    if (definition != nullptr) {
      if (definition->redefined || names_.MayBeBound(definition->name) || definition->assigned)
        return;
      const bool used = std::any_of(definition->uses.begin(), definition->uses.end(),
                                    [&](NodeId use) { return !InHook(use); });
      if (used) return;
      program_.Report("uncomposed-service", definition->node,
                      absl::StrCat(which, " is part of no stack"),
                      absl::StrCat("give ", definition->name, " to compose, or remove it"));
    } else if (tree_[part.list].parent == kNoNode && !LastForm(part.list) &&
               !program_.DefinesService(part.list)) {
      program_.Report("uncomposed-service", part.list, absl::StrCat(which, " is part of no stack"),
                      "its value goes nowhere");
    }
  }

  bool LastForm(NodeId form) const { return tree_.NextDatum(form) == kNoNode; }

  const Definition* DefinitionOf(const Part& part) const {
    const NodeId parent = program_.DefinesService(part.list) ? part.list : tree_[part.list].parent;
    if (parent == kNoNode) return nullptr;
    NodeId name = tree_.FirstDatum(parent);
    if (program_.CallAt(parent, "define") != nullptr || parent == part.list) {
      name = tree_.NextDatum(name);
    }
    const Definition* definition = name == kNoNode ? nullptr : names_.DefinitionAt(name);
    const bool binds = definition != nullptr && definition->node == name &&
                       (parent == part.list || definition->value == part.list);
    return binds ? definition : nullptr;
  }

  bool InHook(NodeId use) const {
    const NodeId list = tree_[use].parent;
    return list != kNoNode && program_.CallAt(list, "on-ready") != nullptr;
  }

  Program& program_;
  const Names& names_;
  const reml::SyntaxTree& tree_;
  const std::vector<Part>& parts_;
  absl::flat_hash_map<NodeId, const Part*> by_list_;
  absl::flat_hash_set<NodeId> composed_;
  absl::flat_hash_set<uint32_t> hook_spans_;
  bool composes_ = false;
};

}  // namespace

void CheckStacks(Program& program, const std::vector<Part>& parts) {
  StackChecker(program, parts).Check();
}

}  // namespace pelagos::language
