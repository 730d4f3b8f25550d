// Calls: how many arguments, of which types, and whether the operator is a procedure at all.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/language/check_program.h"

namespace pelagos::language {
namespace {

using reml::Arity;
using reml::SyntaxNode;

bool Within(const Span& inner, const Span& outer) {
  return inner.source == outer.source && inner.begin >= outer.begin && inner.end <= outer.end;
}

class CallChecker {
 public:
  explicit CallChecker(Program& program) : program_(program), tree_(program.tree) {}

  void Check(const Call& call) {
    if (call.vague || program_.Sheltered(call.list) || !program_.trial().more()) return;
    arguments_ = program_.ArgumentsOf(call.list);
    if (program_.Dotted(arguments_)) return;
    if (const Word* word = program_.WordOf(call)) {
      if (word->procedure()) CheckBuiltin(call, *word);
    } else if (call.meaning.kind == Meaning::Kind::kDefinition) {
      CheckOwn(call, program_.names.definitions()[call.meaning.definition]);
    } else if (call.meaning.kind == Meaning::Kind::kDatum) {
      CheckExpression(call);
    }
  }

 private:
  void CheckBuiltin(const Call& call, const Word& word) {
    const auto [least, most] = word.arity;
    const size_t got = arguments_.size();
    if (got < static_cast<size_t>(least) ||
        (most != Arity::kAny && got > static_cast<size_t>(most))) {
      ReportArity(call, word);
      return;
    }
    if (word.section == Vocabulary::Get().Find("service")->section && MakesPart(word)) return;
    std::vector<size_t> wrong;
    for (size_t i = 0; i < got; ++i) {
      const TypeSet wanted = ParameterType(word, i);
      if (!wanted.any() && (program_.TypeOf(arguments_[i]) & wanted).empty()) wrong.push_back(i);
    }
    if (!wrong.empty() && ReportType(call, word, wrong)) return;
    TryWhole(call);
  }

  // Their arguments are options, which have rules of their own.
  static bool MakesPart(const Word& word) {
    return absl::EndsWith(word.signature.result, "-spec") &&
           word.signature.parameters[0].type == "text";
  }

  static TypeSet ParameterType(const Word& word, size_t index) {
    const auto& parameters = word.signature.parameters;
    if (parameters.empty()) return kAnyType;
    return ParseType(parameters[std::min(index, parameters.size() - 1)].type);
  }

  void ReportArity(const Call& call, const Word& word) {
    Sketch sketch;
    const SyntaxNode& list = tree_[call.list];
    const SyntaxNode& head = tree_[call.head];
    sketch.Copy("(", list.begin);
    sketch.Copy(tree_.text(call.head), head.begin);
    for (const NodeId argument : arguments_) {
      sketch.Add(" ");
      sketch.Replace("0", tree_[argument].begin, tree_[argument].end);
    }
    sketch.Copy(")", list.end - 1);
    for (const Diagnostic& error : program_.trial().Run(std::move(sketch)).errors) {
      if (!(error.span == program_.SpanOf(call.list))) continue;
      if (absl::StartsWith(error.message, "unbound variable: ")) break;
      program_.Report("arity", error);
      return;
    }
    const auto [least, most] = word.arity;
    std::string wanted = absl::StrCat(least);
    if (most == Arity::kAny) {
      wanted = absl::StrCat("at least ", least);
    } else if (most != least) {
      absl::StrAppend(&wanted, "–", most);
    }
    program_.Report(
        "arity", call.list,
        absl::StrCat(word.name(), ": expected ", wanted, " argument(s), got ", arguments_.size()),
        absl::StrCat("it is ", reml::Usage(word.name(), word.entry->signature)));
  }

  // `samples`: which of the samples of a type stands for an unknown value.
  void AddArgument(Sketch& sketch, NodeId argument, TypeSet wanted, size_t samples) const {
    const SyntaxNode& node = tree_[argument];
    sketch.Add(" ");
    if (program_.KnownAt(argument) != Known::kNot) {
      sketch.Copy(tree_.text(argument), node.begin);
      return;
    }
    TypeSet type = program_.TypeOf(argument);
    if (!(type & wanted).empty()) type = type & wanted;
    const std::vector<absl::string_view> all = SamplesOf(type);
    sketch.Replace(all.empty() ? "0" : all[samples % all.size()], node.begin, node.end);
  }

  Sketch SketchOf(const Call& call, const Word* word, size_t samples) const {
    Sketch sketch;
    const SyntaxNode& list = tree_[call.list];
    const std::string bindings = program_.BindingsOf(arguments_);
    if (!bindings.empty()) sketch.Add(absl::StrCat("(let (", bindings, ") "));
    sketch.Copy("(", list.begin);
    sketch.Copy(tree_.text(call.head), tree_[call.head].begin);
    for (size_t i = 0; i < arguments_.size(); ++i) {
      AddArgument(sketch, arguments_[i], word == nullptr ? kAnyType : ParameterType(*word, i),
                  samples);
    }
    sketch.Copy(")", list.end - 1);
    if (!bindings.empty()) sketch.Add(")");
    return sketch;
  }

  // An argument is wrong when the evaluator refuses it whatever the others are.
  bool ReportType(const Call& call, const Word& word, const std::vector<size_t>& wrong) {
    constexpr size_t kSamples = 6, kMostKinds = 25;
    Diagnostic first;
    NodeId at = kNoNode;
    for (size_t i = 0; i < kSamples; ++i) {
      const auto outcome = program_.trial().Run(SketchOf(call, &word, i));
      if (outcome.errors.empty()) return false;
      const Diagnostic& error = outcome.errors.front();
      const auto blamed = std::find_if(wrong.begin(), wrong.end(), [&](size_t index) {
        return Within(error.span, program_.SpanOf(arguments_[index]));
      });
      if (blamed == wrong.end() || absl::StartsWith(error.message, "unbound variable: "))
        return false;
      const TypeSet type = program_.TypeOf(arguments_[*blamed]);
      if (i == 0) {
        first = error;
        at = arguments_[*blamed];
        if (program_.KnownAt(at) == Known::kNot && !type.single()) ListTypes(first.message, type);
      } else if (at != arguments_[*blamed]) {
        return false;
      }
    }
    // Some take their arguments in another order too.
    const size_t kinds = SamplesOf(kAnyType).size();
    const bool unknown = std::any_of(arguments_.begin(), arguments_.end(), [&](NodeId argument) {
      return program_.TypeOf(argument).any();
    });
    for (size_t i = 0; unknown && i < std::min(kinds, kMostKinds); ++i) {
      if (program_.trial().Run(SketchOf(call, nullptr, i)).errors.empty()) return false;
    }
    program_.Report("type", first, Reason(at));
    return true;
  }

  // "got int" of a value that may be of several types.
  static void ListTypes(std::string& message, TypeSet type) {
    const size_t got = message.rfind(", got ");
    if (got != std::string::npos) message.resize(got);
    if (got != std::string::npos) absl::StrAppend(&message, ", got ", TypeName(type));
  }

  // Where a name got its value.
  std::vector<Diagnostic> Reason(NodeId argument) const {
    if (tree_[argument].kind != SyntaxNode::Kind::kWord) return {};
    const Definition* definition = program_.names.DefinitionAt(argument);
    if (definition == nullptr || definition->imported()) return {};
    return {
        program_.Note(definition->node, absl::StrCat("'", definition->name, "' is bound here"))};
  }

  // A call whose arguments are all known: what it does is what it always does.
  void TryWhole(const Call& call) {
    if (program_.KnownAt(call.list) == Known::kNot) return;
    if (program_.KnownAt(call.head) == Known::kNot) return;
    const NodeId around = tree_[call.list].parent;
    if (around != kNoNode && program_.KnownAt(around) != Known::kNot &&
        program_.names.CallOf(around) != nullptr) {
      return;  // that one is tried
    }
    for (Diagnostic& error : program_.trial().Run(SketchOf(call, nullptr, 0)).errors) {
      if (absl::StartsWith(error.message, "unbound variable: ")) continue;
      const bool type = absl::StrContains(error.message, "expected ") &&
                        absl::StrContains(error.message, ", got ");
      const bool called = absl::StartsWith(error.message, "not a procedure: ");
      program_.Report(called ? "not-a-procedure"
                      : type ? "type"
                             : "failing-call",
                      std::move(error));
    }
  }

  void CheckOwn(const Call& call, const Definition& definition) {
    if (definition.assigned || definition.redefined) return;
    if (definition.kind == Definition::Kind::kParameter) return;
    // The text of a macro may hold its own name.
    const bool macro = definition.kind == Definition::Kind::kMacro;
    if (!macro && program_.names.MayBeBound(definition.name)) return;
    if (definition.arity) {
      std::vector<Diagnostic> notes;
      if (!definition.imported()) {
        notes = {program_.Note(definition.node,
                               absl::StrCat("'", definition.name, "' is defined here"))};
      }
      ReportOwnArity(call, *definition.arity, UsageOf(definition), std::move(notes));
      return;
    }
    if (!macro) NotProcedure(call);
  }

  void CheckExpression(const Call& call) {
    if (call.head == kNoNode) return;
    if (const Call* lambda = program_.CallAt(call.head, "lambda")) {
      const std::vector<NodeId> parts = program_.ArgumentsOf(lambda->list);
      if (parts.empty()) return;
      Formals formals = FormalsOf(parts[0], false);
      if (!formals.good) return;
      ReportOwnArity(call, formals.arity, absl::StrCat("(lambda ", formals.text, " ...)"), {});
      return;
    }
    NotProcedure(call);
  }

  void NotProcedure(const Call& call) {
    const TypeSet type = program_.TypeOf(call.head);
    if (!(type & ParseType("procedure")).empty() || type.any()) return;
    const SyntaxNode& head = tree_[call.head];
    Sketch sketch;
    std::vector<NodeId> all = {call.head};
    all.insert(all.end(), arguments_.begin(), arguments_.end());
    std::string bindings;
    const bool known = program_.KnownAt(call.head) != Known::kNot;
    if (known) bindings = program_.BindingsOf(all);
    // What the arguments are does not matter; but their names may be in a hint.
    for (const NodeId argument : arguments_) {
      const bool name = tree_[argument].kind == SyntaxNode::Kind::kWord &&
                        program_.KnownAt(argument) == Known::kNot;
      if (name && program_.names.MeaningOf(argument).kind == Meaning::Kind::kDefinition) {
        absl::StrAppend(&bindings, "(", tree_.text(argument), " 0)");
      }
    }
    if (!bindings.empty()) sketch.Add(absl::StrCat("(let* (", bindings, ") "));
    sketch.Copy("(", tree_[call.list].begin);
    const std::vector<absl::string_view> samples = SamplesOf(type);
    if (known) {
      sketch.Copy(tree_.text(call.head), head.begin);
    } else if (!type.single() || samples.empty()) {
      return;
    } else {
      sketch.Replace(samples[0], head.begin, head.end);
    }
    for (const NodeId argument : arguments_) {
      const bool word = tree_[argument].kind == SyntaxNode::Kind::kWord;
      sketch.Add(" ");
      if (word || program_.KnownAt(argument) != Known::kNot) {
        sketch.Copy(tree_.text(argument), tree_[argument].begin);
      } else {
        sketch.Replace("0", tree_[argument].begin, tree_[argument].end);
      }
    }
    sketch.Copy(")", tree_[call.list].end - 1);
    if (!bindings.empty()) sketch.Add(")");
    for (const Diagnostic& error : program_.trial().Run(std::move(sketch)).errors) {
      if (!absl::StartsWith(error.message, "not a procedure: ")) continue;
      Diagnostic found = error;
      // The value that stands in is not the program's.
      if (!known) found.hint.clear();
      program_.Report("not-a-procedure", std::move(found), Reason(call.head));
      return;
    }
  }

  struct Formals {
    bool good = true;
    Arity arity;
    std::string text;
  };
  // Of a list of parameters; `named`: its first is the name of the procedure.
  Formals FormalsOf(NodeId node, bool named) const {
    Formals formals;
    if (!tree_[node].list()) {
      formals.arity.most = Arity::kAny;
      formals.text = std::string(tree_.text(node));
      return formals;
    }
    std::vector<NodeId> data = tree_.Data(node);
    absl::StrAppend(&formals.text, "(");
    bool rest = false;
    for (size_t i = 0; i < data.size(); ++i) {
      absl::StrAppend(&formals.text, i == 0 ? "" : " ", tree_.text(data[i]));
      if (tree_[data[i]].kind != SyntaxNode::Kind::kWord) formals.good = false;
      if (tree_.text(data[i]) == ".") {
        rest = true;
      } else if (!rest && (i > 0 || !named)) {
        ++formals.arity.least;
      }
    }
    formals.arity.most = rest ? Arity::kAny : formals.arity.least;
    absl::StrAppend(&formals.text, ")");
    return formals;
  }

  // "(f a b . rest)"
  std::string UsageOf(const Definition& definition) const {
    if (definition.imported()) return "";
    const NodeId around = tree_[definition.node].parent;
    if (around != definition.form) return FormalsOf(around, true).text;
    const NodeId value = definition.value;
    const Call* lambda = value == kNoNode ? nullptr : program_.CallAt(value, "lambda");
    std::vector<NodeId> parts;
    if (lambda != nullptr) {
      parts = program_.ArgumentsOf(value);
      if (parts.empty()) return "";
      const Formals formals = FormalsOf(parts[0], false);
      if (!tree_[parts[0]].list()) {
        return absl::StrCat("(", definition.name, " . ", formals.text, ")");
      }
      return absl::StrCat("(", definition.name, formals.text.size() > 2 ? " " : "",
                          absl::string_view(formals.text).substr(1));
    }
    // A named let: its bindings are the parameters.
    parts = program_.ArgumentsOf(definition.form);
    if (parts.size() < 2 || parts[0] != definition.node || !tree_[parts[1]].list()) return "";
    std::string usage = absl::StrCat("(", definition.name);
    for (const NodeId binding : tree_.Data(parts[1])) {
      const NodeId name = tree_[binding].list() ? tree_.FirstDatum(binding) : kNoNode;
      if (name != kNoNode) absl::StrAppend(&usage, " ", tree_.text(name));
    }
    return absl::StrCat(usage, ")");
  }

  void ReportOwnArity(const Call& call, Arity arity, const std::string& usage,
                      std::vector<Diagnostic> notes) {
    const size_t got = arguments_.size();
    const bool any = arity.most == Arity::kAny;
    if (got >= static_cast<size_t>(arity.least) &&
        (any || got <= static_cast<size_t>(arity.most))) {
      return;
    }
    program_.Report("arity", call.list,
                    absl::StrCat("arity mismatch: expected ", any ? "at least " : "", arity.least,
                                 " arguments, got ", got),
                    usage.empty() ? "" : absl::StrCat("it is ", usage), std::move(notes));
  }

  Program& program_;
  const reml::SyntaxTree& tree_;
  std::vector<NodeId> arguments_;
};

}  // namespace

void CheckCalls(Program& program) {
  CallChecker checker(program);
  // Inner calls first: theirs is the finding.
  const auto calls = program.names.calls();
  for (auto call = calls.rbegin(); call != calls.rend(); ++call) checker.Check(*call);
}

}  // namespace pelagos::language
