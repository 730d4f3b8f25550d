// Files of KEY=VALUE lines: --env-file, --label-file.
//
// Blank lines and those that begin with '#' say nothing; blanks before a key are dropped; all after
// the '=' is the value, as it stands, quotes too. Source: docker-run(1), --env-file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pelagos::cli {

struct KeyValueLine {
  std::string key;
  std::optional<std::string> value;  // unset: there was no '='

  friend bool operator==(const KeyValueLine&, const KeyValueLine&) = default;
};

// InvalidArgument names the line.
absl::StatusOr<std::vector<KeyValueLine>> ParseKeyValueLines(absl::string_view text);

// Of the file at `path`; errors name it.
absl::StatusOr<std::vector<KeyValueLine>> ReadKeyValueFile(const std::string& path);

}  // namespace pelagos::cli
