// Which device numbers a container may use, whatever nodes it has or makes.
//
// Values. A list is read from its beginning: a use is allowed by the first rule that covers all of
// it, after rules for the same numbers are merged (MergedDeviceRules), as devices.allow of v1 does;
// it is denied by a rule of denial before that which touches any of it, and by the list's end.
// Source: cgroup-v1/devices.rst, runtime-spec config-linux.md ("Allowed Device list"), Docker's
// oci/defaults.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos {

enum class DeviceType : uint8_t { kBlock, kCharacter };

// Bits of a DeviceRule's access; the kernel's BPF_DEVCG_ACC_*.
inline constexpr uint8_t kDeviceMknod = 1, kDeviceRead = 2, kDeviceWrite = 4, kDeviceAll = 7;

struct DeviceRule {
  // The kernel's major numbers have 12 bits, minor numbers 20.
  static constexpr uint32_t kMostMajor = (1u << 12) - 1, kMostMinor = (1u << 20) - 1;
  static constexpr int32_t kAny = -1;

  DeviceType type = DeviceType::kCharacter;
  int32_t major = kAny, minor = kAny;
  uint8_t access = kDeviceAll;
  bool deny = false;
  friend constexpr bool operator==(const DeviceRule&, const DeviceRule&) = default;
};

// Docker's: the harmless ones, terminals, and mknod(2) of anything (a node alone opens nothing).
inline constexpr std::array<DeviceRule, 10> kDefaultDeviceRules = {{
    {DeviceType::kCharacter, DeviceRule::kAny, DeviceRule::kAny, kDeviceMknod},
    {DeviceType::kBlock, DeviceRule::kAny, DeviceRule::kAny, kDeviceMknod},
    {DeviceType::kCharacter, 1, 3, kDeviceAll},                   // null
    {DeviceType::kCharacter, 1, 5, kDeviceAll},                   // zero
    {DeviceType::kCharacter, 1, 7, kDeviceAll},                   // full
    {DeviceType::kCharacter, 1, 8, kDeviceAll},                   // random
    {DeviceType::kCharacter, 1, 9, kDeviceAll},                   // urandom
    {DeviceType::kCharacter, 5, 0, kDeviceAll},                   // tty
    {DeviceType::kCharacter, 5, 2, kDeviceAll},                   // ptmx
    {DeviceType::kCharacter, 136, DeviceRule::kAny, kDeviceAll},  // pts/N
}};

namespace internal {

inline std::optional<int32_t> ParseDeviceNumber(absl::string_view text, uint32_t most) {
  if (text == "*") return DeviceRule::kAny;
  if (text.empty()) return std::nullopt;
  uint32_t number = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<uint32_t>(c - '0');
    if (number > most) return std::nullopt;
  }
  return static_cast<int32_t>(number);
}

}  // namespace internal

// "rwm" in any order, each at most once; nullopt if there is none or another letter.
inline std::optional<uint8_t> ParseDeviceAccess(absl::string_view text) {
  uint8_t access = 0;
  for (char c : text) {
    const uint8_t bit = c == 'r'   ? kDeviceRead
                        : c == 'w' ? kDeviceWrite
                        : c == 'm' ? kDeviceMknod
                                   : uint8_t{0};
    if (bit == 0 || (access & bit) != 0) return std::nullopt;
    access = static_cast<uint8_t>(access | bit);
  }
  if (access == 0) return std::nullopt;
  return access;
}

// docker-run(1), --device-cgroup-rule: "c 1:3 rwm", "b 8:* r"; "a" is both types, hence two rules.
inline std::optional<std::vector<DeviceRule>> ParseDeviceRules(absl::string_view text) {
  if (text.size() < 2 || text[1] != ' ') return std::nullopt;
  const absl::string_view rest = text.substr(2);
  const size_t blank = rest.find(' ');
  const size_t colon = rest.find(':');
  if (blank == absl::string_view::npos || colon == absl::string_view::npos || colon > blank) {
    return std::nullopt;
  }
  const auto major = internal::ParseDeviceNumber(rest.substr(0, colon), DeviceRule::kMostMajor);
  const auto minor = internal::ParseDeviceNumber(rest.substr(colon + 1, blank - colon - 1),
                                                 DeviceRule::kMostMinor);
  const std::optional<uint8_t> access = ParseDeviceAccess(rest.substr(blank + 1));
  if (!major || !minor || !access) return std::nullopt;
  const DeviceRule block = {DeviceType::kBlock, *major, *minor, *access};
  const DeviceRule character = {DeviceType::kCharacter, *major, *minor, *access};
  switch (text[0]) {
    case 'a':
      return std::vector<DeviceRule>{block, character};
    case 'b':
      return std::vector<DeviceRule>{block};
    case 'c':
      return std::vector<DeviceRule>{character};
    default:
      return std::nullopt;
  }
}

// The rule of one type, which DeviceRuleText writes.
inline std::optional<DeviceRule> FindDeviceRule(absl::string_view text) {
  const std::optional<std::vector<DeviceRule>> rules = ParseDeviceRules(text);
  if (!rules || rules->size() != 1) return std::nullopt;
  return rules->front();
}

// As devices.allow and devices.deny of v1, and Docker, write it: "c 1:3 rwm".
inline std::string DeviceRuleText(const DeviceRule& rule) {
  const auto number = [](int32_t n) {
    return n == DeviceRule::kAny ? std::string("*") : std::to_string(n);
  };
  std::string text = rule.type == DeviceType::kBlock ? "b " : "c ";
  text += number(rule.major) + ":" + number(rule.minor) + " ";
  if ((rule.access & kDeviceRead) != 0) text += 'r';
  if ((rule.access & kDeviceWrite) != 0) text += 'w';
  if ((rule.access & kDeviceMknod) != 0) text += 'm';
  return text;
}

// For people and plans: "c 1:3 rwm", "deny b 8:* rw".
inline std::string Describe(const DeviceRule& rule) {
  return (rule.deny ? "deny " : "") + DeviceRuleText(rule);
}

// The default rules and `more`, with rules for the same numbers made one; in order of their first.
inline std::vector<DeviceRule> MergedDeviceRules(const std::vector<DeviceRule>& more) {
  std::vector<DeviceRule> merged(kDefaultDeviceRules.begin(), kDefaultDeviceRules.end());
  for (const DeviceRule& rule : more) {
    bool found = false;
    for (DeviceRule& other : merged) {
      if (other.type != rule.type || other.major != rule.major || other.minor != rule.minor) {
        continue;
      }
      other.access = static_cast<uint8_t>(other.access | rule.access);
      found = true;
    }
    if (!found) merged.push_back(rule);
  }
  return merged;
}

// The plain evaluator: what the kernel is made to say for `access` (bits) to a device.
inline bool AllowsDevice(const std::vector<DeviceRule>& rules, DeviceType type, uint32_t major,
                         uint32_t minor, uint8_t access) {
  for (const DeviceRule& rule : rules) {
    if (rule.type != type) continue;
    if (rule.major != DeviceRule::kAny && static_cast<uint32_t>(rule.major) != major) continue;
    if (rule.minor != DeviceRule::kAny && static_cast<uint32_t>(rule.minor) != minor) continue;
    if (rule.deny && (access & rule.access) != 0) return false;
    if (!rule.deny && (access & ~rule.access) == 0) return true;
  }
  return false;
}

}  // namespace pelagos
