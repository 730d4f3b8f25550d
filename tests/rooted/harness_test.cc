// The harness itself: that a leak of any kind is seen, and that its programs end when they should.
#include "tests/rooted/harness.h"

#include <fcntl.h>
#include <gtest/gtest-spi.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/net/names.h"
#include "pelagos/sys/file.h"

namespace pelagos::rooted {
namespace {

class HarnessTest : public RootedTest {};

TEST_F(HarnessTest, NothingIsLeftAfterNothing) {
  World world;
  world.ExpectNoResidue("nothing");
}

TEST_F(HarnessTest, EachKindOfLeakIsSeen) {
  World world;
  const Snapshot before = TakeSnapshot(world.run_root());
  const auto leaked = [&] { return Difference(before, TakeSnapshot(world.run_root())); };
  EXPECT_EQ(leaked(), "");

  ASSERT_TRUE(sys::MakeFolders(world.run_root() + "/containers", 0700).ok());
  EXPECT_EQ(leaked(), "") << "a standard folder is no leak";
  ASSERT_TRUE(sys::MakeFolders(world.run_root() + "/containers/x", 0700).ok());
  EXPECT_EQ(leaked(), "+ file containers/x");
  ASSERT_TRUE(sys::RemoveTree(world.run_root()).ok());

  ASSERT_EQ(::mount("leak", world.folder().c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_TRUE(absl::StartsWith(leaked(), "+ mount self: ")) << leaked();
  ASSERT_EQ(::umount(world.folder().c_str()), 0);

  const std::string hierarchy = CgroupMounts().at(0) + "/pelagos-";
  const std::string cgroup = absl::StrCat(hierarchy, net::ShortHash(world.run_root()), "-leak");
  ASSERT_EQ(::mkdir(cgroup.c_str(), 0755), 0);
  EXPECT_EQ(leaked(), "+ cgroup " + cgroup);
  ASSERT_EQ(::rmdir(cgroup.c_str()), 0);
  const std::string others = absl::StrCat(hierarchy, net::ShortHash("/elsewhere"), "-leak");
  ASSERT_EQ(::mkdir(others.c_str(), 0755), 0);
  EXPECT_EQ(leaked(), "") << "a world beside ours";
  ASSERT_EQ(::rmdir(others.c_str()), 0);

  ASSERT_EQ(world.Tool({"nft", "add", "table", "inet", "leak"}).code, 0);
  EXPECT_TRUE(absl::StrContains(leaked(), "+ nft table inet leak")) << leaked();
  ASSERT_EQ(world.Tool({"nft", "delete", "table", "inet", "leak"}).code, 0);

  // An orphan in a network namespace of its own, to which a link leads.
  ASSERT_EQ(world.Tool({"sh", "-c", "setsid unshare --net sleep 1000 <&- >&- 2>&- &"}).code, 0);
  const std::vector<pid_t> orphans = Descendants();
  ASSERT_EQ(orphans.size(), 1u);
  EXPECT_TRUE(absl::StrContains(leaked(), absl::StrCat("+ process ", orphans[0], ": ")))
      << leaked();
  EXPECT_TRUE(absl::StrContains(leaked(), absl::StrCat(" of ", orphans[0]))) << leaked();
  ::kill(orphans[0], SIGKILL);
  EXPECT_TRUE(AwaitEnd(orphans[0]));

  ASSERT_TRUE(sys::WriteKernelFile("/proc/sys/net/ipv4/ip_forward", "1").ok());
  EXPECT_TRUE(absl::StrContains(leaked(), "+ sysctl net/ipv4/ip_forward = 1")) << leaked();
  EXPECT_TRUE(absl::StrContains(leaked(), "- sysctl net/ipv4/ip_forward = 0")) << leaked();
  ASSERT_TRUE(sys::WriteKernelFile("/proc/sys/net/ipv4/ip_forward", "0").ok());
  EXPECT_EQ(leaked(), "");
}

TEST_F(HarnessTest, ProgramsGiveTheirLinesAndTheirCode) {
  World world;
  world.SetEnv("GREETING", "hello");
  Program program({"/bin/sh", "-c", "echo $GREETING; echo problem >&2; echo bye; exit 3"},
                  {{"GREETING=hello"}, world.folder(), -1});
  EXPECT_EQ(program.NextLine(), "hello");
  EXPECT_EQ(program.NextLine(), "bye");
  EXPECT_EQ(program.NextLine(), std::nullopt);
  const Outcome outcome = program.Wait();
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.out, "hello\nbye\n");
  EXPECT_EQ(outcome.err, "problem\n");
}

TEST_F(HarnessTest, ProgramsAreSignalledAndKilled) {
  World world;
  // The child says so: a shell that has not forked it yet, or is about to, may swallow the signal.
  Program group({"/bin/sh", "-c", "sh -c 'echo ready; exec sleep 1000'; echo never"}, {{}, "", -1});
  ASSERT_TRUE(group.AwaitLine("ready"));
  EXPECT_FALSE(group.Ended());
  group.SignalGroup(SIGINT);
  EXPECT_EQ(group.Wait().code, 128 + SIGINT);
  Program missing({"/nonexistent"}, {{}, "", -1});
  EXPECT_EQ(missing.Wait().code, 127);
  Program slow({"sleep", "1000"}, {{"PATH=/usr/bin:/bin"}, "", -1});
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(slow.Wait(absl::Milliseconds(20)).code, 128 + SIGKILL),
                          "still runs after");
  world.ExpectNoResidue("programs");
}

}  // namespace
}  // namespace pelagos::rooted
