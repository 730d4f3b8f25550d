// The mistakes of a program that can be seen without running it.
//
// An error is what fails when the program gets there, in the evaluator's own words; a warning is
// what is most likely not meant. A clean program gives nothing: where something cannot be known,
// nothing is said.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/language/names.h"

namespace pelagos::language {

// A kind of finding. All views are of static storage.
struct Rule {
  absl::string_view name;  // "unused-binding", what tools show and docs/reml/tools.md lists
  Severity severity = Severity::kError;
  absl::string_view doc;  // a sentence for the manual, and for SARIF
};

absl::Span<const Rule> Rules();

struct Finding {
  const Rule* rule = nullptr;
  Diagnostic diagnostic;          // with the severity of the rule
  std::vector<Diagnostic> notes;  // what belongs to it, elsewhere in the sources
};

// In the order of the text; each place has at most one finding of a rule. `files` reads what the
// program imports (names.h).
std::vector<Finding> Check(const SourceMap& sources, uint32_t source,
                           const Names::Files& files = nullptr);

// The same for a program that is known already. Requires: `names` is of that source's text.
std::vector<Finding> Check(const SourceMap& sources, uint32_t source, const Names& names);

}  // namespace pelagos::language
