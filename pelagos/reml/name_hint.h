// What may have been meant by a name that nothing binds, for the evaluator and for tools.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace pelagos::reml {

// Comes first in calls, and is glued to what follows by who thinks of other languages.
inline constexpr absl::string_view kOperators[] = {"<=", ">=", "+", "-", "*", "/", "<", ">", "="};

// The hint under "unbound variable: WRITTEN"; empty: there is none. `special`: it is a special
// form. `bound` says whether a name means something there, `names` are those that do, the nearer
// first; special forms come after them. `*looked` grows by how many names it was compared with.
std::string UnboundNameHint(absl::string_view written, bool special,
                            const std::function<bool(absl::string_view)>& bound,
                            absl::Span<const absl::string_view> names, size_t* looked);

}  // namespace pelagos::reml
