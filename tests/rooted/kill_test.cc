// Whoever is killed, whenever it is: `up`, `down`, the supervisor, one or all. The next command
// leaves nothing.

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/rooted/trio.h"

namespace pelagos::rooted {
namespace {

using KillTest = TrioTest;

// A point in the life of a command that nothing announces.
void Let(absl::Duration pass) {
  ::poll(nullptr, 0, static_cast<int>(absl::ToInt64Milliseconds(pass)));
}

TEST_F(KillTest, SupervisorKilledThenDown) {
  ExpectUp();
  const int supervisor = world_->SupervisorPid("trio");
  ASSERT_GT(supervisor, 0);
  ASSERT_EQ(::kill(supervisor, SIGKILL), 0);
  ASSERT_TRUE(AwaitEnd(supervisor));
  ExpectDown();
  ExpectNothing("kill -9 of the supervisor, and down");
}

TEST_F(KillTest, SupervisorKilledThenUpAgain) {
  ExpectUp();
  const int supervisor = world_->SupervisorPid("trio");
  ASSERT_GT(supervisor, 0);
  ASSERT_EQ(::kill(supervisor, SIGKILL), 0);
  ASSERT_TRUE(AwaitEnd(supervisor));
  ExpectUp();
  EXPECT_NE(world_->SupervisorPid("trio"), supervisor);
  EXPECT_EQ(world_->Get(18080, "/etc/hostname").status, 200);
  ExpectDown();
  ExpectNothing("kill -9 of the supervisor, up, and down");
}

TEST_F(KillTest, SupervisorKilledWhileUpWaits) {
  for (absl::Duration delay = absl::ZeroDuration(); delay < absl::Milliseconds(400);
       delay += absl::Milliseconds(40)) {
    SCOPED_TRACE(absl::FormatDuration(delay));
    const auto up = world_->Start({"compose", "up"});
    Let(delay);
    bool killed = false;
    for (pid_t pid : Toolkit()) {
      if (pid == up->pid()) continue;
      killed |= ::kill(pid, SIGKILL) == 0;
    }
    const Outcome outcome = up->Wait();
    // Killed before the stack was up: `up` says so and cleans up itself.
    if (outcome.code != 0) {
      EXPECT_TRUE(killed) << outcome.Describe();
      EXPECT_EQ(outcome.code, 1) << outcome.Describe();
    } else {
      DownIfAnything();
    }
    ExpectNothing("kill -9 of the supervisor while up waits");
  }
}

TEST_F(KillTest, UpKilledAtEachOfItsLines) {
  for (const char* line : kLines) {
    SCOPED_TRACE(line);
    const auto up = world_->Start({"compose", "up"});
    ASSERT_TRUE(up->AwaitLine(line));
    up->Signal(SIGKILL);
    up->Wait();
    DownIfAnything();
    ExpectNothing("kill -9 of up, and down");
  }
}

TEST_F(KillTest, UpKilledAtAnyTime) {
  for (absl::Duration delay = absl::ZeroDuration(); delay < absl::Milliseconds(400);
       delay += absl::Milliseconds(23)) {
    SCOPED_TRACE(absl::FormatDuration(delay));
    const auto up = world_->Start({"compose", "up"});
    Let(delay);
    up->Signal(SIGKILL);
    up->Wait();
    DownIfAnything();
    ExpectNothing("kill -9 of up, and down");
  }
}

TEST_F(KillTest, UpAndSupervisorKilledAtAnyTime) {
  for (absl::Duration delay = absl::ZeroDuration(); delay < absl::Milliseconds(400);
       delay += absl::Milliseconds(29)) {
    SCOPED_TRACE(absl::FormatDuration(delay));
    const auto up = world_->Start({"compose", "up"});
    Let(delay);
    for (pid_t pid : Toolkit()) ::kill(pid, SIGKILL);
    up->Wait();
    DownIfAnything();
    ExpectNothing("kill -9 of up and the supervisor, and down");
  }
}

TEST_F(KillTest, DownAndSupervisorKilledAtAnyTime) {
  for (absl::Duration delay = absl::ZeroDuration(); delay < absl::Milliseconds(200);
       delay += absl::Milliseconds(19)) {
    SCOPED_TRACE(absl::FormatDuration(delay));
    ExpectUp();
    const auto down = world_->Start({"compose", "down", "-p", "trio"});
    Let(delay);
    for (pid_t pid : Toolkit()) ::kill(pid, SIGKILL);
    down->Wait();
    DownIfAnything();
    ExpectNothing("kill -9 of down and the supervisor, and down");
  }
}

TEST_F(KillTest, RemovalOfVolumesKilledAtAnyTime) {
  // A job fills the volume, so that its removal takes its time.
  world_->Write("compose.reml", R"reml((compose-up
  (compose (volume "data")
           (service "a" '(image "busybox") '(volume "data" "/data")
             '(command "sh" "-c" "i=0; while [ $i -lt 3000 ]; do : >/data/$i; i=$((i+1)); done")))
  "trio")
)reml");
  for (absl::Duration delay = absl::ZeroDuration(); delay < absl::Milliseconds(150);
       delay += absl::Milliseconds(11)) {
    SCOPED_TRACE(absl::FormatDuration(delay));
    ExpectUp();
    const auto down = world_->Start({"compose", "down", "-v", "-p", "trio"});
    Let(delay);
    for (pid_t pid : Toolkit()) ::kill(pid, SIGKILL);
    down->Wait();
    // What it still finds is gone after it; what it finds no more is gone already.
    const Outcome again = world_->Pelagos({"compose", "down", "-v", "-p", "trio"});
    EXPECT_LE(again.code, 1) << again.Describe();
    EXPECT_EQ(world_->Volumes(), std::vector<std::string>());
    ExpectNothing("kill -9 of down -v, and down -v");
  }
}

TEST_F(KillTest, UpInterrupted) {
  for (const char* line : {"a: ready", "the hook of b", "b: ready"}) {
    SCOPED_TRACE(line);
    const auto up = world_->Start({"compose", "up"});
    ASSERT_TRUE(up->AwaitLine(line));
    up->SignalGroup(SIGINT);
    const Outcome outcome = up->Wait();
    // The signal may come when all is up already.
    if (outcome.code == 0) {
      DownIfAnything();
    } else {
      EXPECT_EQ(outcome.code, 130) << outcome.Describe();
      EXPECT_TRUE(absl::StrContains(outcome.err, "interrupted")) << outcome.Describe();
    }
    ExpectNothing("Ctrl-C");
  }
}

TEST_F(KillTest, ForegroundEndsWithItsSignal) {
  for (int signal : {SIGTERM, SIGINT}) {
    SCOPED_TRACE(signal);
    const auto up = world_->Start({"compose", "up", "--foreground"});
    ASSERT_TRUE(up->AwaitLine("c: ready"));
    const absl::Time deadline = absl::Now() + kPatience;
    while (world_->Get(18080, "/etc/hostname").status != 200 && absl::Now() < deadline) {
    }
    EXPECT_FALSE(up->Ended());
    up->SignalGroup(signal);
    const Outcome outcome = up->Wait();
    // The signal may come just before the stack is called up.
    if (outcome.code == 130) {
      EXPECT_TRUE(absl::StrContains(outcome.err, "project 'trio' was taken down\n"))
          << outcome.Describe();
    } else {
      EXPECT_EQ(outcome.code, 0) << outcome.Describe();
      EXPECT_TRUE(absl::EndsWith(outcome.out, "Project 'trio' stopped and removed\n"))
          << outcome.Describe();
    }
    ExpectNothing("the end of a foreground stack");
  }
}

TEST_F(KillTest, ForegroundKilled) {
  const auto up = world_->Start({"compose", "up", "--foreground"});
  ASSERT_TRUE(up->AwaitLine("c: ready"));
  up->Signal(SIGKILL);
  up->Wait();
  DownIfAnything();
  ExpectNothing("kill -9 of a foreground up");
}

TEST_F(KillTest, TwoUpsAtOnceMakeOneStack) {
  for (int round = 0; round < 5; ++round) {
    SCOPED_TRACE(round);
    const auto one = world_->Start({"compose", "up"});
    const auto two = world_->Start({"compose", "up"});
    const Outcome first = one->Wait();
    const Outcome second = two->Wait();
    EXPECT_EQ(first.code + second.code, 1) << first.Describe() << second.Describe();
    const Outcome& late = first.code == 0 ? second : first;
    EXPECT_TRUE(absl::StartsWith(late.err, "pelagos: error: project 'trio' is already running"))
        << late.Describe();
    EXPECT_EQ(world_->Get(18080, "/etc/hostname").status, 200);
    const auto down = world_->Start({"compose", "down", "-p", "trio"});
    const auto again = world_->Start({"compose", "down", "-p", "trio"});
    EXPECT_EQ(down->Wait().code * again->Wait().code, 0) << "one of them takes it down";
    ExpectNothing("two ups and two downs at once");
  }
}

TEST_F(KillTest, OutputThatNobodyReads) {
  // The reader leaves after the first line; `up` is killed by SIGPIPE or says its piece in vain.
  const Outcome up =
      world_->Tool({"sh", "-c", absl::StrCat(Runfile("tools/pelagos"), " compose up | head -n 1")});
  EXPECT_TRUE(absl::StartsWith(up.out, "a: ready")) << up.Describe();
  DownIfAnything();
  ExpectNothing("a closed pipe");
}

}  // namespace
}  // namespace pelagos::rooted
