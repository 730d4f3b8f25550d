// The default profile as a typed value, from the rules by name.
#pragma once

#include <cerrno>
#include <string>

#include "pelagos/launch/seccomp_rules.h"
#include "pelagos/policy/seccomp_filter.h"

namespace pelagos::launch {

// The profile of this machine and all ABIs it can run. Its conditions look at the low halves of
// arguments only, as the kernel does for these calls: what stands above would hide the rest.
inline SeccompFilter DefaultSeccompFilter() {
  constexpr uint64_t kLow = 0xffffffff;
  const SeccompVerdict allow = {SeccompAct::kAllow, 0};
  const SeccompVerdict deny = {SeccompAct::kErrno, EPERM};
  SeccompFilter filter;
  filter.otherwise = deny;
  filter.arches = {SeccompArch::kX86_64, SeccompArch::kX86, SeccompArch::kX32,
                   SeccompArch::kAarch64, SeccompArch::kArm};
  filter.rules.push_back({{}, allow});  // all that are always allowed, in one rule
  const auto add = [&filter](const SeccompRule& rule, SeccompVerdict verdict,
                             std::vector<SeccompCondition> conditions) {
    filter.rules.push_back({{std::string(rule.name)}, verdict, std::move(conditions)});
  };
  for (const SeccompRule& rule : kSeccompRules) {
    switch (rule.action) {
      case SeccompAction::kAllow:
        filter.rules[0].names.emplace_back(rule.name);
        break;
      case SeccompAction::kDeny:
        break;  // as all that is not listed, but for `unlocks`
      case SeccompAction::kUnknown:
        add(rule, {SeccompAct::kErrno, ENOSYS}, {});
        for (size_t cap = 0; cap < kCapabilityNames.size(); ++cap) {
          if ((rule.unlocks >> cap & 1) == 0) continue;
          filter.rules.back().excludes.capabilities.insert(static_cast<Capability>(cap));
        }
        break;
      case SeccompAction::kNotVsock:
        add(rule, allow, {});
        add(rule, deny, {{0, SeccompOp::kMaskedEq, kLow, kVsockFamily}});
        break;
      case SeccompAction::kPersonality:
        for (uint32_t personality : kPersonalities) {
          add(rule, allow, {{0, SeccompOp::kMaskedEq, kLow, personality}});
        }
        break;
      case SeccompAction::kWithoutNamespaces:
        add(rule, allow, {{0, SeccompOp::kMaskedEq, kNamespaceFlags, 0}});
        break;
    }
    for (size_t cap = 0; cap < kCapabilityNames.size(); ++cap) {
      if ((rule.unlocks >> cap & 1) == 0) continue;
      add(rule, allow, {});
      filter.rules.back().includes.capabilities.insert(static_cast<Capability>(cap));
    }
  }
  return filter;
}

}  // namespace pelagos::launch
