// `pelagos exec`: another process in a container, as it and the others in there see it.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/program.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;

class ExecTest : public RunTest {
 protected:
  // A container named box that runs until it is killed.
  void Up(Words flags = {}) {
    Words words = {"run", "-d", "--name", "box"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"busybox", "sleep", "1000"});
    const Outcome up = world_->Pelagos(words);
    ASSERT_EQ(up.code, 0) << up.Describe();
  }
  void Down() {
    const Outcome down = world_->Pelagos({"rm", "-f", "box"});
    EXPECT_EQ(down.code, 0) << down.Describe();
    world_->ExpectNoResidue("exec");
  }
  Outcome Exec(Words flags, const std::string& script) {
    Words words = {"exec"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"box", "sh", "-c", script});
    return world_->Pelagos(words);
  }
  // What a script that must succeed prints.
  std::string Said(const std::string& script) { return SaidWith({}, script); }
  std::string SaidWith(const Words& flags, const std::string& script) {
    const Outcome outcome = Exec(flags, script);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    EXPECT_EQ(outcome.err, "") << outcome.Describe();
    return outcome.out;
  }
  void Fails(const Words& words, int code, const std::string& message) {
    const Outcome outcome = world_->Pelagos(words);
    EXPECT_EQ(outcome.code, code) << outcome.Describe();
    EXPECT_THAT(outcome.err, HasSubstr(message));
  }
  // A shell at the machine, for redirections.
  Outcome Shell(const std::string& script) {
    return world_->Tool(
        {"sh", "-c",
         absl::StrCat("pelagos() { ", Runfile("tools/pelagos"), " \"$@\"; }; ", script)});
  }
};

constexpr char kAwaitNoSleeper[] = "while ps | grep -q '[s]leep 2000'; do :; done";
constexpr char kKillSleeper[] = "kill -9 $(ps | grep '[s]leep 2000' | sed 's/^ *//; s/ .*//'); ";

constexpr char kWhatIsTheSame[] =
    "for p in 1 self; do for n in mnt pid net uts ipc cgroup; do readlink /proc/$p/ns/$n; done;"
    " cat /proc/$p/cgroup /proc/$p/oom_score_adj;"
    " grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:|Umask)' /proc/$p/status;"
    " grep -E 'open files|processes' /proc/$p/limits; readlink /proc/$p/cwd; echo ---; done";

void ExpectHalvesAreEqual(const std::string& text) {
  const size_t middle = text.find("---\n");
  ASSERT_NE(middle, std::string::npos) << text;
  EXPECT_GT(middle, 200u) << text;
  EXPECT_EQ(text.substr(0, middle + 4), text.substr(middle + 4));
}

TEST_F(ExecTest, IsAsTheFirstProcessIs) {
  Up({"--memory", "64m", "--pids-limit", "50", "--ulimit", "nofile=100:200", "--workdir", "/tmp",
      "--cap-drop", "chown", "--oom-score-adj", "100"});
  ExpectHalvesAreEqual(Said(kWhatIsTheSame));
  Down();
}

TEST_F(ExecTest, OfAnotherUserLikewise) {
  Up({"--user", "1000:1000", "--group-add", "7", "--env", "WORD=of the container"});
  ExpectHalvesAreEqual(Said(kWhatIsTheSame));
  EXPECT_EQ(Said("id; echo $WORD; echo $HOME"), Said("id; echo of the container; echo /"));
  EXPECT_EQ(Said("id -u"), "1000\n");
  Down();
}

TEST_F(ExecTest, HasOfItsOwnWhatItIsGiven) {
  Up({"--env", "A=1", "--env", "B=1"});
  EXPECT_EQ(SaidWith({"-e", "A=2", "-e", "C=3", "-w", "/usr"}, "echo $A $B $C; pwd"),
            "2 1 3\n/usr\n");
  // As the container is now, not as its image was.
  Said("echo 'late:x:77:88::/late:' >> /etc/passwd; echo 'much:x:99:late' >> /etc/group");
  EXPECT_EQ(SaidWith({"--user", "late"}, "id -u; id -g; id -G; echo $HOME"),
            "77\n88\n88 99\n/late\n");
  EXPECT_EQ(SaidWith({"-u", "5:6"}, "id -u; id -g"), "5\n6\n");
  const std::string all = SaidWith({"--privileged"}, "grep CapEff /proc/self/status");
  EXPECT_NE(all, Said("grep CapEff /proc/self/status"));
  Fails({"exec", "-u", "nobody-such", "box", "true"}, 125, "nobody-such");
  Fails({"exec", "-w", "usr", "box", "true"}, 2, "expected an absolute path");
  Fails({"exec", "-w", "/none", "box", "true"}, 125, "/none");
  Down();
}

// Files of the container are anybody's: what they are is looked at before they are read.
TEST_F(ExecTest, PasswdMayBeAnything) {
  Up();
  Said("rm /etc/passwd; mkfifo /etc/passwd");
  Fails({"exec", "-u", "root", "box", "true"}, 125, "is no file");
  Said("rm /etc/passwd; ln -s /proc/self/root/../../etc/shadow /etc/passwd");
  Fails({"exec", "-u", "root", "box", "true"}, 125, "");
  EXPECT_EQ(SaidWith({"-u", "0"}, "id -u"), "0\n");
  Down();
}

TEST_F(ExecTest, ExitCodes) {
  Up();
  EXPECT_EQ(Exec({}, "exit 3").code, 3);
  EXPECT_EQ(Exec({}, "kill -TERM $$").code, 128 + SIGTERM);
  Fails({"exec", "box", "no-such-program"}, 127, "no-such-program");
  Fails({"exec", "box", "/etc"}, 126, "/etc");
  Fails({"exec", "bax", "true"}, 125, "no container is named 'bax'; did you mean 'box'?");
  Fails({"exec", "box"}, 2, "expected a container's name and a command");
  ASSERT_EQ(world_->Pelagos({"pause", "box"}).code, 0);
  Fails({"exec", "box", "true"}, 125, "is paused");
  ASSERT_EQ(world_->Pelagos({"unpause", "box"}).code, 0);
  EXPECT_EQ(Exec({}, "true").code, 0);
  ASSERT_EQ(world_->Pelagos({"kill", "box"}).code, 0);
  ASSERT_EQ(world_->Pelagos({"wait", "box"}).code, 0);
  Fails({"exec", "box", "true"}, 125, "is not running: it is exited");
  Down();
}

TEST_F(ExecTest, Streams) {
  Up();
  EXPECT_EQ(Shell("echo hello | pelagos exec -i box cat").out, "hello\n");
  EXPECT_EQ(Shell("echo hello | pelagos exec box cat").out, "");
  EXPECT_EQ(Shell("pelagos exec box sh -c 'echo out; echo err >&2' 2>/dev/null").out, "out\n");
  EXPECT_EQ(Shell("pelagos exec -i box cat <&-").code, 0);
  EXPECT_EQ(Shell("pelagos exec box sh -c 'readlink /proc/self/fd/0'").out, "/dev/null\n");
  const Outcome closed = Shell("pelagos exec box echo x >&- 2>&-");
  EXPECT_EQ(closed.code, 0) << closed.Describe();
  // A consumer that has enough ends the producer, as everywhere.
  const Outcome enough = Shell("pelagos exec box yes | head -n 1");
  EXPECT_EQ(enough.out, "y\n") << enough.Describe();
  Fails({"exec", "-it", "box", "true"}, 125, "need a terminal as standard input");
  // With a terminal for it alone, whose output is ours.
  EXPECT_EQ(world_->Pelagos({"exec", "-t", "box", "sh", "-c", "test -t 1 && echo yes"}).out,
            "yes\r\n");
  Down();
}

TEST_F(ExecTest, DetachedItGoesOn) {
  Up();
  for (const char* flags : {"-d", "-dt"}) {
    const Outcome outcome = world_->Pelagos(
        {"exec", flags, "box", "sh", "-c", "mkfifo /go; echo here > /go; exec sleep 2000"});
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    EXPECT_EQ(outcome.out + outcome.err, "");
    EXPECT_EQ(Said("until test -p /go; do :; done; cat /go; rm /go"), "here\n") << flags;
    EXPECT_EQ(Said(absl::StrCat(kKillSleeper, kAwaitNoSleeper)), "");
  }
  Fails({"exec", "-d", "box", "no-such-program"}, 127, "no-such-program");
  Down();
}

TEST_F(ExecTest, KilledItTakesItsProcessAlong) {
  Up();
  for (const Words& flags : {Words{}, Words{"-u", "1000"}, Words{"-t"}}) {
    Words words = {"exec"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"box", "sh", "-c", "echo ready; exec sleep 2000"});
    const auto exec = world_->Start(words);
    ASSERT_TRUE(exec->AwaitLine("ready"));
    exec->Signal(SIGKILL);
    exec->Wait();
    EXPECT_EQ(Said(kAwaitNoSleeper), "");
  }
  Down();
}

TEST_F(ExecTest, SignalsAreForTheProcess) {
  Up();
  const auto exec =
      world_->Start({"exec", "box", "sh", "-c",
                     "trap 'echo caught; exit 4' TERM; echo ready; while :; do :; done"});
  ASSERT_TRUE(exec->AwaitLine("ready"));
  exec->Signal(SIGTERM);
  ASSERT_TRUE(exec->AwaitLine("caught"));
  EXPECT_EQ(exec->Wait().code, 4);
  Down();
}

TEST_F(ExecTest, EndsWithTheContainer) {
  Up();
  const auto exec = world_->Start({"exec", "box", "sh", "-c", "echo ready; exec sleep 2000"});
  const auto at_terminal =
      world_->Start({"exec", "-t", "box", "sh", "-c", "echo ready; exec sleep 2000"});
  ASSERT_TRUE(exec->AwaitLine("ready"));
  ASSERT_TRUE(at_terminal->AwaitLine("ready"));
  ASSERT_EQ(world_->Pelagos({"kill", "box"}).code, 0);
  EXPECT_EQ(exec->Wait().code, 128 + SIGKILL);
  EXPECT_EQ(at_terminal->Wait().code, 128 + SIGKILL);
  Down();
}

TEST_F(ExecTest, InAUserNamespace) {
  Up({"--uidmap", "0:100000:1000", "--gidmap", "0:100000:1000"});
  ExpectHalvesAreEqual(Said(kWhatIsTheSame));
  EXPECT_EQ(Said("readlink /proc/self/ns/user"), Said("readlink /proc/1/ns/user"));
  EXPECT_EQ(SaidWith({"-u", "5"}, "id -u; touch /tmp/mine; stat -c %u /tmp/mine"), "5\n5\n");
  EXPECT_EQ(world_->Pelagos({"exec", "-t", "box", "sh", "-c", "tty"}).out, "/dev/pts/0\r\n");
  Down();
}

TEST_F(ExecTest, InAService) {
  world_->Write("compose.reml",
                "(compose-up (compose (service \"web\" '(image \"busybox\") '(user \"1000\")"
                " '(env \"WORD\" \"there\") '(command \"sleep\" \"1000\"))) \"shop\")\n");
  const Outcome up = world_->Pelagos({"compose", "up"});
  ASSERT_EQ(up.code, 0) << up.Describe();
  const Outcome exec =
      world_->Pelagos({"exec", "shop-web", "sh", "-c", "id -u; echo $WORD; hostname"});
  EXPECT_EQ(exec.code, 0) << exec.Describe();
  EXPECT_THAT(exec.out, HasSubstr("1000\nthere\n"));
  EXPECT_EQ(world_->Pelagos({"compose", "down", "-p", "shop"}).code, 0);
  world_->ExpectNoResidue("exec in a service");
}

}  // namespace
}  // namespace pelagos::rooted
