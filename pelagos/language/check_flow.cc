// Parts of a program that are never evaluated.
#include "absl/strings/str_cat.h"
#include "pelagos/language/check_program.h"

namespace pelagos::language {
namespace {

using reml::Arity;

class FlowChecker {
 public:
  explicit FlowChecker(Program& program) : program_(program), tree_(program.tree) {}

  void Check(const Call& call) {
    if (call.vague || call.meaning.kind != Meaning::Kind::kWord) return;
    const Word& word = *call.meaning.word;
    if (word.procedure()) return;
    const std::vector<NodeId> parts = program_.ArgumentsOf(call.list);
    if (program_.Dotted(parts)) return;
    const std::string& name = word.name();
    if (name == "cond") CheckClauses(parts, 0);
    if (name == "guard" && !parts.empty() && tree_[parts[0]].list()) {
      CheckClauses(tree_.Data(parts[0]), 1);
    }
    if (name == "case") CheckCase(parts);
    if (name == "case-lambda") CheckCaseLambda(parts);
    if (name == "if") CheckIf(parts);
    if (name == "when" || name == "unless") CheckWhen(parts, name == "when");
    if (name == "and" || name == "or") CheckLogic(parts, name == "and");
    CheckBodies(call, word, parts);
  }

 private:
  bool IsElse(NodeId clause) const { return tree_.Head(clause) == "else"; }

  void Unreachable(NodeId at, absl::string_view why, NodeId other, absl::string_view note) {
    program_.Report("unreachable", at, "this is never evaluated", std::string(why),
                    {program_.Note(other, std::string(note))});
    // Nor does it fail then.
    program_.Shelter(at);
  }

  void CheckClauses(const std::vector<NodeId>& clauses, size_t from) {
    for (size_t i = from; i + 1 < clauses.size(); ++i) {
      const NodeId test = tree_[clauses[i]].list() ? tree_.FirstDatum(clauses[i]) : kNoNode;
      if (test == kNoNode) continue;
      if (!IsElse(clauses[i]) && !program_.ConstantTrue(test)) continue;
      Unreachable(clauses[i + 1], "the clause before it is always taken", clauses[i],
                  "this clause is always taken");
      return;
    }
  }

  void CheckCase(const std::vector<NodeId>& parts) {
    absl::flat_hash_map<absl::string_view, NodeId> seen;
    for (size_t i = 1; i < parts.size(); ++i) {
      if (!tree_[parts[i]].list()) continue;
      if (IsElse(parts[i])) {
        if (i + 1 < parts.size()) {
          Unreachable(parts[i + 1], "the clause before it is always taken", parts[i],
                      "this clause is always taken");
        }
        return;
      }
      const NodeId data = tree_.FirstDatum(parts[i]);
      if (data == kNoNode || !tree_[data].list()) continue;
      for (const NodeId datum : tree_.Data(data)) {
        if (!tree_[datum].atom()) continue;
        const auto [earlier, fresh] = seen.emplace(tree_.text(datum), datum);
        if (fresh) continue;
        program_.Report(
            "duplicate-case", datum, absl::StrCat("case: ", tree_.text(datum), " is there twice"),
            "the first one is taken", {program_.Note(earlier->second, "the first one is here")});
      }
    }
  }

  void CheckCaseLambda(const std::vector<NodeId>& clauses) {
    struct Taken {
      Arity arity;
      NodeId clause;
    };
    std::vector<Taken> taken;
    for (const NodeId clause : clauses) {
      const NodeId formals = tree_[clause].list() ? tree_.FirstDatum(clause) : kNoNode;
      if (formals == kNoNode) continue;
      Arity arity;
      if (tree_[formals].list()) {
        const std::vector<NodeId> data = tree_.Data(formals);
        arity.least = arity.most = static_cast<int>(data.size());
        if (program_.Dotted(data)) arity = {static_cast<int>(data.size()) - 2, Arity::kAny};
      } else {
        arity.most = Arity::kAny;
      }
      for (const Taken& earlier : taken) {
        const bool all = earlier.arity.least <= arity.least &&
                         (earlier.arity.most == Arity::kAny ||
                          (arity.most != Arity::kAny && arity.most <= earlier.arity.most));
        if (!all) continue;
        Unreachable(clause, "an earlier clause takes as many arguments", earlier.clause,
                    "this clause is taken");
        break;
      }
      constexpr size_t kMost = 50;
      if (taken.size() < kMost) taken.push_back({arity, clause});
    }
  }

  void CheckIf(const std::vector<NodeId>& parts) {
    if (parts.size() < 2) return;
    const bool never_else = program_.ConstantTrue(parts[0]);
    if (program_.ConstantFalse(parts[0])) {
      // (if #f #f) is how others write a value that does not matter.
      if (parts.size() == 2 && program_.ConstantFalse(parts[1])) return;
      Unreachable(parts[1], "the test is always #f", parts[0], "this is the test");
    } else if (never_else && parts.size() == 3) {
      Unreachable(parts[2], "the test is always true", parts[0], "this is the test");
    }
  }

  void CheckWhen(const std::vector<NodeId>& parts, bool wanted) {
    if (parts.size() < 2) return;
    const bool never = wanted ? program_.ConstantFalse(parts[0]) : program_.ConstantTrue(parts[0]);
    if (never) {
      Unreachable(parts[1], wanted ? "the test is always #f" : "the test is always true", parts[0],
                  "this is the test");
    }
  }

  void CheckLogic(const std::vector<NodeId>& parts, bool conjunction) {
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const bool decides =
          conjunction ? program_.ConstantFalse(parts[i]) : program_.ConstantTrue(parts[i]);
      if (!decides) continue;
      Unreachable(parts[i + 1], "what stands before it decides", parts[i], "this decides");
      return;
    }
  }

  // Behind what always fails nothing is evaluated.
  bool AlwaysFails(NodeId node) const {
    const Call* call = program_.names.CallOf(node);
    if (call == nullptr || call->vague) return false;
    const Word* word = program_.WordOf(*call);
    return word != nullptr &&
           (word->name() == "error" || word->name() == "errorf" || word->name() == "raise");
  }

  void CheckBody(const std::vector<NodeId>& parts, size_t from) {
    for (size_t i = from; i + 1 < parts.size(); ++i) {
      if (!AlwaysFails(parts[i])) continue;
      Unreachable(parts[i + 1], "what stands before it always fails", parts[i],
                  "this always fails");
      return;
    }
  }

  void CheckBodies(const Call& call, const Word& word, const std::vector<NodeId>& parts) {
    if (program_.Is(call, "begin")) return CheckBody(parts, 0);
    for (const reml::UsageWay& way : word.ways) {
      if (way.has_body()) return CheckBody(parts, way.before_body());
    }
    for (const NodeId clause : parts) {
      const bool clauses = word.name() == "cond" || word.name() == "case";
      if (clauses && tree_[clause].kind == reml::SyntaxNode::Kind::kList) {
        CheckBody(tree_.Data(clause), 1);
      }
    }
  }

  Program& program_;
  const reml::SyntaxTree& tree_;
};

}  // namespace

void CheckFlow(Program& program) {
  FlowChecker checker(program);
  for (const Call& call : program.names.calls()) checker.Check(call);
  program.SettleShelters();
}

}  // namespace pelagos::language
