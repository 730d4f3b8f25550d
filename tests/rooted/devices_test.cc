// The nodes in a container's /dev: the default ones, those of --device, and those of CDI.

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

class DevicesTest : public RunTest {
 protected:
  // Another node of the null device.
  std::string Node(const std::string& name, mode_t mode, uid_t uid, gid_t gid) {
    const std::string path = absl::StrCat(world_->folder(), "/", name);
    EXPECT_TRUE(sys::MakeFolders(sys::FolderOf(path), 0755).ok());
    EXPECT_EQ(::mknod(path.c_str(), S_IFCHR | mode, makedev(1, 3)), 0) << path;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_EQ(::chown(path.c_str(), uid, gid), 0);
    return path;
  }
};

constexpr char kStat[] = "stat -c '%n %F %t:%T %a %u:%g' ";

TEST_F(DevicesTest, TheDefaultOnesAndNoOther) {
  EXPECT_EQ(Out({}, absl::StrCat("cd /dev; for f in *; do test ! -h $f && test -c $f && ", kStat,
                                 "$f; done; find . -type b; test -e kmsg && echo kmsg; true")),
            "full character special file 1:7 666 0:0\n"
            "null character special file 1:3 666 0:0\n"
            "random character special file 1:8 666 0:0\n"
            "tty character special file 5:0 666 0:0\n"
            "urandom character special file 1:9 666 0:0\n"
            "zero character special file 1:5 666 0:0\n");
}

TEST_F(DevicesTest, ADeviceOfTheHost) {
  const std::string node = Node("node", 0751, 5, 6);
  EXPECT_EQ(Out({"--device", node + ":/dev/deep/mine"},
                absl::StrCat(kStat,
                             "/dev/deep/mine; echo x > /dev/deep/mine; stat -c '%a %u' "
                             "/dev/deep")),
            "/dev/deep/mine character special file 1:3 640 5:6\n755 0\n");
}

TEST_F(DevicesTest, AFolderOfDevices) {
  Node("folder/a", 0600, 0, 0);
  Node("folder/sub/b", 0660, 0, 7);
  world_->Write("folder/file", "no device");
  ASSERT_EQ(::symlink("/dev/zero", (world_->folder() + "/folder/link").c_str()), 0);
  EXPECT_EQ(Out({"--device", world_->folder() + "/folder:/dev/set"},
                "cd /dev/set; find . -type c | sort; find . -type f; find . -type l; stat -c %g "
                "sub/b"),
            "./a\n./sub/b\n7\n");
}

// In a /dev of this test's own, so that it is known what is there.
TEST_F(DevicesTest, PrivilegedHasThoseOfTheHost) {
  ASSERT_EQ(::mount("test", "/mnt", "tmpfs", 0, "mode=755"), 0);
  const auto node = [](const char* path, mode_t type, unsigned minor, gid_t group) {
    ASSERT_EQ(::mknod(path, type | 0640, makedev(1, minor)), 0) << path;
    ASSERT_EQ(::chmod(path, 0640), 0);
    ASSERT_EQ(::chown(path, 0, group), 0);
  };
  for (const char* folder : {"/mnt/sub", "/mnt/pts", "/mnt/shm"}) {
    ASSERT_EQ(::mkdir(folder, 0755), 0);
  }
  ASSERT_EQ(::mount("/dev/shm", "/mnt/shm", nullptr, MS_BIND, nullptr), 0);  // the test's folders
  node("/mnt/null", S_IFCHR, 3, 0);
  node("/mnt/console", S_IFCHR, 3, 0);
  node("/mnt/disk", S_IFBLK, 5, 6);
  node("/mnt/sub/mine", S_IFCHR, 3, 7);
  node("/mnt/pts/0", S_IFCHR, 3, 0);
  Node("below-shm", 0600, 0, 0);
  ASSERT_EQ(::symlink("/mnt/disk", "/mnt/link"), 0);
  ASSERT_EQ(::mount("/mnt", "/dev", nullptr, MS_MOVE, nullptr), 0);
  const std::string list = absl::StrCat(
      "cd /dev; ", kStat, "disk sub/mine; test -e link || test -e console || test -e pts/0 || ",
      "test -n \"$(ls shm)\" || echo no more; echo x > sub/mine && echo written");
  const Outcome privileged = Run({"--privileged"}, list);
  const Outcome ordinary = Run({}, "cd /dev; test -e disk || test -e sub || echo none");
  const Outcome plan =
      world_->Pelagos({"run", "--rm", "--privileged", "--dry-run", "busybox", "true"});
  ASSERT_EQ(::umount2("/dev", MNT_DETACH), 0);
  EXPECT_EQ(privileged.out,
            "disk block special file 1:5 640 0:6\nsub/mine character special file 1:3 640 0:7\n"
            "no more\nwritten\n")
      << privileged.Describe();
  EXPECT_EQ(ordinary.out, "none\n") << ordinary.Describe();
  EXPECT_TRUE(absl::StrContains(plan.out, "the host's devices -> /dev, 2 of them\n"))
      << plan.Describe();
}

TEST_F(DevicesTest, WhatIsRefused) {
  const std::string node = Node("node", 0600, 0, 0);
  ExpectFails({"--device", "/dev/no-such-device"}, 125, "does not exist on the host");
  ExpectFails({"--device", "/etc/passwd:/dev/x"}, 125, "is neither a device nor a folder");
  ExpectFails({"--device", node + ":/etc/x"}, 125, "must be below /dev");
  ExpectFails({"--device", node + ":/dev/null"}, 125, "something else is there");
  ExpectFails({"--device", node + ":/dev/x", "--device", node + ":/dev//x"}, 125,
              "something else is there");
  ExpectFails({"--device", node + ":/dev/../etc/x"}, 125, "must not contain '.' or '..'");
  ExpectFails({"--device", "node"}, 2, "--device 'node': expected HOST[:INSIDE][:ACCESS]");
}

TEST_F(DevicesTest, Cdi) {
  const std::string node = Node("node", 0600, 0, 0);
  // In this test's own mount namespace; /var/run is a link to /run.
  ASSERT_EQ(::mount("test", "/run", "tmpfs", 0, "mode=755"), 0);
  ASSERT_TRUE(sys::MakeFolders("/run/cdi", 0755).ok());
  const std::string file =
      absl::StrCat(R"({"cdiVersion":"0.6.0","kind":"vendor.com/thing","devices":[{"name":"one",)",
                   R"("containerEdits":{"deviceNodes":[{"path":"/dev/thing","hostPath":")", node,
                   R"(","fileMode":432,"gid":44}],"env":["THING=1"],"additionalGids":[44]}}]})");
  ASSERT_TRUE(sys::WriteFileAtomically("/run/cdi/thing.json", file).ok());
  const bool linked = ::access("/var/run/cdi/thing.json", F_OK) == 0;
  EXPECT_TRUE(linked);
  EXPECT_EQ(Out({"--device", "vendor.com/thing=one", "--user", "1000:1000"},
                absl::StrCat(kStat, "/dev/thing; echo $THING; id -G; echo x > /dev/thing")),
            "/dev/thing character special file 1:3 660 0:44\n1\n1000 44\n");
  ExpectFails({"--device", "vendor.com/thing=two"}, 2, "there are vendor.com/thing=one");
  EXPECT_EQ(::umount2("/run", MNT_DETACH), 0);
}

}  // namespace
}  // namespace pelagos::rooted
