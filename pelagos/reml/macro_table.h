// What the manual says of the macros: those of stdlib.reml, and those written in C++.
#pragma once

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/reml/forms.h"

namespace pelagos::reml {

// A chapter of the reference, or a part of one.
struct MacroTable {
  absl::string_view section;
  absl::string_view intro;  // Markdown
  absl::Span<const Form> rows;
};

MacroTable MessageMacros();  // logf errorf with-cleanup
MacroTable RecordMacros();   // define-record-type
MacroTable ServiceMacros();  // define-service
MacroTable FutureMacros();   // define-nodes define-then define-run define-results

}  // namespace pelagos::reml
