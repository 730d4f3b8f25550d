#include "pelagos/launch/seccomp_named.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>

#include <cerrno>
#include <string>

#include "pelagos/abi/syscall_table.h"
#include "pelagos/launch/seccomp_default.h"
#include "pelagos/policy/seccomp_testing.h"

namespace pelagos::launch {
namespace {

constexpr uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr uint32_t kEperm = SECCOMP_RET_ERRNO | EPERM;
constexpr uint32_t kEnosys = SECCOMP_RET_ERRNO | ENOSYS;

uint32_t VerdictOf(const SeccompFilter& filter, const char* call, uint64_t first = 0) {
  const SeccompContext context = {CapabilitySet::All(), {}, SeccompArch::kX86_64};
  const auto program = CompileSeccomp(filter, context);
  EXPECT_TRUE(program.ok()) << program.status();
  const int32_t number = FindSyscallNumber(SyscallAbi::kX86_64, call);
  EXPECT_GE(number, 0) << call;
  seccomp_data data = {};
  data.nr = number;
  data.arch = AUDIT_ARCH_X86_64;
  data.args[0] = first;
  return program.ok() ? Interpret(*program, data).value_or(0) : 0;
}

TEST(NamedSeccompTest, Names) {
  EXPECT_FALSE(NamedSeccompFilter("").has_value());
  EXPECT_FALSE(NamedSeccompFilter("Minimal").has_value());
  ASSERT_TRUE(NamedSeccompFilter("iouring").has_value());
  EXPECT_EQ(NamedSeccompFilter("iouring"), NamedSeccompFilter("io-uring"));
}

TEST(NamedSeccompTest, IoUringIsTheDefaultAndThreeCalls) {
  SeccompFilter filter = NamedSeccompFilter("iouring").value();
  EXPECT_EQ(VerdictOf(DefaultSeccompFilter(), "io_uring_setup"), kEperm);
  EXPECT_EQ(VerdictOf(filter, "io_uring_setup"), kAllow);
  EXPECT_EQ(VerdictOf(filter, "io_uring_enter"), kAllow);
  EXPECT_EQ(VerdictOf(filter, "io_uring_register"), kAllow);
  filter.rules.pop_back();
  EXPECT_EQ(filter, DefaultSeccompFilter());
}

TEST(NamedSeccompTest, MinimalIsAPartOfTheDefault) {
  const SeccompFilter minimal = NamedSeccompFilter("minimal").value();
  const SeccompFilter usual = DefaultSeccompFilter();
  size_t names = 0;
  for (const SeccompFilterRule& rule : minimal.rules) {
    for (const std::string& name : rule.names) {
      ++names;
      if (FindSyscallNumber(SyscallAbi::kX86_64, name) < 0) continue;  // of another ABI
      if (VerdictOf(minimal, name.c_str()) != kAllow) continue;
      EXPECT_EQ(VerdictOf(usual, name.c_str()), kAllow) << name;
    }
  }
  EXPECT_GT(names, 200u);
}

TEST(NamedSeccompTest, MinimalRunsProgramsAndLetsNoneAdminister) {
  const SeccompFilter minimal = NamedSeccompFilter("minimal").value();
  for (const char* call : {"execve", "openat", "mmap", "futex", "socket", "statx", "setuid"}) {
    EXPECT_EQ(VerdictOf(minimal, call), kAllow) << call;
  }
  // With all capabilities kept, too.
  for (const char* call : {"mount", "unshare", "setns", "ptrace", "bpf", "reboot", "keyctl",
                           "io_uring_setup", "mknodat", "init_module", "userfaultfd", "shmget"}) {
    EXPECT_EQ(VerdictOf(minimal, call), kEperm) << call;
  }
  EXPECT_EQ(VerdictOf(minimal, "clone", CLONE_NEWUSER), kEperm);
  EXPECT_EQ(VerdictOf(minimal, "clone", CLONE_VM | CLONE_THREAD), kAllow);
  EXPECT_EQ(VerdictOf(minimal, "clone3"), kEnosys);
  EXPECT_EQ(VerdictOf(minimal, "socket", kVsockFamily), kEperm);
}

}  // namespace
}  // namespace pelagos::launch
