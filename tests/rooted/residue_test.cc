// Whatever goes wrong in a stack, nothing of it is left: no process, mount, namespace, link, rule,
// cgroup, setting or file (snapshot.h).

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/fd.h"
#include "tests/rooted/trio.h"

namespace pelagos::rooted {
namespace {

using ResidueTest = TrioTest;

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

TEST_F(ResidueTest, JobsThatEndLeaveTheirLogsUntilDown) {
  const Outcome up = Up(R"((compose-up
  (compose (service "first" '(image "busybox") '(command "echo" "the work is done"))
           (service "second" '(image "busybox") '(depends-on "first")
                    '(command "sh" "-c" "echo so is mine")))
  "trio"))");
  ASSERT_EQ(up.code, 0) << up.Describe();
  for (const PsRow& row : world_->Ps("trio")) EXPECT_EQ(row.status, "exited (0)") << row.service;
  const Outcome logs = world_->Pelagos({"compose", "logs", "-p", "trio", "--follow"});
  EXPECT_EQ(logs.code, 0) << logs.Describe();
  EXPECT_EQ(logs.out, "first  | the work is done\nsecond | so is mine\n");
  // A stack that has ended is no stack that runs.
  const Outcome again = world_->Pelagos({"compose", "up"});
  EXPECT_EQ(again.code, 0) << again.Describe();
  ExpectDown();
  ExpectNothing("jobs that ended");
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
