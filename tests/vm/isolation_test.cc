// Containers with what only a guest has: AppArmor, and a disk whose cgroup v2 has the io
// controller.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

class IsolationTest : public RunTest {
 protected:
  void Must(const Words& words) {
    const Outcome outcome = world_->Tool(words);
    ASSERT_EQ(outcome.code, 0) << outcome.Describe();
  }
};

TEST_F(IsolationTest, AnAppArmorProfileIsEnforced) {
  const std::string profile = world_->Write(
      "profile",
      "profile pelagos-test flags=(attach_disconnected,mediate_deleted) {\n"
      "  file, capability, network, signal, deny /forbidden w, deny /etc/passwd r,\n}\n");
  Must({"apparmor_parser", "--replace", profile});
  const std::string script =
      "cat /proc/self/attr/current; echo yes > /allowed; cat /allowed; exec 2>&1;"
      "echo no > /forbidden; cat /etc/passwd; test -e /forbidden || echo none";
  const std::string expected =
      "pelagos-test (enforce)\nyes\nsh: can't create /forbidden: Permission denied\n"
      "cat: can't open '/etc/passwd': Permission denied\nnone\n";
  const Words flags = {"--security-opt", "apparmor=pelagos-test"};
  EXPECT_EQ(Out(flags, script), expected);
  // Below pelagos-init, for another user, and with new privileges, too.
  Words more = flags;
  more.insert(more.end(), {"--init", "--user", "1000", "--tmpfs", "/w:mode=777"});
  EXPECT_TRUE(
      absl::StrContains(Out(more, "cat /proc/self/attr/current"), "pelagos-test (enforce)"));
  more = flags;
  more.insert(more.end(), {"--security-opt", "no-new-privileges=false"});
  EXPECT_EQ(Out(more, script), expected);
  // Without a profile of its own it has the caller's.
  EXPECT_EQ(Out({}, "cat /proc/self/attr/current"), "unconfined\n");
  ExpectFails({"--security-opt", "apparmor=no-such-profile"}, 125, "no such profile is loaded");
}

// A loop device over a file: with a limit of 1 MB in each second, 3 MB take more than two seconds;
// without one they take a small part of that.
TEST_F(IsolationTest, ADiskIsThrottled) {
  const std::string file = world_->Write("disk", "");
  ASSERT_EQ(::truncate(file.c_str(), 8 << 20), 0);
  world_->Tool({"modprobe", "loop", "max_loop=1"});
  Must({"losetup", "/dev/loop0", file});
  const auto seconds = [&](const Words& limits, const std::string& words) {
    Words flags = {"--device", "/dev/loop0"};
    flags.insert(flags.end(), limits.begin(), limits.end());
    // Its own clock: the launch does not count.
    const std::string out = Out(
        flags, absl::StrCat("a=$(cut -d' ' -f1 /proc/uptime); dd bs=64k count=48 ", words,
                            " 2>/dev/null || echo failed; echo $a $(cut -d' ' -f1 /proc/uptime)"));
    double begin = 0, end = 0;
    EXPECT_EQ(std::sscanf(out.c_str(), "%lf %lf", &begin, &end), 2) << out;
    return end - begin;
  };
  const std::string write = "if=/dev/zero of=/dev/loop0 oflag=direct";
  const std::string read = "if=/dev/loop0 of=/dev/null iflag=direct";
  const double free_write = seconds({}, write);
  const double free_read = seconds({}, read);
  EXPECT_GT(seconds({"--device-write-bps", "/dev/loop0:1mb"}, write), 2.0);
  EXPECT_GT(seconds({"--device-read-bps", "/dev/loop0:1mb"}, read), 2.0);
  EXPECT_GT(seconds({"--device-write-iops", "/dev/loop0:20"}, write), 2.0);
  EXPECT_GT(seconds({"--device-read-iops", "/dev/loop0:20"}, read), 2.0);
  // The other direction is as it was.
  EXPECT_LT(seconds({"--device-write-bps", "/dev/loop0:1mb"}, read), 1.5);
  EXPECT_LT(free_write, 1.5);
  EXPECT_LT(free_read, 1.5);
  Must({"losetup", "-d", "/dev/loop0"});
}

}  // namespace
}  // namespace pelagos::rooted
