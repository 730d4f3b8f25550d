// Flags of `run` under the names that the original Pelagos has them, as seen from inside.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

class OriginalFlagsTest : public RunTest {};

TEST_F(OriginalFlagsTest, Binds) {
  const std::string file = world_->Write("data/file", "hello\n");
  const std::string folder = file.substr(0, file.rfind('/'));
  EXPECT_EQ(Out({"--bind", folder + ":/data"}, "cat /data/file; echo new >/data/made"), "hello\n");
  EXPECT_EQ(Out({"--bind-ro", folder + ":/data"},
                "cat /data/made; echo no 2>/dev/null >/data/other || echo read-only"),
            "new\nread-only\n");
  ExpectFails({"--bind", folder + "/missing:/data"}, 125, "does not exist");
}

TEST_F(OriginalFlagsTest, NamespacesOfTheHost) {
  const std::string host_ipc = Out({"--no-ipc-ns"}, "readlink /proc/self/ns/ipc");
  EXPECT_EQ(host_ipc, Out({"--ipc=host"}, "readlink /proc/self/ns/ipc"));
  EXPECT_NE(host_ipc, Out({}, "readlink /proc/self/ns/ipc"));
  EXPECT_EQ(Out({"--no-pid-ns"}, "test $$ != 1 && echo another"), "another\n");
}

TEST_F(OriginalFlagsTest, MaskedPaths) {
  EXPECT_EQ(Out({"--masked-path", "/sys/kernel", "--masked-path", "/etc/hostname", "--masked-path",
                 "/not/there"},
                "cat /etc/hostname; cd /sys/kernel; echo *"),
            "*\n");
  EXPECT_EQ(Out({"--masked-path", "/proc/net/", "--masked-path=/proc/uptime"},
                "cat /proc/uptime; cd /proc/net; echo *"),
            "*\n");
  // Those that are always masked stay so.
  EXPECT_EQ(Out({"--masked-path", "/sys/kernel"}, "cd /sys/firmware; echo *"), "*\n");
  EXPECT_NE(Out({}, "cat /etc/hostname; cd /sys/kernel; echo *"), "*\n");
  ExpectFails({"--masked-path", "etc"}, 2,
              "--masked-path 'etc': the path 'etc' must be an absolute path");
}

TEST_F(OriginalFlagsTest, Cgroup) {
  EXPECT_EQ(
      Out({"--cgroup-path", "pelagos-test-path", "--cgroupns=host"},
          "grep -c /pelagos-test-path/ /proc/self/cgroup | grep -v '^0$' >/dev/null && echo in"),
      "in\n");
  // A parent stays: others may have come to use it.
  for (const std::string& mount : CgroupMounts()) {
    const std::string parent = mount + "/pelagos-test-path";
    if (::access(parent.c_str(), F_OK) != 0) continue;
    EXPECT_EQ(::rmdir(parent.c_str()), 0) << parent;
  }
}

// As ALLOW lists are tried: programs run, and what administers does not, whatever is kept.
TEST_F(OriginalFlagsTest, SeccompProfilesByName) {
  for (const char* profile : {"minimal", "iouring", "io-uring", "default", ""}) {
    EXPECT_EQ(Out({"--security-opt", std::string("seccomp=") + profile, "--cap-add=ALL"},
                  "ls / | wc -l >/dev/null; sleep 0; (echo sub); date >/dev/null; "
                  "grep -c 'Seccomp:.2' /proc/self/status"),
              "sub\n1\n")
        << profile;
  }
  EXPECT_EQ(Out({"--security-opt", "seccomp=minimal", "--cap-add=ALL"},
                "mount -t tmpfs none /tmp 2>/dev/null || echo denied"),
            "denied\n");
  EXPECT_EQ(Out({"--security-opt", "seccomp=default", "--cap-add=ALL"},
                "mount -t tmpfs none /tmp && echo mounted"),
            "mounted\n");
  EXPECT_EQ(Out({"--security-opt", "seccomp=none"}, "grep -c 'Seccomp:.0' /proc/self/status"),
            "1\n");
}

}  // namespace
}  // namespace pelagos::rooted
