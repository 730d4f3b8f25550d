// What `run` writes into cgroups is there, works, and is gone afterwards: v1 on a hybrid host, v2
// where that has the controllers.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/policy/device_rules.h"
#include "pelagos/sys/cgroup_fs.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {
namespace {

using Words = std::vector<std::string>;

constexpr char kUntilTerm[] = "trap 'exit 3' TERM; sleep 1000 & echo up; wait";

class CgroupsTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (IsSkipped()) return;
    auto mounts = sys::ReadCgroupMounts();
    ASSERT_TRUE(mounts.ok()) << mounts.status();
    mounts_ = *std::move(mounts);
  }

  bool InV2(const std::string& controller) const {
    for (const std::string& offered : mounts_.v2_controllers) {
      if (offered == controller) return true;
    }
    return false;
  }
  // The folder of the one container of ours, where `controller` (by v2's name) is; "" for none.
  std::string Folder(const std::string& controller, const std::string& parent = "") const {
    std::string root = mounts_.v2_mount;
    if (!controller.empty() && !InV2(controller)) {
      const auto found = mounts_.v1_mounts.find(controller == "io" ? "blkio" : controller);
      if (found == mounts_.v1_mounts.end()) return "";
      root = found->second;
    }
    absl::StrAppend(&root, parent);
    const auto names = sys::ListFolder(root);
    EXPECT_TRUE(names.ok()) << names.status();
    for (const std::string& name : *names) {
      if (absl::EndsWith(name, absl::StrCat("-", name_))) return absl::StrCat(root, "/", name);
    }
    return "";
  }
  std::string Value(const std::string& file) const {
    const auto text = sys::ReadFile(file, 65536);
    EXPECT_TRUE(text.ok()) << text.status();
    return text.ok() ? std::string(absl::StripAsciiWhitespace(*text)) : "";
  }
  Words RunWords(const Words& flags, const Words& command) const {
    Words words = {"run", "--rm", "--name", name_};
    words.insert(words.end(), flags.begin(), flags.end());
    words.push_back("busybox");
    words.insert(words.end(), command.begin(), command.end());
    return words;
  }
  Outcome Run(const Words& flags, const std::string& script) {
    return world_.Pelagos(RunWords(flags, {"sh", "-c", script}));
  }

  World world_;
  sys::CgroupMounts mounts_;
  const std::string name_ = absl::StrCat("cg", ::getpid());
};

struct LimitRow {
  Words flags;
  std::string controller;
  std::string v1_file, v1_value, v2_file, v2_value;  // "": the version has nothing of the kind
};

const LimitRow kLimits[] = {
    {{"--memory", "48m"}, "memory", "memory.limit_in_bytes", "50331648", "memory.max", "50331648"},
    {{"--memory", "48m"}, "memory", "", "", "memory.oom.group", "1"},
    {{"--memory", "48m", "--memory-reservation", "16m"},
     "memory",
     "memory.soft_limit_in_bytes",
     "16777216",
     "memory.low",
     "16777216"},
    {{"--memory", "48m", "--memory-swappiness", "7"}, "memory", "memory.swappiness", "7", "", ""},
    {{"--memory", "48m", "--memory-swap", "64m"},
     "memory",
     "memory.memsw.limit_in_bytes",
     "67108864",
     "memory.swap.max",
     "16777216"},
    {{"--memory", "48m", "--memory-swap", "-1"}, "memory", "", "", "memory.swap.max", "max"},
    {{"--memory", "48m"},
     "memory",
     "memory.memsw.limit_in_bytes",
     "50331648",
     "memory.swap.max",
     "0"},
    {{"--cpu-shares", "512"}, "cpu", "cpu.shares", "512", "cpu.weight", "59"},
    {{"--cpu-quota", "20000", "--cpu-period", "40000"},
     "cpu",
     "cpu.cfs_quota_us",
     "20000",
     "cpu.max",
     "20000 40000"},
    {{"--cpu-quota", "20000", "--cpu-period", "40000"},
     "cpu",
     "cpu.cfs_period_us",
     "40000",
     "",
     ""},
    {{"--cpuset-cpus", "0"}, "cpuset", "cpuset.cpus", "0", "cpuset.cpus", "0"},
    {{"--cpuset-mems", "0"}, "cpuset", "cpuset.mems", "0", "cpuset.mems", "0"},
    {{"--hugetlb", "2m:4m"},
     "hugetlb",
     "hugetlb.2MB.limit_in_bytes",
     "4194304",
     "hugetlb.2MB.max",
     "4194304"},
    {{"--blkio-weight", "200"}, "io", "blkio.bfq.weight", "200", "io.weight", "default 1920"},
    {{"--cgroup-conf", "hugetlb.2MB.max=2097152"}, "hugetlb", "", "", "hugetlb.2MB.max", "2097152"},
    {{"--cgroup-conf", "cgroup.max.depth=3"}, "hugetlb", "", "", "cgroup.max.depth", "3"},
    {{"--pids-limit", "9"}, "pids", "pids.max", "9", "pids.max", "9"},
};

TEST_F(CgroupsTest, LimitsAreWritten) {
  for (const LimitRow& row : kLimits) {
    const bool v2 = InV2(row.controller);
    const std::string& file = v2 ? row.v2_file : row.v1_file;
    if (file.empty()) continue;
    SCOPED_TRACE(file);
    const auto run = world_.Start(RunWords(row.flags, {"sh", "-c", kUntilTerm}));
    ASSERT_TRUE(run->AwaitLine("up"));
    const std::string folder = Folder(row.controller);
    ASSERT_NE(folder, "");
    EXPECT_EQ(Value(absl::StrCat(folder, "/", file)), v2 ? row.v2_value : row.v1_value);
    EXPECT_NE(Value(folder + "/cgroup.procs"), "");
    run->Signal(SIGTERM);
    const Outcome outcome = run->Wait();
    EXPECT_EQ(outcome.code, 3) << outcome.Describe();
    EXPECT_EQ(Folder(row.controller), "");
  }
  world_.ExpectNoResidue("containers with limits");
}

TEST_F(CgroupsTest, WhatTheVersionDoesNotHaveIsAnError) {
  const bool v2 = InV2("memory");
  for (const Words& flags : {Words{"--memory", "48m", "--memory-swappiness", "7"},
                             Words{"--memory", "48m", "--oom-kill-disable"}}) {
    const Outcome run = Run(flags, "true");
    EXPECT_EQ(run.code, v2 ? 125 : 0) << run.Describe();
    if (v2) {
      EXPECT_TRUE(absl::StrContains(run.err, "cgroup v2 has nothing of the kind"))
          << run.Describe();
    }
  }
  const Outcome setting = Run({"--cgroup-conf", "memory.high=30m"}, "true");
  EXPECT_EQ(setting.code, v2 ? 0 : 125) << setting.Describe();
  if (!v2) {
    EXPECT_TRUE(absl::StrContains(setting.err, "no controller 'memory'")) << setting.Describe();
  }
  const Outcome cpus = Run({"--cpuset-cpus", "0,4000"}, "true");
  EXPECT_EQ(cpus.code, 125);
  EXPECT_TRUE(absl::StrContains(cpus.err, "this host has the CPUs 0")) << cpus.Describe();
  const Outcome disk = Run({"--device-read-bps", "/dev/null:1m"}, "true");
  EXPECT_EQ(disk.code, 125);
  EXPECT_TRUE(absl::StrContains(disk.err, "'/dev/null' is no block device")) << disk.Describe();
  world_.ExpectNoResidue("containers that were refused");
}

TEST_F(CgroupsTest, TooManyProcesses) {
  const Outcome run = Run({"--pids-limit", "4"}, "for i in 1 2 3 4 5 6; do sleep 5 & done; true");
  EXPECT_NE(run.code, 0) << run.Describe();
  EXPECT_TRUE(absl::StrContains(run.err, "can't fork")) << run.Describe();
  world_.ExpectNoResidue("a container with too many processes");
}

TEST_F(CgroupsTest, OutOfMemoryIsSaid) {
  const Outcome run = world_.Pelagos(
      RunWords({"--memory", "32m"}, {"dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"}));
  EXPECT_EQ(run.code, 137) << run.Describe();
  EXPECT_TRUE(absl::StrContains(run.err, "killed: out of memory")) << run.Describe();
  // Killed by somebody else: that is no want of memory.
  const auto other = world_.Start(RunWords({"--memory", "32m"}, {"sh", "-c", kUntilTerm}));
  ASSERT_TRUE(other->AwaitLine("up"));
  const std::string procs = Value(Folder("memory") + "/cgroup.procs");
  for (absl::string_view pid : absl::StrSplit(procs, '\n')) {
    ::kill(std::stoi(std::string(pid)), SIGKILL);
  }
  const Outcome killed = other->Wait();
  EXPECT_EQ(killed.code, 137) << killed.Describe();
  EXPECT_FALSE(absl::StrContains(killed.err, "out of memory")) << killed.Describe();
  world_.ExpectNoResidue("containers that were killed");
}

TEST_F(CgroupsTest, BelowAParent) {
  const std::string parent = absl::StrCat("/parent", ::getpid());
  const auto run = world_.Start(
      RunWords({"--cgroup-parent", parent + "/inner", "--memory", "48m", "--cpuset-cpus", "0"},
               {"sh", "-c", kUntilTerm}));
  ASSERT_TRUE(run->AwaitLine("up"));
  EXPECT_EQ(Folder("memory"), "");
  const std::string folder = Folder("memory", parent + "/inner");
  EXPECT_NE(folder, "");
  EXPECT_NE(Value(folder + "/cgroup.procs"), "");
  run->Signal(SIGTERM);
  const Outcome outcome = run->Wait();
  EXPECT_EQ(outcome.code, 3) << outcome.Describe();
  // The parent is the caller's and stays; nothing is left in it.
  Words roots = {mounts_.v2_mount};
  for (const auto& [controller, mount] : mounts_.v1_mounts) roots.push_back(mount);
  for (const std::string& root : roots) {
    if (::access((root + parent).c_str(), F_OK) != 0) continue;
    EXPECT_EQ(::rmdir((root + parent + "/inner").c_str()), 0) << root;
    EXPECT_EQ(::rmdir((root + parent).c_str()), 0) << root;
  }
  world_.ExpectNoResidue("a container below a parent");
}

TEST_F(CgroupsTest, TheContainerSeesItsOwnCgroupReadOnly) {
  const Outcome run =
      Run({"--memory", "48m"}, "cut -d: -f3 /proc/self/cgroup | sort -u; mkdir /sys/fs/cgroup/x");
  // What it did not join (a hierarchy without a limit) is the namespace's root as well.
  EXPECT_EQ(run.out, "/\n") << run.Describe();
  EXPECT_TRUE(absl::StrContains(run.err, "Read-only file system")) << run.Describe();
}

// One node each, opened in three ways: the kernel's word against the plain evaluator's. A device
// that no driver has is still asked for first: ENXIO then, not EPERM. (Not /dev/mem: its driver
// says EPERM too.)
class DeviceRulesTest : public CgroupsTest {
 protected:
  // `run` as usual, or where cgroup v2 is not mounted.
  Outcome RunIn(bool v1_alone, const Words& flags, const std::string& script) {
    if (!v1_alone) return Run(flags, script);
    Words words = RunWords(flags, {"sh", "-c", script});
    words.insert(words.begin(), {"unshare", "--mount", "sh", "-c",
                                 absl::StrCat("umount -l ", mounts_.v2_mount, " && exec ",
                                              Runfile("tools/pelagos"), " \"$@\""),
                                 "sh"});
    return world_.Tool(words);
  }
  void ExpectFiltered(bool v1_alone);
};

// By a program of our own in v2.
TEST_F(DeviceRulesTest, InV2) { ExpectFiltered(false); }

// By devices.allow and devices.deny. A host without v1 has no such view.
TEST_F(DeviceRulesTest, InV1Alone) {
  if (mounts_.v1_mounts.count("devices") == 0) return;
  if (!mounts_.v2_mount.empty()) ExpectFiltered(true);
}

void DeviceRulesTest::ExpectFiltered(bool v1_alone) {
  struct Node {
    DeviceType type;
    uint32_t major, minor;
  };
  const Node nodes[] = {
      {DeviceType::kCharacter, 1, 3},   {DeviceType::kCharacter, 1, 5},
      {DeviceType::kCharacter, 1, 6},   {DeviceType::kBlock, 1, 3},
      {DeviceType::kBlock, 240, 0},     {DeviceType::kBlock, 240, 1},
      {DeviceType::kBlock, 241, 255},   {DeviceType::kCharacter, 240, 7},
      {DeviceType::kCharacter, 241, 9}, {DeviceType::kCharacter, 241, 10},
  };
  const Words rule_sets[] = {
      {},          {"b 240:0 r"}, {"b 240:* w", "c 241:9 rw"}, {"c 240:7 r", "c 240:7 w"},
      {"a *:* r"}, {"a *:* rwm"}};
  for (const Words& texts : rule_sets) {
    std::vector<DeviceRule> more;
    Words flags;
    for (const std::string& text : texts) {
      flags.insert(flags.end(), {"--device-cgroup-rule", text});
      const auto rules = ParseDeviceRules(text);
      more.insert(more.end(), rules->begin(), rules->end());
    }
    const std::vector<DeviceRule> rules = MergedDeviceRules(more);
    // "y" for each way that the filter lets through, "n" for EPERM.
    std::string script =
        "try() { case \"$(eval $1 2>&1)\" in *'not permitted'*) echo n;; *) echo y;; "
        "esac; }\n";
    Words expected;
    int count = 0;
    for (const Node& node : nodes) {
      const std::string path = absl::StrCat("/node", count++);
      absl::StrAppend(&script, "mknod ", path, node.type == DeviceType::kBlock ? " b " : " c ",
                      node.major, " ", node.minor, "\n");
      const std::pair<const char*, uint8_t> ways[] = {
          {"<", kDeviceRead}, {">>", kDeviceWrite}, {"<>", kDeviceRead | kDeviceWrite}};
      for (const auto& [way, access] : ways) {
        absl::StrAppend(&script, "try '(: ", way, path, ")'\n");
        expected.push_back(AllowsDevice(rules, node.type, node.major, node.minor, access) ? "y"
                                                                                          : "n");
      }
    }
    const Outcome run = RunIn(v1_alone, flags, script);
    EXPECT_EQ(run.code, 0) << run.Describe();
    const std::string out(absl::StripAsciiWhitespace(run.out));
    EXPECT_EQ(Words(absl::StrSplit(out, '\n')), expected) << (texts.empty() ? "" : texts[0]) << "\n"
                                                          << run.Describe();
  }
  world_.ExpectNoResidue("containers with devices");
}

}  // namespace
}  // namespace pelagos::rooted
