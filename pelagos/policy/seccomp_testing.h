// For tests of filters: what a profile says, read plainly and without the compiler, and a machine
// for the part of classic BPF that filters use.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "pelagos/abi/syscall_table.h"
#include "pelagos/policy/seccomp_compile.h"

namespace pelagos {

// What the program returns. nullopt: the kernel would not take it. `Program` is a list of
// instructions with code, jt, jf, k.
template <typename Program>
std::optional<uint32_t> Interpret(const Program& program, const seccomp_data& data,
                                  size_t* steps = nullptr) {
  uint32_t accumulator = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    if (steps != nullptr) ++*steps;
    const auto& in = program[at];
    bool jump = false;
    switch (in.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (in.k % 4 != 0 || in.k + 4 > sizeof(data)) return std::nullopt;
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + in.k, 4);
        continue;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= in.k;
        continue;
      case BPF_RET | BPF_K:
        return in.k;
      case BPF_JMP | BPF_JA:
        at += in.k;
        continue;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump = accumulator == in.k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump = accumulator >= in.k;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        jump = accumulator > in.k;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        jump = (accumulator & in.k) != 0;
        break;
      default:
        return std::nullopt;
    }
    at += jump ? in.jt : in.jf;
  }
  return std::nullopt;
}

// The profile as seccomp_filter.h words it.
class PlainReading {
 public:
  PlainReading(const SeccompFilter& filter, const SeccompContext& context)
      : filter_(filter), context_(context) {
    for (size_t abi = 0; abi < kSyscallAbiCount; ++abi) {
      for (const SeccompFilterRule& rule : filter.rules) {
        for (const std::string& name : rule.names) {
          const int32_t number = FindSyscallNumber(static_cast<SyscallAbi>(abi), name);
          if (number >= 0) named_[abi][static_cast<uint32_t>(number)].push_back({&rule, true});
          newest_[abi] = std::max<int64_t>(newest_[abi], number);
        }
        if (static_cast<SyscallAbi>(abi) != SyscallAbi::kI386) continue;
        for (uint32_t through : {kSocketcall, kIpc}) named_[abi][through].push_back({&rule, false});
      }
    }
  }

  uint32_t Verdict(const seccomp_data& data) const {
    const auto number = static_cast<uint32_t>(data.nr);
    const std::optional<SyscallAbi> abi = AbiOf(data.arch, number);
    if (!abi) {
      const bool is_none = data.arch == AUDIT_ARCH_X86_64 && number == 0xffffffff &&
                           context_.native == SeccompArch::kX86_64;
      return is_none ? filter_.otherwise.value() : SECCOMP_RET_KILL_PROCESS;
    }
    std::optional<SeccompVerdict> strictest;
    const auto apply = [&strictest](SeccompVerdict verdict) {
      if (!strictest || verdict.act > strictest->act) strictest = verdict;
    };
    for (const auto& [rule, is_named] : RulesFor(data)) {
      if (!Counts(*rule)) continue;
      if (is_named ? Holds(*rule, data, *abi) : Multiplexes(*rule, data)) apply(rule->verdict);
    }
    if (strictest) return strictest->value();
    const int64_t newest = newest_[static_cast<size_t>(*abi)];
    const bool permits = filter_.otherwise.act == SeccompAct::kAllow ||
                         filter_.otherwise.act == SeccompAct::kLog ||
                         filter_.otherwise.act == SeccompAct::kTrace;
    if (!permits && newest >= 0 && int64_t{number} > newest) return SECCOMP_RET_ERRNO | ENOSYS;
    return filter_.otherwise.value();
  }

  struct Named {
    const SeccompFilterRule* rule;
    bool itself;  // not only by socketcall(2) or ipc(2)
  };

  // The rules that may have a say in this call, in their order.
  const std::vector<Named>& RulesFor(const seccomp_data& data) const {
    static const auto& none = *new std::vector<Named>;
    const auto number = static_cast<uint32_t>(data.nr);
    const std::optional<SyscallAbi> abi = AbiOf(data.arch, number);
    if (!abi) return none;
    const auto& named = named_[static_cast<size_t>(*abi)];
    const auto it = named.find(number);
    return it == named.end() ? none : it->second;
  }

 private:
  static constexpr uint32_t kSocketcall = 102, kIpc = 117;  // of i386

  bool Lists(SeccompArch arch) const {
    return arch == context_.native ||
           std::count(filter_.arches.begin(), filter_.arches.end(), arch) != 0;
  }

  std::optional<SyscallAbi> AbiOf(uint32_t arch, uint32_t number) const {
    const bool is_pc = context_.native == SeccompArch::kX86_64;
    if (arch == AUDIT_ARCH_X86_64 && is_pc) {
      if (number < 0x40000000) return SyscallAbi::kX86_64;
      if (Lists(SeccompArch::kX32)) return SyscallAbi::kX32;
    }
    if (arch == AUDIT_ARCH_I386 && is_pc && Lists(SeccompArch::kX86)) return SyscallAbi::kI386;
    if (arch == AUDIT_ARCH_AARCH64 && !is_pc) return SyscallAbi::kAarch64;
    if (arch == AUDIT_ARCH_ARM && !is_pc && Lists(SeccompArch::kArm)) return SyscallAbi::kArm;
    return std::nullopt;
  }

  bool Counts(const SeccompFilterRule& rule) const {
    for (size_t i = 0; i < kCapabilityNames.size(); ++i) {
      const auto cap = static_cast<Capability>(i);
      const bool kept = context_.capabilities.contains(cap);
      if (rule.includes.capabilities.contains(cap) && !kept) return false;
      if (rule.excludes.capabilities.contains(cap) && kept) return false;
    }
    const auto here = [this](const std::vector<SeccompArch>& arches) {
      return std::count(arches.begin(), arches.end(), context_.native) != 0;
    };
    if (!rule.includes.arches.empty() && !here(rule.includes.arches)) return false;
    if (here(rule.excludes.arches)) return false;
    if (rule.includes.kernel && context_.kernel < *rule.includes.kernel) return false;
    if (rule.excludes.kernel && context_.kernel >= *rule.excludes.kernel) return false;
    return true;
  }

  static bool Holds(const SeccompCondition& condition, const seccomp_data& data, SyscallAbi abi) {
    const bool narrow = abi == SyscallAbi::kI386 || abi == SyscallAbi::kArm;
    const uint64_t half = narrow ? 0xffffffff : ~uint64_t{0};
    const uint64_t argument = data.args[condition.index] & half;
    const uint64_t value = condition.value & half;
    switch (condition.op) {
      case SeccompOp::kNe:
        return argument != value;
      case SeccompOp::kLt:
        return argument < value;
      case SeccompOp::kLe:
        return argument <= value;
      case SeccompOp::kEq:
        return argument == value;
      case SeccompOp::kGe:
        return argument >= value;
      case SeccompOp::kGt:
        return argument > value;
      case SeccompOp::kMaskedEq:
        return (argument & value) == (condition.value_two & half);
    }
    return false;
  }

  static bool Holds(const SeccompFilterRule& rule, const seccomp_data& data, SyscallAbi abi) {
    std::set<int> indices;
    for (const SeccompCondition& condition : rule.conditions) indices.insert(condition.index);
    const auto holds = [&](const SeccompCondition& condition) {
      return Holds(condition, data, abi);
    };
    if (indices.size() < rule.conditions.size()) {
      return std::any_of(rule.conditions.begin(), rule.conditions.end(), holds);
    }
    return std::all_of(rule.conditions.begin(), rule.conditions.end(), holds);
  }

  // Only rules without conditions reach through socketcall(2) and ipc(2).
  static bool Multiplexes(const SeccompFilterRule& rule, const seccomp_data& data) {
    const auto number = static_cast<uint32_t>(data.nr);
    if (!rule.conditions.empty() || (number != kSocketcall && number != kIpc)) return false;
    const auto first = static_cast<uint32_t>(data.args[0]);
    for (const MultiplexedCall& call : kMultiplexedCalls) {
      const bool is_ipc = call.through == "ipc";
      if ((number == kIpc) != is_ipc || (is_ipc ? first & 0xffff : first) != call.call) continue;
      if (std::count(rule.names.begin(), rule.names.end(), std::string(call.name)) != 0) {
        return true;
      }
    }
    return false;
  }

  const SeccompFilter& filter_;
  const SeccompContext context_;
  std::map<uint32_t, std::vector<Named>> named_[kSyscallAbiCount];
  int64_t newest_[kSyscallAbiCount] = {-1, -1, -1, -1, -1};
};

// The values of an argument at which a comparison may change its mind.
inline void AddEdges(uint64_t value, std::set<uint64_t>& values) {
  constexpr uint64_t kHalf = uint64_t{1} << 32;
  for (uint64_t edge : {value - 1, value, value + 1, ~value, value ^ kHalf, value & (kHalf - 1),
                        value | (kHalf - 1), value & ~(kHalf - 1)}) {
    values.insert(edge);
  }
}

// Calls `check(data)` with every number (0 to 1100 and each ABI's edges) on every architecture, and
// where rules look at arguments, with all combinations of the values around what they look for.
template <typename Check>
void ForEachCall(const PlainReading& reading, Check check) {
  constexpr uint32_t kMost = 1100;
  constexpr uint64_t kHalf = uint64_t{1} << 32;
  std::vector<uint32_t> numbers;
  for (uint32_t i = 0; i <= kMost; ++i) numbers.push_back(i);
  for (uint32_t i = 0; i <= kMost; ++i) numbers.push_back(kX32Bit + i);
  for (uint32_t edge : {0xeffffu, 0xf0001u, 0xf0002u, 0xf0005u, 0xf0006u, kX32Bit - 1, 0x7fffffffu,
                        0x80000000u, 0xfffffffeu, 0xffffffffu}) {
    numbers.push_back(edge);
  }
  constexpr uint32_t kArches[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64,
                                  AUDIT_ARCH_ARM, AUDIT_ARCH_S390X};
  for (uint32_t arch : kArches) {
    for (uint32_t number : numbers) {
      seccomp_data data = {};
      data.nr = static_cast<int>(number);
      data.arch = arch;
      if (reading.RulesFor(data).empty()) {  // nothing looks at arguments, so they must not matter
        check(data);
        for (auto& argument : data.args) argument = ~uint64_t{0};
        check(data);
        continue;
      }
      std::set<uint64_t> values[6];
      if (arch == AUDIT_ARCH_I386 && (number == 102 || number == 117)) {
        for (uint64_t call = 0; call < 26; ++call) values[0].insert({call, call | 0x10000});
      }
      for (const auto& named : reading.RulesFor(data)) {
        for (const SeccompCondition& condition : named.rule->conditions) {
          std::set<uint64_t>& at = values[condition.index];
          AddEdges(condition.value, at);
          AddEdges(condition.value_two, at);
          at.insert({0, 1, kHalf - 1, kHalf, kHalf + 1, ~uint64_t{0}});
        }
      }
      // An odometer over the arguments that matter, from a random place if they are too many.
      std::vector<std::vector<uint64_t>> wheels;
      size_t combinations = 1;
      for (std::set<uint64_t>& at : values) {
        if (at.empty()) at = {0};
        wheels.emplace_back(at.begin(), at.end());
        combinations *= at.size();
      }
      constexpr size_t kMostCombinations = 500;
      const size_t step = std::max<size_t>(1, combinations / kMostCombinations) | 1;
      for (size_t i = 0; i < combinations; i += step) {
        size_t rest = i;
        for (size_t argument = 0; argument < wheels.size(); ++argument) {
          data.args[argument] = wheels[argument][rest % wheels[argument].size()];
          rest /= wheels[argument].size();
        }
        check(data);
      }
      if (combinations == 1) {
        for (auto& argument : data.args) argument = ~uint64_t{0};
        check(data);
      }
    }
  }
}

}  // namespace pelagos
