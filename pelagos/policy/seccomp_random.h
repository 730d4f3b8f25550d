// For tests: profiles made by chance, the same for the same seed.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "pelagos/abi/syscall_table.h"
#include "pelagos/policy/seccomp_filter.h"

namespace pelagos {

class RandomProfiles {
 public:
  // `names` is what rules may name; most rules meet on the first few.
  RandomProfiles(uint32_t seed, std::vector<std::string> names)
      : random_(seed), names_(std::move(names)) {}

  SeccompFilter Next() {
    SeccompFilter filter;
    filter.otherwise = Verdict();
    for (SeccompArch arch : {SeccompArch::kX86, SeccompArch::kX32, SeccompArch::kArm,
                             SeccompArch::kX86_64, SeccompArch::kS390}) {
      if (Below(2) == 0) filter.arches.push_back(arch);
    }
    const size_t rules = Below(14);
    for (size_t i = 0; i < rules; ++i) filter.rules.push_back(Rule());
    return filter;
  }

  size_t Below(size_t end) { return random_() % end; }

  uint64_t Value() {
    constexpr uint64_t kValues[] = {0,
                                    1,
                                    2,
                                    40,
                                    0x7e020000,
                                    0x7fffffff,
                                    0x80000000,
                                    0xfffffffe,
                                    0xffffffff,
                                    0x100000000,
                                    0x100000001,
                                    0x500000005,
                                    5,
                                    0x20008,
                                    0xffff0000,
                                    0xffffffff00000000,
                                    ~uint64_t{0} - 1,
                                    ~uint64_t{0}};
    if (Below(4) == 0) return random_();
    return kValues[Below(std::size(kValues))];
  }

 private:
  SeccompVerdict Verdict() {
    const auto act = static_cast<SeccompAct>(Below(8));
    const bool has_data = RowOf(act).has_data;
    return {act, static_cast<uint16_t>(has_data ? Below(200) : 0)};
  }

  SeccompFilterRule Rule() {
    SeccompFilterRule rule;
    constexpr size_t kFew = 8;
    const size_t names = 1 + Below(Below(4) == 0 ? 60 : 4);
    for (size_t i = 0; i < names; ++i) {
      rule.names.push_back(
          names_[Below(2) == 0 ? Below(std::min(kFew, names_.size())) : Below(names_.size())]);
    }
    rule.verdict = Verdict();
    if (Below(2) == 0) {
      const size_t conditions = 1 + Below(3);
      for (size_t i = 0; i < conditions; ++i) rule.conditions.push_back(Condition());
    }
    if (Below(6) == 0) rule.includes.capabilities = {Capability::kSysAdmin};
    if (Below(6) == 0) rule.excludes.capabilities = {Capability::kSysAdmin, Capability::kKill};
    if (Below(8) == 0) rule.includes.arches = {SeccompArch::kX86_64, SeccompArch::kS390};
    if (Below(8) == 0) rule.excludes.arches = {SeccompArch::kAarch64};
    if (Below(8) == 0) rule.includes.kernel = KernelVersion{5, static_cast<uint32_t>(Below(20))};
    if (Below(8) == 0) rule.excludes.kernel = KernelVersion{5, static_cast<uint32_t>(Below(20))};
    return rule;
  }

  SeccompCondition Condition() {
    SeccompCondition condition;
    condition.index = static_cast<uint8_t>(Below(Below(2) == 0 ? 2 : 6));
    condition.op = static_cast<SeccompOp>(Below(7));
    condition.value = Value();
    if (condition.op == SeccompOp::kMaskedEq) condition.value_two = Value() & condition.value;
    return condition;
  }

  std::mt19937_64 random_;
  std::vector<std::string> names_;
};

}  // namespace pelagos
