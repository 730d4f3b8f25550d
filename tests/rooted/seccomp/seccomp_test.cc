// Containers under profiles of all kinds do what the profiles say.
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/seccomp/answering_listener.h"

namespace pelagos::rooted {
namespace {

class SeccompTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (!IsSkipped()) world_ = std::make_unique<World>();
  }

  static std::vector<std::string> Run(const std::string& option, const std::string& script,
                                      std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"run", "--rm", "--security-opt", option};
    for (std::string& word : more) args.push_back(std::move(word));
    for (const char* word : {"busybox", "sh", "-c"}) args.emplace_back(word);
    args.push_back(script);
    return args;
  }

  // Under a profile that allows all but what `rules` say.
  Outcome Under(const std::string& rules, const std::string& script,
                std::vector<std::string> more = {}) {
    return world_->Pelagos(Run(Profile(rules), script, std::move(more)));
  }

  std::string Profile(const std::string& rules, const std::string& top = "") {
    return "seccomp=" +
           world_->Write("profile.json", absl::StrCat(R"({"defaultAction":"SCMP_ACT_ALLOW",)", top,
                                                      R"("syscalls":[)", rules, "]}"));
  }

  static std::string MkdirIs(const std::string& action, const std::string& more = "") {
    return absl::StrCat(R"({"names":["mkdir","mkdirat"],"action":"SCMP_ACT_)", action, "\"", more,
                        "}");
  }

  std::unique_ptr<World> world_;
};

TEST_F(SeccompTest, ErrnoIsWhatTheProgramSees) {
  for (const auto& [number, text] : {std::pair<int, const char*>{95, "Operation not supported"},
                                     {18, "Invalid cross-device link"},
                                     {1, "Operation not permitted"}}) {
    const Outcome outcome =
        Under(MkdirIs("ERRNO", absl::StrCat(",\"errnoRet\":", number)), "mkdir /tmp/x");
    EXPECT_EQ(outcome.code, 1) << outcome.Describe();
    EXPECT_TRUE(absl::StrContains(outcome.err, text)) << outcome.Describe();
  }
  const Outcome plain = Under(MkdirIs("ERRNO"), "mkdir /tmp/x");
  EXPECT_TRUE(absl::StrContains(plain.err, "Operation not permitted")) << plain.Describe();
}

TEST_F(SeccompTest, ArgumentsDecide) {
  const Outcome outcome = Under(
      R"({"names":["chmod"],"action":"SCMP_ACT_ERRNO","errnoRet":95,
          "args":[{"index":1,"value":511,"op":"SCMP_CMP_EQ"}]},
         {"names":["fchmodat","fchmodat2"],"action":"SCMP_ACT_ERRNO","errnoRet":95,
          "args":[{"index":2,"value":511,"op":"SCMP_CMP_EQ"}]})",
      "touch /tmp/f; chmod 755 /tmp/f && echo works; chmod 777 /tmp/f || stat -c %a /tmp/f");
  EXPECT_EQ(outcome.out, "works\n755\n") << outcome.Describe();
  EXPECT_TRUE(absl::StrContains(outcome.err, "not supported")) << outcome.Describe();
}

TEST_F(SeccompTest, KillAndTrapEndTheProgram) {
  for (const char* action : {"KILL", "KILL_THREAD", "KILL_PROCESS", "TRAP"}) {
    const Outcome alone = Under(MkdirIs(action), "exec mkdir /tmp/x");
    EXPECT_EQ(alone.code, 159) << action << alone.Describe();
    const Outcome child = Under(MkdirIs(action), "mkdir /tmp/x; echo $?");
    EXPECT_EQ(child.code, 0) << action << child.Describe();
    EXPECT_TRUE(absl::StrContains(child.out, "159\n")) << action << child.Describe();
  }
}

TEST_F(SeccompTest, LogLetsGoOnAndTraceNeedsATracer) {
  const Outcome log = Under(MkdirIs("LOG"), "mkdir /tmp/x && ls -d /tmp/x");
  EXPECT_EQ(log.out, "/tmp/x\n") << log.Describe();
  const Outcome trace = Under(MkdirIs("TRACE"), "mkdir /tmp/x");
  EXPECT_TRUE(absl::StrContains(trace.err, "Function not implemented")) << trace.Describe();
}

TEST_F(SeccompTest, AListenerAnswers) {
  const std::string path = world_->folder() + "/listener";
  AnsweringListener listener(path);
  const std::string option =
      Profile(MkdirIs("NOTIFY"),
              absl::StrCat(R"("listenerPath":")", path, R"(","listenerMetadata":"from \"test\"",
                  "flags":["SECCOMP_FILTER_FLAG_TSYNC","SECCOMP_FILTER_FLAG_LOG",
                           "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                           "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],)"));
  const auto program =
      world_->Start(Run(option, "mkdir /tmp/a; mkdir /tmp/b; ls /tmp", {"--name", "listened"}));
  const auto state = nlohmann::json::parse(listener.Accept(), nullptr, false);
  ASSERT_TRUE(state.is_object());
  EXPECT_EQ(state["metadata"], "from \"test\"");
  EXPECT_EQ(state["fds"], nlohmann::json({"seccompFd"}));
  EXPECT_EQ(state["state"]["id"], "listened");
  EXPECT_EQ(state["state"]["status"], "creating");
  EXPECT_EQ(state["pid"], state["state"]["pid"]);
  EXPECT_GT(state["pid"].get<int>(), 1);
  EXPECT_EQ(listener.Answer(ETXTBSY), SYS_mkdir);
  EXPECT_EQ(listener.Answer(0), SYS_mkdir);
  const Outcome outcome = program->Wait();
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_EQ(outcome.out, "b\n") << outcome.Describe();
  EXPECT_TRUE(absl::StrContains(outcome.err, "Text file busy")) << outcome.Describe();
  world_->ExpectNoResidue("a container with a listener");
}

// What the first process does between the hand-over and the program goes to the listener too.
TEST_F(SeccompTest, ReadsMayBeNotified) {
  const std::string path = world_->folder() + "/listener";
  AnsweringListener listener(path);
  const std::string option = Profile(R"({"names":["read","mkdir"],"action":"SCMP_ACT_NOTIFY"})",
                                     absl::StrCat(R"("listenerPath":")", path, "\","));
  const auto program = world_->Start(Run(option, "mkdir /tmp/a || exit 3"));
  EXPECT_FALSE(listener.Accept().empty());
  int call = listener.Answer(0);
  EXPECT_EQ(call, SYS_read);
  while (call == SYS_read) call = listener.Answer(0);
  EXPECT_EQ(call, SYS_mkdir);
  EXPECT_EQ(program->Wait().code, 0);
}

TEST_F(SeccompTest, TheProgramItselfMayBeNotified) {
  const std::string path = world_->folder() + "/listener";
  AnsweringListener listener(path);
  const std::string option = Profile(R"({"names":["execve","sendmsg"],"action":"SCMP_ACT_NOTIFY"})",
                                     absl::StrCat(R"("listenerPath":")", path, "\","));
  // By its path: there is one execve.
  const auto program = world_->Start(
      {"run", "--rm", "--security-opt", option, "busybox", "/bin/sh", "-c", "exit 7"});
  EXPECT_FALSE(listener.Accept().empty());
  EXPECT_EQ(listener.Answer(0), SYS_execve);
  EXPECT_EQ(program->Wait().code, 7);
}

TEST_F(SeccompTest, WithoutAListenerNothingRuns) {
  const Outcome outcome = world_->Pelagos(
      Run(Profile(MkdirIs("NOTIFY"), R"("listenerPath":"/nowhere/listener",)"), "echo runs"));
  EXPECT_EQ(outcome.out, "") << outcome.Describe();
  EXPECT_NE(outcome.code, 0);
  EXPECT_TRUE(absl::StrContains(outcome.err, "/nowhere/listener")) << outcome.Describe();
  world_->ExpectNoResidue("a listener that is not there");
  const Outcome none = Under(MkdirIs("NOTIFY"), "echo runs");
  EXPECT_EQ(none.code, 125) << none.Describe();
  EXPECT_TRUE(absl::StrContains(none.err, "needs a listenerPath")) << none.Describe();
}

TEST_F(SeccompTest, ExecItselfIsSubjectToTheProfile) {
  const Outcome refused = Under(R"({"names":["execve"],"action":"SCMP_ACT_ERRNO"})", "true");
  EXPECT_EQ(refused.code, 126) << refused.Describe();
  EXPECT_TRUE(absl::StrContains(refused.err, "cannot run 'sh': Operation not permitted"))
      << refused.Describe();
  EXPECT_EQ(Under(R"({"names":["execve"],"action":"SCMP_ACT_KILL_PROCESS"})", "true").code, 159);
  // Who may not write cannot say why.
  const Outcome mute = Under(R"({"names":["execve","write"],"action":"SCMP_ACT_ERRNO"})", "true");
  EXPECT_EQ(mute.code, 127) << mute.Describe();
  world_->ExpectNoResidue("programs that may not run");
}

TEST_F(SeccompTest, NamesOfProfiles) {
  const std::string show = "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'";
  EXPECT_EQ(world_->Pelagos(Run("seccomp=default", show)).out, "NoNewPrivs:1\nSeccomp:2\n");
  EXPECT_EQ(world_->Pelagos(Run("seccomp=unconfined", show)).out, "NoNewPrivs:1\nSeccomp:0\n");
  // Before capabilities go, since it may not be installed after.
  const Outcome early = world_->Pelagos(Run("no-new-privileges=false", show));
  EXPECT_EQ(early.out, "NoNewPrivs:0\nSeccomp:2\n") << early.Describe();
  const Outcome user =
      world_->Pelagos(Run("no-new-privileges=false", show + "; id -u", {"--user", "1000:1000"}));
  EXPECT_EQ(user.out, "NoNewPrivs:0\nSeccomp:2\n1000\n") << user.Describe();
}

TEST_F(SeccompTest, TheDefaultProfileFromAFileIsTheDefault) {
  const std::string option = "seccomp=" + Runfile("tests/golden/seccomp/default.json");
  const std::string script = "unshare -U true; mkdir /tmp/x && echo works";
  for (const std::string& profile : {std::string("seccomp=default"), option}) {
    const Outcome outcome = world_->Pelagos(Run(profile, script));
    EXPECT_EQ(outcome.out, "works\n") << outcome.Describe();
    EXPECT_TRUE(absl::StrContains(outcome.err, "Operation not permitted")) << outcome.Describe();
  }
  const Outcome early =
      world_->Pelagos(Run(option, script, {"--security-opt", "no-new-privileges=false"}));
  EXPECT_EQ(early.out, "works\n") << early.Describe();
}

TEST_F(SeccompTest, ThePlanNamesTheProfile) {
  // A dry run loads no image.
  ASSERT_EQ(Under(MkdirIs("ERRNO"), "true", {}).code, 0);
  const Outcome outcome = Under(MkdirIs("ERRNO"), "true", {"--dry-run"});
  EXPECT_TRUE(absl::StrContains(outcome.out, "seccomp custom sha256:")) << outcome.Describe();
  EXPECT_TRUE(absl::StrContains(outcome.out, " of 1 rules, ")) << outcome.Describe();
}

TEST_F(SeccompTest, AWrongProfileRunsNothing) {
  const Outcome outcome = Under(R"({"names":["mkdri"],"action":"SCMP_ACT_KILL"})", "echo runs");
  EXPECT_EQ(outcome.code, 2) << outcome.Describe();
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(absl::StrContains(outcome.err, "/syscalls/0/names/0: unknown system call 'mkdri'"))
      << outcome.Describe();
  EXPECT_TRUE(absl::StrContains(outcome.err, "did you mean 'mkdir'?")) << outcome.Describe();
}

}  // namespace
}  // namespace pelagos::rooted
