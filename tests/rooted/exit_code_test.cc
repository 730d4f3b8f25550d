// The exit codes of `pelagos run`, as docker-run(1) has them: 126 and 127 tell of the program, and
// only of the step that runs it; 125 of all that Pelagos could not do before, whatever its errno.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "absl/strings/match.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

class ExitCodeTest : public RunTest {
 protected:
  // `pelagos run FLAGS busybox COMMAND`.
  Outcome Command(const Words& flags, const Words& command) {
    Words words = {"run", "--rm"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.push_back("busybox");
    words.insert(words.end(), command.begin(), command.end());
    return world_->Pelagos(words);
  }
  void ExpectCode(int code, const std::string& message, const Words& flags, const Words& command) {
    const Outcome outcome = Command(flags, command);
    EXPECT_EQ(outcome.code, code) << outcome.Describe();
    EXPECT_TRUE(absl::StrContains(outcome.err, message)) << outcome.Describe();
    EXPECT_EQ(outcome.out, "") << outcome.Describe();
  }
};

TEST_F(ExitCodeTest, TheProgramsOwn) {
  EXPECT_EQ(Command({}, {"true"}).code, 0);
  for (int code : {1, 2, 77, 125, 126, 127, 255}) {
    EXPECT_EQ(Run({}, "exit " + std::to_string(code)).code, code);
  }
  EXPECT_EQ(Run({"--init"}, "kill -TERM $$").code, 128 + 15);
}

TEST_F(ExitCodeTest, WhatIsNotThere) {
  ExpectCode(127, "not found in PATH", {}, {"no-such-program"});
  ExpectCode(127, "no such file in the container", {}, {"/no/such"});
  ExpectCode(127, "no such file in the container", {}, {"/bin/busybox/no"});  // ENOTDIR
  const std::string script = world_->Write("script", "#!/no/interpreter\n");
  ASSERT_EQ(::chmod(script.c_str(), 0755), 0);
  ExpectCode(127, "the interpreter it names is missing", {"-v", script + ":/script:ro"},
             {"/script"});
}

TEST_F(ExitCodeTest, WhatCannotBeInvoked) {
  ExpectCode(126, "Permission denied", {}, {"/etc"});
  ExpectCode(126, "Permission denied", {}, {"/etc/passwd"});
  const std::string text = world_->Write("text", "no program\n");
  ASSERT_EQ(::chmod(text.c_str(), 0755), 0);
  ExpectCode(126, "built for another machine, or a script without #!", {"-v", text + ":/text:ro"},
             {"/text"});
  // Neither an errno that is about files.
  const std::string profile = world_->Write("profile.json", R"({"defaultAction":"SCMP_ACT_ALLOW",
                          "syscalls":[{"names":["execve"],"action":"SCMP_ACT_ERRNO"}]})");
  ExpectCode(126, "cannot run 'true': Operation not permitted",
             {"--security-opt", "seccomp=" + profile}, {"true"});
  world_->ExpectNoResidue("programs that cannot be invoked");
}

TEST_F(ExitCodeTest, WhatFailsBefore) {
  // ENOENT, ENOTDIR, EEXIST of other steps than the program's; EACCES: RightsTest.OomScore.
  ExpectCode(125, "no such setting", {"--sysctl", "net.no_such_setting=1"}, {"true"});
  ExpectCode(125, "Not a directory", {"-w", "/bin/busybox"}, {"true"});
  ExpectCode(125, "Not a directory", {"--tmpfs", "/bin/busybox"}, {"true"});
  ExpectCode(125, "'/no/such' does not exist", {"--mount", "type=bind,source=/no/such,target=/x"},
             {"true"});
  ExpectCode(125, "no-such-user", {"-u", "no-such-user"}, {"true"});
  ExpectCode(125, "/no/such/ns", {"--ipc", "ns:/no/such/ns"}, {"true"});
  const Outcome image = world_->Pelagos({"run", "--rm", "no-such-image", "true"});
  EXPECT_EQ(image.code, 125) << image.Describe();
  const Outcome rootfs = world_->Pelagos({"run", "--rm", "--rootfs", "/no/such/root", "true"});
  EXPECT_EQ(rootfs.code, 125) << rootfs.Describe();
  // A wrong command line is another thing: nothing was tried.
  EXPECT_EQ(Command({"--memory", "much"}, {"true"}).code, 2);
  world_->ExpectNoResidue("containers that could not be set up");
}

}  // namespace
}  // namespace pelagos::rooted
