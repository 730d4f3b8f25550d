// Times as records have them: RFC 3339, UTC, nanoseconds. They compare as texts.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pelagos::container {

inline std::string RecordTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E9SZ", time, absl::UTCTimeZone());
}

// nullopt for what is none, and for "": never.
inline std::optional<absl::Time> ParseRecordTime(absl::string_view text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return std::nullopt;
  return time;
}

}  // namespace pelagos::container
