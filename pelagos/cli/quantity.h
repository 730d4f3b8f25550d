// Sizes and times as people read them, in Docker's words.
//
// Source: docker/go-units: HumanSizeWithPrecision, HumanDuration.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pelagos::cli {

// "16.43MB": powers of 1000, at most `digits` figures.
inline std::string HumanSize(uint64_t bytes, int digits = 4) {
  auto value = static_cast<double>(bytes);
  const char* unit = "B";
  for (const char* next : {"kB", "MB", "GB", "TB", "PB"}) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  return absl::StrFormat("%.*g%s", digits, value, unit);
}

// "3 minutes", "About an hour", "Less than a second"; also for what is negative, as by a clock that
// was set back.
inline std::string HumanDuration(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(duration);
  const int64_t minutes = seconds / 60, hours = (minutes + 30) / 60;
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return absl::StrCat(seconds, " seconds");
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return absl::StrCat(minutes, " minutes");
  if (hours == 1) return "About an hour";
  if (hours < 48) return absl::StrCat(hours, " hours");
  if (hours < 24 * 7 * 2) return absl::StrCat(hours / 24, " days");
  if (hours < 24 * 30 * 2) return absl::StrCat(hours / 24 / 7, " weeks");
  if (hours < 24 * 365 * 2) return absl::StrCat(hours / 24 / 30, " months");
  return absl::StrCat(hours / 24 / 365, " years");
}

// The time of a record (RFC 3339); InfinitePast for what is none.
inline absl::Time TimeOf(absl::string_view text) {
  absl::Time at;
  std::string error;
  return absl::ParseTime(absl::RFC3339_full, text, &at, &error) ? at : absl::InfinitePast();
}

// "3 minutes ago"; "" for a time that is none.
inline std::string Ago(absl::Time at, absl::Time now) {
  return at == absl::InfinitePast() ? "" : absl::StrCat(HumanDuration(now - at), " ago");
}

}  // namespace pelagos::cli
