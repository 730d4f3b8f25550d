// User namespaces that root gives to containers, and clocks of their own: whose ids processes and
// files have on the host and inside, what the container cannot undo, and that nothing stays.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

std::string OwnerOf(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return absl::StrCat(info.st_uid, ":", info.st_gid);
}

class OwnUserNamespaceTest : public RunTest {
 protected:
  static Words With(const Words& flags) {
    Words words = {"--uidmap", "0:100000:65536", "--gidmap", "0:200000:65536"};
    words.insert(words.end(), flags.begin(), flags.end());
    return words;
  }
  // The first process of a running `pelagos run`.
  static std::string InitOf(const Program& program) {
    const std::string children =
        sys::ReadFile(absl::StrCat("/proc/", program.pid(), "/task/", program.pid(), "/children"),
                      64)
            .value_or("");
    return std::string(absl::StripTrailingAsciiWhitespace(children));
  }
};

TEST_F(OwnUserNamespaceTest, ImagesAreTheRootsInside) {
  EXPECT_EQ(Out(With({}),
                "id -u; id -g; tr -s ' ' < /proc/self/uid_map;"
                "tr -s ' ' < /proc/self/gid_map;"
                "stat -c %u:%g / /bin/sh /etc/hosts /dev /dev/pts /tmp"),
            "0\n0\n 0 100000 65536\n 0 200000 65536\n0:0\n0:0\n0:0\n0:0\n0:0\n0:0\n");
  // Files of the image can be changed, in the container's own layer.
  EXPECT_EQ(Out(With({}),
                "rm /bin/vi; mkdir /bin/vi; touch /new /etc/hosts; chown 5:6 /new; echo x "
                ">> /etc/passwd; chmod 700 /bin; stat -c %u:%g /new"),
            "5:6\n");
  world_->ExpectNoResidue("containers in user namespaces");
}

TEST_F(OwnUserNamespaceTest, ProcessesAndFilesSeenFromTheHost) {
  const std::unique_ptr<Program> program = world_->Start(
      {"run", "--rm", "--name", "mapped", "--uidmap", "0:100000:65536", "--gidmap",
       "0:200000:65536", "--user", "1000:1001", "-v", "data:/data", "--user", "1000:1001",
       "busybox", "sh", "-c", "touch /tmp/mine; echo up; exec sleep 1000"});
  ASSERT_TRUE(program->AwaitLine("up"));
  const std::string init = InitOf(*program);
  const std::string status = sys::ReadFile(absl::StrCat("/proc/", init, "/status"), 65536).value();
  EXPECT_TRUE(absl::StrContains(
      status, "\nUid:\t101000\t101000\t101000\t101000\nGid:\t201001\t201001\t201001\t201001\n"))
      << status;
  EXPECT_TRUE(absl::StrContains(status, "\nGroups:\t \n")) << status;
  const std::string folder = world_->run_root() + "/containers/mapped";
  EXPECT_EQ(OwnerOf(folder + "/upper"), "100000:200000");
  EXPECT_EQ(OwnerOf(folder + "/upper/tmp/mine"), "101000:201001");
  EXPECT_EQ(OwnerOf(folder + "/hosts"), "100000:200000");
  EXPECT_EQ(OwnerOf(folder), "0:0");
  program->Signal(SIGKILL);
  EXPECT_EQ(program->Wait().code, 128 + SIGKILL);
  EXPECT_TRUE(AwaitEnd(std::stoi(init)));
}

// On disk they are whose they are inside: containers with other maps share them.
TEST_F(OwnUserNamespaceTest, VolumesAreSharedByContainersWithOtherMaps) {
  EXPECT_EQ(Out(With({"-v", "data:/data"}), "touch /data/a; chown 7:8 /data/a"), "");
  EXPECT_EQ(OwnerOf(world_->data_root() + "/volumes/data/data/a"), "7:8");
  EXPECT_EQ(Out({"--uidmap", "0:500000:1000", "-v", "data:/data"}, "stat -c %u:%g /data/a"),
            "7:8\n");
  EXPECT_EQ(Out({"-v", "data:/data"}, "stat -c %u:%g /data/a"), "7:8\n");
}

// The host's folders are the host's.
TEST_F(OwnUserNamespaceTest, BindsShowTheHostsOwners) {
  const std::string file = world_->Write("shared/secret", "secret");
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  EXPECT_EQ(Out(With({"-v", world_->folder() + "/shared:/shared"}),
                "stat -c %u:%g /shared/secret; cat /shared/secret 2>/dev/null || echo unread;"
                "touch /shared/new 2>/dev/null || echo unwritten"),
            "65534:65534\nunread\nunwritten\n");
}

TEST_F(OwnUserNamespaceTest, PrivilegedHasNoPowerOverTheHost) {
  EXPECT_EQ(
      Out(With({"--privileged"}),
          "exec 2>/dev/null; grep CapEff /proc/self/status | cut -f2;"
          "mount -t tmpfs none /mnt || mkdir /mnt && mount -t tmpfs none /mnt && echo mounted;"
          "mknod /disk b 8 0 || echo unmade;"
          "echo x > /proc/sys/kernel/core_pattern || echo unset;"
          "echo 1 > /sys/kernel/mm/ksm/run || echo unset; chroot / true && echo chroot"),
      "000001ffffffffff\nmounted\nunmade\nunset\nunset\nchroot\n");
}

// A device in the root folder: its mount is nodev, and the container cannot take that off.
TEST_F(OwnUserNamespaceTest, DevicesInTheRootAreNone) {
  const std::string root = world_->folder() + "/root";
  for (const char* name : {"/bin", "/etc", "/tmp"}) {
    ASSERT_TRUE(sys::MakeFolders(root + name, 0755).ok());
  }
  std::filesystem::copy_file("/bin/busybox", root + "/bin/busybox");
  ASSERT_EQ(::mknod((root + "/zero").c_str(), S_IFCHR | 0666, makedev(1, 5)), 0);
  ASSERT_EQ(::chmod((root + "/zero").c_str(), 0666), 0);
  const auto run = [&](const Words& flags) {
    Words words = {"run", "--rm", "--privileged", "--rootfs", root};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(),
                 {"/bin/busybox", "sh", "-c",
                  "b=/bin/busybox; $b head -c 1 /zero >/dev/null 2>&1 && echo opened;"
                  "$b mount -o remount,bind,dev,rw / 2>/dev/null && echo remounted;"
                  "$b head -c 1 /zero >/dev/null 2>&1 && echo opened; $b stat -c %u:%g /zero"});
    return world_->Pelagos(words);
  };
  const Outcome mapped = run(With({}));
  EXPECT_EQ(mapped.out, "0:0\n") << mapped.Describe();
  // So it is the mount that forbids it.
  const Outcome plain = run({});
  EXPECT_EQ(plain.out, "opened\nremounted\nopened\n0:0\n") << plain.Describe();
}

TEST_F(OwnUserNamespaceTest, DevicesAreBound) {
  EXPECT_EQ(Out(With({"--device", "/dev/zero:/dev/nothing"}),
                "echo gone > /dev/null; head -c 3 /dev/nothing | wc -c;"
                "stat -c %u:%t:%T /dev/null /dev/nothing; chmod 600 /dev/null 2>/dev/null || echo "
                "refused"),
            "3\n65534:1:3\n65534:1:5\nrefused\n");
}

TEST_F(OwnUserNamespaceTest, IsolationIsAsWithout) {
  EXPECT_EQ(Out(With({"--hostname", "inside", "--sysctl", "net.ipv4.ip_default_ttl=77", "--init",
                      "--ulimit", "nofile=99", "--oom-score-adj", "5"}),
                "hostname; cat /proc/sys/net/ipv4/ip_default_ttl; cat /proc/1/comm; ulimit -n;"
                "cat /proc/self/oom_score_adj; ls /sys/class/net;"
                "touch /sys/x 2>/dev/null || echo sealed;"
                "grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status | cut -f2"),
            "inside\n77\npelagos-init\n99\n5\nlo\nsealed\n00000000a80425fb\n1\n2\n");
  EXPECT_EQ(Out(With({"-t"}), "test -t 0 && stat -c %u:%g /dev/console"), "0:5\r\n");
  EXPECT_EQ(Out(With({"--user", "1000", "--read-only", "--tmpfs", "/t:uid=5,gid=6"}),
                "touch /x 2>/dev/null || echo sealed; stat -c %u:%g /t"),
            "sealed\n5:6\n");
  EXPECT_EQ(Out(With({"--memory", "64m", "--pids-limit", "50"}), "echo limited"), "limited\n");
  EXPECT_EQ(Out(With({"--network", "host"}), "touch /sys/x 2>/dev/null || echo sealed"),
            "sealed\n");
  EXPECT_EQ(Out(With({"--pid", "host", "--ipc", "host", "--uts", "host", "--cgroupns", "host"}),
                "test -e /proc/1/comm && echo seen"),
            "seen\n");
  world_->ExpectNoResidue("containers in user namespaces");
}

TEST_F(OwnUserNamespaceTest, StandardStreamsAreTheUsers) {
  EXPECT_EQ(Out(With({"--user", "1000"}), "echo x > /dev/stdout"), "x\n");
  EXPECT_EQ(Out(With({}), "echo x > /dev/stdout"), "x\n");
}

// Those of another container, with the user namespace they belong to.
TEST_F(OwnUserNamespaceTest, JoinsAUserNamespace) {
  const std::unique_ptr<Program> first = world_->Start(
      {"run", "--rm", "--name", "first", "--uidmap", "0:100000:65536", "--hostname", "other",
       "busybox", "sh", "-c",
       "readlink /proc/self/ns/user; readlink /proc/self/ns/net; trap 'exit 0' TERM; echo up; "
       "sleep 1000 & wait"});
  const std::string user = first->NextLine().value_or(""), net = first->NextLine().value_or("");
  ASSERT_TRUE(first->AwaitLine("up"));
  const std::string ns = absl::StrCat("ns:/proc/", InitOf(*first), "/ns/");
  EXPECT_EQ(Out({"--userns", ns + "user"},
                "readlink /proc/self/ns/user; stat -c %u:%g /bin/sh; touch /new; id -u"),
            user + "\n0:0\n0\n");
  EXPECT_EQ(Out({"--userns", ns + "user", "--network", ns + "net", "--pid", ns + "pid", "--uts",
                 ns + "uts"},
                "readlink /proc/self/ns/user; readlink /proc/self/ns/net; hostname; cat "
                "/proc/1/comm"),
            absl::StrCat(user, "\n", net, "\nother\nsh\n"));
  // Its network alone, from a user namespace of its own.
  EXPECT_EQ(Out(With({"--network", ns + "net"}), "readlink /proc/self/ns/net"), net + "\n");
  ExpectFails(With({"--pid", ns + "pid"}), 125,
              "a pid namespace cannot be joined from a user namespace of its own");
  first->Signal(SIGTERM);
  EXPECT_EQ(first->Wait().code, 0);
}

TEST_F(OwnUserNamespaceTest, Mistakes) {
  ExpectFails({"--uidmap", "1:100000:65536"}, 125, "the id map needs user and group 0");
  ExpectFails(With({"--user", "70000"}), 125, "user id 70000 is not mapped");
  ExpectFails(With({"--group-add", "70000"}), 125, "group id 70000 is not mapped");
  ExpectFails({"--userns", "private"}, 2, "needs --uidmap or --subuidname");
  ExpectFails({"--userns", "keep-id"}, 2, "this is for ordinary users");
  ExpectFails({"--userns", "ns:/no/such"}, 125, "expected /proc/PID/ns/user");
  const Outcome missing =
      world_->Pelagos({"run", "--rm", "--uidmap", "0:100000:65536", "busybox", "/no/such"});
  EXPECT_EQ(missing.code, 127) << missing.Describe();
  world_->ExpectNoResidue("containers that could not be started");
}

class TimeNamespaceTest : public RunTest {
 protected:
  static double Clock(clockid_t clock) {
    timespec now = {};
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
  }
  // Seconds since boot, as the container sees them, and what they are without.
  static double Uptime(const std::string& out) {
    const std::vector<std::string> words = absl::StrSplit(out, absl::ByAnyChar(" \n"));
    double seconds = -1;
    EXPECT_TRUE(absl::SimpleAtod(words[0], &seconds)) << out;
    return seconds;
  }
};

TEST_F(TimeNamespaceTest, ClocksOfItsOwn) {
  const double before = Clock(CLOCK_BOOTTIME);
  const double later =
      Uptime(Out({"--time-offset", "boottime=1d", "--time-offset", "monotonic=-0.5"},
                 "cat /proc/uptime /proc/self/timens_offsets; readlink /proc/self/ns/time"));
  const double after = Clock(CLOCK_BOOTTIME);
  EXPECT_GE(later, before + 86400 - 0.1);
  EXPECT_LE(later, after + 86400 + 0.1);
  const std::string offsets =
      Out({"--time-offset", "boottime=1d", "--time-offset", "monotonic=-0.5"},
          "tr -s ' ' < /proc/self/timens_offsets");
  EXPECT_EQ(offsets, "monotonic -1 500000000\nboottime 86400 0\n");
  const double plain = Uptime(Out({}, "cat /proc/uptime"));
  EXPECT_LT(plain, Clock(CLOCK_BOOTTIME) + 0.1);
}

// Also of the first process itself, not only of its children.
TEST_F(TimeNamespaceTest, TheFirstProcessIsInIt) {
  EXPECT_EQ(Out({"--time-offset", "boottime=60"},
                "test $(readlink /proc/1/ns/time) = $(readlink /proc/self/ns/time) && echo same;"
                "test $(readlink /proc/1/ns/time) = $(readlink /proc/1/ns/time_for_children) && "
                "echo same"),
            "same\nsame\n");
  char host[64] = {};
  ASSERT_GT(::readlink("/proc/self/ns/time", host, sizeof(host) - 1), 0);
  EXPECT_NE(Out({"--time-offset", "boottime=60"}, "readlink /proc/1/ns/time"),
            absl::StrCat(host, "\n"));
  EXPECT_EQ(Out({}, "readlink /proc/1/ns/time"), absl::StrCat(host, "\n"));
}

TEST_F(TimeNamespaceTest, WithOtherNamespaces) {
  const Words clock = {"--time-offset", "boottime=1h"};
  Words words = {"--uidmap", "0:100000:65536"};
  words.insert(words.end(), clock.begin(), clock.end());
  EXPECT_GE(Uptime(Out(words, "cat /proc/uptime")), Clock(CLOCK_BOOTTIME) + 3590);
  words = {"--init", "-t"};
  words.insert(words.end(), clock.begin(), clock.end());
  EXPECT_GE(Uptime(Out(words, "cat /proc/uptime")), Clock(CLOCK_BOOTTIME) + 3590);
  world_->ExpectNoResidue("containers with clocks of their own");
}

TEST_F(TimeNamespaceTest, Mistakes) {
  ExpectFails({"--time-offset", "realtime=5"}, 2, "expected monotonic=TIME or boottime=TIME");
  ExpectFails({"--time-offset", "boottime=-1000d"}, 125,
              "an offset would make a clock negative, or go beyond what the kernel counts");
  world_->ExpectNoResidue("containers that could not be started");
}

}  // namespace
}  // namespace pelagos::rooted
