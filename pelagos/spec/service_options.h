// The options of (service NAME OPTION...): one table that the compiler, its diagnostics and the
// manual read.
//
// An option is a list of its name and its values: '(port 8080 80). Every datum that came from text
// has its span, so each mistake is reported where it stands.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/value.h"
#include "pelagos/spec/compose.h"

namespace pelagos {

struct ServiceOptionRow {
  absl::string_view name;
  absl::string_view shape;    // "(port HOST CONTAINER [ADDRESS])"
  absl::string_view doc;      // sentences for the manual
  absl::string_view example;  // options that are right, one a line: "(port 8080 80)"
};

// In the order of the manual.
absl::Span<const ServiceOptionRow> ServiceOptions();

// Compiles the options into `service`, whose name is set; every mistake goes to `diags`, also that
// no image is given. What of the service is right then is good to look for more mistakes. `()`
// among the options is none.
void CompileServiceOptions(reml::CallContext& ctx, absl::Span<const reml::Value> options,
                           size_t first_argument, ServiceSpec& service, Diagnostics& diags);

}  // namespace pelagos
