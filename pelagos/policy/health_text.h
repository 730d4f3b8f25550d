// Times of health checks as people write them: "30s", "1m30s", "500ms".
//
// Source: docker-run(1), --health-interval; Go's time.ParseDuration.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pelagos {

inline constexpr char kHealthTimeExpected[] =
    "a time such as 30s, 1m30s or 500ms, at least a millisecond, or 0 for the image's";

// Nanoseconds; 0 is 0. A probe must not be all that the machine does: nullopt below a millisecond,
// and for what is no time.
inline std::optional<int64_t> ParseHealthTime(absl::string_view text) {
  absl::Duration time;
  if (!absl::ParseDuration(text, &time) || time == absl::InfiniteDuration()) return std::nullopt;
  if (time < absl::ZeroDuration()) return std::nullopt;
  if (time > absl::ZeroDuration() && time < absl::Milliseconds(1)) return std::nullopt;
  if (time > absl::Nanoseconds(INT64_MAX)) return std::nullopt;
  return absl::ToInt64Nanoseconds(time);
}

}  // namespace pelagos
