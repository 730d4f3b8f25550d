#include "pelagos/oci/cgroup_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "pelagos/oci/config_json.h"

namespace pelagos::oci {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const CgroupFolders kV2 = {"/c", {"memory", "cpu", "cpuset", "pids", "io", "hugetlb", "rdma"}, {}};
const CgroupFolders kV1 = {"/u",
                           {},
                           {{"memory", "/m"},
                            {"cpu", "/p"},
                            {"cpuset", "/s"},
                            {"pids", "/i"},
                            {"blkio", "/b"},
                            {"hugetlb", "/h"},
                            {"net_cls", "/n"},
                            {"net_prio", "/n"}}};

std::vector<std::string> Ask(const char* text, const CgroupFolders& folders) {
  Mistakes mistakes;
  std::vector<std::string> lines;
  for (const CgroupWrite& write : LimitWrites(*ReadResources(text), folders, "/r", mistakes)) {
    lines.push_back(absl::StrCat(write.file, "=", write.value));
    if (!write.other_file.empty()) {
      lines.back() += absl::StrCat(" or ", write.other_file, "=", write.other_value);
    }
    if (write.optional) lines.back() += "?";
  }
  for (const std::string& mistake : mistakes.lines()) lines.push_back("! " + mistake);
  return lines;
}

TEST(CgroupLimitsTest, MemoryIsCountedWithoutItsSwapInV2) {
  const char* text = R"({"memory": {"limit": 100, "swap": 150, "reservation": 50}})";
  EXPECT_THAT(Ask(text, kV2),
              ElementsAre("/c/memory.swap.max=50", "/c/memory.max=100", "/c/memory.low=50"));
  EXPECT_THAT(Ask(text, kV1),
              ElementsAre("/m/memory.soft_limit_in_bytes=50", "/m/memory.limit_in_bytes=100",
                          "/m/memory.memsw.limit_in_bytes=150"));
  EXPECT_THAT(Ask(R"({"memory": {"limit": -1}})", kV2),
              ElementsAre("/c/memory.swap.max=max?", "/c/memory.max=max"));
  EXPECT_THAT(Ask(R"({"memory": {"limit": -1, "swap": -1}})", kV2),
              ElementsAre("/c/memory.swap.max=max", "/c/memory.max=max"));
}

TEST(CgroupLimitsTest, CpusAreWeighedAndTimed) {
  const char* text = R"({"cpu": {"shares": 1024, "quota": 5000, "period": 10000, "burst": 7,
                                 "cpus": "0-1", "mems": "0", "idle": 0}})";
  EXPECT_THAT(Ask(text, kV2),
              ElementsAre("/c/cpu.idle=0", "/c/cpu.weight=100", "/c/cpu.max=5000 10000",
                          "/c/cpu.max.burst=7", "/c/cpuset.cpus=0-1", "/c/cpuset.mems=0"));
  EXPECT_THAT(Ask(text, kV1), ElementsAre("/p/cpu.shares=1024", "/p/cpu.cfs_period_us=10000",
                                          "/p/cpu.cfs_quota_us=5000", "/p/cpu.cfs_burst_us=7",
                                          "/s/cpuset.cpus=0-1", "/s/cpuset.mems=0"));
  EXPECT_THAT(Ask(R"({"cpu": {"quota": -1}})", kV2), ElementsAre("/c/cpu.max=max 100000"));
}

TEST(CgroupLimitsTest, TheRest) {
  const char* text = R"({"pids": {"limit": 9}, "unified": {"memory.high": "5"},
    "hugepageLimits": [{"pageSize": "2MB", "limit": 4}],
    "blockIO": {"weight": 500, "throttleReadBpsDevice": [{"major": 8, "minor": 1, "rate": 3}]},
    "rdma": {"mlx": {"hcaHandles": 2, "hcaObjects": 3}}})";
  EXPECT_THAT(
      Ask(text, kV2),
      ElementsAre("/c/pids.max=9", "/c/io.bfq.weight=500 or /c/io.weight=4950",
                  "/c/io.max=8:1 rbps=3", "/c/hugetlb.2MB.max=4", "/c/hugetlb.2MB.rsvd.max=4?",
                  "/c/rdma.max=mlx hca_handle=2 hca_object=3", "/c/memory.high=5"));
  EXPECT_THAT(
      Ask(R"({"network": {"classID": 7, "priorities": [{"name": "lo", "priority": 2}]}})", kV1),
      ElementsAre("/n/net_cls.classid=7", "/n/net_prio.ifpriomap=lo 2"));
  EXPECT_THAT(Ask(R"({"pids": {"limit": 0}})", kV2), IsEmpty());
}

TEST(CgroupLimitsTest, WhatCannotBeHonouredIsToldByItsPointer) {
  EXPECT_THAT(Ask(R"({"memory": {"kernel": 1, "kernelTCP": 1, "swappiness": 3,
                                 "disableOOMKiller": true, "swap": 7}})",
                  kV2),
              ElementsAre("! /r/memory/swap: is memory and swap together, and needs a limit of "
                          "memory",
                          "! /r/memory/kernel: cgroup v2 has no such limit",
                          "! /r/memory/kernelTCP: cgroup v2 has no such limit",
                          "! /r/memory/swappiness: cgroup v2 has no such limit",
                          "! /r/memory/disableOOMKiller: cgroup v2 has no such limit"));
  EXPECT_THAT(Ask(R"({"rdma": {"a/b": {"hcaHandles": 2}}, "unified": {"cgroup.kill": "1",
                                                                     "pids.max": "1"}})",
                  kV1),
              ElementsAre("! /r/rdma/a~1b: this host has no cgroup controller rdma",
                          "! /r/unified/cgroup.kill: is no setting of a container",
                          "! /r/unified/pids.max: invalid configuration: cgroup v2 of this host "
                          "has no controller pids"));
  EXPECT_THAT(Ask(R"({"network": {"classID": 7}, "cpu": {"realtimeRuntime": 5}})", kV2),
              ElementsAre("! /r/cpu/realtimeRuntime: cgroup v2 has no such limit",
                          "! /r/network/classID: this host has no cgroup controller net_cls"));
}

std::vector<std::string> Devices(const char* text) {
  Mistakes mistakes;
  std::vector<std::string> lines;
  const std::vector<DeviceRule> rules =
      AllowedDevices(ReadResources(text)->devices, "/d", mistakes);
  // Those that every container has come first.
  for (size_t i = kDefaultDeviceRules.size(); i < rules.size(); ++i) {
    lines.push_back(Describe(rules[i]));
  }
  if (rules.empty()) lines.push_back("all");
  for (const std::string& mistake : mistakes.lines()) lines.push_back("! " + mistake);
  return lines;
}

TEST(AllowedDevicesTest, RulesApplyInTheirOrder) {
  EXPECT_THAT(Devices("{}"), IsEmpty());
  EXPECT_THAT(Devices(R"({"devices": [{"allow": true}]})"), ElementsAre("all"));
  EXPECT_THAT(Devices(R"({"devices": [{"allow": true}, {"allow": false}]})"), IsEmpty());
  EXPECT_THAT(Devices(R"({"devices": [{"allow": false, "access": "rwm"},
      {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"},
      {"allow": true, "type": "b", "major": 8, "access": "r"}]})"),
              ElementsAre("c 10:229 rw", "b 8:* r"));
  EXPECT_THAT(Devices(R"({"devices": [
      {"allow": true, "type": "c", "major": 10, "minor": 1, "access": "rwm"},
      {"allow": false, "type": "c", "major": 10, "minor": 1, "access": "w"}]})"),
              ElementsAre("c 10:1 rm"));
}

TEST(AllowedDevicesTest, AfterAllWereAllowedTheLastRuleCounts) {
  EXPECT_THAT(Devices(R"({"devices": [{"allow": true},
      {"allow": false, "type": "b", "major": 8},
      {"allow": true, "type": "b", "major": 8, "minor": 1, "access": "r"}]})"),
              ElementsAre("b 8:1 r", "deny b 8:* rwm", "b *:* rwm", "c *:* rwm"));
  EXPECT_THAT(Devices(R"({"devices": [{"allow": true},
      {"allow": true, "type": "b", "major": 8}]})"),
              ElementsAre("all"));
}

TEST(AllowedDevicesTest, ADenialMayNameMoreThanThereIs) {
  EXPECT_THAT(Devices(R"({"devices": [{"allow": true},
      {"allow": false, "type": "c", "major": 1, "minor": 11, "access": "rwa"}]})"),
              ElementsAre("deny c 1:11 rw", "b *:* rwm", "c *:* rwm"));
  EXPECT_THAT(Devices(R"({"devices": [{"allow": false, "access": "a"}]})"),
              ElementsAre("! /d/0/access: must be letters of rwm"));
}

TEST(AllowedDevicesTest, WhatIsNoRuleIsAnError) {
  EXPECT_THAT(
      Devices(R"({"devices": [{"allow": true, "type": "x", "major": 1, "access": "z"}]})"),
      ElementsAre("! /d/0/access: must be letters of rwm", "! /d/0/type: must be a, b or c"));
}

}  // namespace
}  // namespace pelagos::oci
