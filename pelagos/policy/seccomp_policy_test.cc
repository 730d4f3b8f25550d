#include "pelagos/policy/seccomp_policy.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <type_traits>

namespace pelagos {
namespace {

static_assert("mount"_syscall == Syscall{SYS_mount});
static_assert("io_uring_setup"_syscall == Syscall{SYS_io_uring_setup});

// A policy is made of a profile that exists: no name, no number, no switch to turn it off.
template <typename T>
concept MakesPolicy = requires(T value) {
  SeccompPolicy{value};
};
static_assert(MakesPolicy<SeccompProfile>);
static_assert(!MakesPolicy<bool> && !MakesPolicy<int> && !MakesPolicy<const char*>);

static_assert(kDefaultSeccomp.profile == SeccompProfile::kDefault);
static_assert(SeccompPolicy{} == kDefaultSeccomp);

TEST(SeccompPolicyTest, NamesComeBack) {
  EXPECT_EQ(FindSeccompProfile("default"), SeccompProfile::kDefault);
  EXPECT_EQ(FindSeccompProfile("unconfined"), SeccompProfile::kUnconfined);
  EXPECT_EQ(FindSeccompProfile("none"), std::nullopt);
}

}  // namespace
}  // namespace pelagos
