#include "pelagos/abi/kernel_version.h"

#include <gtest/gtest.h>
#include <sys/utsname.h>

namespace pelagos {
namespace {

static_assert(ParseKernelVersion("4.8") == KernelVersion{4, 8});
static_assert(ParseKernelVersion("6.18.44-amd64") == KernelVersion{6, 18});
static_assert(ParseKernelVersion("6.1-rc3") == KernelVersion{6, 1});
static_assert(KernelVersion{4, 19} > KernelVersion{4, 8} &&
              KernelVersion{5, 0} > KernelVersion{4, 19});
static_assert(!ParseKernelVersion("") && !ParseKernelVersion("6") && !ParseKernelVersion("6."));
static_assert(!ParseKernelVersion("6.x") && !ParseKernelVersion(".8") &&
              !ParseKernelVersion("4.8a"));
static_assert(!ParseKernelVersion("123456.1"));

TEST(KernelVersionTest, ReadsThisKernels) {
  struct utsname names = {};
  ASSERT_EQ(::uname(&names), 0);
  const auto version = ParseKernelVersion(names.release);
  ASSERT_TRUE(version.has_value()) << names.release;
  EXPECT_GE(*version, (KernelVersion{4, 0}));
}

}  // namespace
}  // namespace pelagos
