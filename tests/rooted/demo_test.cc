// The stack at the root of this repository, as a user runs it: busybox three times, two networks, a
// volume, a published port, a dependency with a port check, a hook.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {
namespace {

constexpr int kPort = 18080;

class DemoTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (IsSkipped()) return;
    world_.emplace();
    world_->CopyTree("compose.reml", "compose.reml");
    world_->CopyTree("examples/demo", "examples/demo");
    world_->SetEnv("DEMO_PORT", absl::StrCat(kPort));
  }

  void Up() {
    const Outcome up = world_->Pelagos({"compose", "up"});
    ASSERT_EQ(up.code, 0) << up.Describe();
  }

  void Down(bool volumes = false) {
    std::vector<std::string> args = {"compose", "down"};
    if (volumes) args.push_back("-v");
    const Outcome down = world_->Pelagos(args);
    EXPECT_EQ(down.code, 0) << down.Describe();
    EXPECT_TRUE(absl::StrContains(down.out, "Project 'demo' stopped and removed\n"))
        << down.Describe();
    EXPECT_EQ(down.err, "");
  }

  // The page must say so of visit `number`, and that all three services had a hand in it.
  void ExpectPage(int number) {
    const HttpReply page = world_->Get(kPort, "/");
    EXPECT_EQ(page.status, 200) << page.body;
    for (const std::string& part :
         {absl::StrCat("visit ", number, ", counted by store, told by app on "),
          std::string("shown by web on ")}) {
      EXPECT_TRUE(absl::StrContains(page.body, part)) << page.body;
    }
  }

  std::optional<World> world_;
};

TEST_F(DemoTest, ALinePerServiceAndAPageThroughAllThree) {
  const auto up = world_->Start({"compose", "up"});
  std::vector<std::string> lines;
  while (std::optional<std::string> line = up->NextLine()) lines.push_back(*line);
  const Outcome outcome = up->Wait();
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_EQ(outcome.err, "");
  ASSERT_EQ(lines.size(), 5u) << outcome.Describe();
  EXPECT_TRUE(absl::StartsWith(lines[0], "store: ready in ")) << lines[0];
  EXPECT_TRUE(absl::StartsWith(lines[1], "app: ready in ")) << lines[1];
  // Hooks run before their service counts as ready.
  EXPECT_EQ(lines[2], "The demo is ready: curl http://127.0.0.1:18080/");
  EXPECT_TRUE(absl::StartsWith(lines[3], "web: ready in ")) << lines[3];
  EXPECT_TRUE(absl::EndsWith(lines[3], ", 127.0.0.1:18080 -> 80")) << lines[3];
  EXPECT_EQ(lines[4], "Project 'demo' started");
  ExpectPage(1);
  ExpectPage(2);
  Down();
  world_->ExpectNoResidue("down");
}

TEST_F(DemoTest, ALiveDisplayOnATerminal) {
  world_->SetEnv("TERM", "xterm");
  const Outcome up = world_->Tool({"script", "--quiet", "--return", "--command",
                                   Runfile("tools/pelagos") + " compose up", "/dev/null"});
  EXPECT_EQ(up.code, 0) << up.Describe();
  // A row per service, drawn again in place; the last word is theirs.
  const size_t redrawn = up.out.rfind("\x1b[3A");
  ASSERT_NE(redrawn, std::string::npos) << up.Describe();
  for (const char* row : {"✔ store  ready in ", "✔ app    ready in ", "✔ web    ready in "}) {
    EXPECT_NE(up.out.find(row, redrawn), std::string::npos) << row << up.Describe();
  }
  EXPECT_TRUE(absl::StrContains(up.out, "The demo is ready: curl http://127.0.0.1:18080/"))
      << up.Describe();
  ExpectPage(1);
  Down();
  world_->ExpectNoResidue("down");
}

TEST_F(DemoTest, ASecondUpSaysWhoRunsAndDisturbsNothing) {
  Up();
  ExpectPage(1);
  const int supervisor = world_->SupervisorPid("demo");
  EXPECT_GT(supervisor, 0);
  const Outcome second = world_->Pelagos({"compose", "up"});
  EXPECT_EQ(second.code, 1) << second.Describe();
  EXPECT_EQ(second.out, "");
  EXPECT_EQ(second.err,
            absl::StrCat("pelagos: error: project 'demo' is already running (supervisor PID ",
                         supervisor, ")\n"));
  ExpectPage(2);
  Down();
  world_->ExpectNoResidue("down");
}

TEST_F(DemoTest, DataOutlivesTheStackUntilVolumesGo) {
  Up();
  ExpectPage(1);
  Down();
  world_->ExpectNoResidue("down");
  EXPECT_EQ(world_->Volumes(), std::vector<std::string>{"demo-hits"});
  Up();
  ExpectPage(2);
  Down(/*volumes=*/true);
  world_->ExpectNoResidue("down -v");
  EXPECT_EQ(world_->Volumes(), std::vector<std::string>());
  Up();
  ExpectPage(1);
  Down();
  // Volumes of a project that is down already.
  Down(/*volumes=*/true);
  EXPECT_EQ(world_->Volumes(), std::vector<std::string>());
  world_->ExpectNoResidue("down -v");
}

TEST_F(DemoTest, PsShowsWhatRuns) {
  const Outcome none = world_->Pelagos({"compose", "ps"});
  EXPECT_EQ(none.code, 1) << none.Describe();
  Up();
  const std::vector<PsRow> rows = world_->Ps("demo");
  ASSERT_EQ(rows.size(), 3u);
  for (const PsRow& row : rows) {
    EXPECT_EQ(row.container, "demo-" + row.service);
    EXPECT_EQ(row.status, "running") << row.service;
    EXPECT_EQ(::kill(row.pid, 0), 0) << row.service;
  }
  const Outcome table = world_->Pelagos({"compose", "ps"});
  EXPECT_TRUE(absl::StartsWith(table.out, "SERVICE ")) << table.Describe();
  EXPECT_TRUE(absl::StrContains(table.out, "127.0.0.1:18080->80/tcp")) << table.Describe();
  // A service that dies is seen, and disturbs no other.
  const int store = world_->Ps("demo", "store").pid;
  ASSERT_EQ(::kill(store, SIGKILL), 0);
  ASSERT_TRUE(AwaitEnd(store));
  const absl::Time deadline = absl::Now() + kPatience;
  while (world_->Ps("demo", "store").status != "exited (137)" && absl::Now() < deadline) {
  }
  EXPECT_EQ(world_->Ps("demo", "store").status, "exited (137)");
  EXPECT_EQ(world_->Ps("demo", "web").status, "running");
  Down();
  world_->ExpectNoResidue("down");
}

TEST_F(DemoTest, NamesResolveOnTheirNetworksOnly) {
  Up();
  const auto lookup = [&](const char* from, const char* name) {
    return world_->Inside("demo", from, {"/bin/busybox", "nslookup", name});
  };
  const Outcome app = lookup("web", "app");
  EXPECT_EQ(app.code, 0) << app.Describe();
  const Outcome store = lookup("app", "store");
  EXPECT_EQ(store.code, 0) << store.Describe();
  const Outcome hidden = lookup("web", "store");
  EXPECT_NE(hidden.code, 0) << "web must not know store: " << hidden.Describe();

  // Nor is it reached by its address.
  const Outcome addresses = world_->Inside("demo", "store", {"/bin/busybox", "hostname", "-i"});
  ASSERT_EQ(addresses.code, 0) << addresses.Describe();
  const std::string url =
      absl::StrCat("http://", std::string(absl::StripAsciiWhitespace(addresses.out)), ":9000/");
  const auto fetch = [&](const char* from) {
    return world_->Inside("demo", from,
                          {"/bin/busybox", "timeout", "2", "wget", "-q", "-O", "-", url});
  };
  EXPECT_EQ(fetch("app").code, 0) << fetch("app").Describe();
  EXPECT_NE(fetch("web").code, 0) << "web must not reach " << url;
  Down();
  world_->ExpectNoResidue("down");
}

// The content of a file of the process' cgroup, in the hierarchy of `controller` as cgroups(7)
// writes it in /proc/PID/cgroup, empty for v2; "" if it is in no cgroup of its own there.
std::string CgroupFile(int pid, const std::string& controller, const std::string& name) {
  const auto text = sys::ReadFile(absl::StrCat("/proc/", pid, "/cgroup"), 65536);
  if (!text.ok()) return "";
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(*text, '\n'))) {
    // NUMBER:CONTROLLER,...:PATH
    const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3 || !absl::StartsWith(fields[2], "/pelagos-")) continue;
    const std::vector<std::string> controllers = absl::StrSplit(fields[1], ',');
    if (std::count(controllers.begin(), controllers.end(), controller) == 0) continue;
    for (const std::string& mount : CgroupMounts()) {
      const auto value = sys::ReadFile(absl::StrCat(mount, fields[2], "/", name), 4096);
      if (value.ok()) return std::string(absl::StripAsciiWhitespace(*value));
    }
  }
  return "";
}

TEST_F(DemoTest, LimitsAreSet) {
  Up();
  const int store = world_->Ps("demo", "store").pid;
  const int app = world_->Ps("demo", "app").pid;
  const std::string memory_v2 = CgroupFile(store, "", "memory.max");
  EXPECT_EQ(memory_v2.empty() ? CgroupFile(store, "memory", "memory.limit_in_bytes") : memory_v2,
            "67108864");
  const std::string cpu_v2 = CgroupFile(app, "", "cpu.max");
  if (cpu_v2.empty()) {
    double quota = 0, period = 0;
    EXPECT_TRUE(absl::SimpleAtod(CgroupFile(app, "cpu", "cpu.cfs_quota_us"), &quota));
    EXPECT_TRUE(absl::SimpleAtod(CgroupFile(app, "cpu", "cpu.cfs_period_us"), &period));
    EXPECT_EQ(quota / period, 0.5);
  } else {
    EXPECT_EQ(cpu_v2, "50000 100000");
  }
  Down();
  world_->ExpectNoResidue("down");
}

TEST_F(DemoTest, RelativePathsCountFromTheCallersFolder) {
  // As `bazel run` does: it starts programs elsewhere, and says where the user stood.
  World& world = *world_;
  world.CopyTree("compose.reml", "elsewhere/compose.reml");
  world.CopyTree("examples/demo", "elsewhere/examples/demo");
  world.SetEnv("BUILD_WORKING_DIRECTORY", world.folder() + "/elsewhere");
  ASSERT_TRUE(sys::RemoveTree(world.folder() + "/compose.reml").ok());
  Up();
  ExpectPage(1);
  Down();
  world.ExpectNoResidue("down");
}

// Two services that talk, to both streams.
constexpr char kTalkers[] = R"((define (talker name script)
  (service name '(image "busybox") '(network "net") '(stop-grace-period 0)
           (list 'command "sh" "-c" script)))
(compose-up
  (compose (network "net")
           (talker "one" "echo one says hello; echo one warns >&2; exec sleep 1000")
           (talker "two" "i=0; while sleep 0.05; do i=$((i+1)); echo line $i; done"))
  "talk")
)";

TEST_F(DemoTest, LogsOfOneAndOfAll) {
  world_->Write("talk.reml", kTalkers);
  const Outcome up = world_->Pelagos({"compose", "up", "-f", "talk.reml"});
  ASSERT_EQ(up.code, 0) << up.Describe();
  const Outcome one = world_->Pelagos({"compose", "logs", "-f", "talk.reml", "one"});
  EXPECT_EQ(one.code, 0) << one.Describe();
  EXPECT_EQ(one.out, "one | one says hello\n");
  EXPECT_EQ(one.err, "one | one warns\n");
  const Outcome all = world_->Pelagos({"compose", "logs", "-p", "talk"});
  EXPECT_EQ(all.code, 0) << all.Describe();
  EXPECT_TRUE(absl::StrContains(all.out, "one | one says hello\n")) << all.Describe();
  EXPECT_TRUE(absl::StrContains(all.out, "two | line 1\n")) << all.Describe();
  const Outcome nobody = world_->Pelagos({"compose", "logs", "-p", "talk", "three"});
  EXPECT_EQ(nobody.code, 1) << nobody.Describe();
  EXPECT_EQ(nobody.err, "pelagos: error: service 'three' not found in project 'talk'\n");
  EXPECT_EQ(world_->Pelagos({"compose", "down", "-p", "talk"}).code, 0);
  world_->ExpectNoResidue("down");
}

TEST_F(DemoTest, FollowedLogsMissNothingAndEndWithTheStack) {
  world_->Write("talk.reml", kTalkers);
  const Outcome up = world_->Pelagos({"compose", "up", "-f", "talk.reml"});
  ASSERT_EQ(up.code, 0) << up.Describe();
  const auto logs = world_->Start({"compose", "logs", "-p", "talk", "--follow", "two"});
  int expected = 1;
  for (; expected <= 20; ++expected) {
    EXPECT_EQ(logs->NextLine(), absl::StrCat("two | line ", expected));
  }
  EXPECT_FALSE(logs->Ended());
  EXPECT_EQ(world_->Pelagos({"compose", "down", "-p", "talk"}).code, 0);
  while (std::optional<std::string> line = logs->NextLine()) {
    EXPECT_EQ(line, absl::StrCat("two | line ", expected++));
  }
  const Outcome outcome = logs->Wait();
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  world_->ExpectNoResidue("down");
}

}  // namespace
}  // namespace pelagos::rooted
