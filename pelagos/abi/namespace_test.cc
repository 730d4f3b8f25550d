#include "pelagos/abi/namespace.h"

#include <gtest/gtest.h>
#include <sched.h>

namespace pelagos {
namespace {

static_assert(RowOf(Namespace::kMount).clone_flag == CLONE_NEWNS);
static_assert(RowOf(Namespace::kPid).clone_flag == CLONE_NEWPID);
static_assert(RowOf(Namespace::kUts).clone_flag == CLONE_NEWUTS);
static_assert(RowOf(Namespace::kIpc).clone_flag == CLONE_NEWIPC);
static_assert(RowOf(Namespace::kNet).clone_flag == CLONE_NEWNET);
static_assert(RowOf(Namespace::kCgroup).clone_flag == CLONE_NEWCGROUP);
static_assert(RowOf(Namespace::kUser).clone_flag == CLONE_NEWUSER);
static_assert(FindNamespace("network") == Namespace::kNet);
static_assert(!FindNamespace("net"));

TEST(NamespaceTest, RowsStandInTheOrderOfTheirValues) {
  for (size_t i = 0; i < kNamespaces.size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(kNamespaces[i].value), i);
    EXPECT_EQ(FindNamespace(kNamespaces[i].name), kNamespaces[i].value);
  }
}

}  // namespace
}  // namespace pelagos
