// Signals by number and name.
//
// Source: signal(7), the column for x86 and ARM. Real-time signals are written RTMIN, RTMIN+3,
// RTMAX-1, RTMAX, as kill(1) does; the C library keeps 32 and 33 for itself.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos {

inline constexpr int kSignalKill = 9;
inline constexpr int kSignalTerminate = 15;
inline constexpr int kSignalRealTimeMin = 34;
inline constexpr int kSignalRealTimeMax = 64;

struct SignalRow {
  int number;
  absl::string_view name;  // without SIG
};

// One row a number; further names of the same number stand after it.
inline constexpr std::array<SignalRow, 35> kSignals = {{
    {1, "HUP"},   {2, "INT"},   {3, "QUIT"},  {4, "ILL"},     {5, "TRAP"},    {6, "ABRT"},
    {6, "IOT"},   {7, "BUS"},   {8, "FPE"},   {9, "KILL"},    {10, "USR1"},   {11, "SEGV"},
    {12, "USR2"}, {13, "PIPE"}, {14, "ALRM"}, {15, "TERM"},   {16, "STKFLT"}, {17, "CHLD"},
    {17, "CLD"},  {18, "CONT"}, {19, "STOP"}, {20, "TSTP"},   {21, "TTIN"},   {22, "TTOU"},
    {23, "URG"},  {24, "XCPU"}, {25, "XFSZ"}, {26, "VTALRM"}, {27, "PROF"},   {28, "WINCH"},
    {29, "IO"},   {29, "POLL"}, {30, "PWR"},  {31, "SYS"},    {31, "UNUSED"},
}};

namespace internal {

constexpr char UpperLetter(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// `text` begins with `prefix`, whatever its case; `prefix` is in upper case.
constexpr bool StartsWithUpper(absl::string_view text, absl::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  for (size_t i = 0; i < prefix.size(); ++i) {
    if (UpperLetter(text[i]) != prefix[i]) return false;
  }
  return true;
}

// One or two decimal digits.
constexpr std::optional<int> SmallNumber(absl::string_view text) {
  if (text.empty() || text.size() > 2) return std::nullopt;
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace internal

// "SIGTERM", "term", "15", "RTMIN+3"; nullopt if it is no signal. The result is 1..64 without 32
// and 33.
constexpr std::optional<int> FindSignal(absl::string_view name) {
  if (const std::optional<int> number = internal::SmallNumber(name)) {
    const bool known =
        *number >= 1 && *number <= kSignalRealTimeMax && *number != 32 && *number != 33;
    return known ? number : std::nullopt;
  }
  if (internal::StartsWithUpper(name, "SIG")) name.remove_prefix(3);
  for (const SignalRow& row : kSignals) {
    if (name.size() == row.name.size() && internal::StartsWithUpper(name, row.name)) {
      return row.number;
    }
  }
  const bool from_min = internal::StartsWithUpper(name, "RTMIN");
  if (!from_min && !internal::StartsWithUpper(name, "RTMAX")) return std::nullopt;
  name.remove_prefix(5);
  const int base = from_min ? kSignalRealTimeMin : kSignalRealTimeMax;
  if (name.empty()) return base;
  if (name[0] != (from_min ? '+' : '-')) return std::nullopt;
  const std::optional<int> offset = internal::SmallNumber(name.substr(1));
  if (!offset || *offset > kSignalRealTimeMax - kSignalRealTimeMin) return std::nullopt;
  return from_min ? base + *offset : base - *offset;
}

// "SIGTERM", "SIGRTMIN+3"; a number that is no signal prints as "signal 99".
inline std::string SignalName(int number) {
  for (const SignalRow& row : kSignals) {
    if (row.number == number) return "SIG" + std::string(row.name);
  }
  if (number < kSignalRealTimeMin || number > kSignalRealTimeMax) {
    return "signal " + std::to_string(number);
  }
  if (number == kSignalRealTimeMin) return "SIGRTMIN";
  return "SIGRTMIN+" + std::to_string(number - kSignalRealTimeMin);
}

}  // namespace pelagos
