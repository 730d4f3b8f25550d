#include "pelagos/abi/syscall.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

namespace pelagos {
namespace {

static_assert(FindSyscall("mount") == Syscall{SYS_mount});
static_assert(FindSyscall("clone3") == Syscall{SYS_clone3});
static_assert(FindSyscall("_sysctl") == Syscall{SYS__sysctl});
static_assert(FindSyscall("writev") == Syscall{SYS_writev});
static_assert(NameOf(Syscall{SYS_openat2}) == "openat2");
static_assert(NameOf(Syscall{100000}).empty());
static_assert(!FindSyscall("mont"));
static_assert(!FindSyscall("Mount"));
static_assert(!FindSyscall(""));

TEST(SyscallTest, SortedWithoutDoubles) {
  for (size_t i = 1; i < kSyscalls.size(); ++i) {
    EXPECT_LT(internal::CompareNames(kSyscalls[i - 1].name, kSyscalls[i].name), 0)
        << kSyscalls[i].name;
  }
}

TEST(SyscallTest, EveryRowIsFoundByNameAndNumber) {
  for (const SyscallRow& row : kSyscalls) {
    EXPECT_EQ(FindSyscall(row.name), Syscall{row.number}) << row.name;
    EXPECT_EQ(NameOf(Syscall{row.number}), row.name);
  }
}

}  // namespace
}  // namespace pelagos
