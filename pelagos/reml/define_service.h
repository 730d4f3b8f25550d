// (define-service VARIABLE NAME :key value... :key value...)
//   => (define VARIABLE (service NAME (list 'key value...) ...))
//
// All parts keep their spans, so that a wrong option is shown in the user's text.
//
// A group of values is one option, whose values are evaluated:
//   :port 8080 80            (list 'port 8080 80)
//   :image (env "IMAGE")     (list 'image (env "IMAGE"))
// unless it begins with a list that is no expression; then every value is an option:
//   :port (8080 . 80) (443 443)         (list 'port 8080 80) (list 'port 443 443)
//   :env ("A" . (f x))                  (list 'env "A" (f x)), which reads as ("A" f x)
//   :command '("sh" "-c" "true")        (list 'command "sh" "-c" "true"), literally
//   :env '(("A" "1") ("B" . two))       (list 'env "A" "1") (list 'env "B" 'two)
// A list is an expression when its head is a symbol that names a special form, a procedure, a
// macro, or nothing: (port-variable 80) is a pair of values.
//
// What one key adds to that:
//   :depends-on "a" "b" 5432 "c"        an option from each literal name on
//   :tmpfs "/a" "/b"                    an option from each value
//   :cap-add net-raw                    symbols without a value stand for themselves
#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/code.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

// Whether the option's values may be names without quotes.
bool TakesBareNames(absl::string_view key);

std::optional<Value> ExpandDefineService(MacroContext& ctx, Value form, Span span);

}  // namespace pelagos::reml
