// Containers whose cgroups systemd makes: the real one, as the first process of a guest with cgroup
// v2 alone. Its misbehaviours are tests/rooted/systemd's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/rooted/oci/bundle.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kCgroup[] = "/pelagostest.slice/pelagostest-a.slice/libpod-c1.scope";
constexpr char kUnit[] = "libpod-c1.scope";

class SystemdTest : public OciTest {
 protected:
  void WriteUnit(const std::string& script, const std::function<void(Json&)>& change = {}) {
    Write(script, [&](Json& config) {
      config["linux"]["cgroupsPath"] = "pelagostest-a.slice:libpod:c1";
      if (change) change(config);
    });
  }
  Words Create() { return {"--systemd-cgroup", "create", "--bundle", bundle(), "c1"}; }
  std::string Ctl(Words words) {
    words.insert(words.begin(), "systemctl");
    const Outcome outcome = world_->Tool(words);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    return outcome.out;
  }
  std::string Show(const std::string& property) {
    return Ctl({"show", "--value", "-p", property, kUnit});
  }
  std::string Setting(const std::string& file) {
    return sys::ReadFile(absl::StrCat("/sys/fs/cgroup", kCgroup, "/", file), 4096).value_or("none");
  }
  // Of what happens in systemd's own time.
  bool Comes(const std::function<bool()>& true_at_last) {
    for (int round = 0; round < 600; ++round) {
      if (true_at_last()) return true;
      ::poll(nullptr, 0, 100);
    }
    return false;
  }
  bool UnitGoes() {
    return Comes([this] { return Show("LoadState") == "not-found\n"; });
  }
};

TEST_F(SystemdTest, ALifeInAScope) {
  WriteUnit("while :; do sleep 1; done", [](Json& config) {
    config["annotations"]["org.systemd.property.TimeoutStopSec"] = "7";
    Json& resources = config["linux"]["resources"];
    resources["memory"] = {{"limit", 64 << 20}, {"reservation", 32 << 20}, {"swap", 96 << 20}};
    resources["pids"]["limit"] = 50;
    resources["cpu"] = {{"quota", 25000}, {"period", 50000}, {"shares", 512}, {"cpus", "0"}};
    resources["unified"] = {{"memory.high", "60000000"}};
  });
  Detached(Create());
  EXPECT_EQ(Show("ControlGroup"), absl::StrCat(kCgroup, "\n"));
  EXPECT_EQ(Show("Slice"), "pelagostest-a.slice\n");
  EXPECT_EQ(Show("Delegate"), "yes\n");
  EXPECT_EQ(Show("CollectMode"), "inactive-or-failed\n");
  EXPECT_EQ(Show("TimeoutStopUSec"), "7s\n");
  EXPECT_EQ(Show("MemoryMax"), "67108864\n");
  EXPECT_EQ(Show("MemoryLow"), "33554432\n");
  EXPECT_EQ(Show("MemoryHigh"), "60000000\n");
  EXPECT_EQ(Show("MemorySwapMax"), "33554432\n");
  EXPECT_EQ(Show("TasksMax"), "50\n");
  EXPECT_EQ(Show("CPUQuotaPerSecUSec"), "500ms\n");
  EXPECT_EQ(Show("CPUQuotaPeriodUSec"), "50ms\n");
  EXPECT_EQ(Show("CPUWeight"), "59\n");
  EXPECT_EQ(Show("AllowedCPUs"), "0\n");
  EXPECT_EQ(Show("DevicePolicy"), "strict\n");
  EXPECT_THAT(Show("DeviceAllow"), HasSubstr("/dev/char/1:3 rwm"));
  const int pid = Json::parse(Out({"state", "c1"})).at("pid");
  EXPECT_EQ(sys::ReadFile(absl::StrCat("/proc/", pid, "/cgroup"), 4096).value_or(""),
            absl::StrCat("0::", kCgroup, "\n"));
  EXPECT_EQ(Setting("cgroup.procs"), absl::StrCat(pid, "\n"));
  Out({"start", "c1"});

  // When systemd writes all of it anew it is the same.
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Setting("memory.max"), "67108864\n");
    EXPECT_EQ(Setting("memory.low"), "33554432\n");
    EXPECT_EQ(Setting("pids.max"), "50\n");
    EXPECT_EQ(Setting("cpu.max"), "25000 50000\n");
    EXPECT_EQ(Setting("cpu.weight"), "59\n");
    EXPECT_EQ(Setting("cpuset.cpus"), "0\n");
    EXPECT_EQ(Out({"exec", "c1", "cat", "/proc/self/cgroup"}), "0::/\n");
    EXPECT_EQ(Out({"exec", "c1", "sh", "-c", "echo x > /dev/null && echo null"}), "null\n");
    Ctl({"daemon-reload"});
  }
  Out({"update", "--pids-limit", "60", "--memory", "32m", "--memory-swap", "32m",
       "--memory-reservation", "16m", "c1"});
  EXPECT_EQ(Show("TasksMax"), "60\n");
  EXPECT_EQ(Setting("pids.max"), "60\n");
  EXPECT_EQ(Show("MemoryMax"), "33554432\n");
  EXPECT_EQ(Setting("memory.max"), "33554432\n");
  EXPECT_EQ(Json::parse(Out({"events", "--stats", "c1"}))["data"]["pids"]["limit"], 60);
  Out({"pause", "c1"});
  EXPECT_EQ(StatusOf("c1"), "paused");
  Out({"resume", "c1"});
  Out({"pause", "c1"});
  Out({"delete", "--force", "c1"});
  EXPECT_EQ(Show("LoadState"), "not-found\n");
  EXPECT_EQ(Setting("cgroup.procs"), "none");
}

// Before there is a bus, root has systemd's own socket.
TEST_F(SystemdTest, WithoutABus) {
  Ctl({"stop", "dbus.socket", "dbus.service"});
  WriteUnit("cat /proc/self/cgroup");
  EXPECT_EQ(Out({"--systemd-cgroup", "run", "--bundle", bundle(), "c1"}), "0::/\n");
  Ctl({"start", "dbus.socket"});
}

TEST_F(SystemdTest, ASlice) {
  Write("cat /proc/self/cgroup", [](Json& config) {
    config["linux"]["cgroupsPath"] = "::pelagostest-b.slice";
    config["linux"]["resources"]["pids"]["limit"] = 33;
  });
  Detached(Create());
  EXPECT_EQ(Ctl({"show", "--value", "-p", "TasksMax", "pelagostest-b.slice"}), "33\n");
  const int pid = Json::parse(Out({"state", "c1"})).at("pid");
  EXPECT_EQ(sys::ReadFile(absl::StrCat("/proc/", pid, "/cgroup"), 4096).value_or(""),
            "0::/pelagostest.slice/pelagostest-b.slice\n");
  Out({"delete", "--force", "c1"});
}

TEST_F(SystemdTest, AScopeEndsWithItsProcess) {
  WriteUnit("exec sleep 1000");
  Detached({"--systemd-cgroup", "run", "-d", "--bundle", bundle(), "c1"});
  EXPECT_EQ(Show("ActiveState"), "active\n");
  Out({"kill", "c1", "KILL"});
  EXPECT_TRUE(UnitGoes());
  EXPECT_EQ(StatusOf("c1"), "stopped");
  Out({"delete", "c1"});
}

// What has no pid namespace of its own is not asked, and not waited for, when it is deleted.
TEST_F(SystemdTest, NobodyIsLeftInTheScope) {
  WriteUnit("trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & exit 0", [](Json& config) {
    Json others = Json::array();
    for (const Json& entry : config["linux"]["namespaces"]) {
      if (entry["type"] != "pid") others.push_back(entry);
    }
    config["linux"]["namespaces"] = others;
  });
  Detached({"--systemd-cgroup", "run", "-d", "--bundle", bundle(), "c1"});
  EXPECT_TRUE(Comes([this] { return StatusOf("c1") == "stopped"; }));
  EXPECT_EQ(Show("ActiveState"), "active\n");
  Out({"delete", "c1"});
  EXPECT_EQ(Show("LoadState"), "not-found\n");
}

TEST_F(SystemdTest, ANamesakeIsLeftAlone) {
  world_->Tool({"systemd-run", "--scope", "--slice=pelagostest-a.slice", "--unit=libpod-c1.scope",
                "sh", "-c", "sleep 1000 >/dev/null 2>&1 </dev/null &"});
  EXPECT_EQ(Show("ActiveState"), "active\n");
  WriteUnit("true");
  ExpectFails(Create(), "container's cgroup is not empty");
  EXPECT_EQ(Oci({"delete", "--force", "c1"}).code, 0);
  EXPECT_EQ(Show("ActiveState"), "active\n");
  Ctl({"stop", kUnit});
}

}  // namespace
}  // namespace pelagos::rooted
