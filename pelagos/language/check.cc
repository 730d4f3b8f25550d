#include "pelagos/language/check.h"

#include <utility>

#include "pelagos/language/check_program.h"

namespace pelagos::language {
namespace {

constexpr Rule kRules[] = {
    {"syntax", Severity::kError, "The text cannot be read: a parenthesis, a string, a number."},
    {"shape", Severity::kError, "A form is not written as its usage says."},
    {"unbound-name", Severity::kError, "A name that nothing binds."},
    {"use-before-definition", Severity::kError,
     "A name is used before the program gets to its definition."},
    {"arity", Severity::kError, "A procedure is called with too many arguments, or too few."},
    {"not-a-procedure", Severity::kError, "What is called is no procedure."},
    {"type", Severity::kError, "An argument is of a type that the procedure does not take."},
    {"failing-call", Severity::kError,
     "A procedure of the language always fails with these arguments."},
    {"unknown-option", Severity::kError, "A service or a network has no such option."},
    {"option-value", Severity::kError, "The values of an option are not what it takes."},
    {"missing-image", Severity::kError, "A service says nowhere what it runs."},
    {"unknown-reference", Severity::kError,
     "A service names a service, network or volume that its stack does not have."},
    {"stack", Severity::kError,
     "The parts of a stack contradict each other: names, ports and mounts that are given twice, "
     "subnets that overlap, services that wait for each other."},
    {"doubtful-reference", Severity::kWarning,
     "A service names a service, network or volume that the program does not seem to make."},
    {"unused-binding", Severity::kWarning, "A name is bound and never used."},
    {"uncomposed-service", Severity::kWarning,
     "A service, a network or a volume is made, but is part of no stack."},
    {"shadowed-builtin", Severity::kWarning,
     "A name of the language gets another meaning in a part of the program."},
    {"duplicate-binding", Severity::kWarning, "A form binds the same name twice."},
    {"duplicate-case", Severity::kWarning, "A clause of `case` repeats a datum of an earlier one."},
    {"unreachable", Severity::kWarning, "A part of the program that is never evaluated."},
};

}  // namespace

absl::Span<const Rule> Rules() { return kRules; }

std::vector<Finding> Check(const SourceMap& sources, uint32_t source, const Names& names) {
  Program program(sources, source, names);
  CheckFlow(program);
  CheckSyntax(program);
  CheckNames(program);
  CheckCalls(program);
  CheckServices(program);
  CheckBindings(program);
  return program.Take();
}

std::vector<Finding> Check(const SourceMap& sources, uint32_t source, const Names::Files& files) {
  const Source& text = *sources.Find(source);
  const reml::SyntaxTree tree(text.text());
  return Check(sources, source, Names(tree, text.name(), files));
}

}  // namespace pelagos::language
