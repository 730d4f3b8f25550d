#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/oci/cgroup_limits.h"

namespace pelagos::oci {
namespace {

// The state that the rules lead to, one after the other, as devices.allow and devices.deny of v1
// do (cgroup-v1/devices.rst).
struct Allowed {
  bool all = false;  // everything, but for what `rules` say, of which the last one counts
  std::vector<DeviceRule> rules;
};

std::optional<int32_t> Number(const std::optional<int64_t>& number, uint32_t most) {
  if (number.value_or(-1) < 0) return DeviceRule::kAny;
  if (*number > int64_t{most}) return std::nullopt;
  return static_cast<int32_t>(*number);
}

void Apply(bool allow, const DeviceRule& rule, Allowed& state) {
  const auto same = [&rule](const DeviceRule& other) {
    return other.type == rule.type && other.major == rule.major && other.minor == rule.minor;
  };
  const auto found = std::find_if(state.rules.begin(), state.rules.end(), same);
  if (state.all) {
    state.rules.push_back(rule);
    state.rules.back().deny = !allow;
    return;
  }
  if (allow) {
    if (found == state.rules.end()) {
      state.rules.push_back(rule);
    } else {
      found->access = static_cast<uint8_t>(found->access | rule.access);
    }
    return;
  }
  if (found == state.rules.end()) return;
  found->access = static_cast<uint8_t>(found->access & ~rule.access);
  if (found->access == 0) state.rules.erase(found);
}

// A denial may name more than there is: runc's own documents do ("rwa").
std::optional<uint8_t> AccessOf(const DeviceAccess& rule) {
  if (rule.access.empty()) return kDeviceAll;
  std::string letters = rule.access;
  if (!rule.allow) {
    letters.erase(std::remove_if(
                      letters.begin(), letters.end(),
                      [](char c) { return absl::string_view("rwm").find(c) == std::string::npos; }),
                  letters.end());
  }
  return ParseDeviceAccess(letters);
}

}  // namespace

std::vector<DeviceRule> AllowedDevices(const std::vector<DeviceAccess>& rules,
                                       const std::string& at, Mistakes& mistakes) {
  Allowed state;
  for (size_t i = 0; i < rules.size(); ++i) {
    const DeviceAccess& rule = rules[i];
    const std::string here = absl::StrCat(at, "/", i);
    const std::optional<uint8_t> access = AccessOf(rule);
    const std::optional<int32_t> major = Number(rule.major, DeviceRule::kMostMajor);
    const std::optional<int32_t> minor = Number(rule.minor, DeviceRule::kMostMinor);
    if (!access) mistakes.Add(here + "/access", "must be letters of rwm");
    if (!major) mistakes.Add(here + "/major", "is no number of a device");
    if (!minor) mistakes.Add(here + "/minor", "is no number of a device");
    const bool any_type = rule.type.empty() || rule.type == "a";
    if (!any_type && rule.type != "b" && rule.type != "c") {
      mistakes.Add(here + "/type", "must be a, b or c");
      continue;
    }
    if (!access || !major || !minor) continue;
    if (any_type && *major == DeviceRule::kAny && *minor == DeviceRule::kAny &&
        *access == kDeviceAll) {
      state = Allowed{rule.allow, {}};
      continue;
    }
    for (DeviceType type : {DeviceType::kBlock, DeviceType::kCharacter}) {
      if (any_type || (type == DeviceType::kBlock) == (rule.type == "b")) {
        Apply(rule.allow, {type, *major, *minor, *access}, state);
      }
    }
  }
  if (!state.all) return MergedDeviceRules(state.rules);
  const bool denies = std::any_of(state.rules.begin(), state.rules.end(),
                                  [](const DeviceRule& rule) { return rule.deny; });
  if (!denies) return {};
  // What every container has, the last rule before the earlier ones, and then everything.
  std::vector<DeviceRule> list(kDefaultDeviceRules.begin(), kDefaultDeviceRules.end());
  list.insert(list.end(), state.rules.rbegin(), state.rules.rend());
  for (DeviceType type : {DeviceType::kBlock, DeviceType::kCharacter}) list.push_back({type});
  return list;
}

}  // namespace pelagos::oci
