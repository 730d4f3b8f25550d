// The life of a container by the commands of an OCI runtime: states, errors, what is left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <time.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/rooted/oci/bundle.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;

class LifeTest : public OciTest {};

TEST_F(LifeTest, FromCreateToDelete) {
  Write("echo ran > /ran; sleep 1000");
  Detached({"create", "--bundle", bundle(), "--pid-file", world_->folder() + "/pid", "c1"});
  const Json state = Json::parse(Out({"state", "c1"}));
  EXPECT_EQ(state["status"], "created");
  EXPECT_EQ(state["ociVersion"], "1.2.0");
  EXPECT_EQ(state["id"], "c1");
  EXPECT_EQ(state["bundle"], bundle());
  EXPECT_EQ(absl::StrCat(state["pid"].get<int>()), *sys::ReadFile(world_->folder() + "/pid", 16));
  // The program has not been run, and nothing of ours waits for it.
  EXPECT_NE(::access((bundle() + "/rootfs/ran").c_str(), F_OK), 0);
  ExpectFails({"create", "--bundle", bundle(), "c1"}, "container with given ID already exists");
  ExpectFails({"delete", "c1"}, "cannot delete container c1 that is not stopped: created");

  Out({"start", "c1"});
  EXPECT_EQ(StatusOf("c1"), "running");
  ExpectFails({"start", "c1"}, "cannot start an already running container");
  ExpectFails({"delete", "c1"}, "cannot delete container c1 that is not stopped: running");
  EXPECT_THAT(Out({"list"}), HasSubstr("running"));
  EXPECT_EQ(Out({"list", "-q"}), "c1\n");
  EXPECT_EQ(Json::parse(Out({"list", "--format", "json"})).size(), 1u);

  // It is waited for by its pid: the state is only looked at once it has ended.
  const auto pidfd = sys::OpenPidfd(state["pid"].get<int>());
  Out({"kill", "c1", "KILL"});
  pollfd wait = {pidfd->get(), POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 60000), 1);
  EXPECT_EQ(StatusOf("c1"), "stopped");
  EXPECT_EQ(Json::parse(Out({"state", "c1"}))["pid"], 0);
  ExpectFails({"kill", "c1", "TERM"}, "container not running");
  ExpectFails({"start", "c1"}, "cannot start a container that has stopped");
  ExpectFails({"exec", "c1", "true"}, "cannot exec in a stopped container", 255);
  Out({"delete", "c1"});
  ExpectFails({"state", "c1"}, "container does not exist");
  ExpectFails({"delete", "c1"}, "container does not exist");
  Out({"delete", "--force", "c1"});
  EXPECT_EQ(Out({"list", "--format", "json"}), "null\n");
  EXPECT_EQ(Out({"list", "-q"}), "");
}

TEST_F(LifeTest, WhatCannotBeCreatedLeavesNothing) {
  ExpectFails({"create", "--bundle", world_->folder(), "c1"},
              "JSON specification file config.json not found");
  ExpectFails({"create", "--bundle", bundle(), "../c"}, "invalid container ID format");
  ExpectFails({"state"}, "requires exactly 1 argument(s)");
  ExpectFails({"start", "none"}, "container does not exist");
  ExpectFails({"kill", "none", "9"}, "container does not exist");
  Write("true", [](Json& config) { config["process"]["args"] = {"nosuch"}; });
  ExpectFails({"create", "--bundle", bundle(), "c1"},
              "exec: \\\"nosuch\\\": executable file not found in $PATH");
  Write("true", [](Json& config) { config["process"]["args"] = {"/no/such"}; });
  ExpectFails({"run", "--bundle", bundle(), "c1"},
              "exec: \\\"/no/such\\\": stat /no/such: no such file or directory");
  Write("true", [](Json& config) {
    config["process"]["terminal"] = true;
    config["linux"]["intelRdt"]["closID"] = "x";
  });
  ExpectFails({"create", "--bundle", bundle(), "c1"},
              "/linux/intelRdt: intelRdt is specified in config, but");
  Write("true", [](Json& config) { config["process"]["terminal"] = true; });
  ExpectFails({"create", "--bundle", bundle(), "c1"},
              "cannot allocate tty if runc will detach without setting console socket");
  EXPECT_EQ(Out({"list", "-q"}), "");
}

// Who enters a container has its clocks.
TEST_F(LifeTest, ExecEntersTheTimeNamespace) {
  Write("sleep 1000", [](Json& config) {
    config["linux"]["namespaces"].push_back({{"type", "time"}});
    config["linux"]["timeOffsets"]["boottime"] = {{"secs", 86400}, {"nanosecs", 0}};
  });
  Detached({"create", "--bundle", bundle(), "c1"});
  Out({"start", "c1"});
  char host[64] = {};
  ASSERT_GT(::readlink("/proc/self/ns/time", host, sizeof(host) - 1), 0);
  const std::string own = Out({"exec", "c1", "readlink", "/proc/1/ns/time"});
  EXPECT_NE(own, absl::StrCat(host, "\n"));
  EXPECT_EQ(Out({"exec", "c1", "readlink", "/proc/self/ns/time"}), own);
  timespec before = {}, after = {};
  ::clock_gettime(CLOCK_BOOTTIME, &before);
  const std::string uptime = Out({"exec", "c1", "cat", "/proc/uptime"});
  ::clock_gettime(CLOCK_BOOTTIME, &after);
  double seconds = 0;
  ASSERT_TRUE(absl::SimpleAtod(uptime.substr(0, uptime.find(' ')), &seconds)) << uptime;
  EXPECT_GE(seconds, static_cast<double>(before.tv_sec) + 86400 - 0.1);
  EXPECT_LE(seconds, static_cast<double>(after.tv_sec) + 86401 + 0.1);
  // A process that it starts, too.
  EXPECT_EQ(Out({"exec", "c1", "sh", "-c", "readlink /proc/self/ns/time; true"}), own);
  Out({"delete", "--force", "c1"});
}

TEST_F(LifeTest, TheCgroupOfAnotherIsLeftAlone) {
  Write("sleep 1000", [](Json& config) { config["linux"]["cgroupsPath"] = "/c1"; });
  Detached({"run", "-d", "--bundle", bundle(), "c1"});
  ExpectFails({"create", "--bundle", bundle(), "c2"}, "container's cgroup is not empty");
  EXPECT_EQ(StatusOf("c1"), "running");
  EXPECT_EQ(StatusOf("c2"), "none");
  Out({"delete", "-f", "c1"});
}

TEST_F(LifeTest, RunGivesTheProgramsCodeAndDeletes) {
  Write("echo out; echo err >&2; exit 42");
  const Outcome outcome = Oci({"run", "--bundle", bundle(), "c1"});
  EXPECT_EQ(outcome.code, 42);
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
  EXPECT_EQ(StatusOf("c1"), "none");
  Write("sleep 1000");
  Detached({"run", "--detach", "--bundle", bundle(), "c1"});
  EXPECT_EQ(StatusOf("c1"), "running");
  Out({"delete", "-f", "c1"});
}

TEST_F(LifeTest, ErrorsGoToTheLogThatClientsRead) {
  const std::string log = world_->folder() + "/log.json";
  const Outcome outcome = Oci({"--log", log, "--log-format", "json", "state", "none"});
  // As runc: global flags come before the command.
  EXPECT_EQ(outcome.code, 1);
  const Json line = Json::parse(*sys::ReadFile(log, 1 << 16));
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["msg"], "container does not exist");
  EXPECT_TRUE(line.contains("time"));
  EXPECT_EQ(outcome.err, "container does not exist\n");
}

TEST_F(LifeTest, ExecJoinsTheContainer) {
  Write("sleep 1000");
  Detached({"run", "-d", "--bundle", bundle(), "c1"});
  EXPECT_EQ(Out({"exec", "c1", "readlink", "/proc/self/ns/pid"}),
            Out({"exec", "c1", "readlink", "/proc/1/ns/pid"}));
  EXPECT_EQ(Out({"exec", "-e", "A=b c", "--cwd", "/bin", "--user", "5:6", "-g", "7", "c1", "sh",
                 "-c", "id -u; id -g; id -G; echo $A; echo $PWD"}),
            "5\n6\n6 7\n"
            "b c\n/bin\n");
  EXPECT_EQ(Oci({"exec", "c1", "sh", "-c", "exit 9"}).code, 9);
  ExpectFails({"exec", "c1", "nosuch"}, "executable file not found in $PATH", 255);
  ExpectFails({"exec", "--user", "1x", "c1", "true"}, "expected UID[:GID]", 255);
  ExpectFails({"exec", "none", "true"}, "container does not exist", 255);
  // The same cgroups, the same filter and rights.
  EXPECT_EQ(Out({"exec", "c1", "cat", "/proc/self/cgroup"}),
            Out({"exec", "c1", "cat", "/proc/1/cgroup"}));
  EXPECT_EQ(Out({"exec", "c1", "grep", "-E", "Cap|Seccomp:|NoNew", "/proc/self/status"}),
            Out({"exec", "c1", "grep", "-E", "Cap|Seccomp:|NoNew", "/proc/1/status"}));
  const std::string process = world_->Write(
      "process.json",
      R"({"cwd": "/", "args": ["sh", "-c", "id -u; echo $B"], "user": {"uid": 3, "gid": 4},
          "env": ["PATH=/bin", "B=x"]})");
  EXPECT_EQ(Out({"exec", "--process", process, "c1"}), "3\nx\n");
  Detached({"exec", "--detach", "--pid-file", world_->folder() + "/epid", "c1", "sleep", "1000"});
  EXPECT_THAT(Out({"ps", "c1"}), HasSubstr("sleep 1000"));
  EXPECT_EQ(Json::parse(Out({"ps", "--format", "json", "c1"})).size(), 2u);
  Out({"delete", "-f", "c1"});
}

TEST_F(LifeTest, PauseStopsEverything) {
  Write("sleep 1000");
  Detached({"run", "-d", "--bundle", bundle(), "c1"});
  ExpectFails({"resume", "c1"}, "container not paused");
  Out({"pause", "c1"});
  EXPECT_EQ(StatusOf("c1"), "paused");
  ExpectFails({"exec", "c1", "true"}, "cannot exec in a paused container", 255);
  Out({"resume", "c1"});
  EXPECT_EQ(StatusOf("c1"), "running");
  Out({"pause", "c1"});
  Out({"delete", "-f", "c1"});
  ExpectFails({"pause", "c1"}, "container does not exist");
}

TEST_F(LifeTest, UpdateChangesLimitsAndEventsTellOfThem) {
  Write("sleep 1000", [](Json& config) {
    config["linux"]["resources"]["memory"] = {{"limit", 64 << 20}};
    config["linux"]["resources"]["pids"] = {{"limit", 50}};
  });
  Detached({"run", "-d", "--bundle", bundle(), "c1"});
  const auto stats = [&] { return Json::parse(Out({"events", "--stats", "c1"})); };
  EXPECT_EQ(stats()["type"], "stats");
  EXPECT_EQ(stats()["data"]["pids"]["limit"], 50);
  EXPECT_EQ(stats()["data"]["memory"]["usage"]["limit"], 64 << 20);
  Out({"update", "--pids-limit", "70", "--memory", "128m", "c1"});
  EXPECT_EQ(stats()["data"]["pids"]["limit"], 70);
  EXPECT_EQ(stats()["data"]["memory"]["usage"]["limit"], 128 << 20);
  const std::string limits =
      world_->Write("limits.json", R"({"memory": {"limit": 33554432}, "pids": {"limit": 9}})");
  Out({"update", "--resources", limits, "c1"});
  EXPECT_EQ(stats()["data"]["memory"]["usage"]["limit"], 32 << 20);
  ExpectFails({"update", "--memory", "odd", "c1"}, "invalid value for memory");
  const std::string low =
      world_->Write("low.json", R"({"memory": {"limit": 4096, "checkBeforeUpdate": true}})");
  ExpectFails({"update", "-r", low, "c1"}, "unable to set memory limit to 4096");
  Out({"delete", "-f", "c1"});
}

TEST_F(LifeTest, WhatIsNotSupportedSaysSo) {
  ExpectFails({"checkpoint", "c1"}, "checkpoint and restore are not supported");
  // Where there is a systemd: tests/rooted/systemd.
  world_->SetEnv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent");
  ExpectFails({"--systemd-cgroup", "run", "--bundle", bundle(), "c1"}, "--systemd-cgroup");
  ExpectFails({"odd"}, "No help topic for 'odd'", 3);
  const Json features = Json::parse(Out({"features"}));
  EXPECT_EQ(features["ociVersionMin"], "1.0.0");
  EXPECT_EQ(features["hooks"].size(), 6u);
}

TEST_F(LifeTest, ALinkNamedPelagosOciIsTheRuntime) {
  const std::string link = world_->folder() + "/pelagos-oci";
  ASSERT_EQ(::symlink(Runfile("tools/pelagos").c_str(), link.c_str()), 0);
  const Outcome outcome = world_->Tool({link, "--root", root_, "list", "-q"});
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_THAT(world_->Tool({link, "--version"}).out, HasSubstr("spec: 1.2.0"));
}

}  // namespace
}  // namespace pelagos::rooted
