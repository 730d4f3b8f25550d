#include "pelagos/policy/namespace_join.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(NamespaceJoinTest, Modes) {
  EXPECT_EQ(ParseNamespaceMode("host"), (NamespaceMode{NamespaceOrigin::kHost, ""}));
  EXPECT_EQ(ParseNamespaceMode("private"), (NamespaceMode{NamespaceOrigin::kOwn, ""}));
  EXPECT_EQ(ParseNamespaceMode("ns:/proc/1/ns/ipc"),
            (NamespaceMode{NamespaceOrigin::kJoined, "/proc/1/ns/ipc"}));
  EXPECT_EQ(ParseNamespaceMode("container:web"),
            (NamespaceMode{NamespaceOrigin::kJoined, "", "web"}));
  for (const char* text : {"", "Host", "ns:", "ns:proc", "/proc/1/ns/ipc", "container:"}) {
    EXPECT_EQ(ParseNamespaceMode(text), std::nullopt) << text;
  }
}

TEST(NamespaceJoinTest, OnlySomeCanBeJoined) {
  EXPECT_EQ(JoinProblem(Namespace::kPid), "");
  EXPECT_EQ(JoinProblem(Namespace::kNet), "");
  EXPECT_NE(JoinProblem(Namespace::kMount), "");
  EXPECT_EQ(JoinProblem(Namespace::kUser), "");
  EXPECT_EQ(JoinProblem(Namespace::kTime), "");
}

}  // namespace
}  // namespace pelagos
