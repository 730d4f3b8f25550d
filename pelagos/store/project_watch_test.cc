#include "pelagos/store/project_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "absl/status/status.h"
#include "pelagos/base/fd.h"
#include "pelagos/store/project.h"

namespace pelagos::store {
namespace {

class ProjectWatchTest : public ::testing::Test {
 protected:
  ProjectWatchTest()
      : roots_{testing::TempDir() + "/data",
               testing::TempDir() + "/" +
                   ::testing::UnitTest::GetInstance()->current_test_info()->name()} {}

  void Write() {
    ProjectRecord record;
    record.project = "shop";
    EXPECT_EQ(WriteProject(roots_, record), absl::OkStatus());
  }

  Roots roots_;
};

TEST_F(ProjectWatchTest, SeesTheRecordWhileTheLockIsHeld) {
  const absl::StatusOr<Fd> lock = TryLockProject(roots_, "shop");
  ASSERT_TRUE(lock.ok()) << lock.status();
  absl::StatusOr<ProjectWatch> watch = ProjectWatch::Create(roots_, "shop");
  ASSERT_TRUE(watch.ok()) << watch.status();
  std::thread writer([this] { Write(); });  // makes its folder first
  while (!ReadProject(roots_, "shop").ok()) ASSERT_EQ(watch->Wait(), absl::OkStatus());
  writer.join();
  Write();
  EXPECT_EQ(watch->Wait(), absl::OkStatus());
  ASSERT_EQ(RemoveProject(roots_, "shop"), absl::OkStatus());
  EXPECT_EQ(watch->Wait(), absl::OkStatus());
}

TEST_F(ProjectWatchTest, SeesThatTheLockIsLetGo) {
  absl::StatusOr<Fd> lock = TryLockProject(roots_, "shop");
  ASSERT_TRUE(lock.ok()) << lock.status();
  absl::StatusOr<ProjectWatch> watch = ProjectWatch::Create(roots_, "shop");
  ASSERT_TRUE(watch.ok()) << watch.status();
  std::thread holder([&lock] { lock->reset(); });
  EXPECT_EQ(watch->Wait(), absl::OkStatus());
  holder.join();
  // What waited holds nothing.
  const absl::StatusOr<Fd> next = TryLockProject(roots_, "shop");
  EXPECT_TRUE(next.ok()) << next.status();
}

TEST_F(ProjectWatchTest, MakesNoLock) {
  absl::StatusOr<ProjectWatch> watch = ProjectWatch::Create(roots_, "shop");
  ASSERT_TRUE(watch.ok()) << watch.status();
  EXPECT_EQ(watch->Wait(), absl::OkStatus());
  EXPECT_NE(::access(roots_.ProjectLock("shop").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace pelagos::store
