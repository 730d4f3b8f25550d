// Namespaces of other containers: joined by name, never by a pid that is somebody else's now.

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/container/claim.h"
#include "pelagos/container/peer.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"
#include "tests/rooted/userns/user_world.h"

namespace pelagos::rooted {
namespace {

constexpr char kTell[] =
    "for kind in pid ipc uts net cgroup; do readlink /proc/self/ns/$kind; done; hostname";
// Told by the first container, which then waits to be ended.
constexpr char kTellAndWait[] =
    "for kind in pid ipc uts net cgroup; do readlink /proc/self/ns/$kind; done; hostname;"
    "trap 'exit 0' TERM; echo up; sleep 1000 & wait";

// The lines before "up".
std::string Told(Program& program) {
  std::string text;
  for (;;) {
    const std::optional<std::string> line = program.NextLine();
    if (!line) {
      ADD_FAILURE() << "the container ended: " << text;
      return text;
    }
    if (*line == "up") return text;
    absl::StrAppend(&text, *line, "\n");
  }
}

Words JoinAll(const std::string& name) {
  Words words;
  for (const char* flag : {"--pid", "--ipc", "--uts", "--network", "--cgroupns"}) {
    words.push_back(flag);
    words.push_back("container:" + name);
  }
  return words;
}

class PeersTest : public RunTest {
 protected:
  store::Roots Roots() const { return {world_->data_root(), world_->run_root()}; }
};

TEST_F(PeersTest, AllOfAContainers) {
  const std::unique_ptr<Program> first =
      world_->Start({"run", "--rm", "--name", "first", "--hostname", "other", "busybox", "sh", "-c",
                     kTellAndWait});
  const std::string told = Told(*first);
  EXPECT_TRUE(absl::EndsWith(told, "\nother\n")) << told;
  EXPECT_EQ(Out(JoinAll("first"), kTell), told);
  EXPECT_EQ(Out({"--pid", "container:first"}, "cat /proc/1/comm"), "sh\n");
  // Its processes, its queues; the rest is the container's own.
  EXPECT_NE(Out({"--pid", "container:first"}, kTell), told);
  first->Signal(SIGTERM);
  EXPECT_EQ(first->Wait().code, 0);
  ExpectFails(JoinAll("first"), 125, "no container is named 'first'");
  world_->ExpectNoResidue("containers that shared namespaces");
}

TEST_F(PeersTest, OneInAUserNamespaceOfItsOwn) {
  const std::unique_ptr<Program> first =
      world_->Start({"run", "--rm", "--name", "first", "--uidmap", "0:100000:65536", "busybox",
                     "sh", "-c", absl::StrCat("readlink /proc/self/ns/user;", kTellAndWait)});
  const std::string told = Told(*first);
  Words words = JoinAll("first");
  words.insert(words.end(), {"--userns", "container:first"});
  EXPECT_EQ(Out(words, absl::StrCat("readlink /proc/self/ns/user;", kTell)), told);
  Words dry = {"run", "--rm", "--dry-run"};
  dry.insert(dry.end(), words.begin(), words.end());
  dry.insert(dry.end(), {"busybox", "true"});
  const Outcome plan = world_->Pelagos(dry);
  EXPECT_TRUE(absl::StrContains(plan.out, "join user namespace of container first\n"))
      << plan.Describe();
  EXPECT_TRUE(absl::StrContains(plan.out, "user ids 0:100000:65536; group ids 0:100000:65536"));
  EXPECT_EQ(Out({"--userns", "container:first"},
                "stat -c %u:%g /bin/sh; tr -s ' ' < "
                "/proc/self/uid_map"),
            "0:0\n 0 100000 65536\n");
  first->Signal(SIGTERM);
  EXPECT_EQ(first->Wait().code, 0);
  // One without a user namespace has the launcher's.
  const std::unique_ptr<Program> second =
      world_->Start({"run", "--rm", "--name", "second", "busybox", "sh", "-c", kTellAndWait});
  Told(*second);
  ExpectFails({"--userns", "container:second"}, 125, "it is the one that the launcher is in");
  second->Signal(SIGTERM);
  EXPECT_EQ(second->Wait().code, 0);
}

TEST_F(PeersTest, AServiceOfAStack) {
  world_->Write("compose.reml",
                "(compose-up (compose (service \"a\" '(image \"busybox\") '(stop-grace-period 0)"
                " '(command \"sleep\" \"1000\"))) \"peers\")");
  const Outcome up = world_->Pelagos({"compose", "up"});
  ASSERT_EQ(up.code, 0) << up.Describe();
  const PsRow row = world_->Ps("peers", "a");
  char net[64] = {};
  ASSERT_GT(::readlink(absl::StrCat("/proc/", row.pid, "/ns/net").c_str(), net, sizeof(net) - 1),
            0);
  EXPECT_EQ(Out({"--network", "container:" + row.container}, "readlink /proc/self/ns/net"),
            absl::StrCat(net, "\n"));
  const Outcome down = world_->Pelagos({"compose", "down", "-p", "peers"});
  EXPECT_EQ(down.code, 0) << down.Describe();
}

TEST_F(PeersTest, WhatDoesNotRunIsNotJoined) {
  ExpectFails({"--network", "container:nosuch"}, 125, "no container is named 'nosuch'");
  ExpectFails({"--network", "container:../up"}, 125, "the container's name '../up'");
  ExpectFails({"--name", "self", "--network", "container:self"}, 125, "");
  const auto self = sys::StartTime(::getpid());
  ASSERT_TRUE(self.ok());
  // Claimed, but its first process is not there yet.
  auto claimed = container::Claim(Roots(), "beginning");
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  ExpectFails({"--network", "container:beginning"}, 125, "container 'beginning' is not running");
  // The pid is somebody else's: this test's own.
  ASSERT_TRUE(container::RecordInit(*claimed, {::getpid(), *self + 1}).ok());
  ExpectFails({"--network", "container:beginning"}, 125, "container 'beginning' is not running");
  const auto peer = container::Peer::Find(Roots(), "beginning");
  EXPECT_FALSE(peer.ok());
  // As it should be.
  claimed = container::Claim(Roots(), "other");
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  ASSERT_TRUE(container::RecordInit(*claimed, {::getpid(), *self}).ok());
  EXPECT_TRUE(container::Peer::Find(Roots(), "other").ok());
  // Nobody owns it any more.
  claimed->reset();
  const auto left = container::Peer::Find(Roots(), "other");
  EXPECT_EQ(left.status().message(), "container 'other' is not running");
}

class UsersPeersTest : public UserTest {};

TEST_F(UsersPeersTest, ContainersOfOneUserShareNamespaces) {
  Words words = {"run", "--rm", "--name", "first", "--hostname", "other", "busybox", "sh", "-c"};
  words.push_back(absl::StrCat("readlink /proc/self/ns/user;", kTellAndWait));
  Program first(AsUser(PelagosWords(words)),
                {{absl::StrCat("PATH=", kPath)}, world_->folder(), -1});
  const std::string told = Told(first);
  Words flags = JoinAll("first");
  flags.erase(flags.begin(), flags.begin() + 2);  // that needs a delegated cgroup
  const std::string mine = Out(flags, absl::StrCat("readlink /proc/self/ns/user;", kTell));
  const auto without_pid = [](const std::string& text) {
    const size_t at = text.find("pid:");
    return absl::StrCat(text.substr(0, at), text.substr(text.find('\n', at) + 1));
  };
  EXPECT_EQ(without_pid(mine), without_pid(told));
  EXPECT_NE(mine, told);
  EXPECT_TRUE(absl::EndsWith(mine, "\nother\n")) << mine;
  first.Signal(SIGTERM);
  EXPECT_EQ(first.Wait().code, 0);
  ExpectFails({"--network", "container:first"}, 125, "no container is named 'first'");
}

// Of root, in an /etc where the name has ranges: as many as there are, and no id twice.
TEST_F(UsersPeersTest, AutoGivesIdsThatNoOtherContainerHas) {
  for (const char* file : {"/etc/subuid", "/etc/subgid"}) {
    const std::string before = sys::ReadFile(file, 1 << 20).value_or("");
    ASSERT_TRUE(sys::WriteFileAtomically(file, before + "containers:2000000:2000\n", 0644).ok());
  }
  const auto start = [&](const std::string& name) {
    return world_->Start({"run", "--rm", "--name", name, "--userns", "auto:size=1000", "busybox",
                          "sh", "-c",
                          "tr -s ' ' < /proc/self/uid_map; trap 'exit 0' TERM; echo up; "
                          "sleep 1000 & wait"});
  };
  const std::unique_ptr<Program> first = start("first");
  EXPECT_EQ(first->NextLine(), " 0 2000000 1000");
  ASSERT_TRUE(first->AwaitLine("up"));
  std::unique_ptr<Program> second = start("second");
  EXPECT_EQ(second->NextLine(), " 0 2001000 1000");
  ASSERT_TRUE(second->AwaitLine("up"));
  const Outcome none =
      world_->Pelagos({"run", "--rm", "--userns", "auto:size=1000", "busybox", "true"});
  EXPECT_EQ(none.code, 125);
  EXPECT_TRUE(absl::StrContains(none.err, "no 1000 user ids in a row of 'containers' are free"))
      << none.Describe();
  first->Signal(SIGTERM);
  EXPECT_EQ(first->Wait().code, 0);
  const Outcome third = world_->Pelagos({"run", "--rm", "--userns", "auto:size=1000", "busybox",
                                         "sh", "-c", "tr -s ' ' < /proc/self/uid_map"});
  EXPECT_EQ(third.out, " 0 2000000 1000\n") << third.Describe();
  second->Signal(SIGTERM);
  EXPECT_EQ(second->Wait().code, 0);
  world_->ExpectNoResidue("containers with ids of their own");
}

TEST_F(UsersPeersTest, KeepsTheUsersId) {
  const std::string root = MakeRoot();
  const std::string folder = Path("home/files");
  std::filesystem::create_directories(folder);
  ASSERT_EQ(::chown(folder.c_str(), kUser, kUser), 0);
  const auto run = [&](const std::string& mode, const std::string& script) {
    return Pelagos({"run", "--rm", "--userns", mode, "--rootfs", root, "-v", folder + ":/files",
                    "sh", "-c", script});
  };
  const Outcome kept = run("keep-id",
                           "id -u; id -g; touch /files/mine; stat -c %u:%g /files/mine "
                           "/files /bin/sh");
  EXPECT_EQ(kept.code, 0) << kept.Describe();
  const std::string own = absl::StrCat(kUser, ":", kUser, "\n");
  EXPECT_EQ(kept.out, absl::StrCat(kUser, "\n", kUser, "\n", own, own, own)) << kept.Describe();
  const Outcome other = run("keep-id:uid=7,gid=8", "stat -c %u:%g /files/mine");
  EXPECT_EQ(other.out, "7:8\n") << other.Describe();
  const Outcome plain = run("host", "stat -c %u:%g /files/mine");
  EXPECT_EQ(plain.out, "0:0\n") << plain.Describe();
  ExpectFails({"--userns", "keep-id"}, 125, "use --rootfs, or leave the id map out");
  ExpectFails({"--uidmap", "0:100000:5"}, 125,
              "the id map has the user id 100000, which this user's ranges do not");
  world_->ExpectNoResidue("containers that keep the user's id");
}

}  // namespace
}  // namespace pelagos::rooted
