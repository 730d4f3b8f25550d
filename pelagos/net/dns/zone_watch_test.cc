#include "pelagos/net/dns/zone_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/net/dns/zone_files.h"
#include "pelagos/sys/file.h"

namespace pelagos::net {
namespace {

class ZoneWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(std::getenv("TEST_TMPDIR"), "/dns");
    ASSERT_TRUE(sys::RemoveTree(folder_).ok());
    ASSERT_TRUE(sys::MakeFolders(folder_, 0700).ok());
  }

  static ZoneHead Head(uint32_t gateway) { return {{gateway}, 24, {}, 64, false, "", {}}; }
  static ZoneHost Host(uint32_t address, const std::string& owner) {
    return {{address}, {}, owner, {owner}, {}};
  }
  ZoneFiles Files() const { return ZoneFiles(folder_); }

  // What the table holds: "net(a b) net2()", without parentheses if it has no head.
  std::string Table() const {
    std::string text;
    for (const auto& [name, network] : table_.networks()) {
      absl::StrAppend(&text, text.empty() ? "" : " ", name, network->head ? "(" : "");
      std::string space;
      for (const auto& [owner, host] : network->hosts) {
        absl::StrAppend(&text, space, owner, "=", host->address.bits);
        space = " ";
      }
      absl::StrAppend(&text, network->head ? ")" : "");
    }
    return text;
  }

  std::string folder_;
  ZoneTable table_;
};

TEST_F(ZoneWatchTest, ChangesAreTakenOverFileByFile) {
  ASSERT_TRUE(Files().WriteNetwork("net", Head(1)).ok());
  ASSERT_TRUE(Files().WriteHost("net", Host(2, "a")).ok());
  absl::StatusOr<ZoneWatch> watch = ZoneWatch::Create(folder_, table_);
  ASSERT_TRUE(watch.ok()) << watch.status();
  EXPECT_EQ(Table(), "net(a=2)");
  EXPECT_TRUE(watch->Update().value());

  ASSERT_TRUE(Files().WriteHost("net", Host(3, "b")).ok());
  ASSERT_TRUE(Files().WriteHost("net", Host(4, "a")).ok());
  EXPECT_FALSE(watch->Update().value());
  EXPECT_EQ(Table(), "net(a=4 b=3)");
  ASSERT_TRUE(Files().RemoveHost("net", "a").ok());
  ASSERT_TRUE(Files().RemoveHost("net", "a").ok());
  EXPECT_FALSE(watch->Update().value());
  EXPECT_EQ(Table(), "net(b=3)");

  ASSERT_TRUE(Files().WriteNetwork("net2", Head(100)).ok());
  ASSERT_TRUE(Files().WriteHost("net2", Host(5, "b")).ok());
  EXPECT_TRUE(watch->Update().value());
  EXPECT_EQ(Table(), "net(b=3) net2(b=5)");
  ASSERT_TRUE(Files().WriteNetwork("net2", Head(200)).ok());
  EXPECT_TRUE(watch->Update().value());
  EXPECT_EQ(table_.networks().at("net2")->head->gateway.bits, 200u);
  ASSERT_TRUE(Files().RemoveNetwork("net").ok());
  ASSERT_TRUE(Files().RemoveNetwork("net").ok());
  EXPECT_TRUE(watch->Update().value());
  EXPECT_EQ(Table(), "net2(b=5)");
  EXPECT_FALSE(watch->Update().value());
}

TEST_F(ZoneWatchTest, AFolderOfTheSameNameIsAnother) {
  ASSERT_TRUE(Files().WriteNetwork("net", Head(1)).ok());
  ASSERT_TRUE(Files().WriteHost("net", Host(2, "a")).ok());
  absl::StatusOr<ZoneWatch> watch = ZoneWatch::Create(folder_, table_);
  ASSERT_TRUE(watch.ok()) << watch.status();
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(Files().RemoveNetwork("net").ok());
    ASSERT_TRUE(Files().WriteNetwork("net", Head(1)).ok());
    ASSERT_TRUE(Files().WriteHost("net", Host(3, "b")).ok());
  }
  EXPECT_TRUE(watch->Update().value());
  EXPECT_EQ(Table(), "net(b=3)");
  ASSERT_TRUE(Files().WriteHost("net", Host(4, "c")).ok());
  EXPECT_FALSE(watch->Update().value());
  EXPECT_EQ(Table(), "net(b=3 c=4)");
}

TEST_F(ZoneWatchTest, AQueueThatRanOverIsReadAgain) {
  absl::StatusOr<ZoneWatch> watch = ZoneWatch::Create(folder_, table_);
  ASSERT_TRUE(watch.ok()) << watch.status();
  ASSERT_TRUE(Files().WriteNetwork("net", Head(1)).ok());
  EXPECT_TRUE(watch->Update().value());
  int64_t limit = 0;
  ASSERT_TRUE(absl::SimpleAtoi(sys::ReadFile("/proc/sys/fs/inotify/max_queued_events", 64).value(),
                               &limit));
  ASSERT_LE(limit, 1 << 20);
  ASSERT_TRUE(Files().WriteHost("net", Host(7, "a")).ok());
  const std::string a = folder_ + "/net/a", b = folder_ + "/net/b";
  for (int64_t i = 0; i < limit / 4 + 2; ++i) {  // each rename is two events
    ASSERT_EQ(::rename(a.c_str(), b.c_str()), 0);
    ASSERT_EQ(::rename(b.c_str(), a.c_str()), 0);
  }
  ASSERT_TRUE(Files().RemoveHost("net", "a").ok());
  ASSERT_TRUE(Files().WriteHost("net", Host(8, "last")).ok());
  EXPECT_TRUE(watch->Update().ok());
  EXPECT_EQ(Table(), "net(last=8)");
}

TEST_F(ZoneWatchTest, BrokenFilesAreSaidAndLeaveWhatWas) {
  ASSERT_TRUE(Files().WriteNetwork("net", Head(1)).ok());
  ASSERT_TRUE(Files().WriteHost("net", Host(2, "a")).ok());
  ASSERT_TRUE(sys::WriteFileAtomically(folder_ + "/control", "no network").ok());
  absl::StatusOr<ZoneWatch> watch = ZoneWatch::Create(folder_, table_);
  ASSERT_TRUE(watch.ok()) << watch.status();
  EXPECT_TRUE(watch->status().ok()) << watch->status();
  ASSERT_TRUE(sys::WriteFileAtomically(folder_ + "/net/a", "nonsense\n").ok());
  EXPECT_TRUE(watch->Update().ok());
  EXPECT_TRUE(absl::IsDataLoss(watch->status())) << watch->status();
  EXPECT_EQ(Table(), "net(a=2)");
  ASSERT_TRUE(Files().WriteHost("net", Host(3, "a")).ok());
  EXPECT_TRUE(watch->Update().ok());
  EXPECT_TRUE(watch->status().ok()) << watch->status();
  EXPECT_EQ(Table(), "net(a=3)");
}

TEST_F(ZoneWatchTest, WithoutItsFolderItIsOver) {
  absl::StatusOr<ZoneWatch> watch = ZoneWatch::Create(folder_, table_);
  ASSERT_TRUE(watch.ok()) << watch.status();
  ASSERT_TRUE(sys::RemoveTree(folder_).ok());
  EXPECT_TRUE(absl::IsNotFound(watch->Update().status()));
}

TEST_F(ZoneWatchTest, WhatCannotBeIsNotWritten) {
  EXPECT_FALSE(Files().WriteNetwork("a/b", Head(1)).ok());
  ASSERT_TRUE(Files().WriteNetwork("net", Head(1)).ok());
  EXPECT_FALSE(Files().WriteHost("net", Host(2, "../x")).ok());
  ZoneHost host = Host(2, "a");
  host.names = {"two words"};
  EXPECT_FALSE(Files().WriteHost("net", host).ok());
  EXPECT_FALSE(Files().RemoveHost("net", ".zone").ok());
}

}  // namespace
}  // namespace pelagos::net
