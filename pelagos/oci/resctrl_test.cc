#include "pelagos/oci/resctrl.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/sys/file.h"

namespace pelagos::oci {
namespace {

IntelRdt Rdt(const std::string& clos, const std::string& cache, const std::string& memory) {
  IntelRdt rdt;
  rdt.clos_id = clos;
  rdt.l3_cache_schema = cache;
  rdt.mem_bw_schema = memory;
  return rdt;
}

ResctrlSteps Plan(const IntelRdt& rdt, const std::string& mount = "/sys/fs/resctrl") {
  Mistakes mistakes;
  const ResctrlSteps steps = PlanResctrl(rdt, "c1", mount, mistakes);
  EXPECT_TRUE(mistakes.status().ok()) << mistakes.status();
  return steps;
}

std::string Mistake(const IntelRdt& rdt, const std::string& mount = "/r") {
  Mistakes mistakes;
  (void)PlanResctrl(rdt, "c1", mount, mistakes);
  return mistakes.lines().empty() ? "" : mistakes.lines()[0];
}

TEST(ResctrlTest, WhereItIsMounted) {
  EXPECT_EQ(FindResctrl("25 1 0:20 / /sys rw - sysfs sysfs rw\n"
                        "40 25 0:30 / /sys/fs/resctrl rw,relatime - resctrl resctrl rw\n"),
            "/sys/fs/resctrl");
  EXPECT_EQ(FindResctrl("25 1 0:20 / /resctrl rw shared:1 - sysfs resctrl rw\n"), "");
  EXPECT_EQ(FindResctrl(""), "");
}

TEST(ResctrlTest, GroupsAreTheContainersOrNamed) {
  EXPECT_EQ(Plan(Rdt("", "L3:0=f", "")),
            (ResctrlSteps{"/sys/fs/resctrl/c1", false, "L3:0=f\n", "", true}));
  EXPECT_EQ(Plan(Rdt("gold", "", "")), (ResctrlSteps{"/sys/fs/resctrl/gold", true, "", "", false}));
  EXPECT_EQ(Plan(Rdt("/", "", "")), (ResctrlSteps{"/sys/fs/resctrl", true, "", "", false}));
  IntelRdt counted;
  counted.enable_monitoring = true;
  EXPECT_EQ(Plan(counted).monitor, "/sys/fs/resctrl/c1/mon_groups/c1");
}

TEST(ResctrlTest, SchemataAreCombined) {
  EXPECT_EQ(Plan(Rdt("", "L3:0=f\nMB:0=1", "MB:0=20")).schemata, "L3:0=f\nMB:0=20\n");
  EXPECT_EQ(Plan(Rdt("", "L3:0=f\nMB:0=1", "")).schemata, "L3:0=f\nMB:0=1\n");
  IntelRdt all = Rdt("", "L3:0=f", "");
  all.schemata = {"L2:0=3"};
  EXPECT_EQ(Plan(all).schemata, "L3:0=f\nL2:0=3\n");
}

TEST(ResctrlTest, MistakesAreTold) {
  EXPECT_EQ(Mistake(Rdt("", "L3:0=f", ""), "").rfind("/linux/intelRdt: intelRdt is specified", 0),
            0u);
  EXPECT_EQ(Mistake(Rdt("a/b", "", "")), "/linux/intelRdt/closID: must be the name of a folder");
  EXPECT_EQ(Mistake(Rdt("..", "", "")), "/linux/intelRdt/closID: must be the name of a folder");
  EXPECT_EQ(Mistake(Rdt("", "", "L3:0=f")),
            "/linux/intelRdt/memBwSchema: must be one line that begins with MB:");
  IntelRdt lines;
  lines.schemata = {"L3:0=f", "L3:0=f\nMB:0=1"};
  EXPECT_EQ(Mistake(lines), "/linux/intelRdt/schemata/1: must be one line");
}

// The kernel's files, as far as ordinary ones can stand for them.
class ResctrlFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/resctrl.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    mount_ = name;
    ASSERT_EQ(::mkdir((mount_ + "/gold").c_str(), 0755), 0);
    ASSERT_EQ(::mkdir((mount_ + "/gold/mon_groups").c_str(), 0755), 0);
    Write("/gold/schemata", "    L3:0=7f0;1=1f\n    MB:0=20;1=70\n");
    Write("/gold/tasks", "");
  }
  void TearDown() override { EXPECT_TRUE(sys::RemoveTree(mount_).ok()); }

  void Write(const std::string& file, const std::string& text) {
    const auto fd = sys::OpenFile(mount_ + file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ASSERT_TRUE(fd.ok() && sys::WriteAll(*fd, text, file).ok());
  }

  std::string mount_;
};

TEST_F(ResctrlFolderTest, AGroupThatIsThereIsTakenWithItsShares) {
  IntelRdt rdt = Rdt("gold", "L3:0=7f0;1=1f", "MB:0=20;1=70");
  rdt.enable_monitoring = true;
  const ResctrlSteps steps = Plan(rdt, mount_);
  ASSERT_TRUE(MakeResctrl(steps).ok()) << MakeResctrl(steps);
  Write("/gold/mon_groups/c1/tasks", "");
  ASSERT_TRUE(JoinResctrl(steps, 77).ok());
  EXPECT_EQ(*sys::ReadFile(mount_ + "/gold/tasks", 64), "77");
  EXPECT_EQ(*sys::ReadFile(mount_ + "/gold/mon_groups/c1/tasks", 64), "77");
  ASSERT_EQ(::unlink((mount_ + "/gold/mon_groups/c1/tasks").c_str()), 0);  // the kernel's goes so
  ASSERT_TRUE(RemoveResctrl(steps).ok()) << RemoveResctrl(steps);
  EXPECT_NE(::access((mount_ + "/gold/mon_groups/c1").c_str(), F_OK), 0);
  EXPECT_EQ(::access((mount_ + "/gold/tasks").c_str(), F_OK), 0);
}

TEST_F(ResctrlFolderTest, OtherSharesAndMissingGroupsAreErrors) {
  const absl::Status other = MakeResctrl(Plan(Rdt("gold", "L3:0=1;1=1", ""), mount_));
  EXPECT_EQ(other.code(), absl::StatusCode::kFailedPrecondition);
  const absl::Status missing = MakeResctrl(Plan(Rdt("silver", "", ""), mount_));
  EXPECT_EQ(missing.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(::access((mount_ + "/silver").c_str(), F_OK), 0);
}

TEST_F(ResctrlFolderTest, WhatCannotBeFilledIsTakenAway) {
  // A folder of its own has no `schemata` here.
  EXPECT_FALSE(MakeResctrl(Plan(Rdt("", "L3:0=f", ""), mount_)).ok());
  EXPECT_NE(::access((mount_ + "/c1").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace pelagos::oci
