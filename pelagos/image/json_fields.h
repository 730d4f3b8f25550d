// Members of JSON objects that strangers wrote, as image documents have them: every type is
// checked, and errors name the field. Internal to the parsers of this folder.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace pelagos::image::fields {

using Json = nlohmann::json;

absl::Status Wrong(absl::string_view field, absl::string_view expected);

// InvalidArgument also for texts that are too large or nest too deep (manifest.h).
absl::StatusOr<Json> ParseText(absl::string_view text);
absl::StatusOr<Json> ParseObject(absl::string_view text);

// The member, or null if it is absent or null: writers in Go put null for empty lists.
const Json* Find(const Json& object, const char* field);

// Absent: "", {}. Texts hold no NUL bytes.
absl::StatusOr<std::string> Text(const Json& object, const char* field);
absl::StatusOr<std::vector<std::string>> Texts(const Json& object, const char* field);

// InvalidArgument if it is absent.
absl::StatusOr<const Json*> List(const Json& object, const char* field);

// Bytes that are not UTF-8 are replaced, never thrown about.
std::string Print(const Json& json);

}  // namespace pelagos::image::fields
