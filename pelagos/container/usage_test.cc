#include "pelagos/container/usage.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "pelagos/container/processes.h"

namespace pelagos::container {
namespace {

TEST(OwnCgroupsTest, OnlyFoldersOfTheContainerCount) {
  sys::CgroupMounts mounts;
  mounts.v2_mount = "/cg/unified";
  mounts.v1_mounts = {{"memory", "/cg/memory"}, {"pids", "/cg/pids"}, {"cpu", "/cg/cpu"}};
  const OwnCgroups own = ParseOwnCgroups(
      "5:memory:/pelagos-web\n4:pids:/user.slice\n3:cpu,cpuacct:/a/pelagos-1234-web/below\n"
      "2:name=systemd:/x\n0::/pelagos-1234-web\nnonsense\n",
      "web", mounts);
  EXPECT_EQ(own.v2, "/cg/unified/pelagos-1234-web");
  EXPECT_EQ(own.v1, (std::map<std::string, std::string>{{"memory", "/cg/memory/pelagos-web"},
                                                        {"cpu", "/cg/cpu/a/pelagos-1234-web"}}));
  // Somebody else's, whose name ends alike.
  EXPECT_EQ(ParseOwnCgroups("0::/pelagos-myweb\n", "web", mounts), OwnCgroups());
  EXPECT_EQ(ParseOwnCgroups("0::/\n", "web", mounts), OwnCgroups());
  EXPECT_EQ(ParseOwnCgroups("0::/pelagos-web\n", "web", sys::CgroupMounts()), OwnCgroups());
}

constexpr char kStat[] =
    "42 (a) b (c) S 1 42 41 34817 42 4194560 100 0 0 0 250 50 0 0 20 5 3 0 7000 8192000 300 "
    "18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n";
constexpr char kStatus[] =
    "Name:\ta) b (c\nUid:\t1000\t1001\t1000\t1000\nGid:\t5\t6\t5\t5\n"
    "NSpid:\t42\t7\n";

TEST(ProcessTest, WhatProcSays) {
  const auto info = ParseProcess(kStat, kStatus, absl::string_view("sleep\0001 0\0", 10), 4096);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->pid, 42);
  EXPECT_EQ(info->name, "a) b (c");
  EXPECT_EQ(info->state, 'S');
  EXPECT_EQ(info->parent, 1);
  EXPECT_EQ(info->session, 41);
  EXPECT_EQ(info->terminal, 34817);
  EXPECT_EQ(info->user_ticks, 250u);
  EXPECT_EQ(info->system_ticks, 50u);
  EXPECT_EQ(info->nice, 5);
  EXPECT_EQ(info->threads, 3u);
  EXPECT_EQ(info->start_ticks, 7000u);
  EXPECT_EQ(info->virtual_bytes, 8192000u);
  EXPECT_EQ(info->resident_bytes, 300u * 4096);
  EXPECT_EQ(info->uid, 1001u);
  EXPECT_EQ(info->gid, 6u);
  EXPECT_EQ(info->inside, 7);
  EXPECT_EQ(info->command, "sleep 1 0");
  EXPECT_EQ(ParseProcess(kStat, kStatus, "", 4096)->command, "[a) b (c]");
}

TEST(ProcessTest, WhatIsNotUnderstood) {
  EXPECT_EQ(ParseProcess("", kStatus, "", 4096), std::nullopt);
  EXPECT_EQ(ParseProcess("42 (a) S 1 2", kStatus, "", 4096), std::nullopt);
  EXPECT_EQ(ParseProcess(kStat, "Name:\ta\n", "", 4096), std::nullopt);
  EXPECT_EQ(ParseProcess(") (", kStatus, "", 4096), std::nullopt);
}

TEST(NetworkBytesTest, AllButTheLoopback) {
  const NetworkBytes bytes = ParseNetworkBytes(
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n"
      "    lo: 100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0\n"
      "  eth0: 1000 10 0 0 0 0 0 0 200 2 0 0 0 0 0 0\n"
      "eth1:5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\nshort: 1 2\n");
  EXPECT_EQ(bytes.received, 1005u);
  EXPECT_EQ(bytes.sent, 206u);
}

TEST(UsageReaderTest, WhatDoesNotRunUsesNothing) {
  const auto reader = UsageReader::Open();
  ASSERT_TRUE(reader.ok()) << reader.status();
  Found found;
  found.name = "web";
  found.status = Status::kExited;
  EXPECT_EQ(reader->Read(found).status().code(), absl::StatusCode::kFailedPrecondition);
  found.status = Status::kRunning;  // but its process is not there any more
  found.state.init = {1, 1};
  EXPECT_EQ(reader->Read(found).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace pelagos::container
