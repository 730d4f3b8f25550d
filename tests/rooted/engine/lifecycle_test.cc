// The life of containers that are kept: create to rm, restart policies, and the loss of a monitor.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"
#include "tests/rooted/engine/engine_test.h"

namespace pelagos::rooted {
namespace {

using container::Status;
using ::testing::HasSubstr;
using ::testing::Not;

using LifecycleTest = EngineTest;

TEST_F(LifecycleTest, ARunLeavesItsContainerAndRmTakesItAway) {
  const Outcome run = world_->Pelagos(
      {"run", "--name", "job", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(run.code, 3) << run.Describe();
  EXPECT_EQ(run.out, "out\n");
  EXPECT_EQ(run.err, "err\n");
  const container::Found job = Find("job");
  EXPECT_EQ(job.status, Status::kExited);
  EXPECT_EQ(job.state.exit_code, 3);
  EXPECT_THAT(LogOf("job"), HasSubstr(" stdout F out\n"));
  EXPECT_THAT(LogOf("job"), HasSubstr(" stderr F err\n"));
  EXPECT_EQ(job.id.size(), 64u);
  EXPECT_EQ(Find(job.id.substr(0, 12)).name, "job") << "the beginning of an id is enough";
  Fails({"run", "--name", "job", "busybox", "true"}, 125, "the name 'job' is in use");
  EXPECT_EQ(Do({"rm", "job"}), "job");
  Fails({"rm", "job"}, 1, "no container is named 'job'");
  EXPECT_EQ(Do({"rm", "-f", "job"}), "") << "as rm(1)";
  world_->ExpectNoResidue("a run and its rm");
}

// The first one ends only when the second one was asked too.
TEST_F(LifecycleTest, ManyAreStoppedTogether) {
  const std::string folder = world_->folder() + "/meet";
  world_->Write("meet/note", "");
  ASSERT_EQ(::mkfifo((folder + "/fifo").c_str(), 0600), 0);
  const auto start = [&](const std::string& name, const std::string& end) {
    Do({"run", "-d", "--name", name, "-v", folder + ":/meet", "busybox", "sh", "-c",
        absl::StrCat("trap '", end, "' TERM; echo up; sleep 1000 & wait; wait")});
    ASSERT_TRUE(Eventually([&] { return absl::StrContains(LogOf(name), " up\n"); }));
  };
  start("a", "read x < /meet/fifo; exit 7");
  start("b", "echo x > /meet/fifo; exit 8");
  const Outcome stop = world_->Pelagos({"stop", "-t", "-1", "a", "none", "b", "a"});
  EXPECT_EQ(stop.code, 1);
  EXPECT_EQ(stop.out, "a\nb\na\n") << "in the order in which they were named";
  EXPECT_EQ(stop.err, "pelagos: error: no container is named 'none'\n");
  EXPECT_EQ(Find("a").state.exit_code, 7);
  EXPECT_EQ(Find("b").state.exit_code, 8);
  Do({"start", "a", "b"});
  Do({"run", "-d", "--name", "c", "--restart", "always", "busybox", "false"});
  EXPECT_EQ(Do({"rm", "-f", "b", "none", "c", "a", "b"}), "b\nc\na");
  world_->ExpectNoResidue("rm of many");
}

TEST_F(LifecycleTest, WordsThatAreNoTextStayAsTheyAre) {
  const std::string word = "a\xff\xfe\xed\xa0\x80z";
  const Outcome run = world_->Pelagos({"run", "--name", "bytes", "-e", "WORD=" + word, "busybox",
                                       "sh", "-c", "echo \"$0\"; echo \"$WORD\"", word});
  EXPECT_EQ(run.out, word + "\n" + word + "\n") << run.Describe();
  EXPECT_EQ(world_->Pelagos({"start", "-a", "bytes"}).out, word + "\n" + word + "\n");
  EXPECT_EQ(Do({"rm", "bytes"}), "bytes");
}

TEST_F(LifecycleTest, StartBringsBackAllThatRunWasTold) {
  world_->Write("host/file", "of the host");
  const std::string script =
      "hostname; id -u; pwd; echo $WORD; cat /seen/file; cat "
      "/sys/fs/cgroup/memory/memory.limit_in_bytes"
      " 2>/dev/null || cat /sys/fs/cgroup/memory.max; ulimit -n; grep CapEff /proc/self/status;"
      " cat /written 2>/dev/null; touch /written; echo more >> /written";
  const Outcome first = world_->Pelagos({"run",
                                         "--name",
                                         "all",
                                         "--hostname",
                                         "there",
                                         "--user",
                                         "0",
                                         "--workdir",
                                         "/tmp",
                                         "-e",
                                         "WORD=said",
                                         "-v",
                                         world_->folder() + "/host:/seen:ro",
                                         "--memory",
                                         "64m",
                                         "--ulimit",
                                         "nofile=77",
                                         "--cap-drop",
                                         "ALL",
                                         "--cap-add",
                                         "CHOWN",
                                         "busybox",
                                         "sh",
                                         "-c",
                                         script});
  EXPECT_EQ(first.code, 0) << first.Describe();
  const Outcome second = world_->Pelagos({"start", "-a", "all"});
  EXPECT_EQ(second.code, 0) << second.Describe();
  EXPECT_EQ(second.out, first.out + "more\n") << "and its writable layer";
  Do({"rm", "all"});
}

TEST_F(LifecycleTest, DetachedItGoesOnUntilItIsStopped) {
  const std::string id = Do({"run", "-d", "--name", "web", "busybox", "sh", "-c",
                             "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.1; done"});
  EXPECT_EQ(id.size(), 64u);
  EXPECT_EQ(StatusOf("web"), Status::kRunning);
  ASSERT_TRUE(Eventually([&] { return absl::StrContains(LogOf("web"), "up"); }));
  Fails({"rm", "web"}, 1, "container 'web' is running; use --force to remove it");
  Fails({"start", "web"}, 1, "container 'web' is already running");
  EXPECT_EQ(Do({"rename", "web", "www"}), "");
  Fails({"stop", "web"}, 1, "no container is named 'web'");
  EXPECT_EQ(Do({"stop", "www"}), "www");
  const container::Found stopped = Find("www");
  EXPECT_EQ(stopped.status, Status::kExited);
  EXPECT_EQ(stopped.state.exit_code, 7);
  EXPECT_TRUE(stopped.state.stopped);
  EXPECT_EQ(stopped.id, id);
  EXPECT_THAT(LogOf("www"), HasSubstr("bye"));
  EXPECT_EQ(Do({"start", "www"}), "www");
  EXPECT_EQ(Do({"stop", "-t", "0", "www"}), "www") << "and again";
  EXPECT_EQ(Do({"rm", "www"}), "www");
  world_->ExpectNoResidue("a container in the background");
}

TEST_F(LifecycleTest, WaitTellsTheCode) {
  Do({"run", "-d", "-i", "--name", "slow", "busybox", "sh", "-c", "read x; exit 9"});
  const auto waiting = world_->Start({"wait", "slow"});
  ASSERT_EQ(StatusOf("slow"), Status::kRunning);
  Do({"kill", "-s", "KILL", "slow"});
  const Outcome waited = waiting->Wait();
  EXPECT_EQ(waited.out, "137\n") << waited.Describe();
  EXPECT_EQ(Do({"wait", "slow"}), "137");
  Do({"rm", "slow"});
}

TEST_F(LifecycleTest, WithRmNothingStaysOfIt) {
  Do({"run", "-d", "--rm", "--name", "gone", "busybox", "true"});
  EXPECT_TRUE(Eventually([&] { return !container::Inventory(roots()).Find("gone").ok(); }));
  world_->ExpectNoResidue("run -d --rm");
  Do({"run", "-d", "--rm", "--name", "gone", "busybox", "sleep", "1000"});
  Do({"stop", "-t", "0", "gone"});
  EXPECT_FALSE(container::Inventory(roots()).Find("gone").ok());
  Do({"run", "-d", "--rm", "--name", "gone", "busybox", "sleep", "1000"});
  Do({"rm", "-f", "gone"});
  world_->ExpectNoResidue("rm -f of it");
}

TEST_F(LifecycleTest, WhatCannotBeStartedIsSaid) {
  Fails({"run", "--name", "bad", "busybox", "/nosuch"}, 127, "bad: cannot run '/nosuch'");
  const container::Found bad = Find("bad");
  EXPECT_EQ(bad.status, Status::kCreated);
  EXPECT_EQ(bad.state.exit_code, 127);
  EXPECT_THAT(bad.state.error, HasSubstr("cannot run '/nosuch'"));
  Fails({"start", "bad"}, 1, "cannot run '/nosuch'");
  Do({"rm", "bad"});
  Fails({"run", "-d", "--rm", "--name", "bad", "busybox", "/etc/passwd"}, 126, "cannot run");
  world_->ExpectNoResidue("containers that could not be started");
}

TEST_F(LifecycleTest, PausedItStandsStill) {
  Do({"run", "-d", "--name", "counts", "busybox", "sh", "-c",
      "while :; do echo tick; sleep 0.01; done"});
  ASSERT_TRUE(Eventually([&] { return absl::StrContains(LogOf("counts"), "tick"); }));
  EXPECT_EQ(Do({"pause", "counts"}), "counts");
  EXPECT_EQ(StatusOf("counts"), Status::kPaused);
  Fails({"pause", "counts"}, 1, "already paused");
  // What was written before is in the log soon; then nothing comes.
  std::string before = LogOf("counts");
  ASSERT_TRUE(Eventually([&] {
    const std::string now = LogOf("counts");
    return std::exchange(before, now) == now;
  }));
  EXPECT_EQ(Do({"unpause", "counts"}), "counts");
  EXPECT_TRUE(Eventually([&] { return LogOf("counts").size() > before.size(); }));
  Fails({"unpause", "counts"}, 1, "is not paused");
  Do({"pause", "counts"});
  EXPECT_EQ(Do({"stop", "-t", "0", "counts"}), "counts") << "also one that stands still";
  Do({"rm", "counts"});
}

TEST_F(LifecycleTest, UpdateChangesLimitsOfARunningContainer) {
  Do({"run", "-d", "--name", "small", "--memory", "64m", "busybox", "sleep", "1000"});
  EXPECT_EQ(Do({"update", "--memory", "128m", "--restart", "always", "small"}), "small");
  EXPECT_EQ(Find("small").record.spec.cgroup.memory_bytes, uint64_t{128} << 20);
  EXPECT_EQ(Find("small").record.spec.lifecycle.restart.when, RestartWhen::kAlways);
  Fails({"update", "--memory", "lots", "small"}, 2, "--memory");
  Do({"rm", "-f", "small"});
  world_->ExpectNoResidue("update");
}

TEST_F(LifecycleTest, APolicyStartsItAgainUntilACommandStopsIt) {
  Do({"run", "-d", "--name", "again", "busybox", "sh", "-c", "echo x >> /runs; sleep 1000"});
  Do({"update", "--restart", "always", "again"});
  Do({"stop", "-t", "0", "again"});
  Do({"start", "again"});
  const sys::ProcessIdentity first = Find("again").state.init;
  ASSERT_EQ(::kill(first.pid, SIGKILL), 0);  // nobody's command
  ASSERT_TRUE(Eventually([&] {
    const container::Found now = Find("again");
    return now.status == Status::kRunning && now.state.init != first;
  }));
  EXPECT_EQ(Find("again").state.restarts, 1u);
  EXPECT_EQ(Find("again").state.exit_code, 0) << "it runs";
  Do({"stop", "-t", "0", "again"});
  EXPECT_EQ(StatusOf("again"), Status::kExited);
  EXPECT_FALSE(sys::IsAlive(Find("again").state.monitor));
  Do({"rm", "again"});
  world_->ExpectNoResidue("restarts");
}

TEST_F(LifecycleTest, FailuresAreTriedAgainAsOftenAsItSays) {
  Do({"run", "-d", "--name", "fails", "--restart", "on-failure:2", "busybox", "sh", "-c",
      "echo ran; exit 5"});
  ASSERT_TRUE(Eventually([&] { return StatusOf("fails") == Status::kExited; }));
  EXPECT_EQ(Find("fails").state.restarts, 2u);
  EXPECT_EQ(Find("fails").state.exit_code, 5);
  const std::string log = LogOf("fails");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 3) << log;
  // One that waits for its next start can be stopped too.
  Do({"update", "--restart", "always", "fails"});
  Do({"start", "fails"});
  ASSERT_TRUE(Eventually([&] { return StatusOf("fails") == Status::kRestarting; }));
  Do({"stop", "fails"});
  EXPECT_EQ(StatusOf("fails"), Status::kExited);
  Do({"rm", "fails"});
  world_->ExpectNoResidue("failures");
}

TEST_F(LifecycleTest, WhoLosesItsMonitorIsLostAndNotRunning) {
  Do({"run", "-d", "--name", "orphan", "busybox", "sh", "-c", "echo kept > /file; sleep 1000"});
  const container::Found before = Find("orphan");
  ASSERT_EQ(::kill(before.state.monitor.pid, SIGKILL), 0);
  ASSERT_TRUE(Eventually([&] { return !sys::IsAlive(before.state.init); })) << "it goes with it";
  EXPECT_EQ(StatusOf("orphan"), Status::kLost);
  Fails({"kill", "orphan"}, 1, "container 'orphan' is not running (lost)");
  EXPECT_EQ(Do({"stop", "orphan"}), "orphan") << "nothing is left to stop";
  EXPECT_EQ(Do({"start", "orphan"}), "orphan");
  EXPECT_EQ(StatusOf("orphan"), Status::kRunning);
  ASSERT_EQ(::kill(Find("orphan").state.monitor.pid, SIGKILL), 0);
  ASSERT_TRUE(Eventually([&] { return StatusOf("orphan") == Status::kLost; }));
  Do({"rm", "orphan"});
  world_->ExpectNoResidue("a killed monitor");
}

TEST_F(LifecycleTest, ALostOneThatWasToGoGoesWithTheNextCommand) {
  Do({"run", "-d", "--rm", "--name", "goes", "busybox", "sleep", "1000"});
  const container::Found before = Find("goes");
  ASSERT_EQ(::kill(before.state.monitor.pid, SIGKILL), 0);
  ASSERT_TRUE(Eventually([&] { return !sys::IsAlive(before.state.init); }));
  Do({"run", "--rm", "busybox", "true"});
  EXPECT_FALSE(container::Inventory(roots()).Find("goes").ok());
  world_->ExpectNoResidue("a killed monitor of a container with --rm");
}

// clone3(2) with set_tid: a process with a number that somebody else had.
pid_t ForkAs(pid_t pid) {
  clone_args args = {};
  args.exit_signal = SIGCHLD;
  args.set_tid = reinterpret_cast<uint64_t>(&pid);
  args.set_tid_size = 1;
  const pid_t child = static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof(args)));
  if (child == 0) {
    for (;;) ::pause();
  }
  return child;
}

TEST_F(LifecycleTest, ARecycledPidIsNeverTakenForAContainer) {
  Do({"run", "-d", "--name", "old", "busybox", "sleep", "1000"});
  const container::Found before = Find("old");
  ASSERT_EQ(::kill(before.state.monitor.pid, SIGKILL), 0);
  const auto is_gone = [](pid_t pid) {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {  // a test's orphans are the test's
    }
    return ::kill(pid, 0) != 0;
  };
  ASSERT_TRUE(Eventually([&] { return is_gone(before.state.init.pid); }));
  ASSERT_TRUE(Eventually([&] { return is_gone(before.state.monitor.pid); }));
  // A start time counts in hundredths of a second (proc_pid_stat(5)): no sooner is a number given
  // out again, unless by force.
  ASSERT_TRUE(Eventually([&] {
    timespec now = {};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    const uint64_t ticks =
        static_cast<uint64_t>(now.tv_sec) * 100 + static_cast<uint64_t>(now.tv_nsec) / 10'000'000;
    return ticks > before.state.init.start_time + 1;
  }));
  const pid_t as_init = ForkAs(before.state.init.pid);
  ASSERT_EQ(as_init, before.state.init.pid);
  const pid_t as_monitor = ForkAs(before.state.monitor.pid);
  ASSERT_EQ(as_monitor, before.state.monitor.pid);
  EXPECT_EQ(StatusOf("old"), Status::kLost);
  Fails({"kill", "old"}, 1, "not running");
  EXPECT_EQ(Do({"stop", "old"}), "old");
  EXPECT_EQ(Do({"rm", "-f", "old"}), "old");
  for (const pid_t stranger : {as_init, as_monitor}) {
    EXPECT_EQ(::waitpid(stranger, nullptr, WNOHANG), 0) << "it was left alone";
    ::kill(stranger, SIGKILL);
    EXPECT_EQ(::waitpid(stranger, nullptr, 0), stranger);
  }
}

}  // namespace
}  // namespace pelagos::rooted
