// Containers whose cgroups systemd makes: good service managers and bad ones. tests/vm has the real
// systemd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/rooted/systemd/systemd_world.h"
#include "tests/rooted/traced.h"

namespace pelagos::rooted {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(SystemdTest, ALifeInAScope) {
  StartSystemd();
  WriteUnit("exec sleep 1000", [](Json& config) {
    config["annotations"]["org.systemd.property.TimeoutStopUSec"] = "uint64 5000000";
    config["linux"]["resources"]["memory"]["limit"] = 64 << 20;
    config["linux"]["resources"]["pids"]["limit"] = 50;
    config["linux"]["resources"]["cpu"] = {{"quota", 25000}, {"period", 50000}, {"shares", 512}};
  });
  Detached(Create());
  EXPECT_THAT(
      Heard(),
      AllOf(HasSubstr("start libpod-c1.scope Description=Pelagos container c1 "
                      "Slice=pelagostest-a.slice Delegate=yes DefaultDependencies=no "
                      "CollectMode=inactive-or-failed CPUAccounting=yes"),
            HasSubstr("CPUQuotaPeriodUSec=50000 CPUQuotaPerSecUSec=500000 TasksMax=50"),
            HasSubstr("DevicePolicy=strict DeviceAllow=a(ss)"),
            HasSubstr("TimeoutStopUSec=5000000"), HasSubstr("=67108864 "), HasSubstr("PIDs=1")));
  const int pid = Json::parse(Out({"state", "c1"})).at("pid");
  for (absl::string_view line : absl::StrSplit(CgroupsOf(pid), '\n', absl::SkipEmpty())) {
    EXPECT_TRUE(absl::EndsWith(line, absl::StrCat(kSlice, kInner, "/", kUnit))) << line;
  }
  EXPECT_EQ(Setting("pids", "pids.max"), "50\n");
  Out({"start", "c1"});
  EXPECT_EQ(StatusOf("c1"), "running");
  // A cgroup namespace of its own begins where systemd put it.
  for (absl::string_view line :
       absl::StrSplit(Out({"exec", "c1", "cat", "/proc/self/cgroup"}), '\n', absl::SkipEmpty())) {
    EXPECT_TRUE(absl::EndsWith(line, ":/")) << line;
  }
  EXPECT_THAT(Out({"ps", "--format", "json", "c1"}), HasSubstr(absl::StrCat(pid)));
  EXPECT_EQ(Json::parse(Out({"events", "--stats", "c1"}))["data"]["pids"]["limit"], 50);
  Out({"pause", "c1"});
  EXPECT_EQ(StatusOf("c1"), "paused");
  Out({"resume", "c1"});
  Out({"update", "--pids-limit", "60", "c1"});
  EXPECT_EQ(Heard(), "set libpod-c1.scope TasksMax=60");
  EXPECT_EQ(Setting("pids", "pids.max"), "60\n");
  // Paused, and killed by force.
  Out({"pause", "c1"});
  Out({"delete", "--force", "c1"});
  EXPECT_EQ(Heard(), "kill libpod-c1.scope all 9");
  EXPECT_EQ(Heard(), "stop libpod-c1.scope");
  ExpectNothingLeft();
}

TEST_F(SystemdTest, WithoutAPathTheNameIsOurs) {
  StartSystemd();
  Write("echo inside; cat /proc/self/cgroup");
  const std::string out = Out({"--cgroup-manager", "systemd", "run", "--bundle", bundle(), "c1"});
  EXPECT_THAT(out, HasSubstr("inside\n"));
  EXPECT_THAT(Heard(), HasSubstr("start pelagos-c1.scope Description=Pelagos container c1 "
                                 "Slice=system.slice"));
  EXPECT_EQ(Heard(), "kill pelagos-c1.scope all 9");
  for (const std::string& mount : CgroupMounts()) ::rmdir((mount + "/system.slice").c_str());
}

TEST_F(SystemdTest, InAUserNamespace) {
  StartSystemd();
  WriteUnit("cat /proc/self/cgroup /proc/self/uid_map", [](Json& config) {
    config["linux"]["namespaces"].push_back({{"type", "user"}});
    for (const char* kind : {"uidMappings", "gidMappings"}) {
      config["linux"][kind] = {{{"containerID", 0}, {"hostID", 100000}, {"size", 1000}}};
    }
  });
  world_->Tool({"chown", "-R", "100000:100000", bundle() + "/rootfs"});
  const std::string out = Out({"--systemd-cgroup", "run", "--bundle", bundle(), "c1"});
  EXPECT_THAT(out, HasSubstr("0::/\n"));
  EXPECT_THAT(out, HasSubstr("100000"));
  EXPECT_THAT(Heard(), HasSubstr("PIDs=1"));
}

TEST_F(SystemdTest, TheHostsCgroupNamespaceShowsTheScope) {
  StartSystemd();
  WriteUnit("cat /proc/self/cgroup; ls /sys/fs/cgroup", [](Json& config) {
    Json others = Json::array();
    for (const Json& entry : config["linux"]["namespaces"]) {
      if (entry["type"] != "cgroup") others.push_back(entry);
    }
    config["linux"]["namespaces"] = others;
    config["mounts"].push_back({{"destination", "/sys/fs/cgroup"},
                                {"type", "cgroup"},
                                {"source", "cgroup"},
                                {"options", {"nosuid", "noexec", "nodev", "ro"}}});
  });
  const std::string out = Out({"--systemd-cgroup", "run", "--bundle", bundle(), "c1"});
  EXPECT_THAT(out, HasSubstr(absl::StrCat("0::", kSlice, kInner, "/", kUnit, "\n")));
  if (::access("/sys/fs/cgroup/systemd", F_OK) == 0) {
    EXPECT_THAT(out, HasSubstr("systemd\n"));
  }
}

TEST_F(SystemdTest, ASliceHasNoProcessesOfSystemds) {
  StartSystemd();
  Write("cat /proc/self/cgroup", [](Json& config) {
    config["linux"]["cgroupsPath"] = "::pelagostest-a.slice";
    AddCgroupNamespace(config);
  });
  const std::string out = Out({"--systemd-cgroup", "run", "--bundle", bundle(), "c1"});
  EXPECT_THAT(out, HasSubstr("0::/\n"));
  EXPECT_THAT(Heard(), AllOf(HasSubstr("start pelagostest-a.slice"), HasSubstr("Wants=as"),
                             Not(HasSubstr("PIDs")), Not(HasSubstr("Delegate"))));
}

TEST_F(SystemdTest, TheMistakesOfADocumentComeFirst) {
  StartSystemd();
  WriteUnit("true", [](Json& config) {
    config["linux"]["cgroupsPath"] = "/a/b";
    config["annotations"]["org.systemd.property.KillMode"] = "mixed";
  });
  ExpectFails(Create(), "expected cgroupsPath to be of format \\\"slice:prefix:name\\\"");
  WriteUnit("true",
            [](Json& config) { config["annotations"]["org.systemd.property.KillMode"] = "mixed"; });
  ExpectFails(Create(), "property.KillMode: 'mixed' is not GVariant text");
  const Outcome plan = Oci({"--systemd-cgroup", "plan", bundle()});
  EXPECT_EQ(plan.code, 1) << plan.Describe();
  WriteUnit("true");
  EXPECT_THAT(Out({"--systemd-cgroup", "plan", bundle()}),
              HasSubstr("by systemd, unit libpod-c1.scope in pelagostest-a.slice\n"));
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ABusThatIsNotThere) {
  WriteUnit("true");
  ExpectFails(Create(), "systemd cannot be reached: ");
  ExpectFails(Create(), "--cgroup-manager cgroupfs");
  // A bus without a systemd.
  StartBus();
  ExpectFails(Create(), "there is a bus, but no systemd on it");
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ASystemdThatRefuses) {
  StartSystemd("refuse");
  WriteUnit("true");
  ExpectFails(Create(), "systemd, StartTransientUnit: permission denied");
  ExpectNothingLeft();
}

TEST_F(SystemdTest, AJobThatFails) {
  StartSystemd("failed");
  WriteUnit("true");
  ExpectFails(Create(), "the job of libpod-c1.scope ended with 'failed'");
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ASystemdThatGoesAway) {
  StartSystemd("close");
  WriteUnit("true");
  ExpectFails(Create(), "systemd, StartTransientUnit: Message recipient disconnected");
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ABusThatGoesAway) {
  StartSystemd("silent");
  WriteUnit("true");
  const auto create = [&] {
    Words words = {"oci", "--root", root_};
    for (const std::string& word : Create()) words.push_back(word);
    return world_->Start(words);
  }();
  EXPECT_THAT(Heard(), HasSubstr("start"));
  bus_->Signal(SIGKILL);
  const Outcome outcome = create->Wait();
  EXPECT_EQ(outcome.code, 1) << outcome.Describe();
  EXPECT_THAT(outcome.err, HasSubstr("StartTransientUnit")) << outcome.Describe();
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ACgroupThatIsElsewhere) {
  StartSystemd("elsewhere");
  WriteUnit("true");
  ExpectFails(Create(),
              "systemd made the cgroup /pelagostest.slice/pelagostest-a.slice/"
              "libpod-c1.scope/elsewhere");
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ANamesakeIsLeftAlone) {
  StartSystemd("exists");
  WriteUnit("true");
  ExpectFails(Create(), "libpod-c1.scope was already loaded");
  EXPECT_THAT(Heard(), HasSubstr("start"));
  EXPECT_EQ(Heard(), "reset libpod-c1.scope");
  EXPECT_THAT(Heard(), HasSubstr("start"));
  // Nothing of the other's is ended.
  EXPECT_EQ(Oci({"delete", "--force", "c1"}).code, 0);
  fake_->Signal(SIGKILL);
  EXPECT_EQ(fake_->NextLine(), std::nullopt);
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ANamesakeThatFailedIsForgotten) {
  StartSystemd("exists-once");
  WriteUnit("echo fine");
  EXPECT_EQ(Out({"--systemd-cgroup", "run", "--bundle", bundle(), "c1"}), "fine\n");
}

TEST_F(SystemdTest, WithoutSystemdAContainerCanBeDeletedAllTheSame) {
  StartSystemd();
  WriteUnit("exec sleep 1000");
  Detached(Create());
  fake_->Signal(SIGKILL);
  fake_->Wait();
  const Outcome outcome = Oci({"delete", "--force", "c1"});
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_THAT(outcome.err, HasSubstr("no systemd on it")) << outcome.Describe();
  ExpectNothingLeft();
}

// Before any of its system calls: what is left `delete` takes away, and nobody waits for anything.
TEST_F(SystemdTest, CreateKilledAnywhere) {
  StartSystemd();
  WriteUnit("true");
  Words words = {"oci", "--root", root_};
  for (const std::string& word : Create()) words.push_back(word);
  const auto up_to = [&](int last) {
    return TracePelagos(
        *world_, words, /*children=*/false,
        [last](const TracedCall& call) { return call.n == last ? AtCall::kKill : AtCall::kGoOn; },
        /*leaves_processes=*/true);
  };
  const int calls = up_to(-1).calls;
  ASSERT_GT(calls, 100);
  Out({"delete", "--force", "c1"});
  constexpr int kStride = 5;
  int records = 0;
  for (int last = 1; last <= calls && !HasFailure(); last += kStride) {
    SCOPED_TRACE(absl::StrCat("killed before its call ", last, " of ", calls));
    up_to(last);
    records += ::access((root_ + "/c1").c_str(), F_OK) == 0 ? 1 : 0;
    Out({"delete", "--force", "c1"});
    ExpectNothingLeft();
  }
  EXPECT_GT(records, 5);
}

}  // namespace
}  // namespace pelagos::rooted
