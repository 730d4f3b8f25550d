// The specification's own regular expressions for names and tags, by re2: what goes into a URL to a
// registry passes them, whatever a parser said before.
//
// Source: distribution-spec 1.1, "Pulling manifests" (<name>, <reference>). ../reference.h is the
// parser that the small program has; the test compares the two.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/reference.h"

namespace pelagos::image {

bool IsSpecName(absl::string_view name);  // a repository: "library/redis"
bool IsSpecTag(absl::string_view tag);

// InvalidArgument names the part that the specification does not allow.
absl::Status CheckSpecGrammar(const Reference& reference);

}  // namespace pelagos::image
