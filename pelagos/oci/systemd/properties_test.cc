#include "pelagos/oci/systemd/properties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pelagos::oci {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kDebian = 252;

std::vector<std::string> Lines(const UnitProperties& properties) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : properties) {
    lines.push_back(absl::StrCat(name, " ", value.type, " ", value.json));
  }
  return lines;
}
CgroupFolders V2() { return {"/v2/x", {"cpu", "cpuset", "io", "memory", "pids"}, {}}; }
CgroupFolders V1() {
  CgroupFolders folders = {"/v2/x", {"hugetlb"}, {}};
  for (const char* name : {"cpu", "cpuset", "blkio", "memory", "pids"}) {
    folders.v1[name] = absl::StrCat("/", name, "/x");
  }
  return folders;
}
Resources All() {
  Resources resources;
  resources.memory.emplace();
  resources.memory->limit = 1000;
  resources.memory->reservation = 500;
  resources.memory->swap = 1500;
  resources.cpu.emplace();
  resources.cpu->shares = 1024;
  resources.cpu->quota = 25001;
  resources.cpu->period = 50000;
  resources.cpu->cpus = "0-2,9";
  resources.cpu->mems = "0";
  resources.pids.emplace();
  resources.pids->limit = 7;
  resources.block_io.emplace();
  resources.block_io->weight = 1000;
  return resources;
}

TEST(UnitPropertiesTest, LimitsOfV2) {
  EXPECT_THAT(Lines(LimitProperties(All(), V2(), kDebian)),
              ElementsAre("MemoryMax t 1000", "MemoryLow t 500", "MemorySwapMax t 500",
                          "CPUWeight t 100", "CPUQuotaPeriodUSec t 50000",
                          "CPUQuotaPerSecUSec t 510000", "AllowedCPUs ay [7,2]",
                          "AllowedMemoryNodes ay [1]", "TasksMax t 7", "IOWeight t 10000"));
}

TEST(UnitPropertiesTest, LimitsOfV1) {
  EXPECT_THAT(Lines(LimitProperties(All(), V1(), kDebian)),
              ElementsAre("MemoryLimit t 1000", "CPUShares t 1024", "CPUQuotaPeriodUSec t 50000",
                          "CPUQuotaPerSecUSec t 510000", "AllowedCPUs ay [7,2]",
                          "AllowedMemoryNodes ay [1]", "TasksMax t 7", "BlockIOWeight t 1000"));
}

TEST(UnitPropertiesTest, AnOlderSystemdHearsOfWhatItKnows) {
  const auto lines = Lines(LimitProperties(All(), V2(), 241));
  EXPECT_THAT(lines, Contains("CPUQuotaPerSecUSec t 510000"));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("Period"))));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("Allowed"))));
}

TEST(UnitPropertiesTest, NothingWhereThereIsNoController) {
  EXPECT_THAT(LimitProperties(All(), {"/v2/x", {}, {}}, kDebian), IsEmpty());
  EXPECT_THAT(LimitProperties({}, V2(), kDebian), IsEmpty());
}

TEST(UnitPropertiesTest, NoLimitIsInfinity) {
  Resources resources;
  resources.memory.emplace();
  resources.memory->limit = -1;
  resources.cpu.emplace();
  resources.cpu->quota = -1;
  resources.pids.emplace();
  resources.pids->limit = -1;
  EXPECT_THAT(
      Lines(LimitProperties(resources, V2(), kDebian)),
      ElementsAre("MemoryMax t 18446744073709551615", "MemorySwapMax t 18446744073709551615",
                  "CPUQuotaPerSecUSec t 18446744073709551615", "TasksMax t 18446744073709551615"));
}

TEST(UnitPropertiesTest, IdleHasNoWeight) {
  Resources resources;
  resources.cpu.emplace();
  resources.cpu->idle = 1;
  resources.cpu->shares = 512;
  EXPECT_THAT(Lines(LimitProperties(resources, V2(), kDebian)), ElementsAre("CPUWeight t 0"));
  EXPECT_THAT(LimitProperties(resources, V2(), 251), IsEmpty());
}

TEST(UnitPropertiesTest, FilesOfV2) {
  Resources resources;
  resources.unified = {{"memory.high", "5000"},     {"memory.max", "max"},
                       {"cpu.max", "20000 100000"}, {"cpu.weight", "77"},
                       {"pids.max", "9"},           {"cpuset.cpus", "1"},
                       {"memory.oom.group", "1"},   {"io.weight", "default 50"}};
  EXPECT_THAT(
      Lines(LimitProperties(resources, V2(), kDebian)),
      ElementsAre("CPUQuotaPeriodUSec t 100000", "CPUQuotaPerSecUSec t 200000", "CPUWeight t 77",
                  "IOWeight t 50", "MemoryHigh t 5000", "MemoryMax t 18446744073709551615",
                  "TasksMax t 9", "AllowedCPUs ay [2]"));
  resources.unified = {{"cpu.max", "max"}};
  EXPECT_THAT(Lines(LimitProperties(resources, V2(), kDebian)),
              Contains("CPUQuotaPerSecUSec t 18446744073709551615"));
  // The later word counts: unified after the rest.
  resources.pids.emplace();
  resources.pids->limit = 3;
  resources.unified = {{"pids.max", "4"}};
  EXPECT_THAT(Lines(LimitProperties(resources, V2(), kDebian)), ElementsAre("TasksMax t 4"));
}

TEST(UnitPropertiesTest, Devices) {
  EXPECT_THAT(Lines(DeviceProperties({})), ElementsAre("DevicePolicy s \"auto\""));
  std::vector<DeviceRule> rules = {{DeviceType::kCharacter, -1, -1, kDeviceMknod},
                                   {DeviceType::kBlock, 8, -1, kDeviceRead},
                                   {DeviceType::kCharacter, 1, 3, kDeviceAll}};
  EXPECT_THAT(Lines(DeviceProperties(rules)),
              ElementsAre("DevicePolicy s \"strict\"",
                          "DeviceAllow a(ss) "
                          R"([["char-*","m"],["block-8","r"],["/dev/char/1:3","rwm"]])"));
  rules[1].deny = true;
  EXPECT_THAT(Lines(DeviceProperties(rules)), ElementsAre("DevicePolicy s \"auto\""));
}

TEST(UnitPropertiesTest, Annotations) {
  Mistakes mistakes;
  EXPECT_THAT(Lines(AnnotationProperties({{"org.systemd.property.TimeoutStopUSec", "uint64 5"},
                                          {"org.systemd.property.CollectMode", "'inactive'"},
                                          {"org.systemd.property.TimeoutStopSec", "1.5"},
                                          {"org.other", "x"}},
                                         mistakes)),
              ElementsAre("CollectMode s \"inactive\"", "TimeoutStopUSec t 1500000",
                          "TimeoutStopUSec t 5"));
  EXPECT_THAT(mistakes.lines(), IsEmpty());
  AnnotationProperties({{"org.systemd.property.Ab", "1"},
                        {"org.systemd.property.A/b", "1"},
                        {"org.systemd.property.KillMode", "mixed"},
                        {"org.systemd.property.TimeoutStopSec", "'1'"}},
                       mistakes);
  EXPECT_THAT(mistakes.lines(),
              ElementsAre(HasSubstr("/annotations/org.systemd.property.A~1b: does not end in"),
                          HasSubstr("property.Ab: does not end in"),
                          HasSubstr("property.KillMode: 'mixed' is not GVariant text"),
                          HasSubstr("'1'' is no number of seconds")));
}

TEST(UnitPropertiesTest, ANewUnit) {
  EXPECT_THAT(
      Lines(NewUnitProperties({"a.slice", "p-n.scope"}, "c1", V2(),
                              {{"TasksMax", {"t", "5"}},
                               {"CollectMode", {"s", "\"inactive\""}},
                               {"TasksMax", {"t", "6"}}})),
      ElementsAre("Description s \"Pelagos container c1\"", "Slice s \"a.slice\"",
                  "Delegate b true", "DefaultDependencies b false", "CollectMode s \"inactive\"",
                  "CPUAccounting b true", "MemoryAccounting b true", "TasksAccounting b true",
                  "IOAccounting b true", "TasksMax t 6"));
  const auto slice = Lines(NewUnitProperties({"a.slice", "a-b.slice"}, "c1", V1(), {}));
  EXPECT_THAT(slice, Contains("Wants as [\"a.slice\"]"));
  EXPECT_THAT(slice, Contains("BlockIOAccounting b true"));
  EXPECT_THAT(slice, Not(Contains(HasSubstr("Delegate"))));
}

}  // namespace
}  // namespace pelagos::oci
