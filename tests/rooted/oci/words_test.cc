// What clients read and rely on: help, usage and messages, exit codes, and what becomes of a
// container whose first process is not all of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/rooted/oci/bundle.h"

namespace pelagos::rooted {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class WordsTest : public OciTest {
 protected:
  pid_t PidOf(const std::string& id) { return Json::parse(Out({"state", id}))["pid"].get<pid_t>(); }

  // A container that shares our pids: its first process and three more.
  void RunWithOurPids() {
    Write("sleep 1000", [](Json& config) {
      Json own = Json::array();
      for (const Json& entry : config["linux"]["namespaces"]) {
        if (entry["type"] != "pid") own.push_back(entry);
      }
      config["linux"]["namespaces"] = own;
    });
    Detached({"run", "-d", "--bundle", bundle(), "c1"});
    for (int i = 0; i < 3; ++i) Detached({"exec", "-d", "c1", "sleep", "1000"});
  }
  // Ends the first process, not by our commands, and waits for it.
  void EndFirst() {
    const auto pidfd = sys::OpenPidfd(PidOf("c1"));
    ASSERT_TRUE(pidfd.ok());
    ASSERT_TRUE(sys::Signal(*pidfd, SIGKILL).ok());
    pollfd wait = {pidfd->get(), POLLIN, 0};
    ASSERT_EQ(::poll(&wait, 1, 60000), 1);
  }
  // All of them, with pidfds taken before.
  std::vector<Fd> Processes() {
    std::vector<Fd> pidfds;
    for (const Json& pid : Json::parse(Out({"ps", "-f", "json", "c1"}))) {
      auto pidfd = sys::OpenPidfd(pid.get<pid_t>());
      EXPECT_TRUE(pidfd.ok());
      if (pidfd.ok()) pidfds.push_back(*std::move(pidfd));
    }
    return pidfds;
  }
  void ExpectEnded(const std::vector<Fd>& pidfds) {
    for (const Fd& pidfd : pidfds) {
      pollfd wait = {pidfd.get(), POLLIN, 0};
      EXPECT_EQ(::poll(&wait, 1, 60000), 1);
    }
  }
};

TEST_F(WordsTest, KillReachesAllWhoseFirstProcessIsNoInit) {
  RunWithOurPids();
  const std::vector<Fd> processes = Processes();
  ASSERT_EQ(processes.size(), 4u);
  Out({"kill", "c1", "KILL"});
  ExpectEnded(processes);
  EXPECT_EQ(StatusOf("c1"), "stopped");
  ExpectFails({"kill", "c1", "KILL"}, "container not running");
  Out({"delete", "c1"});
}

TEST_F(WordsTest, KillAndDeleteReachThoseThatTheFirstProcessLeft) {
  RunWithOurPids();
  EndFirst();
  EXPECT_EQ(StatusOf("c1"), "stopped");
  std::vector<Fd> processes = Processes();
  ASSERT_EQ(processes.size(), 3u);
  ExpectFails({"kill", "c1", "TERM"}, "container not running");
  Out({"kill", "c1", "KILL"});
  ExpectEnded(processes);
  Out({"delete", "c1"});

  RunWithOurPids();
  EndFirst();
  processes = Processes();
  ASSERT_EQ(processes.size(), 3u);
  Out({"delete", "c1"});
  ExpectEnded(processes);
}

TEST_F(WordsTest, SignalsAreNamesAndNumbers) {
  Write("trap 'echo got > /got; exit 0' USR1; while :; do sleep 0.01; done");
  Detached({"run", "-d", "--bundle", bundle(), "c1"});
  Out({"kill", "c1", "0"});
  EXPECT_EQ(StatusOf("c1"), "running");
  ExpectFails({"kill", "c1", "SIGODD"}, "unknown signal");
  EndFirst();
  ExpectFails({"kill", "c1", "0"}, "container not running");
  Out({"kill", "--all", "c1", "0"});
  Out({"delete", "c1"});
}

TEST_F(WordsTest, ExecJoinsCgroupsBelow) {
  Write("sleep 1000");
  Detached({"run", "-d", "--bundle", bundle(), "c1"});
  ExpectFails({"exec", "--cgroup", "..", "c1", "true"}, "bad sub cgroup path", 255);
  ExpectFails({"exec", "--cgroup", "none", "c1", "true"}, "no such file or directory", 255);
  ExpectFails({"exec", "--cgroup", "odd:a", "c1", "true"}, "unknown controller odd", 255);
  EXPECT_EQ(Out({"exec", "--cgroup", "/", "c1", "cat", "/proc/self/cgroup"}),
            Out({"exec", "c1", "cat", "/proc/1/cgroup"}));
  size_t made = 0;
  for (const std::string& mount : CgroupMounts()) {
    if (::access((mount + "/c1").c_str(), F_OK) != 0) continue;  // a hierarchy without controllers
    ASSERT_EQ(::mkdir((mount + "/c1/below").c_str(), 0755), 0) << mount;
    ++made;
    // A cpuset of v1 begins without processors.
    for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
      const auto above = sys::ReadFile(absl::StrCat(mount, "/c1/", file), 4096);
      if (above.ok()) {
        sys::WriteKernelFile(absl::StrCat(mount, "/c1/below/", file), *above).IgnoreError();
      }
    }
  }
  const std::vector<std::string> lines =
      absl::StrSplit(Out({"exec", "--cgroup", "below", "c1", "cat", "/proc/self/cgroup"}), '\n',
                     absl::SkipEmpty());
  size_t below = 0;
  for (const std::string& line : lines) below += absl::EndsWith(line, "/below") ? 1 : 0;
  EXPECT_GE(made, 1u);
  EXPECT_EQ(below, made);
  Out({"delete", "-f", "c1"});
}

TEST_F(WordsTest, AFrozenCgroupIsNoPlaceForAContainer) {
  Write("true", [](Json& config) { config["linux"]["cgroupsPath"] = "/c1"; });
  size_t frozen = 0;
  for (const std::string& mount : CgroupMounts()) {
    const std::string folder = mount + "/c1";
    ASSERT_EQ(::mkdir(folder.c_str(), 0755), 0) << folder;
    if (sys::WriteKernelFile(folder + "/freezer.state", "FROZEN").ok() ||
        sys::WriteKernelFile(folder + "/cgroup.freeze", "1").ok()) {
      ++frozen;
      ExpectFails({"run", "--bundle", bundle(), "c1"}, "container's cgroup unexpectedly frozen");
    }
    EXPECT_EQ(::rmdir(folder.c_str()), 0) << folder;
  }
  EXPECT_GE(frozen, 1u);
}

TEST_F(WordsTest, ReadOnlyDevIsFilledFirst) {
  const std::string out =
      Run("ls /dev/null /dev/pts/ptmx; grep ' /dev ' /proc/mounts", [](Json& c) {
        for (Json& mount : c["mounts"]) {
          if (mount["destination"] == "/dev") mount["options"].push_back("ro");
        }
      });
  EXPECT_THAT(out, AllOf(HasSubstr("/dev/null\n/dev/pts/ptmx\n"), HasSubstr("tmpfs ro,")));
}

TEST_F(WordsTest, HelpHasTheShapeThatProgramsKnow) {
  for (const Words& words : {Words{"--help"}, Words{"-h"}, Words{"help"}}) {
    EXPECT_THAT(Out(words),
                StartsWith("NAME:\n   pelagos-oci - Open Container Initiative runtime\n"));
  }
  for (const char* name : {"create", "delete", "events", "exec", "kill", "list", "pause", "restore",
                           "resume", "spec", "start", "run", "state", "update", "checkpoint"}) {
    EXPECT_THAT(Out({name, "-h"}), StartsWith(absl::StrCat("NAME:\n   pelagos-oci ", name, " - ")));
    EXPECT_EQ(Out({"help", name}), Out({name, "--help"}));
  }
  ExpectFails({"odd", "-h"}, "No help topic for 'odd'", 3);
}

TEST_F(WordsTest, WrongUseSaysWhatIsExpected) {
  const Outcome outcome = Oci({"state"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, StartsWith("Incorrect Usage.\n\nNAME:\n   pelagos-oci state"));
  EXPECT_THAT(outcome.err, HasSubstr("pelagos-oci: \\\"state\\\" requires exactly 1 argument(s)"));
  ExpectFails({"list", "x"}, "\\\"list\\\" requires exactly 0 argument(s)");
  ExpectFails({"kill"}, "\\\"kill\\\" requires a minimum of 1 argument(s)");
  ExpectFails({"kill", "a", "b", "c"}, "\\\"kill\\\" requires a maximum of 2 argument(s)");
  ExpectFails({"list", "--format", "odd"}, "invalid format option");
  // Flags as Go reads them.
  EXPECT_EQ(Out({"-debug=false", "list", "-format", "json"}), "null\n");
  EXPECT_EQ(Out({"list", "-quiet", "--format=json"}), "");
}

TEST_F(WordsTest, DebugTellsEachStep) {
  Write("echo ran");
  const Outcome outcome = Oci({"--debug", "run", "--bundle", bundle(), "c1"});
  EXPECT_EQ(outcome.out, "ran\n");
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("level=debug"), HasSubstr("exec sh -c")));
  const std::string log = world_->folder() + "/log.json";
  const Outcome logged =
      Oci({"--debug", "--log", log, "--log-format", "json", "run", "--bundle", bundle(), "c1"});
  EXPECT_EQ(logged.err, "");
  const std::vector<std::string> lines =
      absl::StrSplit(*sys::ReadFile(log, 1 << 20), '\n', absl::SkipEmpty());
  EXPECT_THAT(lines, Each(HasSubstr("\"level\":\"debug\"")));
}

TEST_F(WordsTest, HooksThatFailAreQuoted) {
  for (const char* kind : {"prestart", "createRuntime", "createContainer", "startContainer"}) {
    Write("echo ran", [kind](Json& config) {
      config["hooks"][kind] = {
          {{"path", "/bin/sh"}, {"args", {"sh", "-c", "echo out; echo err >&2; exit 3"}}}};
    });
    const Outcome outcome = Oci({"run", "--bundle", bundle(), "c1"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err,
                HasSubstr(absl::StrCat("error running ", kind, " hook #0: exit status ",
                                       "3, stdout: out, stderr: err")));
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(WordsTest, SpecWritesWhatItSays) {
  EXPECT_EQ(usual_["root"]["readonly"], true);
  for (const Json& variable : usual_["process"]["env"]) {
    EXPECT_THAT(variable.get<std::string>(), Not(StartsWith("HOME=")));
  }
  ExpectFails({"spec", "--bundle", bundle()}, "File config.json exists. Remove it first");
  const std::string folder = world_->folder() + "/other";
  ASSERT_TRUE(sys::MakeFolders(folder, 0755).ok());
  Out({"spec", "--rootless", "-b", folder});
  const Json rootless = Json::parse(*sys::ReadFile(folder + "/config.json", 1 << 20));
  const Json map = {{{"containerID", 0}, {"hostID", ::geteuid()}, {"size", 1}}};
  EXPECT_EQ(rootless["linux"]["uidMappings"], map);
  EXPECT_FALSE(rootless["linux"].contains("resources"));
  std::vector<std::string> kinds;
  for (const Json& entry : rootless["linux"]["namespaces"]) kinds.push_back(entry["type"]);
  EXPECT_THAT(kinds, Not(::testing::Contains("network")));
  EXPECT_THAT(kinds, ::testing::Contains("user"));
}

}  // namespace
}  // namespace pelagos::rooted
