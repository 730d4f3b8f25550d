// `events`, `stats` and `top`, of containers of all kinds.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

using Json = nlohmann::json;

class ObserveTest : public RunTest {
 protected:
  std::string Do(const Words& words) {
    const Outcome outcome = world_->Pelagos(words);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
  }
  void StartDetached(const std::string& name, const std::string& script, const Words& flags = {}) {
    Words words = {"run", "-d", "--name", name, "--network", "none"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"busybox", "sh", "-c", script});
    Do(words);
  }
  Json JsonOf(const Words& words) {
    const std::string text = Do(words);
    const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    EXPECT_FALSE(json.is_discarded()) << text;
    return json;
  }
  // One JSON object a line.
  std::vector<Json> Events(Words words) {
    words.insert(words.begin(), {"events", "--format", "json"});
    std::vector<Json> events;
    const std::string text = Do(words);
    for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      events.push_back(Json::parse(line.begin(), line.end(), nullptr, false));
      EXPECT_FALSE(events.back().is_discarded()) << line;
    }
    return events;
  }
  std::vector<std::string> Actions(const Words& words) {
    std::vector<std::string> actions;
    for (const Json& event : Events(words)) actions.push_back(event["Action"]);
    return actions;
  }
};

TEST_F(ObserveTest, EventsOfALife) {
  // Begun before there is anything at all: not even the folder of the journal.
  ASSERT_FALSE(std::filesystem::exists(world_->run_root()));
  const auto events = world_->Start({"events", "--since", "1h"});
  StartDetached("c", "exit 3");
  EXPECT_TRUE(events->AwaitLine(" container create "));
  EXPECT_TRUE(events->AwaitLine(" container start "));
  EXPECT_TRUE(events->AwaitLine(" (exitCode=3, image=busybox, name=c)"));
  EXPECT_FALSE(events->Ended());
  Do({"rm", "c"});
  EXPECT_TRUE(events->AwaitLine(" container destroy "));

  StartDetached("d", "exec sleep 1000");
  Do({"pause", "d"});
  Do({"unpause", "d"});
  Do({"rename", "d", "e"});
  Do({"rm", "-f", "e"});
  using Names = std::vector<std::string>;
  const Names all = Actions({"--until", "0s"});
  EXPECT_EQ(Names(all.begin(), all.begin() + 4), (Names{"create", "start", "die", "destroy"}));
  EXPECT_EQ(Actions({"--since", "1h", "--until", "0s", "--filter", "container=c"}),
            (Names{"create", "start", "die", "destroy"}));
  EXPECT_EQ(Actions({"--until", "0s", "--filter", "event=pause", "--filter", "event=unpause"}),
            (Names{"pause", "unpause"}));
  const std::vector<Json> renamed = Events({"--until", "0s", "--filter", "event=rename"});
  ASSERT_EQ(renamed.size(), 1u);
  EXPECT_EQ(renamed[0]["Actor"]["Attributes"]["oldName"], "d");
  EXPECT_EQ(renamed[0]["Actor"]["Attributes"]["name"], "e");
  EXPECT_EQ(Actions({"--since", "1h", "--until", "30m"}), Names());
  EXPECT_EQ(world_->Pelagos({"events", "--filter", "event=dye"}).code, 2);
  EXPECT_EQ(world_->Pelagos({"events", "--filter", "color=red"}).code, 2);
  events->Signal(SIGTERM);
  events->Wait();
  world_->ExpectNoResidue("rm");
}

TEST_F(ObserveTest, EventsOfWhatIsDoneToOne) {
  using Names = std::vector<std::string>;
  StartDetached("c", "exec sleep 1000", {"--label", "team=shop"});
  EXPECT_EQ(world_->Pelagos({"exec", "c", "sh", "-c", "exit 4"}).code, 4);
  Do({"exec", "-d", "c", "true"});
  world_->Write("file", "x");
  Do({"cp", "-q", "file", "c:/"});
  Do({"cp", "-q", "c:/file", "copy"});
  Do({"export", "-o", "all.tar", "c"});
  const std::string image = Do({"commit", "-m", "why", "c", "committed"});
  EXPECT_EQ(Actions({"--until", "0s"}),
            (Names{"create", "start", "exec_create: sh -c exit 4", "exec_start: sh -c exit 4",
                   "exec_die", "exec_create: true", "exec_start: true", "extract-to-dir",
                   "archive-path", "export", "pause", "unpause", "commit"}));
  const std::vector<Json> execs =
      Events({"--until", "0s", "--filter", "event=exec_create", "--filter", "event=exec_start",
              "--filter", "event=exec_die"});
  ASSERT_EQ(execs.size(), 5u);
  const Json& created = execs[0]["Actor"]["Attributes"];
  const Json& died = execs[2]["Actor"]["Attributes"];
  EXPECT_EQ(std::string(created["execID"]).size(), 64u);
  EXPECT_EQ(created["execID"], died["execID"]);
  EXPECT_NE(created["execID"], execs[3]["Actor"]["Attributes"]["execID"]);
  EXPECT_EQ(died["exitCode"], "4");
  EXPECT_EQ(died["team"], "shop");
  const std::vector<Json> commits = Events({"--until", "0s", "--filter", "event=commit"});
  ASSERT_EQ(commits.size(), 1u);
  EXPECT_EQ(std::string(commits[0]["Actor"]["Attributes"]["imageID"]) + "\n", image);
  EXPECT_EQ(commits[0]["Actor"]["Attributes"]["comment"], "why");
  Do({"rm", "-f", "c"});
  // Attached to from its beginning.
  EXPECT_EQ(Do({"run", "--name", "d", "busybox", "echo", "hi"}), "hi\n");
  EXPECT_EQ(Actions({"--until", "0s", "--filter", "container=d"}),
            (Names{"create", "attach", "start", "die"}));
}

TEST_F(ObserveTest, ServicesToo) {
  using Names = std::vector<std::string>;
  world_->Write("talk.reml", R"((compose-up
  (compose (service "one" '(image "busybox") '(stop-grace-period 0)
             (list 'command "sh" "-c" "exec sleep 4444")))
  "talk"))");
  const Outcome up = world_->Pelagos({"compose", "up", "-f", "talk.reml"});
  ASSERT_EQ(up.code, 0) << up.Describe();
  const Json stats = JsonOf({"stats", "--no-stream", "--format", "json", "talk-one"});
  ASSERT_EQ(stats.size(), 1u) << stats;
  EXPECT_EQ(stats[0]["Name"], "talk-one");
  EXPECT_EQ(stats[0]["PIDs"], "1");
  EXPECT_TRUE(absl::StrContains(Do({"top", "talk-one"}), "sleep 4444"));
  EXPECT_EQ(Do({"exec", "talk-one", "echo", "hi"}), "hi\n");
  Do({"compose", "down", "-p", "talk"});
  EXPECT_EQ(
      Actions({"--until", "0s", "--filter", "container=talk-one"}),
      (Names{"start", "exec_create: echo hi", "exec_start: echo hi", "exec_die", "die", "stop"}));
  EXPECT_EQ(Actions({"--until", "0s", "--filter", "label=com.docker.compose.project=talk",
                     "--filter", "event=die"}),
            Names{"die"});
  world_->ExpectNoResidue("down");
}

TEST_F(ObserveTest, StatsOfWhatWorksAndWhatSleeps) {
  StartDetached("busy", "while :; do :; done", {"--memory", "64m", "--pids-limit", "20"});
  StartDetached("idle", "exec sleep 1000");
  const auto foreground = world_->Start({"run", "--rm", "--name", "fore", "--network", "none",
                                         "busybox", "sh", "-c", "echo up; sleep 1000"});
  ASSERT_EQ(foreground->NextLine(), "up");
  const Json all = JsonOf({"stats", "--no-stream", "--format", "json"});
  ASSERT_EQ(all.size(), 3u) << all;
  std::map<std::string, Json> rows;
  for (const Json& row : all) rows[row["Name"]] = row;
  const auto percent = [&](const std::string& name) {
    const std::string text = rows[name]["CPUPerc"];
    double value = -1;
    EXPECT_TRUE(absl::SimpleAtod(text.substr(0, text.find('%')), &value)) << text;
    return value;
  };
  EXPECT_GT(percent("busy"), 5);
  EXPECT_LT(percent("idle"), percent("busy"));
  EXPECT_LT(percent("fore"), percent("busy"));
  EXPECT_TRUE(absl::EndsWith(std::string(rows["busy"]["MemUsage"]), " / 64MiB"))
      << rows["busy"]["MemUsage"];
  for (const char* name : {"busy", "idle", "fore"}) {
    SCOPED_TRACE(rows[name].dump());
    EXPECT_FALSE(absl::StartsWith(std::string(rows[name]["MemUsage"]), "--"));
    EXPECT_FALSE(absl::StartsWith(std::string(rows[name]["MemUsage"]), "0B"));
    EXPECT_EQ(rows[name]["NetIO"], "0B / 0B");
  }
  EXPECT_EQ(rows["busy"]["PIDs"], "1");
  EXPECT_EQ(rows["idle"]["PIDs"], "1");
  EXPECT_EQ(rows["fore"]["PIDs"], "1");
  // As a stream, until nobody listens any more.
  const auto stream = world_->Start({"stats", "--format", "Name", "idle"});
  EXPECT_EQ(stream->NextLine(), "idle");
  EXPECT_EQ(stream->NextLine(), "idle");
  stream->Signal(SIGTERM);
  stream->Wait();
  Do({"stop", "-t", "0", "idle"});
  const Json idle = JsonOf({"stats", "--no-stream", "--json", "idle"});
  ASSERT_EQ(idle.size(), 1u);
  EXPECT_EQ(idle[0]["CPUPerc"], "--");
  EXPECT_EQ(world_->Pelagos({"stats", "--no-stream", "nobody"}).code, 1);
  Do({"rm", "-f", "busy", "idle"});
}

TEST_F(ObserveTest, TopSeesTheProcessesFromTheHost) {
  StartDetached("c", "sleep 1111 & exec sleep 2222");
  const auto foreground = world_->Start(
      {"run", "--rm", "--name", "fore", "busybox", "sh", "-c", "echo up; exec sleep 3333"});
  ASSERT_EQ(foreground->NextLine(), "up");
  const absl::Time deadline = absl::Now() + kPatience;
  std::map<std::string, Json> rows;
  while (rows.count("sleep 2222") == 0 && absl::Now() < deadline) {
    rows.clear();
    for (const Json& row : JsonOf({"top", "--json", "c", "-o", "pid,ppid,nspid,user,args"})) {
      rows[row["args"]] = row;
    }
  }
  ASSERT_EQ(rows.size(), 2u) << Json(rows);
  EXPECT_EQ(rows["sleep 1111"]["ppid"], rows["sleep 2222"]["pid"]);
  EXPECT_EQ(rows["sleep 2222"]["nspid"], "1");
  EXPECT_EQ(rows["sleep 2222"]["user"], "root");
  const std::string pid = rows["sleep 2222"]["pid"];
  EXPECT_TRUE(std::filesystem::exists(absl::StrCat("/proc/", pid, "/stat")));
  const std::string table = Do({"top", "fore"});
  EXPECT_TRUE(absl::StartsWith(table, "USER")) << table;
  EXPECT_TRUE(absl::StrContains(table, "sleep 3333")) << table;
  EXPECT_EQ(world_->Pelagos({"top", "c", "-o", "color"}).code, 2);
  Do({"stop", "-t", "0", "c"});
  const Outcome ended = world_->Pelagos({"top", "c"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.err, "pelagos: error: container 'c' does not run\n");
  Do({"rm", "c"});
}

}  // namespace
}  // namespace pelagos::rooted
