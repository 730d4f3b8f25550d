#include "pelagos/policy/namespace_set.h"

#include <gtest/gtest.h>
#include <sched.h>

namespace pelagos {
namespace {

template <Namespace... kNs>
concept CanCombine = requires {
  Namespaces<kNs...>();
};
static_assert(CanCombine<Namespace::kMount, Namespace::kPid>);
static_assert(CanCombine<>);
static_assert(CanCombine<Namespace::kUts>);
static_assert(!CanCombine<Namespace::kPid>);   // whose /proc?
static_assert(!CanCombine<Namespace::kUser>);  // could mount nothing
static_assert(!CanCombine<Namespace::kNet, Namespace::kUts>);

static_assert(kDefaultNamespaces.contains(Namespace::kNet));
static_assert(!kDefaultNamespaces.contains(Namespace::kUser));
static_assert(Namespaces<Namespace::kMount, Namespace::kPid>().clone_flags() ==
              (CLONE_NEWNS | CLONE_NEWPID));

TEST(NamespaceSetTest, NamesTheBrokenRule) {
  const NamespaceRule* rule = FirstViolation({Namespace::kPid});
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->needs, Namespace::kMount);
  EXPECT_EQ(rule->why, "a fresh /proc needs a mount namespace");
  EXPECT_EQ(FirstViolation(kDefaultNamespaces), nullptr);
}

TEST(NamespaceSetTest, InsertsAndErases) {
  NamespaceSet set;
  EXPECT_TRUE(set.empty());
  set.insert(Namespace::kIpc);
  set.insert(Namespace::kIpc);
  EXPECT_TRUE(set.contains(Namespace::kIpc));
  set.erase(Namespace::kIpc);
  EXPECT_EQ(set, NamespaceSet{});
}

}  // namespace
}  // namespace pelagos
