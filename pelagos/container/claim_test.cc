#include "pelagos/container/claim.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/store/project.h"
#include "pelagos/sys/file.h"

namespace pelagos::container {
namespace {

class ClaimTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/claim-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    roots_ = {folder + "/data", folder + "/run"};
  }
  void TearDown() override { EXPECT_TRUE(sys::RemoveTree(sys::FolderOf(roots_.run)).ok()); }

  // Sweeps; returns what was cleaned.
  std::vector<std::string> Swept() {
    std::vector<std::string> cleaned;
    const absl::Status status = Sweep(roots_, [&](const std::string& id) {
      EXPECT_TRUE(IsClaimed(roots_, id));
      cleaned.push_back(id);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return cleaned;
  }
  bool IsThere(const std::string& id) { return ::access(roots_.Container(id).c_str(), F_OK) == 0; }

  store::Roots roots_;
};

using Ids = std::vector<std::string>;

TEST_F(ClaimTest, ExcludesAndIsFreeAgain) {
  EXPECT_FALSE(IsClaimed(roots_, "a"));
  {
    const auto claimed = Claim(roots_, "a");
    ASSERT_TRUE(claimed.ok()) << claimed.status();
    EXPECT_TRUE(IsClaimed(roots_, "a"));
    EXPECT_TRUE(absl::IsAlreadyExists(Claim(roots_, "a").status()));
    EXPECT_TRUE(Claim(roots_, "b").ok());
    EXPECT_EQ(Swept(), Ids{"b"});
    EXPECT_TRUE(IsThere("a"));
  }
  EXPECT_FALSE(IsClaimed(roots_, "a"));
  EXPECT_TRUE(Claim(roots_, "a").ok());
  EXPECT_EQ(Swept(), Ids{"a"});
  EXPECT_FALSE(IsThere("a"));
}

TEST_F(ClaimTest, SweepsWhatWasKilledBetweenTwoSteps) {
  EXPECT_EQ(Swept(), Ids());  // no folder at all
  ASSERT_TRUE(sys::MakeFolders(roots_.Container("unlocked"), 0700).ok());
  ASSERT_TRUE(Claim(roots_, "full").ok());
  ASSERT_TRUE(sys::WriteFileAtomically(roots_.Container("full") + "/hosts", "x").ok());
  EXPECT_EQ(Swept(), Ids{"full"});
  EXPECT_FALSE(IsThere("unlocked"));
  EXPECT_EQ(Swept(), Ids());
  // Its lock goes last: what was killed while it was removed still has it.
  ASSERT_TRUE(Claim(roots_, "half").ok());
  ASSERT_TRUE(sys::WriteFileAtomically(roots_.Container("half") + "/hosts", "x").ok());
  const auto names = sys::ListFolder(roots_.Container("half"));
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(names->front(), ".lock");  // RemoveTree goes from the back
  EXPECT_EQ(Swept(), Ids{"half"});
}

TEST_F(ClaimTest, LeavesAProjectsOwnToTheProject) {
  store::ProjectRecord record;
  record.project = "shop";
  store::ServiceRecord db;
  db.container = "shop-db";
  record.services = {db};
  ASSERT_TRUE(store::WriteProject(roots_, record).ok());
  ASSERT_TRUE(Claim(roots_, "shop-db").ok());
  ASSERT_TRUE(Claim(roots_, "shop-web").ok());
  EXPECT_EQ(Swept(), Ids{"shop-web"});
  EXPECT_TRUE(IsThere("shop-db"));
}

TEST_F(ClaimTest, WithARecordThatCannotBeReadNothingIsTaken) {
  ASSERT_TRUE(sys::MakeFolders(roots_.Project("shop"), 0700).ok());
  ASSERT_TRUE(sys::WriteFileAtomically(roots_.Project("shop") + "/project.json", "{").ok());
  ASSERT_TRUE(Claim(roots_, "a").ok());
  EXPECT_FALSE(Sweep(roots_, [](const std::string&) { return absl::OkStatus(); }).ok());
  EXPECT_TRUE(IsThere("a"));
}

TEST_F(ClaimTest, AFailureIsReportedAndTheOthersGoOn) {
  for (const char* id : {"a", "b"}) ASSERT_TRUE(Claim(roots_, id).ok());
  const absl::Status status = Sweep(roots_, [&](const std::string& id) {
    return id == "a" ? absl::InternalError("no") : absl::OkStatus();
  });
  EXPECT_EQ(status.message(), "no");
  EXPECT_TRUE(IsThere("a"));
  EXPECT_FALSE(IsThere("b"));
}

// Who claims gets its id, and keeps its folder, whoever sweeps meanwhile.
TEST_F(ClaimTest, ClaimingAndSweepingAtOnce) {
  std::atomic<bool> done = false;
  std::vector<std::thread> sweepers;
  for (int i = 0; i < 2; ++i) {
    sweepers.emplace_back([&] {
      while (!done) {
        const absl::Status status =
            Sweep(roots_, [](const std::string&) { return absl::OkStatus(); });
        EXPECT_TRUE(status.ok()) << status;
      }
    });
  }
  std::vector<std::thread> owners;
  for (int i = 0; i < 2; ++i) {
    owners.emplace_back([&, i] {
      const std::string id = absl::StrCat("id-", i);
      for (int round = 0; round < 2000; ++round) {
        const auto claimed = Claim(roots_, id);
        ASSERT_TRUE(claimed.ok()) << claimed.status();
        const std::string file = roots_.Container(id) + "/hosts";
        ASSERT_TRUE(sys::OpenFile(file, O_WRONLY | O_CREAT, 0600).ok()) << round;
        ASSERT_EQ(::access(file.c_str(), F_OK), 0) << round;
        // Every second one is "killed", the others clean up.
        if (round % 2 == 0) {
          ASSERT_TRUE(RemoveFolder(roots_, id).ok());
        }
      }
    });
  }
  for (std::thread& owner : owners) owner.join();
  done = true;
  for (std::thread& sweeper : sweepers) sweeper.join();
}

}  // namespace
}  // namespace pelagos::container
