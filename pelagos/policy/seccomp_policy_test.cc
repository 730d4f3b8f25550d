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

TEST(SeccompPolicyTest, EqualsByItsRules) {
  EXPECT_EQ(SeccompPolicy{}, kDefaultSeccomp);
  SeccompFilter filter;
  filter.rules.push_back({.names = {"mount"}, .verdict = {SeccompAct::kErrno, 1}});
  EXPECT_EQ(CustomSeccomp(filter), CustomSeccomp(filter));
  EXPECT_NE(CustomSeccomp(filter), CustomSeccomp({}));
  EXPECT_NE(CustomSeccomp({}), SeccompPolicy{SeccompProfile::kCustom});
}

TEST(SeccompPolicyTest, NamesComeBack) {
  EXPECT_EQ(FindSeccompProfile("default"), SeccompProfile::kDefault);
  EXPECT_EQ(FindSeccompProfile("unconfined"), SeccompProfile::kUnconfined);
  EXPECT_EQ(FindSeccompProfile("none"), std::nullopt);
  EXPECT_EQ(FindSeccompProfile("custom"), std::nullopt);
}

}  // namespace
}  // namespace pelagos
