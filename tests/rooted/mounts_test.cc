// Mounts of `pelagos run`, seen from inside and from the host: what comes in, how, and that nothing
// an image or a source says leads outside.

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/abi/kernel_version.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

class MountsTest : public RunTest {
 protected:
  // A folder of the world's, made.
  std::string Folder(const std::string& name) {
    const std::string path = absl::StrCat(world_->folder(), "/", name);
    EXPECT_TRUE(sys::MakeFolders(path, 0755).ok());
    return path;
  }
  // A tmpfs there, until the end of the test.
  class Tmpfs {
   public:
    explicit Tmpfs(std::string path) : path_(std::move(path)) {
      EXPECT_EQ(::mount("test", path_.c_str(), "tmpfs", 0, "mode=755"), 0) << path_;
    }
    ~Tmpfs() { EXPECT_EQ(::umount2(path_.c_str(), MNT_DETACH), 0) << path_; }
    Tmpfs(const Tmpfs&) = delete;
    Tmpfs& operator=(const Tmpfs&) = delete;

   private:
    std::string path_;
  };

  // A small ext4, whose ids every kernel can map; `path` is a folder.
  class Disk {
   public:
    Disk(World& world, std::string path) : world_(world), path_(std::move(path)) {
      const std::string file = world_.Write("disk", "");
      EXPECT_EQ(::truncate(file.c_str(), 8 << 20), 0);
      world_.Tool({"modprobe", "loop"});  // where it is no part of the kernel
      Must({"mke2fs", "-F", "-q", file});
      Must({"mount", "-t", "ext4", "-o", "loop", file, path_});
    }
    ~Disk() { Must({"umount", path_}); }
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

   private:
    void Must(const Words& words) {
      const Outcome outcome = world_.Tool(words);
      EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    }
    World& world_;
    std::string path_;
  };

  // tmpfs since Linux 6.3.
  static bool MapsIdsOfTmpfs() {
    struct utsname names = {};
    EXPECT_EQ(::uname(&names), 0);
    return ParseKernelVersion(names.release).value_or(KernelVersion{}) >= KernelVersion{6, 3};
  }
};

TEST_F(MountsTest, VolumeFlag) {
  world_->Write("data/name", "from the host\n");
  EXPECT_EQ(Out({"-v", "./data:/srv/a"}, "cat /srv/a/name; echo new > /srv/a/made"),
            "from the host\n");
  EXPECT_EQ(sys::ReadFile(world_->folder() + "/data/made", 64).value(), "new\n");
  EXPECT_EQ(Out({"-v", "./data:/srv/a:ro"}, "echo x 2>/dev/null > /srv/a/no || echo sealed"),
            "sealed\n");
  // A missing folder is made; a file stays a file.
  EXPECT_EQ(Out({"-v", "./made/here:/x", "-v", "./data/name:/y"}, "test -d /x && cat /y"),
            "from the host\n");
  EXPECT_EQ(::access((world_->folder() + "/made/here").c_str(), F_OK), 0);
  // Labels are off on the machines that this runs on: said, not skipped.
  EXPECT_EQ(Out({"-v", "./data:/srv/a:z"}, "cat /srv/a/name"), "from the host\n");
}

TEST_F(MountsTest, NamedVolumesOutliveTheirContainers) {
  EXPECT_EQ(Out({"-v", "store:/s"}, "echo kept > /s/x"), "");
  EXPECT_EQ(Out({"--mount", "source=store,target=/s,readonly"}, "cat /s/x"), "kept\n");
  EXPECT_EQ(world_->Volumes(), (std::vector<std::string>{"store"}));
}

TEST_F(MountsTest, MountFlagMakesNothingUp) {
  const std::string none = world_->folder() + "/none";
  ExpectFails({"--mount", absl::StrCat("type=bind,source=", none, ",target=/x")}, 125,
              absl::StrCat("the source '", none, "' does not exist"));
  EXPECT_NE(::access(none.c_str(), F_OK), 0);
  EXPECT_EQ(Out({"--mount", "type=bind,bind-create-src,source=./none,target=/x"}, "echo ran"),
            "ran\n");
  EXPECT_EQ(::access(none.c_str(), F_OK), 0);
}

TEST_F(MountsTest, TmpfsAndShm) {
  EXPECT_EQ(Out({"--tmpfs", "/t:size=1m,mode=0751,uid=5,gid=6"},
                "stat -c '%a %u %g' /t; df -k /t | tail -1 | awk '{print $2}'; grep ' /t ' "
                "/proc/mounts | cut -d' ' -f4 | cut -d, -f1-4"),
            "751 5 6\n1024\nrw,nosuid,nodev,noexec\n");
  EXPECT_EQ(Out({}, "df -k /dev/shm | tail -1 | awk '{print $2}'"), "65536\n");
  EXPECT_EQ(Out({"--shm-size", "2m"}, "df -k /dev/shm | tail -1 | awk '{print $2}'"), "2048\n");
}

TEST_F(MountsTest, RecursiveReadOnly) {
  const std::string top = Folder("top");
  Folder("top/sub");
  Tmpfs sub(top + "/sub");
  world_->Write("top/sub/x", "below\n");
  const std::string ask =
      "cat /t/sub/x; touch /t/a 2>/dev/null || echo sealed; touch /t/sub/a 2>/dev/null || echo "
      "sealed below";
  const std::string mount = absl::StrCat("type=bind,source=", top, ",target=/t");
  EXPECT_EQ(Out({"-v", top + ":/t:ro"}, ask), "below\nsealed\nsealed below\n");
  EXPECT_EQ(Out({"--mount", mount + ",ro,bind-recursive=readonly"}, ask),
            "below\nsealed\nsealed below\n");
  EXPECT_EQ(Out({"--mount", mount + ",ro,bind-recursive=writable"}, ask), "below\nsealed\n");
  EXPECT_EQ(Out({"--mount", mount + ",bind-recursive=disabled"}, "ls /t/sub"), "");
  EXPECT_EQ(Out({"--mount", mount}, ask), "below\n");
}

TEST_F(MountsTest, Attributes) {
  world_->Write("data/script", "#!/bin/sh\necho ran\n");
  ASSERT_EQ(::chmod((world_->folder() + "/data/script").c_str(), 0755), 0);
  EXPECT_EQ(Out({"-v", "./data:/d"}, "/d/script"), "ran\n");
  EXPECT_EQ(Out({"-v", "./data:/d:noexec,nosuid,nodev"},
                "/d/script 2>/dev/null || echo refused; grep ' /d ' /proc/mounts | cut -d' ' -f4 | "
                "grep -c nosuid,nodev,noexec"),
            "refused\n1\n");
}

TEST_F(MountsTest, PropagationNeedsASharedMount) {
  const std::string top = Folder("top");
  Tmpfs mount(top);
  ExpectFails({"-v", top + ":/t:rslave"}, 125, "which is not shared or slave");
  ExpectFails({"-v", top + ":/t:rshared"}, 125, "which is not shared: nothing would propagate");
}

TEST_F(MountsTest, PropagationBothWays) {
  const std::string top = Folder("top");
  Tmpfs mount(top);
  ASSERT_EQ(::mount(nullptr, top.c_str(), nullptr, MS_SHARED, nullptr), 0);
  Folder("top/host");
  Folder("top/inside");
  struct Row {
    const char* option;
    bool in, out;
  };
  for (const Row& row :
       {Row{"private", false, false}, Row{"slave", true, false}, Row{"shared", true, true}}) {
    const std::string go = absl::StrCat(row.option, "-go");
    ASSERT_EQ(::mkfifo((top + "/" + go).c_str(), 0600), 0);
    auto run = world_->Start(
        {"run", "--rm", "--cap-add", "sys-admin", "--security-opt", "seccomp=unconfined", "-v",
         absl::StrCat(top, ":/t:", row.option), "busybox", "sh", "-c",
         absl::StrCat("mount -t tmpfs x /t/inside && echo made; read line < /t/", go,
                      "; test -e /t/host/mark && echo seen || echo hidden")});
    ASSERT_TRUE(run->AwaitLine("made")) << row.option;
    const std::string table = sys::ReadFile("/proc/self/mountinfo", 1 << 20).value();
    EXPECT_EQ(absl::StrContains(table, top + "/inside"), row.out) << row.option;
    {
      Tmpfs late(top + "/host");
      world_->Write("top/host/mark", "");
      EXPECT_TRUE(sys::WriteKernelFile(top + "/" + go, "go\n").ok());
      EXPECT_TRUE(run->AwaitLine(row.in ? "seen" : "hidden")) << row.option;
    }
    EXPECT_EQ(run->Wait().code, 0);
    if (row.out) {
      EXPECT_EQ(::umount2((top + "/inside").c_str(), MNT_DETACH), 0);
    }
  }
}

TEST_F(MountsTest, IdmappedOwnership) {
  const std::string top = Folder("top");
  const std::string flag = absl::StrCat("type=bind,source=", top, ",target=/t,idmap=0-1000-10");
  std::optional<Tmpfs> tmpfs(top);
  std::optional<Disk> disk;
  if (!MapsIdsOfTmpfs()) {
    ExpectFails({"--mount", flag}, 125,
                "this kernel cannot map the ids of its file system (tmpfs)");
    tmpfs.reset();
    disk.emplace(*world_, top);
  }
  const std::string file = world_->Write("top/x", "x");
  ASSERT_EQ(::chown(file.c_str(), 0, 0), 0);
  EXPECT_EQ(Out({"--mount", flag}, "stat -c %u:%g /t/x"), "1000:1000\n");
  struct stat info = {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 0u);
  // What its user makes is the files' owner on the host.
  EXPECT_EQ(Out({"--mount", flag, "--user", "1003:1003"}, "stat -c %u /t; id -u"), "1000\n1003\n");
  ExpectFails({"--mount", "type=bind,source=/proc/self,target=/t,idmap=0-1000-10"}, 125,
              "this kernel cannot map the ids of its file system (proc)");
}

TEST_F(MountsTest, SubpathsStayInside) {
  world_->Write("secret", "outside\n");
  world_->Write("vol/a/name", "inside\n");
  const std::string top = Folder("vol");
  ASSERT_EQ(::symlink("../../../../../../..", (top + "/up").c_str()), 0);
  ASSERT_EQ(::symlink("/a", (top + "/link").c_str()), 0);
  const std::string flag = absl::StrCat("type=bind,source=", top, ",target=/t,subpath=");
  EXPECT_EQ(Out({"--mount", flag + "a"}, "cat /t/name"), "inside\n");
  EXPECT_EQ(Out({"--mount", flag + "link"}, "cat /t/name"), "inside\n");  // its root is the volume
  EXPECT_EQ(Out({"--mount", flag + "up"}, "ls /t/a"), "name\n");
  ExpectFails({"--mount", flag + "../secret"}, 125, "must not contain '..'");
  ExpectFails({"--mount", flag + "none"}, 125, "No such file or directory");
}

// An image of this shape, as a root folder: busybox and what the test adds.
TEST_F(MountsTest, TargetsOfTheImageLeadNowhereElse) {
  const std::string rootfs = Folder("rootfs");
  const std::string host = Folder("host");
  world_->Write("host/sentinel", "untouched\n");
  world_->Write("data/name", "mine\n");
  const Outcome copied =
      world_->Pelagos({"run", "--rm", "-v", rootfs + ":/out", "busybox", "sh", "-c",
                       "mkdir /out/bin && cp /bin/busybox /out/bin/sh && cp "
                       "/bin/busybox /out/bin/cat && mkdir /out/etc-real"});
  ASSERT_EQ(copied.code, 0) << copied.Describe();
  // /etc -> far above; /abs -> a path of the host; /dev/null a file of the image's.
  ASSERT_EQ(::symlink(absl::StrCat("../../../../../..", host).c_str(), (rootfs + "/etc").c_str()),
            0);
  ASSERT_EQ(::symlink(host.c_str(), (rootfs + "/abs").c_str()), 0);
  ASSERT_EQ(::symlink("/proc/1/root", (rootfs + "/magic").c_str()), 0);
  world_->Write("rootfs/dev/null", "no device");
  const Outcome outcome = world_->Pelagos(
      {"run", "--rm", "--rootfs", rootfs, "-v", "./data:/abs/deep", "-v", "./data/name:/etc/file",
       "/bin/sh", "-c", "/bin/cat /abs/deep/name /etc/file; echo gone > /dev/null"});
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_EQ(outcome.out, "mine\nmine\n");
  EXPECT_EQ(sys::ListFolder(host).value(), (std::vector<std::string>{"sentinel"}));
  EXPECT_EQ(sys::ReadFile(host + "/sentinel", 64).value(), "untouched\n");
  EXPECT_EQ(sys::ReadFile(rootfs + "/dev/null", 64).value(), "no device");
  // Links of /proc that jump are not followed.
  const Outcome magic = world_->Pelagos(
      {"run", "--rm", "--rootfs", rootfs, "-v", "./data:/magic/x", "/bin/sh", "-c", "echo ran"});
  EXPECT_NE(magic.code, 0) << magic.Describe();
  EXPECT_EQ(magic.out, "");
}

TEST_F(MountsTest, TargetsThatAreRefused) {
  for (const char* target : {"/", "//", "/proc", "/proc/sys/kernel", "/dev", "/a/../..", "rel"}) {
    ExpectFails({"-v", absl::StrCat("/tmp:", target)}, 2, "--volume");
  }
  ExpectFails({"-v", "/tmp:/a", "--tmpfs", "/a/"}, 125, "is mounted twice");
}

TEST_F(MountsTest, MaskedPaths) {
  const std::string ask =
      "for f in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts; do test ! -e $f || test "
      "-c $f || echo open $f; done; for d in /proc/acpi /proc/asound /proc/scsi /sys/firmware "
      "/sys/devices/virtual/powercap; do test ! -e $d || test -z \"$(ls $d)\" || echo open $d; "
      "done; for p in /proc/sys /proc/bus /proc/fs /proc/irq /proc/sysrq-trigger; do test ! -e $p "
      "|| grep -q "
      "\"^proc $p proc ro,\" /proc/mounts || echo writable $p; done; cat "
      "/sys/devices/system/cpu/*/thermal_throttle/* 2>/dev/null; echo done";
  EXPECT_EQ(Out({}, ask), "done\n");
  EXPECT_TRUE(absl::StrContains(Out({"--security-opt", "systempaths=unconfined"}, ask),
                                "open /proc/interrupts\n"));
}

}  // namespace
}  // namespace pelagos::rooted
