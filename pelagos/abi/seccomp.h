// What seccomp knows: verdicts, comparisons, flags and architectures, with the names that profiles
// of OCI and Docker write.
//
// Source: seccomp(2), include/uapi/linux/seccomp.h, include/uapi/linux/audit.h, OCI runtime-spec
// config-linux.md ("Seccomp"), seccomp_rule_add(3).
#pragma once

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace pelagos {

// What becomes of a call. In the kernel's own order: of several filters the strictest verdict
// counts, and that is the greatest one here.
enum class SeccompAct : uint8_t {
  kAllow,
  kLog,     // allowed, and written to the audit log
  kTrace,   // a tracer decides; ENOSYS without one
  kNotify,  // a listener answers (seccomp_unotify(2)); ENOSYS without one
  kErrno,
  kTrap,  // SIGSYS, which may be caught
  kKillThread,
  kKillProcess,
};

struct SeccompActRow {
  absl::string_view name;
  SeccompAct act;
  uint32_t value;  // SECCOMP_RET_*
  bool has_data;   // an errno or a tracer's message in the low 16 bits
};

// The first row of an act has the name that is written.
inline constexpr std::array<SeccompActRow, 9> kSeccompActs = {{
    {"SCMP_ACT_ALLOW", SeccompAct::kAllow, SECCOMP_RET_ALLOW, false},
    {"SCMP_ACT_LOG", SeccompAct::kLog, SECCOMP_RET_LOG, false},
    {"SCMP_ACT_TRACE", SeccompAct::kTrace, SECCOMP_RET_TRACE, true},
    {"SCMP_ACT_NOTIFY", SeccompAct::kNotify, SECCOMP_RET_USER_NOTIF, false},
    {"SCMP_ACT_ERRNO", SeccompAct::kErrno, SECCOMP_RET_ERRNO, true},
    {"SCMP_ACT_TRAP", SeccompAct::kTrap, SECCOMP_RET_TRAP, false},
    {"SCMP_ACT_KILL_THREAD", SeccompAct::kKillThread, SECCOMP_RET_KILL_THREAD, false},
    {"SCMP_ACT_KILL_PROCESS", SeccompAct::kKillProcess, SECCOMP_RET_KILL_PROCESS, false},
    {"SCMP_ACT_KILL", SeccompAct::kKillThread, SECCOMP_RET_KILL_THREAD, false},
}};

constexpr const SeccompActRow& RowOf(SeccompAct act) {
  return kSeccompActs[static_cast<size_t>(act)];
}

// How an argument is compared; unsigned, 64 bits.
enum class SeccompOp : uint8_t { kNe, kLt, kLe, kEq, kGe, kGt, kMaskedEq };

struct SeccompOpRow {
  absl::string_view name;
  SeccompOp op;
};

inline constexpr std::array<SeccompOpRow, 7> kSeccompOps = {{
    {"SCMP_CMP_NE", SeccompOp::kNe},
    {"SCMP_CMP_LT", SeccompOp::kLt},
    {"SCMP_CMP_LE", SeccompOp::kLe},
    {"SCMP_CMP_EQ", SeccompOp::kEq},
    {"SCMP_CMP_GE", SeccompOp::kGe},
    {"SCMP_CMP_GT", SeccompOp::kGt},
    {"SCMP_CMP_MASKED_EQ", SeccompOp::kMaskedEq},
}};

struct SeccompFlagRow {
  absl::string_view name;
  uint32_t flag;
};

// Those that a profile may ask for; the launcher adds NEW_LISTENER itself.
inline constexpr uint32_t kSeccompWaitKillable = 1u << 5;  // Linux 5.19
inline constexpr std::array<SeccompFlagRow, 4> kSeccompFlags = {{
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", kSeccompWaitKillable},
}};

enum class SeccompArch : uint8_t {
  // clang-format off
  kX86_64, kX86, kX32, kArm, kAarch64, kMips, kMips64, kMips64N32, kMipsel, kMipsel64, kMipsel64N32,
  kPpc, kPpc64, kPpc64Le, kS390, kS390X, kParisc, kParisc64, kRiscv64, kLoongarch64, kM68k, kSh,
  kSheb,
  // clang-format on
};

struct SeccompArchRow {
  absl::string_view name;    // in `architectures` of OCI and `archMap` of Docker
  absl::string_view docker;  // in `includes` and `excludes` of Docker
};

// clang-format off
inline constexpr std::array<SeccompArchRow, 23> kSeccompArches = {{
    {"SCMP_ARCH_X86_64", "amd64"},          {"SCMP_ARCH_X86", "x86"},
    {"SCMP_ARCH_X32", "x32"},               {"SCMP_ARCH_ARM", "arm"},
    {"SCMP_ARCH_AARCH64", "arm64"},         {"SCMP_ARCH_MIPS", "mips"},
    {"SCMP_ARCH_MIPS64", "mips64"},         {"SCMP_ARCH_MIPS64N32", "mips64n32"},
    {"SCMP_ARCH_MIPSEL", "mipsel"},         {"SCMP_ARCH_MIPSEL64", "mips64le"},
    {"SCMP_ARCH_MIPSEL64N32", "mipsel64n32"}, {"SCMP_ARCH_PPC", "ppc"},
    {"SCMP_ARCH_PPC64", "ppc64"},           {"SCMP_ARCH_PPC64LE", "ppc64le"},
    {"SCMP_ARCH_S390", "s390"},             {"SCMP_ARCH_S390X", "s390x"},
    {"SCMP_ARCH_PARISC", "parisc"},         {"SCMP_ARCH_PARISC64", "parisc64"},
    {"SCMP_ARCH_RISCV64", "riscv64"},       {"SCMP_ARCH_LOONGARCH64", "loong64"},
    {"SCMP_ARCH_M68K", "m68k"},             {"SCMP_ARCH_SH", "sh"},
    {"SCMP_ARCH_SHEB", "sheb"},
}};
// clang-format on

constexpr const SeccompArchRow& RowOf(SeccompArch arch) {
  return kSeccompArches[static_cast<size_t>(arch)];
}

#if defined(__x86_64__)
inline constexpr SeccompArch kNativeSeccompArch = SeccompArch::kX86_64;
#elif defined(__aarch64__)
inline constexpr SeccompArch kNativeSeccompArch = SeccompArch::kAarch64;
#else
#error "no seccomp filters for this architecture"
#endif

namespace internal {

template <typename Table>
constexpr const typename Table::value_type* FindRow(const Table& table, absl::string_view name) {
  for (const auto& row : table) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace internal

constexpr std::optional<SeccompAct> FindSeccompAct(absl::string_view name) {
  const SeccompActRow* row = internal::FindRow(kSeccompActs, name);
  return row == nullptr ? std::nullopt : std::optional(row->act);
}

constexpr std::optional<SeccompOp> FindSeccompOp(absl::string_view name) {
  const SeccompOpRow* row = internal::FindRow(kSeccompOps, name);
  return row == nullptr ? std::nullopt : std::optional(row->op);
}

// "SCMP_ARCH_X86_64" or Docker's "amd64".
constexpr std::optional<SeccompArch> FindSeccompArch(absl::string_view name) {
  for (size_t i = 0; i < kSeccompArches.size(); ++i) {
    if (kSeccompArches[i].name == name || kSeccompArches[i].docker == name) {
      return static_cast<SeccompArch>(i);
    }
  }
  return std::nullopt;
}

}  // namespace pelagos
