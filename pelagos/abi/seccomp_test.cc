#include "pelagos/abi/seccomp.h"

#include <gtest/gtest.h>

#include "pelagos/abi/syscall.h"
#include "pelagos/abi/syscall_table.h"

namespace pelagos {
namespace {

static_assert(FindSeccompAct("SCMP_ACT_KILL") == SeccompAct::kKillThread);
static_assert(RowOf(SeccompAct::kKillThread).name == "SCMP_ACT_KILL_THREAD");
static_assert(RowOf(SeccompAct::kNotify).value == SECCOMP_RET_USER_NOTIF);
static_assert(FindSeccompOp("SCMP_CMP_MASKED_EQ") == SeccompOp::kMaskedEq);
static_assert(FindSeccompArch("amd64") == SeccompArch::kX86_64);
static_assert(FindSeccompArch("SCMP_ARCH_SHEB") == SeccompArch::kSheb);
static_assert(!FindSeccompAct("SCMP_ACT_ALOW") && !FindSeccompArch("vax"));

TEST(SeccompTest, RowsStandWhereTheirActSays) {
  for (size_t i = 0; i <= static_cast<size_t>(SeccompAct::kKillProcess); ++i) {
    EXPECT_EQ(static_cast<size_t>(kSeccompActs[i].act), i) << std::string(kSeccompActs[i].name);
  }
  for (size_t i = 0; i < kSeccompOps.size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(kSeccompOps[i].op), i);
  }
}

// The kernel compares verdicts as signed numbers, less is stricter (seccomp_run_filters).
TEST(SeccompTest, ActsAreInTheKernelsOrder) {
  for (size_t i = 1; i <= static_cast<size_t>(SeccompAct::kKillProcess); ++i) {
    EXPECT_LT(static_cast<int32_t>(kSeccompActs[i].value),
              static_cast<int32_t>(kSeccompActs[i - 1].value));
  }
}

TEST(SyscallTableTest, SortedWithoutDoubles) {
  for (size_t i = 1; i < internal::kSyscallNameCount; ++i) {
    EXPECT_LT(internal::SyscallNameAt(i - 1), internal::SyscallNameAt(i));
  }
}

// The table in abi/syscall.h was written by hand, the numbers here come from libseccomp.
TEST(SyscallTableTest, AgreesWithOurOwnTable) {
  for (const SyscallRow& row : kSyscalls) {
    EXPECT_EQ(FindSyscallNumber(SyscallAbi::kX86_64, row.name), row.number)
        << std::string(row.name);
  }
}

TEST(SyscallTableTest, KnowsTheOtherWaysIn) {
  EXPECT_EQ(FindSyscallNumber(SyscallAbi::kI386, "stat64"), 195);
  EXPECT_EQ(FindSyscallNumber(SyscallAbi::kI386, "socketcall"), 102);
  EXPECT_EQ(FindSyscallNumber(SyscallAbi::kI386, "socket"), 359);
  EXPECT_EQ(FindSyscallNumber(SyscallAbi::kX86_64, "stat64"), -1);
  EXPECT_EQ(FindSyscallNumber(SyscallAbi::kX32, "ioctl"), static_cast<int>(kX32Bit) + 514);
  EXPECT_EQ(FindSyscallNumber(SyscallAbi::kX32, "mseal"), static_cast<int>(kX32Bit) + 462);
  EXPECT_EQ(FindSyscallNumber(SyscallAbi::kAarch64, "openat"), 56);
  EXPECT_EQ(FindSyscallNumber(SyscallAbi::kArm, "cacheflush"), 0xf0002);
  EXPECT_TRUE(IsSyscallName("s390_pci_mmio_read"));
  EXPECT_TRUE(IsSyscallName("send"));
  EXPECT_FALSE(IsSyscallName("opne"));
  EXPECT_FALSE(IsSyscallName(""));
  for (const MultiplexedCall& call : kMultiplexedCalls) {
    EXPECT_TRUE(IsSyscallName(call.name)) << std::string(call.name);
    EXPECT_GE(FindSyscallNumber(SyscallAbi::kI386, call.through), 0);
  }
}

}  // namespace
}  // namespace pelagos
