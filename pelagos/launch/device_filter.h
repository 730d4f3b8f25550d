// Device rules as a program for the kernel (BPF_PROG_TYPE_CGROUP_DEVICE), which runs at every
// open(2) and mknod(2) of a device in the cgroup: 1 allows, 0 is EPERM.
//
// Pure. The rules follow each other as tests, each of them ends or falls to the next:
//
//   r2 = access bits, r3 = type, r4 = major, r5 = minor      (struct bpf_cgroup_dev_ctx)
//   rule:  if type, major or minor differ, or access has more than the rule's bits: next
//          return 1
//   deny:  if type, major or minor differ, or access has none of the rule's bits: next
//          return 0
//   last:  return 0
//
// Neighbours that differ in their minor alone are one test with several minors: the kernel takes
// two microseconds to check an instruction.
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pelagos/policy/device_rules.h"

namespace pelagos::launch {

namespace device_filter {

inline bool DifferInMinorAlone(const DeviceRule& one, DeviceRule other) {
  if (one.minor == DeviceRule::kAny || other.minor == DeviceRule::kAny) return false;
  other.minor = one.minor;
  return one == other;
}

}  // namespace device_filter

// device_filter_test compares it with AllowsDevice for all that can be told apart.
inline std::vector<bpf_insn> CompileDeviceFilter(const std::vector<DeviceRule>& rules) {
  std::vector<bpf_insn> program;
  const auto emit = [&program](unsigned code, unsigned to, unsigned from, int16_t offset,
                               int32_t immediate) {
    bpf_insn instruction = {};
    instruction.code = static_cast<uint8_t>(code);
    instruction.dst_reg = to & 0xf;
    instruction.src_reg = from & 0xf;
    instruction.off = offset;
    instruction.imm = immediate;
    program.push_back(instruction);
  };
  constexpr unsigned kMoveImmediate = BPF_ALU64 | BPF_MOV | BPF_K;
  constexpr unsigned kMove = BPF_ALU | BPF_MOV | BPF_X;
  constexpr unsigned kAnd = BPF_ALU | BPF_AND | BPF_K;
  constexpr unsigned kShiftRight = BPF_ALU | BPF_RSH | BPF_K;
  constexpr unsigned kJumpIfNot = BPF_JMP32 | BPF_JNE | BPF_K;
  constexpr unsigned kJumpIf = BPF_JMP32 | BPF_JEQ | BPF_K;
  constexpr unsigned kLoad = BPF_LDX | BPF_MEM | BPF_W;
  constexpr unsigned kExit = BPF_JMP | BPF_EXIT;

  emit(kLoad, 2, 1, offsetof(bpf_cgroup_dev_ctx, access_type), 0);
  emit(kMove, 3, 2, 0, 0);
  emit(kAnd, 3, 0, 0, 0xffff);
  emit(kShiftRight, 2, 0, 0, 16);
  emit(kLoad, 4, 1, offsetof(bpf_cgroup_dev_ctx, major), 0);
  emit(kLoad, 5, 1, offsetof(bpf_cgroup_dev_ctx, minor), 0);
  for (size_t at = 0; at < rules.size(); ++at) {
    const DeviceRule& rule = rules[at];
    std::vector<size_t> to_next, to_verdict;  // jumps out of this rule, and to its return
    const auto leave = [&](unsigned jump, unsigned reg, int32_t value) {
      to_next.push_back(program.size());
      emit(jump, reg, 0, 0, value);
    };
    const auto unless_equal = [&](unsigned reg, int32_t value) { leave(kJumpIfNot, reg, value); };
    unless_equal(3, rule.type == DeviceType::kBlock ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    if (rule.access != kDeviceAll) {
      emit(kMove, 0, 2, 0, 0);
      emit(kAnd, 0, 0, 0, rule.deny ? rule.access : kDeviceAll & ~rule.access);
      leave(rule.deny ? kJumpIf : kJumpIfNot, 0, 0);
    }
    if (rule.major != DeviceRule::kAny) unless_equal(4, rule.major);
    constexpr size_t kMostMinors = 1000;  // of one test: its jumps have sixteen bits
    while (at + 1 < rules.size() && to_verdict.size() < kMostMinors &&
           device_filter::DifferInMinorAlone(rule, rules[at + 1])) {
      to_verdict.push_back(program.size());
      emit(kJumpIf, 5, 0, 0, rules[at++].minor);
    }
    if (rule.minor != DeviceRule::kAny) unless_equal(5, rules[at].minor);
    const auto land = [&program](const std::vector<size_t>& jumps) {
      for (size_t jump : jumps) {
        program[jump].off = static_cast<int16_t>(program.size() - jump - 1);
      }
    };
    land(to_verdict);
    emit(kMoveImmediate, 0, 0, 0, rule.deny ? 0 : 1);
    emit(kExit, 0, 0, 0, 0);
    land(to_next);
  }
  emit(kMoveImmediate, 0, 0, 0, 0);
  emit(kExit, 0, 0, 0, 0);
  return program;
}

}  // namespace pelagos::launch
