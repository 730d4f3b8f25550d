// Compiled programs against a plain reading of their profiles, call by call.
#include "pelagos/policy/seccomp_compile.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <string>

#include "pelagos/policy/seccomp_random.h"
#include "pelagos/policy/seccomp_testing.h"

namespace pelagos {
namespace {

constexpr uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr SeccompVerdict kPermit = {SeccompAct::kAllow, 0};
constexpr SeccompVerdict kDeny = {SeccompAct::kErrno, EPERM};

seccomp_data CallOf(long number, uint64_t first = 0, uint64_t second = 0) {
  seccomp_data data = {};
  data.nr = static_cast<int>(number);
  data.arch = AUDIT_ARCH_X86_64;
  data.args[0] = first;
  data.args[1] = second;
  return data;
}

SeccompContext ContextOf(SeccompArch native) { return {{}, {5, 10}, native}; }

// What the program for an x86_64 machine says.
uint32_t Answer(const SeccompFilter& filter, const seccomp_data& data) {
  const auto program = CompileSeccomp(filter, ContextOf(SeccompArch::kX86_64));
  EXPECT_TRUE(program.ok()) << program.status();
  return Interpret(*program, data).value_or(0xdead);
}

size_t Compare(const SeccompFilter& filter, const SeccompContext& context,
               const std::string& what) {
  const auto program = CompileSeccomp(filter, context);
  EXPECT_TRUE(program.ok()) << what << ": " << program.status();
  if (!program.ok()) return 0;
  const PlainReading reading(filter, context);
  size_t compared = 0;
  size_t different = 0;
  ForEachCall(reading, [&](const seccomp_data& data) {
    ++compared;
    if (Interpret(*program, data) == reading.Verdict(data) || ++different > 3) return;
    ADD_FAILURE() << what << ": arch " << std::hex << data.arch << " number " << data.nr
                  << " arguments " << data.args[0] << " " << data.args[1] << ": program "
                  << Interpret(*program, data).value_or(0xdead) << ", profile "
                  << reading.Verdict(data);
  });
  EXPECT_EQ(different, 0u);
  return compared;
}

TEST(SeccompCompileTest, DoesWhatRandomProfilesSay) {
  std::vector<std::string> names = {"ioctl", "clone",  "socket", "socketcall",
                                    "ipc",   "shmget", "openat", "personality"};
  for (absl::string_view name : SyscallNames()) names.emplace_back(name);
  RandomProfiles profiles(1, names);
  size_t compared = 0;
  for (int i = 0; i < 300; ++i) {
    const SeccompFilter filter = profiles.Next();
    SeccompContext context = ContextOf(i % 4 == 3 ? SeccompArch::kAarch64 : SeccompArch::kX86_64);
    if (i % 3 == 0) context.capabilities = {Capability::kSysAdmin};
    compared += Compare(filter, context, "profile " + std::to_string(i));
  }
  EXPECT_GT(compared, 5000000u);
}

TEST(SeccompCompileTest, TheStrictestRuleCountsWhateverTheOrder) {
  SeccompFilter filter;
  filter.otherwise = kDeny;
  const SeccompFilterRule all = {{"ioctl"}, kPermit};
  const SeccompFilterRule some = {{"ioctl"}, {SeccompAct::kErrno, EIO}, {{1, SeccompOp::kEq, 7}}};
  const SeccompFilterRule worst = {
      {"ioctl"}, {SeccompAct::kKillProcess, 0}, {{0, SeccompOp::kEq, 9}}};
  for (const auto& rules : {std::vector{all, some, worst}, std::vector{worst, some, all}}) {
    filter.rules = rules;
    EXPECT_EQ(Answer(filter, CallOf(SYS_ioctl, 0, 0)), kAllow);
    EXPECT_EQ(Answer(filter, CallOf(SYS_ioctl, 0, 7)), SECCOMP_RET_ERRNO | EIO);
    EXPECT_EQ(Answer(filter, CallOf(SYS_ioctl, 9, 7)), SECCOMP_RET_KILL_PROCESS);
  }
  // As strict as the default is still a rule.
  filter.rules = {all, {{"ioctl"}, kDeny, {{1, SeccompOp::kEq, 7}}}};
  EXPECT_EQ(Answer(filter, CallOf(SYS_ioctl, 0, 7)), kDeny.value());
  EXPECT_EQ(Answer(filter, CallOf(SYS_ioctl, 0, 8)), kAllow);
  // Of two errnos the first.
  filter.rules = {{{"ioctl"}, {SeccompAct::kErrno, 3}}, {{"ioctl"}, {SeccompAct::kErrno, 2}}};
  EXPECT_EQ(Answer(filter, CallOf(SYS_ioctl)), SECCOMP_RET_ERRNO | 3);
}

TEST(SeccompCompileTest, TwoConditionsOnOneArgumentAreAlternatives) {
  SeccompFilter filter;
  filter.otherwise = kDeny;
  filter.rules = {{{"ioctl"}, kPermit, {{0, SeccompOp::kEq, 1}, {0, SeccompOp::kEq, 2}}}};
  EXPECT_EQ(Answer(filter, CallOf(SYS_ioctl, 1)), kAllow);
  EXPECT_EQ(Answer(filter, CallOf(SYS_ioctl, 2)), kAllow);
  EXPECT_EQ(Answer(filter, CallOf(SYS_ioctl, 3)), kDeny.value());
}

TEST(SeccompCompileTest, WhatIsNewerThanTheProfileIsUnknown) {
  SeccompFilter filter;
  filter.otherwise = kDeny;
  filter.rules = {{{"read", "openat2"}, kPermit}};
  EXPECT_EQ(Answer(filter, CallOf(SYS_write)), kDeny.value());
  EXPECT_EQ(Answer(filter, CallOf(SYS_openat2)), kAllow);
  EXPECT_EQ(Answer(filter, CallOf(SYS_openat2 + 1)), SECCOMP_RET_ERRNO | ENOSYS);
  filter.otherwise = {SeccompAct::kKillProcess, 0};
  EXPECT_EQ(Answer(filter, CallOf(SYS_openat2 + 1)), SECCOMP_RET_ERRNO | ENOSYS);
  filter.otherwise = {SeccompAct::kLog, 0};
  EXPECT_EQ(Answer(filter, CallOf(SYS_openat2 + 1)), static_cast<uint32_t>(SECCOMP_RET_LOG));
  filter.otherwise = kDeny;
  filter.rules.clear();
  EXPECT_EQ(Answer(filter, CallOf(SYS_read)), kDeny.value());
}

TEST(SeccompCompileTest, UnlistedArchitecturesAreKilled) {
  SeccompFilter filter;  // allows everything
  seccomp_data data = CallOf(20);
  EXPECT_EQ(Answer(filter, data), kAllow);
  data.arch = AUDIT_ARCH_I386;
  EXPECT_EQ(Answer(filter, data), SECCOMP_RET_KILL_PROCESS);
  filter.arches = {SeccompArch::kX86};
  EXPECT_EQ(Answer(filter, data), kAllow);
  EXPECT_EQ(Answer(filter, CallOf(kX32Bit + 20)), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(Answer(filter, CallOf(-1)), kAllow);  // a tracer's way to skip a call
  filter.arches = {SeccompArch::kX32};
  EXPECT_EQ(Answer(filter, CallOf(kX32Bit + 20)), kAllow);
}

TEST(SeccompCompileTest, DeniesSocketsBehindSocketcallToo) {
  SeccompFilter filter;
  filter.arches = {SeccompArch::kX86};
  filter.rules = {{{"socket", "shmget"}, kDeny}};
  seccomp_data data = CallOf(102, 1);
  data.arch = AUDIT_ARCH_I386;
  EXPECT_EQ(Answer(filter, data), kDeny.value());
  data.args[0] = 2;  // bind
  EXPECT_EQ(Answer(filter, data), kAllow);
  data.nr = 117;
  data.args[0] = 0x10000 | 23;  // shmget, version 1
  EXPECT_EQ(Answer(filter, data), kDeny.value());
}

TEST(SeccompCompileTest, LeavesMayBeFartherThanAJumpReaches) {
  SeccompFilter filter;
  filter.otherwise = kDeny;
  for (uint64_t i = 0; i < 300; ++i) {
    filter.rules.push_back({{i % 2 == 0 ? "ioctl" : "fcntl"}, kPermit, {{1, SeccompOp::kEq, i}}});
  }
  filter.rules.push_back({{"read", "write", "openat"}, kPermit});
  Compare(filter, ContextOf(SeccompArch::kX86_64), "long leaves");
}

TEST(SeccompCompileTest, TooLongIsAnError) {
  SeccompFilter filter;
  filter.otherwise = kDeny;
  const auto grow = [&filter](uint64_t to) {
    for (uint64_t i = filter.rules.size(); i < to; ++i) {
      filter.rules.push_back({{"ioctl"}, kPermit, {{1, SeccompOp::kEq, i << 16}}});
    }
    return CompileSeccomp(filter, ContextOf(SeccompArch::kX86_64));
  };
  EXPECT_TRUE(grow(800).ok());
  EXPECT_EQ(std::string(grow(900).status().message()),
            "the filter has 4516 instructions, the kernel takes 4096 at most: fewer conditions on "
            "arguments or fewer architectures are needed");
  EXPECT_EQ(std::string(grow(5000).status().message()),
            "the filter has far too many instructions, the kernel takes 4096 at most: fewer "
            "conditions on arguments or fewer architectures are needed");
}

TEST(SeccompCompileTest, NeighboursAreMerged) {
  SeccompFilter filter;
  filter.rules = {{{"read", "write", "open", "close"}, kDeny}};  // 0 to 3
  const auto program = CompileSeccomp(filter, ContextOf(SeccompArch::kX86_64));
  ASSERT_TRUE(program.ok());
  // Load, one machine, kill, load, x32, one test, two returns, x32's three.
  EXPECT_EQ(program->size(), 1u + 2 + 1 + 1 + 2 + 3 + 3);
}

}  // namespace
}  // namespace pelagos
