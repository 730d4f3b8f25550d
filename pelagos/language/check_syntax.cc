// What the reader says of the text, and what forms that are not as their usage says.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/language/check_program.h"
#include "pelagos/reml/reader.h"
#include "pelagos/reml/usage.h"

namespace pelagos::language {
namespace {

void ReadText(Program& program) {
  constexpr size_t kHeapBytes = size_t{2} << 30;
  reml::Heap heap(kHeapBytes);
  Diagnostics diagnostics;
  program.reads = reml::Read(heap, program.sources, program.source, diagnostics).has_value();
  const std::vector<Diagnostic>& list = diagnostics.list();
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].severity == Severity::kNote) continue;
    std::vector<Diagnostic> notes;
    for (size_t note = i + 1; note < list.size() && list[note].severity == Severity::kNote;
         ++note) {
      notes.push_back(list[note]);
    }
    program.Report("syntax", list[i], std::move(notes));
  }
}

// Whether the parameters of a lambda are not all names.
bool OddFormals(const Program& program, const Call& call) {
  if (!program.Is(call, "lambda")) return false;
  const std::vector<NodeId> parts = program.ArgumentsOf(call.list);
  if (parts.empty() || !program.tree[parts[0]].list()) return false;
  const std::vector<NodeId> formals = program.tree.Data(parts[0]);
  return std::any_of(formals.begin(), formals.end(), [&](NodeId name) {
    return program.tree[name].kind != reml::SyntaxNode::Kind::kWord;
  });
}

// Whether an import names libraries only.
bool NoFiles(const Program& program, NodeId list) {
  const std::vector<NodeId> parts = program.ArgumentsOf(list);
  return std::all_of(parts.begin(), parts.end(),
                     [&](NodeId part) { return program.tree[part].list(); });
}

// What the evaluator says of the form, if it is about its shape. nullopt: nobody knows.
std::optional<bool> ReportTried(Program& program, NodeId form) {
  constexpr uint32_t kLongest = 1 << 15;
  const reml::SyntaxNode& list = program.tree[form];
  if (!list.complete || list.end - list.begin > kLongest) return std::nullopt;
  Sketch sketch;
  sketch.Copy(program.tree.text(form), list.begin);
  const Trial::Outcome outcome = program.trial().Run(std::move(sketch));
  if (!outcome.known) return std::nullopt;
  const std::string prefix = absl::StrCat(program.tree.Head(form), ": ");
  for (const Diagnostic& error : outcome.errors) {
    const bool shape = absl::StartsWith(error.message, prefix) ||
                       absl::StartsWith(error.message, "arity mismatch: ") ||
                       absl::StartsWith(error.message, "import: ");
    if (!error.span.known() || !shape) return false;
    program.Report("shape", error);
    return true;
  }
  return false;
}

// Whether a macro takes nothing but names and data, so that to expand it is to check it.
bool OnlyData(const std::vector<reml::UsagePart>& parts) {
  return std::all_of(parts.begin(), parts.end(), [](const reml::UsagePart& part) {
    if (part.list()) return OnlyData(part.parts);
    return part.role == reml::Role::kName || part.role == reml::Role::kDatum;
  });
}
bool OnlyData(const Word& word) {
  return word.macro() && !word.ways.empty() &&
         std::all_of(word.ways.begin(), word.ways.end(),
                     [](const reml::UsageWay& way) { return OnlyData(way.parts); });
}

}  // namespace

void CheckSyntax(Program& program) {
  ReadText(program);
  for (const Names::Misshape& misshape : program.names.misshapes()) {
    NodeId form = misshape.node;
    while (form != kNoNode && program.names.CallOf(form) == nullptr) {
      form = program.tree[form].parent;
    }
    if (program.Sheltered(form == kNoNode ? misshape.node : form)) continue;
    const std::optional<bool> tried = form == kNoNode ? std::nullopt : ReportTried(program, form);
    // What the evaluator takes is fine.
    if (tried && !*tried) continue;
    if (!tried) program.Report("shape", misshape.node, misshape.message, misshape.hint);
    if (form != kNoNode) program.misshapen.insert(form);
  }
  for (const Call& call : program.names.calls()) {
    const Word* word = call.vague || program.Sheltered(call.list) ? nullptr : program.WordOf(call);
    if (word == nullptr) continue;
    const bool libraries = word->name() == "import" && NoFiles(program, call.list);
    if (libraries || OnlyData(*word) || OddFormals(program, call)) {
      ReportTried(program, call.list);
    }
  }
  // What stands in such a form means nothing.
  for (const NodeId form : program.misshapen) program.Shelter(form);
  program.SettleShelters();
}

}  // namespace pelagos::language
