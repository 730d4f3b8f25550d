// Findings of the checker as tools read them.
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/language/check.h"

namespace pelagos::cli {

// As people read them: each with its line, its notes behind it.
std::string FindingsText(const SourceMap& sources, absl::Span<const language::Finding> findings);

// An array of objects: file, line, column, endLine, endColumn (1-based, in characters), severity,
// rule, message, hint, notes.
std::string FindingsJson(const SourceMap& sources, absl::Span<const language::Finding> findings);

// SARIF 2.1.0: one run, with all rules. Columns count code points.
std::string FindingsSarif(const SourceMap& sources, absl::Span<const language::Finding> findings);

}  // namespace pelagos::cli
