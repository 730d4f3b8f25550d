#include "pelagos/cli/engine/when.h"

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace pelagos::cli {
namespace {

// "SECONDS[.FRACTION]", to the nanosecond: a double has no room for that.
std::optional<absl::Time> ParseUnixTime(absl::string_view text) {
  constexpr size_t kDigits = 9;
  constexpr int64_t kLast = 253402300799;  // of the year 9999
  const size_t dot = text.find('.');
  const absl::string_view whole = text.substr(0, dot);
  absl::string_view fraction = dot == absl::string_view::npos ? "" : text.substr(dot + 1);
  if (whole.empty() || whole.find_first_not_of("0123456789") != absl::string_view::npos ||
      fraction.find_first_not_of("0123456789") != absl::string_view::npos) {
    return std::nullopt;
  }
  int64_t seconds = 0, nanoseconds = 0;
  if (!absl::SimpleAtoi(whole, &seconds) || seconds > kLast) return std::nullopt;
  std::string padded(fraction.substr(0, kDigits));
  padded.resize(kDigits, '0');
  if (!absl::SimpleAtoi(padded, &nanoseconds)) return std::nullopt;
  return absl::FromUnixSeconds(seconds) + absl::Nanoseconds(nanoseconds);
}

}  // namespace

absl::StatusOr<absl::Time> ParseWhen(absl::string_view text, absl::Time now) {
  std::optional<absl::Time> when = ParseUnixTime(text);
  if (absl::Duration ago; !when && absl::ParseDuration(text, &ago)) when = now - ago;
  for (const char* format : {"%Y-%m-%dT%H:%M:%E*S%Ez", "%Y-%m-%dT%H:%M:%E*S", "%Y-%m-%dT%H:%M%Ez",
                             "%Y-%m-%dT%H:%M", "%Y-%m-%d%Ez", "%Y-%m-%d"}) {
    absl::Time parsed;
    std::string error;
    if (!when && absl::ParseTime(format, text, absl::LocalTimeZone(), &parsed, &error)) {
      when = parsed;
    }
  }
  if (when && *when >= absl::UnixEpoch() && *when < absl::FromUnixSeconds(253402300800)) {
    return *when;
  }
  return absl::InvalidArgumentError(absl::StrCat("'", text,
                                                 "' is no time; expected a duration (10m), a time ",
                                                 "(2026-03-01T12:00:00Z) or seconds since 1970"));
}

}  // namespace pelagos::cli
