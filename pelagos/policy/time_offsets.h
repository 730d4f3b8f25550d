// How far the clocks of a time namespace are from the host's.
//
// Values. Source: time_namespaces(7); OCI runtime-spec config-linux.md ("Time offsets").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace pelagos {

// `seconds` + `nanoseconds`; the latter are 0 to 999999999, also of a negative offset: -1.5 s is
// {-2, 500000000}.
struct TimeOffset {
  int64_t seconds = 0;
  uint32_t nanoseconds = 0;
  friend constexpr bool operator==(const TimeOffset&, const TimeOffset&) = default;
};

struct TimeOffsets {
  std::optional<TimeOffset> monotonic;  // CLOCK_MONOTONIC and its kin
  std::optional<TimeOffset> boottime;   // CLOCK_BOOTTIME, what uptime(1) says
  bool empty() const { return !monotonic && !boottime; }
  friend bool operator==(const TimeOffsets&, const TimeOffsets&) = default;
};

inline constexpr uint32_t kNanosecondsOfSecond = 1'000'000'000;
// No clock may be set beyond half of what the kernel's nanoseconds count: some 146 years.
inline constexpr int64_t kMostOffsetSeconds = 4'611'686'018;

// As the end of a sentence, or "". That no clock becomes negative only the kernel can say.
constexpr absl::string_view TimeOffsetProblem(const TimeOffset& offset) {
  if (offset.nanoseconds >= kNanosecondsOfSecond) return "has more than 999999999 nanoseconds";
  if (offset.seconds > kMostOffsetSeconds || offset.seconds < -kMostOffsetSeconds) {
    return "is more than 4611686018 seconds";
  }
  return "";
}

// "3600", "1.5", "-90s", "2h", "1.25d": a number, at most nine digits behind its point, and a unit
// (s, m, h, d; seconds without one). nullopt for anything else and what is out of range.
inline std::optional<TimeOffset> ParseTimeOffset(absl::string_view text) {
  struct Unit {
    char name;
    int64_t seconds;
  };
  constexpr Unit kUnits[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  const bool negative = absl::ConsumePrefix(&text, "-");
  if (!negative) absl::ConsumePrefix(&text, "+");
  int64_t unit = 1;
  for (const Unit& row : kUnits) {
    if (text.empty() || text.back() != row.name) continue;
    unit = row.seconds;
    text.remove_suffix(1);
    break;
  }
  const size_t point = text.find('.');
  const absl::string_view whole = text.substr(0, point);
  absl::string_view fraction;
  if (point != absl::string_view::npos) {
    fraction = text.substr(point + 1);
    if (fraction.empty()) return std::nullopt;
  }
  constexpr size_t kMostDigits = 9;
  const auto is_number = [](absl::string_view digits) {
    return digits.find_first_not_of("0123456789") == absl::string_view::npos;
  };
  int64_t seconds = 0;
  if (whole.empty() || !is_number(whole) || !is_number(fraction) || fraction.size() > kMostDigits ||
      !absl::SimpleAtoi(whole, &seconds) || seconds > kMostOffsetSeconds) {
    return std::nullopt;
  }
  int64_t billionths = 0;
  for (size_t i = 0; i < kMostDigits; ++i) {
    billionths = billionths * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  }
  // At most 86400 * 10^9: no overflow.
  billionths *= unit;
  seconds = seconds * unit + billionths / kNanosecondsOfSecond;
  int64_t nanoseconds = billionths % kNanosecondsOfSecond;
  if (negative) {
    seconds = -seconds;
    if (nanoseconds != 0) {
      seconds -= 1;
      nanoseconds = kNanosecondsOfSecond - nanoseconds;
    }
  }
  const TimeOffset offset = {seconds, static_cast<uint32_t>(nanoseconds)};
  if (!TimeOffsetProblem(offset).empty()) return std::nullopt;
  return offset;
}

// "-2 s 500000000 ns" as the kernel counts; for people: "-1.5 s".
inline std::string TimeOffsetText(const TimeOffset& offset) {
  const bool negative = offset.seconds < 0;
  int64_t seconds = negative ? -offset.seconds : offset.seconds;
  uint32_t nanoseconds = offset.nanoseconds;
  if (negative && nanoseconds != 0) {
    seconds -= 1;
    nanoseconds = kNanosecondsOfSecond - nanoseconds;
  }
  std::string text = absl::StrCat(negative ? "-" : "+", seconds);
  if (nanoseconds != 0) {
    std::string digits = absl::StrFormat(".%09d", nanoseconds);
    while (digits.back() == '0') digits.pop_back();
    absl::StrAppend(&text, digits);
  }
  return absl::StrCat(text, " s");
}

// As /proc/PID/timens_offsets takes them.
inline std::string TimeOffsetsFileText(const TimeOffsets& offsets) {
  std::string text;
  for (const auto& [clock, offset] :
       {std::pair("monotonic", offsets.monotonic), std::pair("boottime", offsets.boottime)}) {
    if (offset) {
      absl::StrAppend(&text, clock, " ", offset->seconds, " ", offset->nanoseconds, "\n");
    }
  }
  return text;
}

}  // namespace pelagos
