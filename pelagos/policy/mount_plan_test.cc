#include "pelagos/policy/mount_plan.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

static_assert(TargetProblem("/var/lib").empty());
static_assert(TargetProblem("/var//lib/").empty());
static_assert(TargetProblem("/...").empty());
static_assert("/var/lib"_path.value == "/var/lib");
static_assert(TargetDepth("/var") == 1 && TargetDepth("/var/lib") == 2);
static_assert(TargetProblem("/process").empty() && TargetProblem("/dev/shm").empty());
static_assert(TargetProblem("/srv/proc").empty());

// Only a checked path is a target: no string is one.
template <typename T>
concept IsTarget = requires(MountPlan plan, T target) {
  std::move(plan).Bind("/srv", target);
  std::move(plan).Volume("data", target);
  std::move(plan).Tmpfs(target);
};
static_assert(IsTarget<StaticPath>);
static_assert(!IsTarget<const char*> && !IsTarget<std::string> && !IsTarget<absl::string_view>);

TEST(MountPlanTest, SaysWhatIsWrong) {
  EXPECT_EQ(TargetProblem(""), "must be an absolute path");
  EXPECT_EQ(TargetProblem("var"), "must be an absolute path");
  EXPECT_EQ(TargetProblem("/"), "cannot be the root itself");
  EXPECT_EQ(TargetProblem("///"), "cannot be the root itself");
  EXPECT_EQ(TargetProblem("/a/../b"), "must not contain '.' or '..'");
  EXPECT_EQ(TargetProblem("/a/."), "must not contain '.' or '..'");
  EXPECT_EQ(TargetProblem("/proc"), "is in /proc, which is the container's own");
  EXPECT_EQ(TargetProblem("//proc//sys"), "is in /proc, which is the container's own");
  EXPECT_EQ(TargetProblem("/dev/"), "is the container's own /dev; mount files below it");
  EXPECT_EQ(TargetProblem("/.."), "must not contain '.' or '..'");
  EXPECT_EQ(TargetProblem(absl::string_view("/a\0b", 4)), "must not contain a NUL byte");
}

TEST(MountPlanTest, OneSpellingOfATarget) {
  EXPECT_EQ(CleanTarget("/var//lib/"), "/var/lib");
  EXPECT_EQ(CleanTarget("/var"), "/var");
}

TEST(MountPlanTest, Builds) {
  const MountPlan plan = MountPlan().Bind("/srv", "/www"_path, true).Volume("data", "/data"_path);
  EXPECT_EQ(plan.mounts()[0], (Mount{MountKind::kBind, "/srv", "/www", true}));
  EXPECT_EQ(plan.mounts()[1], (Mount{MountKind::kVolume, "data", "/data", false}));
}

}  // namespace
}  // namespace pelagos
