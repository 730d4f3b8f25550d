// Hooks: when, where, with what on their standard input, and what becomes of their failures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/rooted/oci/bundle.h"

namespace pelagos::rooted {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HooksTest : public OciTest {
 protected:
  static constexpr const char* kKinds[] = {"prestart",       "createRuntime", "createContainer",
                                           "startContainer", "poststart",     "poststop"};

  // Each writes its kind, the status it is told, and which mount namespace it is in.
  Json Telling(const std::string& kind) {
    const bool inside = kind == "startContainer";
    const std::string log = inside ? "/log" : bundle() + "/rootfs/log";
    const std::string script =
        absl::StrCat(R"(read -r state; s=${state#*status\":\"}; p=${state#*pid\":}; echo )", kind,
                     R"( ${s%%\"*} $(readlink /proc/self/ns/mnt) ${p%%,*} >> )", log);
    return {{"path", "/bin/sh"}, {"args", {"sh", "-c", script}}, {"env", {"PATH=/usr/bin:/bin"}}};
  }
  std::vector<std::vector<std::string>> Log() {
    std::vector<std::vector<std::string>> rows;
    const auto text = sys::ReadFile(bundle() + "/rootfs/log", 1 << 20);
    if (!text.ok()) return rows;
    for (absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
      rows.push_back(absl::StrSplit(line, ' '));
    }
    return rows;
  }
  std::vector<std::string> Kinds() {
    std::vector<std::string> kinds;
    for (const auto& row : Log()) kinds.push_back(row[0]);
    return kinds;
  }
};

TEST_F(HooksTest, AllSixInTheirOrderAndPlaces) {
  Write("echo program x x x >> /log", [&](Json& config) {
    for (const char* kind : kKinds) config["hooks"][kind] = {Telling(kind)};
  });
  Detached({"create", "--bundle", bundle(), "c1"});
  EXPECT_THAT(Kinds(), ElementsAre("prestart", "createRuntime", "createContainer"));
  const int pid = Json::parse(Out({"state", "c1"}))["pid"];
  const std::string host = world_->Tool({"readlink", "/proc/self/ns/mnt"}).out;
  const std::string inside = world_->Tool({"readlink", absl::StrCat("/proc/", pid, "/ns/mnt")}).out;
  const auto pidfd = sys::OpenPidfd(pid);
  Out({"start", "c1"});
  pollfd wait = {pidfd->get(), POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 60000), 1);
  Out({"delete", "c1"});
  const auto log = Log();
  ASSERT_EQ(log.size(), 7u);
  std::vector<std::string> kinds = Kinds();
  // The program and poststart run at the same time.
  EXPECT_EQ(kinds[3], "startContainer");
  EXPECT_EQ(kinds[6], "poststop");
  const std::string p = absl::StrCat(pid);
  for (const auto& row : log) {
    if (row[0] == "program") continue;
    const bool in = row[0] == "createContainer" || row[0] == "startContainer";
    EXPECT_EQ(row[2] + "\n", in ? inside : host) << row[0];
    EXPECT_EQ(row[3], in ? "1" : row[0] == "poststop" ? "0" : p) << row[0];
  }
  EXPECT_EQ(log[0][1], "creating");
  EXPECT_EQ(log[2][1], "creating");
  EXPECT_EQ(log[3][1], "created");
  EXPECT_EQ(log[6][1], "stopped");
}

TEST_F(HooksTest, WhereTheyBegin) {
  const auto writing_where = [](const char* name) {
    return Json{{"path", "/bin/sh"}, {"args", {"sh", "-c", absl::StrCat("pwd -P >", name)}}};
  };
  Write("cat /by-container; cat /by-start", [&](Json& config) {
    config["process"]["cwd"] = "/bin";
    config["hooks"] = {{"createRuntime", {writing_where("by-runtime")}},
                       {"createContainer", {writing_where("by-container")}},
                       {"startContainer", {writing_where("/by-start")}}};
  });
  EXPECT_EQ(Out({"run", "--bundle", bundle(), "c1"}), bundle() + "/rootfs\n/bin\n");
  EXPECT_EQ(*sys::ReadFile(bundle() + "/by-runtime", 4096), bundle() + "\n");
}

TEST_F(HooksTest, AFailureWhileCreatingUndoesAll) {
  for (const char* kind : {"prestart", "createRuntime", "createContainer"}) {
    Write("echo ran", [&](Json& config) {
      config["hooks"][kind] = {
          {{"path", "/bin/sh"}, {"args", {"sh", "-c", "echo why >&2; exit 3"}}}};
      config["hooks"]["poststop"] = {Telling("poststop")};
    });
    ExpectFails({"create", "--bundle", bundle(), "c1"},
                absl::StrCat("error running ", kind, " hook #0: exit status 3"));
    EXPECT_EQ(StatusOf("c1"), "none");
    EXPECT_THAT(Kinds(), ElementsAre("poststop")) << kind;
    ::unlink((bundle() + "/rootfs/log").c_str());
  }
}

TEST_F(HooksTest, AFailureWhileStartingStopsTheContainer) {
  for (const char* kind : {"startContainer", "poststart"}) {
    Write("sleep 1000", [&](Json& config) {
      config["hooks"][kind] = {{{"path", "/bin/sh"}, {"args", {"sh", "-c", "exit 4"}}}};
    });
    Detached({"create", "--bundle", bundle(), "c1"});
    ExpectFails({"start", "c1"}, absl::StrCat("error running ", kind, " hook #0: exit status 4"));
    EXPECT_EQ(StatusOf("c1"), "stopped") << kind;
    Out({"delete", "c1"});
  }
}

TEST_F(HooksTest, TimeRunsOut) {
  Write("echo ran", [&](Json& config) {
    config["hooks"]["createRuntime"] = {
        {{"path", "/bin/sleep"}, {"args", {"sleep", "1000"}}, {"timeout", 1}}};
  });
  ExpectFails({"create", "--bundle", bundle(), "c1"}, "hook ran past specified timeout of 1.0s");
}

TEST_F(HooksTest, PoststopFailuresAreWarnings) {
  Write("true", [&](Json& config) {
    config["hooks"]["poststop"] = {{{"path", "/bin/false"}}, Telling("poststop")};
  });
  const Outcome outcome = Oci({"run", "--bundle", bundle(), "c1"});
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_THAT(outcome.err, HasSubstr("error running poststop hook #0"));
  EXPECT_THAT(Kinds(), ElementsAre("poststop"));
}

}  // namespace
}  // namespace pelagos::rooted
