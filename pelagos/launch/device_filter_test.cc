// The compiler of device rules against the plain evaluator, through an interpreter of the few
// instructions that it emits. tests/rooted/cgroups compares with the kernel.
#include "pelagos/launch/device_filter.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <set>
#include <string>

namespace pelagos::launch {
namespace {

constexpr DeviceType kTypes[] = {DeviceType::kBlock, DeviceType::kCharacter};

// What the program returns; nullopt for an instruction it must not have, or without an end.
std::optional<uint64_t> Interpret(const std::vector<bpf_insn>& program,
                                  const bpf_cgroup_dev_ctx& context) {
  uint64_t registers[11] = {};
  registers[1] = 1;  // stands for the pointer to the context
  for (size_t at = 0, steps = 0; at < program.size() && steps < program.size(); ++at, ++steps) {
    const bpf_insn& i = program[at];
    uint64_t& to = registers[i.dst_reg];
    switch (i.code) {
      case BPF_LDX | BPF_MEM | BPF_W: {
        if (i.src_reg != 1 || i.off < 0 || size_t(i.off) + 4 > sizeof(context)) return std::nullopt;
        uint32_t word;
        std::memcpy(&word, reinterpret_cast<const char*>(&context) + i.off, sizeof(word));
        to = word;
        break;
      }
      case BPF_ALU64 | BPF_MOV | BPF_K:
        to = static_cast<uint64_t>(int64_t{i.imm});
        break;
      case BPF_ALU | BPF_MOV | BPF_X:
        to = static_cast<uint32_t>(registers[i.src_reg]);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        to = static_cast<uint32_t>(to) & static_cast<uint32_t>(i.imm);
        break;
      case BPF_ALU | BPF_RSH | BPF_K:
        to = static_cast<uint32_t>(to) >> i.imm;
        break;
      case BPF_JMP32 | BPF_JNE | BPF_K:
        if (i.off < 0) return std::nullopt;  // a loop is not ours
        if (static_cast<uint32_t>(to) != static_cast<uint32_t>(i.imm)) at += size_t(i.off);
        break;
      case BPF_JMP32 | BPF_JEQ | BPF_K:
        if (i.off < 0) return std::nullopt;
        if (static_cast<uint32_t>(to) == static_cast<uint32_t>(i.imm)) at += size_t(i.off);
        break;
      case BPF_JMP | BPF_EXIT:
        return registers[0];
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

// All types and accesses, and the numbers of every rule with their neighbours and the kernel's
// ends: no rule can tell others apart.
void ExpectAgreement(const std::vector<DeviceRule>& rules) {
  const std::vector<bpf_insn> program = CompileDeviceFilter(rules);
  std::set<uint32_t> majors = {0, 1, DeviceRule::kMostMajor},
                     minors = {0, 1, DeviceRule::kMostMinor};
  for (const DeviceRule& rule : rules) {
    for (int32_t near = -1; near <= 1; ++near) {
      if (rule.major + near >= 0) majors.insert(static_cast<uint32_t>(rule.major + near));
      if (rule.minor + near >= 0) minors.insert(static_cast<uint32_t>(rule.minor + near));
    }
  }
  for (DeviceType type : kTypes) {
    for (uint32_t access = 1; access <= kDeviceAll; ++access) {
      for (uint32_t major : majors) {
        for (uint32_t minor : minors) {
          const uint32_t kind =
              type == DeviceType::kBlock ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
          const auto said = Interpret(program, {access << 16 | kind, major, minor});
          const bool expected =
              AllowsDevice(rules, type, major, minor, static_cast<uint8_t>(access));
          ASSERT_EQ(said, uint64_t{expected})
              << kind << " " << major << ":" << minor << " access " << access;
        }
      }
    }
  }
}

TEST(DeviceFilterTest, NothingIsAllowedByNoRules) { ExpectAgreement({}); }

TEST(DeviceFilterTest, TheDefault) { ExpectAgreement(MergedDeviceRules({})); }

TEST(DeviceFilterTest, EachFormOfARule) {
  for (DeviceType type : kTypes) {
    for (int32_t major : {DeviceRule::kAny, 0, 7, 4095}) {
      for (int32_t minor : {DeviceRule::kAny, 0, 9, 1048575}) {
        for (uint8_t access = 1; access <= kDeviceAll; ++access) {
          const DeviceRule rule = {type, major, minor, access};
          ExpectAgreement({rule});
          ExpectAgreement(MergedDeviceRules({rule}));
          const DeviceRule denial = {type, major, minor, access, true};
          ExpectAgreement({denial, {type, DeviceRule::kAny, DeviceRule::kAny}});
        }
      }
    }
  }
}

TEST(DeviceFilterTest, ManyRules) {
  std::vector<DeviceRule> rules;
  uint32_t seed = 1;  // the same rules each time
  const auto next = [&seed](uint32_t most) {
    seed = seed * 1664525 + 1013904223;
    return static_cast<int32_t>((seed >> 8) % (most + 1)) - 1;
  };
  for (int i = 0; i < 60; ++i) {
    rules.push_back({next(1) < 0 ? DeviceType::kBlock : DeviceType::kCharacter, next(12), next(12),
                     static_cast<uint8_t>(next(6) + 2), next(1) < 0});
  }
  ExpectAgreement(rules);
}

TEST(DeviceFilterTest, NeighboursShareATest) {
  const size_t one = CompileDeviceFilter({{DeviceType::kBlock, 8, 0, kDeviceRead}}).size();
  std::vector<DeviceRule> rules;
  for (int32_t minor = 0; minor < 2500; minor += 2) {
    rules.push_back({DeviceType::kBlock, 8, minor, kDeviceRead});
  }
  EXPECT_LT(CompileDeviceFilter(rules).size(), rules.size() + 2 * one);
  ExpectAgreement(rules);
  rules.resize(3);
  rules.push_back({DeviceType::kBlock, 8, 1, kDeviceRead, true});
  rules.push_back({DeviceType::kBlock, 8, DeviceRule::kAny, kDeviceRead});
  rules.push_back({DeviceType::kBlock, 8, 7, kDeviceAll});
  rules.push_back({DeviceType::kBlock, 9, 7, kDeviceAll});
  ExpectAgreement(rules);
}

TEST(DeviceFilterTest, OtherBitsOfTheTypeDoNotMatter) {
  // The kernel's context has the type in the low half only.
  const std::vector<bpf_insn> program =
      CompileDeviceFilter({{DeviceType::kBlock, 8, 0, kDeviceRead}});
  EXPECT_EQ(Interpret(program, {kDeviceRead << 16 | BPF_DEVCG_DEV_BLOCK, 8, 0}), 1u);
  EXPECT_EQ(Interpret(program, {kDeviceRead << 16 | BPF_DEVCG_DEV_CHAR, 8, 0}), 0u);
  EXPECT_EQ(Interpret(program, {kDeviceRead << 16 | 3, 8, 0}), 0u);
}

}  // namespace
}  // namespace pelagos::launch
