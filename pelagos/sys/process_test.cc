#include "pelagos/sys/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace pelagos::sys {
namespace {

TEST(ProcessTest, ParsesStatWhateverTheProgramIsCalled) {
  const std::string fields = " S 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 424242 1000";
  const auto stat = ParseProcessStat("17 (a) R (b c)" + fields);
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->start_time, 424242u);
  EXPECT_FALSE(ParseProcessStat("").has_value());
  EXPECT_FALSE(ParseProcessStat("17 (a)").has_value());
  EXPECT_FALSE(ParseProcessStat("17 (a) S 1 2 3").has_value());
}

TEST(ProcessTest, KnowsItselfButNotAnotherOfItsPid) {
  const absl::StatusOr<uint64_t> start = StartTime(::getpid());
  ASSERT_TRUE(start.ok()) << start.status();
  EXPECT_TRUE(IsAlive({::getpid(), *start}));
  EXPECT_FALSE(IsAlive({::getpid(), *start + 1}));
  EXPECT_FALSE(IsAlive({0, 0}));
  EXPECT_TRUE(OpenPidfd(ProcessIdentity{::getpid(), *start}).ok());
  EXPECT_EQ(OpenPidfd(ProcessIdentity{::getpid(), *start + 1}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(ProcessTest, AZombieIsNotAliveAndAReapedProcessNotFound) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (;;) ::pause();
  }
  const ProcessIdentity identity = {child, *StartTime(child)};
  EXPECT_TRUE(IsAlive(identity));
  absl::StatusOr<Fd> pidfd = OpenPidfd(child);
  ASSERT_TRUE(pidfd.ok());
  EXPECT_TRUE(Signal(*pidfd, SIGKILL).ok());
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(IsAlive(identity));
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(FindErrno(Signal(*pidfd, SIGKILL)), ESRCH);
}

TEST(ProcessTest, RunsProgramsAndTellsTheirExit) {
  EXPECT_EQ(*RunProgram("/bin/sh", {"sh", "-c", "exit 7"}), 7);
  EXPECT_EQ(*RunProgram("/bin/sh", {"sh", "-c", "kill -9 $$"}), 128 + 9);
  EXPECT_EQ(FindErrno(RunProgram("/no/such", {"such"}).status()), ENOENT);
}

TEST(ProcessTest, GivesProgramsTheirStreamsAndEnvironment) {
  int out[2];
  ASSERT_EQ(::pipe2(out, O_CLOEXEC), 0);
  const Fd reader(out[0]);
  Fd writer(out[1]);
  ProgramOptions options;
  options.stdout_fd = writer.get();
  options.env = std::vector<std::string>{"WORD=hello"};
  EXPECT_EQ(
      *RunProgram("/bin/sh", {"sh", "-c", "cat; echo $WORD; ls /proc/self/fd | wc -l"}, options),
      0);
  writer.reset();
  EXPECT_EQ(*ReadAll(reader, 1000, "pipe"), "hello\n4\n");  // 0, 1, 2 and ls's own
}

TEST(ProcessTest, FindsSiblings) {
  const absl::StatusOr<std::string> sibling = SiblingProgram("pelagos-dns");
  ASSERT_TRUE(sibling.ok());
  EXPECT_EQ(sibling->substr(sibling->rfind('/')), "/pelagos-dns");
  EXPECT_EQ((*sibling)[0], '/');
}

}  // namespace
}  // namespace pelagos::sys
