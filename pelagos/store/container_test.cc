#include "pelagos/store/container.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/sys/file.h"

namespace pelagos::store {
namespace {

class ContainerTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("TEST_TMPDIR");
    ASSERT_NE(folder, nullptr);
    roots_.data = absl::StrCat(folder, "/data-", ::getpid(), "-",
                               testing::UnitTest::GetInstance()->current_test_info()->name());
    roots_.run = roots_.data + "-run";
  }

  ContainerRecord Record(const std::string& name) {
    ContainerRecord record;
    record.id = *NewContainerId();
    record.created = "2026-01-01T00:00:00.000000000Z";
    record.spec.name = name;
    record.spec.id = record.id;
    record.spec.image = "busybox";
    record.spec.command = {"sh", "-c", "x"};
    record.spec.lifecycle.labels = {{"team", "shop"}};
    record.image.reference = "docker.io/library/busybox:latest";
    record.image.layers = {"/layers/a"};
    return record;
  }
  ContainerRecord Made(const std::string& name) {
    const ContainerRecord record = Record(name);
    EXPECT_EQ(CreateContainer(roots_, record), absl::OkStatus());
    return record;
  }

  Roots roots_;
};

TEST_F(ContainerTest, WhatWasWrittenIsRead) {
  const ContainerRecord made = Made("web");
  const auto read = ReadContainer(roots_, made.id);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, made);
  EXPECT_EQ(*ReadContainerState(roots_, made.id), ContainerState());
  ContainerState state;
  state.phase = ContainerPhase::kExited;
  state.init = {17, 4711};
  state.monitor = {16, 4710};
  state.started_at = "2026-01-01T00:00:01.000000000Z";
  state.finished_at = "2026-01-01T00:00:02.000000000Z";
  state.exit_code = 137;
  state.out_of_memory = state.stopped = true;
  state.error = "x \"y\" \xff";
  state.restarts = 3;
  state.addresses = {"10.99.0.2"};
  state.cgroup = "/sys/fs/cgroup/x";
  ASSERT_EQ(WriteContainerState(roots_, made.id, state), absl::OkStatus());
  EXPECT_EQ(*ReadContainerState(roots_, made.id), state);
}

TEST_F(ContainerTest, WordsThatAreNoTextAreReadAsTheyWere) {
  ContainerRecord record = Record("web");
  record.spec.command = {"echo", "a\xff\xfe\xed\xa0\x80z"};
  record.spec.lifecycle.labels["k\x80"] = "v\xf5";
  ASSERT_EQ(CreateContainer(roots_, record), absl::OkStatus());
  const auto read = ReadContainer(roots_, record.id);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, record);
}

TEST_F(ContainerTest, ANameHasOneOwner) {
  const ContainerRecord first = Made("web");
  EXPECT_EQ(CheckNameIsFree(roots_, "other"), absl::OkStatus());
  EXPECT_TRUE(absl::IsAlreadyExists(CheckNameIsFree(roots_, "web")));
  const absl::Status second = CreateContainer(roots_, Record("web"));
  EXPECT_TRUE(absl::IsAlreadyExists(second)) << second;
  EXPECT_TRUE(absl::StrContains(second.message(), first.id.substr(0, 12))) << second;
  EXPECT_EQ(ListContainers(roots_)->size(), 1u) << "nothing is left of the second";
  EXPECT_EQ(CreateContainer(roots_, Record("../web")).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ContainerTest, IsFoundByNameIdAndWhatOneIdAloneBeginsWith) {
  const ContainerRecord one = Made("one"), two = Made("two");
  EXPECT_EQ(*FindContainer(roots_, "one"), one.id);
  EXPECT_EQ(*FindContainer(roots_, two.id), two.id);
  EXPECT_EQ(*FindContainer(roots_, two.id.substr(0, 20)), two.id);
  EXPECT_TRUE(absl::IsNotFound(FindContainer(roots_, "three").status()));
  EXPECT_TRUE(absl::IsNotFound(FindContainer(roots_, "").status()));
  EXPECT_TRUE(absl::IsNotFound(FindContainer(roots_, "../names/one").status()));
  // A name that begins an id is the name's.
  const ContainerRecord three = Made(one.id.substr(0, 8));
  EXPECT_EQ(*FindContainer(roots_, one.id.substr(0, 8)), three.id);
}

TEST_F(ContainerTest, WhatBeginsSeveralIdsIsNobody) {
  ContainerRecord one = Record("one"), two = Record("two");
  one.id = one.spec.id = std::string(63, 'a') + "1";
  two.id = two.spec.id = std::string(63, 'a') + "2";
  ASSERT_EQ(CreateContainer(roots_, one), absl::OkStatus());
  ASSERT_EQ(CreateContainer(roots_, two), absl::OkStatus());
  EXPECT_TRUE(absl::IsInvalidArgument(FindContainer(roots_, "aaa").status()));
  EXPECT_EQ(*FindContainer(roots_, one.id), one.id);
}

TEST_F(ContainerTest, RenamedItKeepsItsIdAndFreesItsName) {
  const ContainerRecord made = Made("old");
  Made("taken");
  EXPECT_TRUE(absl::IsAlreadyExists(RenameContainer(roots_, made.id, "taken")));
  EXPECT_TRUE(absl::IsInvalidArgument(RenameContainer(roots_, made.id, "a/b")));
  ASSERT_EQ(RenameContainer(roots_, made.id, "new"), absl::OkStatus());
  EXPECT_EQ(RenameContainer(roots_, made.id, "new"), absl::OkStatus());
  EXPECT_EQ(*FindContainer(roots_, "new"), made.id);
  EXPECT_TRUE(absl::IsNotFound(FindContainer(roots_, "old").status()));
  EXPECT_EQ(ReadContainer(roots_, made.id)->spec.name, "new");
  Made("old");
}

TEST_F(ContainerTest, RemovedNothingStays) {
  const ContainerRecord made = Made("web");
  ASSERT_EQ(RemoveContainer(roots_, made.id), absl::OkStatus());
  ASSERT_EQ(RemoveContainer(roots_, made.id), absl::OkStatus()) << "may be repeated";
  EXPECT_TRUE(absl::IsNotFound(ReadContainer(roots_, made.id).status()));
  EXPECT_TRUE(sys::ListFolder(roots_.KeptContainers())->empty());
  EXPECT_TRUE(sys::ListFolder(roots_.ContainerNames())->empty());
}

TEST_F(ContainerTest, WhatAKilledCommandLeftIsSettled) {
  // Killed before the record was written.
  const std::string half = *NewContainerId();
  ASSERT_EQ(sys::MakeFolders(roots_.KeptContainer(half), 0700), absl::OkStatus());
  ASSERT_EQ(sys::MakeFolders(roots_.ContainerNames(), 0700), absl::OkStatus());
  ASSERT_EQ(::symlink(half.c_str(), (roots_.ContainerNames() + "/web").c_str()), 0);
  EXPECT_TRUE(*SettleContainer(roots_, half));
  EXPECT_TRUE(sys::ListFolder(roots_.KeptContainers())->empty());
  EXPECT_TRUE(sys::ListFolder(roots_.ContainerNames())->empty());
  // Killed in the middle of its removal.
  const ContainerRecord made = Made("web");
  const std::string folder = roots_.KeptContainer(made.id);
  ASSERT_EQ(::rename((folder + "/container.json").c_str(), (folder + "/removing.json").c_str()), 0);
  EXPECT_TRUE(*SettleContainer(roots_, made.id));
  EXPECT_TRUE(sys::ListFolder(roots_.KeptContainers())->empty());
  EXPECT_TRUE(sys::ListFolder(roots_.ContainerNames())->empty());
  // One that is kept, and one that was to go.
  const ContainerRecord kept = Made("kept");
  EXPECT_FALSE(*SettleContainer(roots_, kept.id));
  ContainerRecord goes = Record("goes");
  goes.spec.lifecycle.remove = true;
  ASSERT_EQ(CreateContainer(roots_, goes), absl::OkStatus());
  EXPECT_TRUE(*SettleContainer(roots_, goes.id));
  EXPECT_EQ(*ListContainers(roots_), std::vector<std::string>{kept.id});
  // Not an id of ours at all.
  EXPECT_TRUE(*SettleContainer(roots_, "pelagos-17"));
}

TEST_F(ContainerTest, ANameThatLeadsNowhereIsTakenOver) {
  ASSERT_EQ(sys::MakeFolders(roots_.ContainerNames(), 0700), absl::OkStatus());
  ASSERT_EQ(::symlink(NewContainerId()->c_str(), (roots_.ContainerNames() + "/web").c_str()), 0);
  EXPECT_TRUE(absl::IsNotFound(FindContainer(roots_, "web").status()));
  const ContainerRecord made = Made("web");
  EXPECT_EQ(*FindContainer(roots_, "web"), made.id);
}

TEST_F(ContainerTest, DamagedFilesAreSaidOrMeanThatNobodyKnows) {
  const ContainerRecord made = Made("web");
  const std::string folder = roots_.KeptContainer(made.id);
  ASSERT_EQ(sys::WriteFileAtomically(folder + "/state.json", "{\"phase\": \"run"),
            absl::OkStatus());
  EXPECT_EQ(ReadContainerState(roots_, made.id)->phase, ContainerPhase::kRunning)
      << "without a claim that is lost";
  for (const char* text : {"", "{", "[]", "{\"version\":2}", "{\"version\":1,\"id\":7}"}) {
    ASSERT_EQ(sys::WriteFileAtomically(folder + "/container.json", text), absl::OkStatus());
    const absl::Status read = ReadContainer(roots_, made.id).status();
    EXPECT_EQ(read.code(), absl::StatusCode::kDataLoss) << text;
    EXPECT_TRUE(absl::StrContains(read.message(), "container.json")) << read;
  }
}

}  // namespace
}  // namespace pelagos::store
