// Whatever happens to a stack, nothing of it is left: no process, mount, namespace, link, rule,
// cgroup, setting or file (snapshot.h).

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {
namespace {

// Three services in a row, with all that can leak: two networks, a volume, a port, limits, a hook.
constexpr char kStack[] = R"((define (node name . options)
  (apply service name '(image "busybox") '(stop-grace-period 0)
         '(command "httpd" "-f" "-p" "8000" "-h" "/") options))
(on-ready "b" (lambda () (display "the hook of b\n")))
(compose-up
  (compose (network "front") (network "back") (volume "data")
           (node "a" '(network "back") '(volume "data" "/data") '(memory "64m"))
           (node "b" '(network "back" "front") '(depends-on "a" 8000) '(cpus "0.5"))
           (node "c" '(network "front") '(port 18080 8000) '(depends-on "b" 8000)))
  "trio")
)";

// What `up` prints for kStack, by its beginnings.
constexpr const char* kLines[] = {"a: ready", "the hook of b", "b: ready", "c: ready",
                                  "Project 'trio' started"};

class ResidueTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (IsSkipped()) return;
    world_.emplace();
    world_->Write("compose.reml", kStack);
  }

  Outcome Up(const std::string& stack) {
    world_->Write("compose.reml", stack);
    return world_->Pelagos({"compose", "up"});
  }

  void ExpectUp() {
    const Outcome up = world_->Pelagos({"compose", "up"});
    ASSERT_EQ(up.code, 0) << up.Describe();
  }

  void ExpectDown() {
    const Outcome down = world_->Pelagos({"compose", "down", "-p", "trio"});
    EXPECT_EQ(down.code, 0) << down.Describe();
  }

  // Nothing runs, nothing is recorded.
  void ExpectNothing(const std::string& after) {
    EXPECT_EQ(world_->SupervisorPid("trio"), 0) << "left after " << after;
    world_->ExpectNoResidue(after.c_str());
  }

  // `compose down`, whatever it says: there may be nothing to take down.
  void DownIfAnything() {
    const Outcome down = world_->Pelagos({"compose", "down", "-p", "trio"});
    if (down.code == 0) return;
    EXPECT_EQ(down.code, 1) << down.Describe();
    EXPECT_EQ(down.err, "pelagos: error: no running project 'trio' found\n");
  }

  std::optional<World> world_;
};

// All processes of ours that run `pelagos` itself: `up`, `down`, the supervisor.
std::vector<pid_t> Toolkit() {
  std::vector<pid_t> found;
  for (pid_t pid : Descendants()) {
    char target[4096];
    const ssize_t size =
        ::readlink(absl::StrCat("/proc/", pid, "/exe").c_str(), target, sizeof(target));
    if (size > 0 && absl::EndsWith(std::string(target, static_cast<size_t>(size)), "/pelagos")) {
      found.push_back(pid);
    }
  }
  return found;
}

// A point in the life of a command that nothing announces.
void Let(absl::Duration pass) {
  ::poll(nullptr, 0, static_cast<int>(absl::ToInt64Milliseconds(pass)));
}

TEST_F(ResidueTest, NormalDown) {
  ExpectUp();
  EXPECT_EQ(world_->Get(18080, "/etc/hostname").status, 200);
  ExpectDown();
  ExpectNothing("down");
  const Outcome again = world_->Pelagos({"compose", "down", "-p", "trio"});
  EXPECT_EQ(again.code, 1) << again.Describe();
  EXPECT_EQ(again.err, "pelagos: error: no running project 'trio' found\n");
  ExpectNothing("a second down");
}

TEST_F(ResidueTest, AServiceThatFails) {
  const Outcome up = Up(R"((compose-up
  (compose
    (service "good" '(image "busybox") '(command "sleep" "1000") '(stop-grace-period 0))
    (service "bad" '(image "busybox") '(depends-on "good")
             '(command "sh" "-c" "echo it begins; echo it is over >&2; exit 3")))
  "trio"))");
  EXPECT_EQ(up.code, 1) << up.Describe();
  for (const char* part : {"service 'bad' failed: exited with code 3\n", "  bad | it begins\n",
                           "  bad | it is over\n", "project 'trio' was taken down\n"}) {
    EXPECT_TRUE(absl::StrContains(up.err, part)) << part << up.Describe();
  }
  ExpectNothing("a service that failed");
}

TEST_F(ResidueTest, AServiceWhoseProgramIsNotThere) {
  const Outcome up = Up(R"((compose-up
  (compose (service "good" '(image "busybox") '(command "sleep" "1000") '(stop-grace-period 0))
           (service "bad" '(image "busybox") '(depends-on "good") '(command "/no/such/program")))
  "trio"))");
  EXPECT_EQ(up.code, 1) << up.Describe();
  EXPECT_TRUE(absl::StrContains(up.err, "service 'bad' failed: ")) << up.Describe();
  EXPECT_TRUE(absl::StrContains(up.err, "/no/such/program")) << up.Describe();
  EXPECT_TRUE(absl::StrContains(up.err, "no such file")) << up.Describe();
  ExpectNothing("a program that is not there");
}

TEST_F(ResidueTest, AServiceThatTakesTooMuchMemory) {
  const Outcome up = Up(R"reml((compose-up
  (compose (service "greedy" '(image "busybox") '(memory "16m")
             '(command "sh" "-c" "x=$(head -c 200m /dev/zero | tr '\\0' x)"))
           (service "patient" '(image "busybox") '(depends-on "greedy" 80)))
  "trio"))reml");
  EXPECT_EQ(up.code, 1) << up.Describe();
  EXPECT_TRUE(absl::StrContains(
      up.err, "service 'greedy' failed: was killed: it used more memory than its limit allows"))
      << up.Describe();
  ExpectNothing("a service that took too much memory");
}

TEST_F(ResidueTest, AnImageThatIsMissing) {
  const Outcome up = Up(R"((compose-up
  (compose (service "good" '(image "busybox") '(command "sleep" "1000"))
           (service "bad" '(image "no-such-image")))
  "trio"))");
  EXPECT_EQ(up.code, 1) << up.Describe();
  EXPECT_TRUE(absl::StrContains(up.err, "no-such-image")) << up.Describe();
  EXPECT_EQ(up.out, "");
  ExpectNothing("an image that is missing");
}

TEST_F(ResidueTest, AnUnboundVariable) {
  const Outcome up = Up("(compose-up\n  (compose (service \"a\" (list 'image which))) \"trio\")\n");
  EXPECT_EQ(up.code, 1) << up.Describe();
  EXPECT_TRUE(absl::StrContains(up.err, "compose.reml:2:38: ")) << up.Describe();
  EXPECT_TRUE(absl::StrContains(up.err, "unbound variable: which")) << up.Describe();
  EXPECT_EQ(up.out, "");
  ExpectNothing("an unbound variable");
}

TEST_F(ResidueTest, AHookThatFails) {
  const Outcome up = Up(R"((on-ready "a" (lambda () (error "the hook is out of order")))
(compose-up
  (compose (service "a" '(image "busybox") '(command "sleep" "1000") '(stop-grace-period 0)))
  "trio"))");
  EXPECT_EQ(up.code, 1) << up.Describe();
  EXPECT_TRUE(absl::StrContains(up.err, "the hook is out of order")) << up.Describe();
  ExpectNothing("a hook that failed");
}

TEST_F(ResidueTest, APortThatIsTaken) {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(18080);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  const Outcome up = world_->Pelagos({"compose", "up"});
  EXPECT_EQ(up.code, 1) << up.Describe();
  EXPECT_TRUE(absl::StrContains(up.err, "18080")) << up.Describe();
  ExpectNothing("a port that was taken");
}

TEST_F(ResidueTest, AServiceThatIgnoresSigterm) {
  // The first process of a PID namespace gets only the signals that it handles.
  ASSERT_EQ(Up(R"((compose-up
  (compose (service "stubborn" '(image "busybox") '(stop-grace-period 1)
             '(command "sh" "-c" "trap 'echo not yet' TERM; while :; do sleep 1000; done")))
  "trio"))")
                .code,
            0);
  const absl::Time begin = absl::Now();
  ExpectDown();
  const absl::Duration took = absl::Now() - begin;
  EXPECT_GE(took, absl::Seconds(1));
  EXPECT_LT(took, absl::Seconds(10));
  ExpectNothing("a service that ignored SIGTERM");
}

TEST_F(ResidueTest, SupervisorKilledThenDown) {
  ExpectUp();
  const int supervisor = world_->SupervisorPid("trio");
  ASSERT_GT(supervisor, 0);
  ASSERT_EQ(::kill(supervisor, SIGKILL), 0);
  ASSERT_TRUE(AwaitEnd(supervisor));
  ExpectDown();
  ExpectNothing("kill -9 of the supervisor, and down");
}

TEST_F(ResidueTest, SupervisorKilledThenUpAgain) {
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

TEST_F(ResidueTest, SupervisorKilledWhileUpWaits) {
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

TEST_F(ResidueTest, UpKilledAtEachOfItsLines) {
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

TEST_F(ResidueTest, UpKilledAtAnyTime) {
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

TEST_F(ResidueTest, UpAndSupervisorKilledAtAnyTime) {
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

TEST_F(ResidueTest, DownAndSupervisorKilledAtAnyTime) {
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

TEST_F(ResidueTest, UpInterrupted) {
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

TEST_F(ResidueTest, ForegroundEndsWithItsSignal) {
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

TEST_F(ResidueTest, ForegroundKilled) {
  const auto up = world_->Start({"compose", "up", "--foreground"});
  ASSERT_TRUE(up->AwaitLine("c: ready"));
  up->Signal(SIGKILL);
  up->Wait();
  DownIfAnything();
  ExpectNothing("kill -9 of a foreground up");
}

TEST_F(ResidueTest, TwoStacksDoNotMeet) {
  const std::string file = world_->Write("other/compose.reml", R"((compose-up
  (compose (network "front") (volume "data")
           (service "a" '(image "busybox") '(network "front") '(volume "data" "/data")
                    '(stop-grace-period 0) '(command "httpd" "-f" "-p" "8000"))))
)");
  ExpectUp();
  const Outcome other = world_->Pelagos({"compose", "up", "-f", file, "-p", "duo"});
  ASSERT_EQ(other.code, 0) << other.Describe();
  // They have networks of the same name, and do not reach each other there.
  const Outcome address = world_->Inside("duo", "a", {"/bin/busybox", "hostname", "-i"});
  const Outcome reach =
      world_->Inside("trio", "c",
                     {"/bin/busybox", "timeout", "1", "wget", "-q", "-O", "-",
                      absl::StrCat("http://", address.out.substr(0, address.out.find('\n')),
                                   ":8000/etc/hostname")});
  EXPECT_NE(reach.code, 0) << reach.Describe();
  ExpectDown();
  EXPECT_EQ(world_->Ps("duo", "a").status, "running");
  EXPECT_EQ(world_->Pelagos({"compose", "down", "-p", "duo", "-v"}).code, 0);
  EXPECT_EQ(world_->Volumes(), std::vector<std::string>{"trio-data"});
  ExpectNothing("two stacks");
}

TEST_F(ResidueTest, TheSameProjectInAnotherRunRoot) {
  const std::string file = world_->Write("same.reml", R"((compose-up
  (compose (service "a" '(image "busybox") '(memory "64m") '(stop-grace-period 0)
                    '(command "httpd" "-f" "-p" "8000")))
  "same")
)");
  const std::string other = world_->folder() + "/run";
  const auto elsewhere = [&](std::vector<std::string> args) {
    args.insert(args.begin(), {"--run-root", other, "compose"});
    return world_->Pelagos(std::move(args));
  };
  const Outcome here = world_->Pelagos({"compose", "up", "-f", file});
  ASSERT_EQ(here.code, 0) << here.Describe();
  const PsRow before = world_->Ps("same", "a");
  const Outcome there = elsewhere({"up", "-f", file});
  EXPECT_EQ(there.code, 0) << there.Describe();
  const Outcome down = elsewhere({"down", "-p", "same"});
  EXPECT_EQ(down.code, 0) << down.Describe();
  const PsRow after = world_->Ps("same", "a");
  EXPECT_EQ(after.status, "running");
  EXPECT_EQ(after.pid, before.pid);
  EXPECT_EQ(world_->Pelagos({"compose", "down", "-p", "same"}).code, 0);
  ExpectNothing("the same project in two run roots");
}

}  // namespace
}  // namespace pelagos::rooted
