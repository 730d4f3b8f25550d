// ps, inspect and port: they say what is so, of every kind of container, and change nothing.

#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::UnorderedElementsAre;
using Json = nlohmann::json;

class LookTest : public RunTest {
 protected:
  std::string Must(const Words& words) {
    const Outcome outcome = world_->Pelagos(words);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    EXPECT_EQ(outcome.err, "") << outcome.Describe();
    return outcome.out;
  }
  void MustFail(const Words& words, int code, const std::string& message) {
    const Outcome outcome = world_->Pelagos(words);
    EXPECT_EQ(outcome.code, code) << outcome.Describe();
    EXPECT_THAT(outcome.err, HasSubstr(message)) << outcome.Describe();
  }
  Words Lines(const Words& words) { return absl::StrSplit(Must(words), '\n', absl::SkipEmpty()); }
  // The one row of `ps` about it.
  Json Row(const std::string& name) {
    const Json rows =
        Json::parse(Must({"ps", "-a", "--json", "--filter", absl::StrCat("name=^", name, "$")}));
    EXPECT_EQ(rows.size(), 1u) << rows;
    return rows.size() == 1 ? rows[0] : Json::object();
  }
  std::string StatusOf(const std::string& name) {
    return Must({"ps", "-a", "--filter", absl::StrCat("name=^", name, "$"), "--format", "Status"});
  }
  // Ends one of the world's processes from outside.
  void KillProcess(int pid) {
    ASSERT_GT(pid, 1);
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    ASSERT_TRUE(AwaitEnd(pid));
  }
  // All files below both roots, with what would tell that one was written.
  std::string Files() {
    return world_
        ->Tool({"find", world_->data_root(), world_->run_root(), "-printf", "%p %s %m %T@ %C@\n"})
        .out;
  }
  void StartDetached(const std::string& name, const Words& flags = {},
                     const std::string& script = "sleep 1000") {
    Words words = {"run", "-d", "--name", name};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"busybox", "sh", "-c", script});
    Must(words);
  }
};

TEST_F(LookTest, EveryStateInItsWords) {
  StartDetached("runs");
  StartDetached("rests");
  Must({"pause", "rests"});
  StartDetached("ended", {}, "exit 7");
  EXPECT_EQ(Must({"wait", "ended"}), "7\n");
  StartDetached("lost");
  KillProcess(Row("lost")["watcher_pid"].get<int>());

  EXPECT_THAT(StatusOf("runs"), MatchesRegex("Up [0-9A-Za-z ]+\n"));
  EXPECT_THAT(StatusOf("rests"), MatchesRegex("Up [0-9A-Za-z ]+ \\(Paused\\)\n"));
  EXPECT_THAT(StatusOf("ended"), MatchesRegex("Exited \\(7\\) .* ago\n"));
  EXPECT_THAT(StatusOf("lost"), MatchesRegex("Lost.*\n"));

  EXPECT_THAT(Lines({"ps", "--format", "Names"}), ElementsAre("rests", "runs"));
  EXPECT_THAT(Lines({"ps", "-a", "--format", "Names"}),
              ElementsAre("lost", "ended", "rests", "runs"));
  EXPECT_THAT(Lines({"container", "ls", "-n", "2", "--format", "names"}),
              ElementsAre("lost", "ended"));
  EXPECT_THAT(Lines({"ps", "--filter", "status=lost", "--format", "Names"}), ElementsAre("lost"));
  EXPECT_THAT(Lines({"ps", "-a", "--filter", "exited=7", "--format", "Names"}),
              ElementsAre("ended"));
  const Json row = Row("ended");
  EXPECT_EQ(row["exit_code"], 7);
  EXPECT_EQ(row["pid"], 0);
  EXPECT_EQ(Row("lost")["pid"], 0);
  const int pid = Row("runs")["pid"].get<int>();
  EXPECT_TRUE(std::filesystem::exists(absl::StrCat("/proc/", pid)));
  EXPECT_EQ(Must({"ps", "-lq", "--no-trunc"}).size(), 65u);
  Must({"rm", "-f", "runs", "rests", "ended", "lost"});
  EXPECT_EQ(Must({"ps", "-a", "--json"}), "[]\n");
}

TEST_F(LookTest, AllKindsOfContainersAreThere) {
  world_->Write("compose.reml",
                "(compose-up (compose (service \"web\" '(image \"busybox\") '(port 8081 80) "
                "'(command \"httpd\" \"-f\" \"-p\" \"80\"))))\n");
  const Outcome up = world_->Pelagos({"compose", "up", "-p", "shop"});
  ASSERT_EQ(up.code, 0) << up.Describe();
  StartDetached("kept");
  const std::unique_ptr<Program> foreground = world_->Start(
      {"run", "--rm", "--name", "near", "busybox", "sh", "-c", "echo up; sleep 1000"});
  ASSERT_TRUE(foreground->AwaitLine("up"));

  EXPECT_THAT(Lines({"ps", "--format", "Names"}), UnorderedElementsAre("near", "kept", "shop-web"));
  EXPECT_THAT(Lines({"ps", "--filter", "project=shop", "--format", "Service,Ports"}),
              ElementsAre("web\t127.0.0.1:8081->80/tcp"));
  EXPECT_EQ(Must({"port", "shop-web"}), "80/tcp -> 127.0.0.1:8081\n");
  EXPECT_EQ(Must({"port", "shop-web", "80"}), "127.0.0.1:8081\n");
  MustFail({"port", "shop-web", "81"}, 1, "port 81/tcp is not published");
  MustFail({"port", "shop-web", "http"}, 2, "expected a port");
  MustFail({"port", "nobody"}, 1, "no container is named 'nobody'");

  const Json service = Json::parse(Must({"inspect", "shop-web"}))[0];
  EXPECT_EQ(service["Kind"], "service");
  EXPECT_EQ(service["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"], "8081");
  EXPECT_THAT(service["NetworkSettings"]["IPAddress"].get<std::string>(), MatchesRegex("10\\..*"));
  EXPECT_TRUE(service["Plan"].is_object()) << service["PlanProblem"];
  EXPECT_EQ(Must({"inspect", "--format", "State.Running", "near"}), "true\n");
  EXPECT_EQ(Must({"inspect", "--type", "network", "--format", "Name", "shop-default"}),
            "shop-default\n");

  foreground->Signal(SIGKILL);
  foreground->Wait();
  EXPECT_THAT(Lines({"ps", "-a", "--format", "Names"}), UnorderedElementsAre("kept", "shop-web"));
  Must({"rm", "-f", "kept"});
  const Outcome down = world_->Pelagos({"compose", "down", "-p", "shop"});
  EXPECT_EQ(down.code, 0) << down.Describe();
}

TEST_F(LookTest, InspectHasTheWholeSpecAndPlan) {
  StartDetached("web", {"-e", "COLOUR=blue", "--read-only", "--memory", "64m"});
  const Json web = Json::parse(Must({"inspect", "web"}))[0];
  EXPECT_EQ(web["State"]["Status"], "running");
  EXPECT_EQ(web["HostConfig"]["Memory"], 64 << 20);
  EXPECT_EQ(web["HostConfig"]["ReadonlyRootfs"], true);
  EXPECT_EQ(web["Spec"]["name"], "web");
  ASSERT_TRUE(web["Plan"].is_object()) << web["PlanProblem"];
  EXPECT_EQ(web["Plan"]["id"], web["Id"]);
  EXPECT_THAT(web["Plan"].dump(), HasSubstr("COLOUR=blue"));
  EXPECT_TRUE(std::filesystem::exists(web["LogPath"].get<std::string>()));

  const std::string id = web["Id"];
  EXPECT_EQ(Must({"container", "inspect", "--format", "Name", id.substr(0, 10)}), "web\n");
  EXPECT_EQ(Must({"inspect", "-f", "Config.Env.0", "web"}), "COLOUR=blue\n");
  EXPECT_EQ(Json::parse(Must({"inspect", "--format", "json", "web"}))["Id"], id);
  EXPECT_GT(Json::parse(Must({"inspect", "-s", "web"}))[0]["SizeRootFs"].get<uint64_t>(), 100000u);
  EXPECT_EQ(Must({"inspect", "--format", "Reference", "busybox"}),
            "docker.io/library/busybox:latest\n");

  MustFail({"inspect", "nobody"}, 1, "no container, image, volume or network is named 'nobody'");
  MustFail({"inspect", "--type", "image", "web"}, 1, "web");
  MustFail({"inspect", "--type", "pod", "web"}, 2, "expected container, image");
  MustFail({"inspect", "-f", "{{.State.Status}}", "web"}, 2, "--format State.Status");
  MustFail({"inspect", "-f", "State.Sttaus", "web"}, 1, "did you mean 'Status'?");
  // What was found is printed, whatever else was asked for.
  const Outcome some = world_->Pelagos({"inspect", "--format", "Name", "nobody", "web"});
  EXPECT_EQ(some.code, 1);
  EXPECT_EQ(some.out, "web\n");
  Must({"rm", "-f", "web"});
}

TEST_F(LookTest, LookingChangesNothing) {
  StartDetached("web");
  StartDetached("lost");
  KillProcess(Row("lost")["watcher_pid"].get<int>());
  const std::string before = Files();
  ASSERT_THAT(before, HasSubstr("/containers/"));
  Must({"ps", "-a"});
  Must({"ps", "-as", "--json"});
  Must({"inspect", "web", "lost"});
  Must({"port", "web"});
  Must({"__complete", "--", "start", ""});
  EXPECT_EQ(Files(), before);
  Must({"rm", "-f", "web", "lost"});
}

// In a real bash, by the script that we print.
class CompletionTest : public LookTest {
 protected:
  // What bash offers for a line with the cursor at its end, a line each.
  std::string Completed(const std::string& line) {
    const std::string script =
        absl::StrCat("source completion.bash; PATH=", Runfile("tools"), ":$PATH\nCOMP_LINE='", line,
                     "' COMP_POINT=", line.size(),
                     "\ncompopt() { :; }\n_pelagos\nprintf '%s\\n' \"${COMPREPLY[@]}\"");
    world_->Write("script.bash", script);
    const Outcome outcome = world_->Tool({"bash", world_->folder() + "/script.bash"});
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    EXPECT_EQ(outcome.err, "") << outcome.Describe();
    return outcome.out;
  }
};

TEST_F(CompletionTest, InBash) {
  world_->Write("completion.bash", Must({"generate", "completion", "bash"}));
  StartDetached("webby");
  EXPECT_THAT(absl::StrSplit(Completed("pelagos st"), '\n', absl::SkipEmpty()),
              ::testing::IsSupersetOf({std::string("start"), std::string("stop")}));
  EXPECT_EQ(Completed("pelagos start we"), "webby\n");
  EXPECT_EQ(Completed("pelagos container inspect we"), "webby\n");
  EXPECT_EQ(Completed("pelagos compose up --fo"), "--foreground\n");
  EXPECT_EQ(Completed("pelagos ps --format=j"), "json\n");  // behind the '=' that bash breaks at
  EXPECT_EQ(Completed("pelagos rmi busy"), "busybox:latest\n");
  EXPECT_EQ(Completed("pelagos rmi busybox:la"), "latest\n");
  EXPECT_EQ(Completed("pelagos compose up -f compl"), "completion.bash\n");
  EXPECT_EQ(Completed("pelagos nonsense "), "\n");
  Must({"rm", "-f", "webby"});
}

}  // namespace
}  // namespace pelagos::rooted
