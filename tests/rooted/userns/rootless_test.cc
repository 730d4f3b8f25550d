// `pelagos run` of an ordinary user: whose ids its processes and files have on the host, what it
// cannot reach, what stands in its way, and that nothing stays.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "tests/rooted/userns/user_world.h"

namespace pelagos::rooted {
namespace {

class RootlessTest : public UserTest {
 protected:
  std::string OwnerOf(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return absl::StrCat(info.st_uid, ":", info.st_gid);
  }
  // A folder that everybody may write to.
  std::string OpenFolder(const std::string& name) {
    const std::string folder = Path(name);
    std::filesystem::create_directories(folder);
    EXPECT_EQ(::chmod(folder.c_str(), 01777), 0);
    return folder;
  }
};

TEST_F(RootlessTest, IsRootInsideAndTheUserOutside) {
  const std::string folder = OpenFolder("shared");
  EXPECT_EQ(Out({"-v", folder + ":/shared"},
                "id -u; id -g; tr -s ' ' < /proc/self/uid_map; tr -s ' ' < /proc/self/gid_map;"
                "touch /shared/mine /shared/given; chown 1000:1001 /shared/given"),
            absl::StrCat("0\n0\n 0 ", kUser, " 1\n 1 ", kFirstId, " ", kIds, "\n 0 ", kUser,
                         " 1\n 1 ", kFirstId, " ", kIds, "\n"));
  EXPECT_EQ(OwnerOf(folder + "/mine"), absl::StrCat(kUser, ":", kUser));
  EXPECT_EQ(OwnerOf(folder + "/given"), absl::StrCat(kFirstId + 999, ":", kFirstId + 1000));
}

TEST_F(RootlessTest, ProcessesSeenFromTheHost) {
  Program program(
      AsUser(PelagosWords(RunWords({"--user", "1000:1000"}, "echo up; exec sleep 1000"))),
      {{absl::StrCat("PATH=", kPath)}, world_->folder(), -1});
  ASSERT_TRUE(program.AwaitLine("up"));
  const std::string children =
      sys::ReadFile(absl::StrCat("/proc/", program.pid(), "/task/", program.pid(), "/children"), 64)
          .value();
  const std::string init(absl::StripTrailingAsciiWhitespace(children));
  const std::string status = sys::ReadFile(absl::StrCat("/proc/", init, "/status"), 65536).value();
  const std::string id = absl::StrCat(kFirstId + 999);
  EXPECT_TRUE(absl::StrContains(
      status, absl::StrCat("\nUid:\t", id, "\t", id, "\t", id, "\t", id, "\nGid:\t", id, "\t")))
      << status;
  // None of the caller's groups either.
  EXPECT_TRUE(absl::StrContains(status, "\nGroups:\t \n")) << status;
  program.Signal(SIGKILL);
  EXPECT_EQ(program.Wait().code, 128 + SIGKILL);
  EXPECT_TRUE(AwaitEnd(std::stoi(init)));
}

TEST_F(RootlessTest, ARootFolderOfTheUsers) {
  const std::string root = MakeRoot();
  const Outcome outcome =
      Pelagos({"run", "--rm", "--rootfs", root, "sh", "-c",
               "stat -c %u:%g / /bin/busybox /etc/hosts; touch /new && hostname"});
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_TRUE(absl::StartsWith(outcome.out, "0:0\n0:0\n0:0\npelagos-")) << outcome.Describe();
  EXPECT_FALSE(std::filesystem::exists(root + "/new"));
}

// Layers with owners of their own, whiteouts and a folder that hides the one below.
TEST_F(RootlessTest, ImagesOfTheUsersOwn) {
  image::TarBuilder base, top;
  base.Folder("bin")
      .Add({.name = "bin/sh",
            .content = sys::ReadFile("/bin/busybox", 64u << 20).value(),
            .mode = 0755})
      .Folder("tmp")
      .Add({.name = "owned", .uid = 1000, .gid = 1001})
      .File("gone")
      .Folder("back")
      .File("back/old");
  top.File(".wh.gone").Folder("back").File("back/.wh..wh..opq").File("back/new");
  const Words tars = {base.Build(), top.Build()};
  world_->Write("image.tar", image::LayoutForTests(tars, tars, "mine:1").Pack());
  const Outcome load = Pelagos({"image", "load", "-i", Path("image.tar")});
  ASSERT_EQ(load.code, 0) << load.Describe();
  const Outcome run = Pelagos({"run", "--rm", "mine:1", "/bin/sh", "-c",

                               "echo /owned /back/* /gon*"});
  EXPECT_TRUE(absl::StrContains(run.out, "/owned /back/new /gon*\n")) << run.Describe();
  const Outcome remove = Pelagos({"image", "rm", "mine:1"});
  EXPECT_EQ(remove.code, 0) << remove.Describe();
  // Nothing of a thousandth user's, which the user could not remove.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Path("home"))) {
    EXPECT_EQ(OwnerOf(entry.path()), absl::StrCat(kUser, ":", kUser)) << entry.path();
  }
}

TEST_F(RootlessTest, NothingStays) {
  // Folders of others, that only the user namespace may remove.
  EXPECT_EQ(Out({}, "mkdir -p /a/b; touch /a/b/c; chown -R 1000:1000 /a; chmod 000 /a; rm -r /tmp"),
            "");
  EXPECT_EQ(Run({}, "exit 7").code, 7);
  EXPECT_EQ(Run({"--read-only"}, "touch /x").code, 1);
  EXPECT_EQ(Run({}, "exec /no/such").code, 127);
  world_->ExpectNoResidue("containers of an ordinary user");
  EXPECT_TRUE(std::filesystem::is_empty(world_->run_root() + "/containers"));
}

TEST_F(RootlessTest, WhatIsNotTheUsersStaysOutOfReach) {
  const std::string folder = OpenFolder("shared");
  world_->Write("shared/secret", "secret");
  world_->Write("shared/public", "public");
  ASSERT_EQ(::chmod((folder + "/secret").c_str(), 0600), 0);
  EXPECT_EQ(Out({"--privileged", "-v", folder + ":/shared", "-v", "/proc/sys:/host"},
                "cd /shared; exec 2>/dev/null; cat secret || echo unread; echo x > public || echo "
                "unwritten; chown 0:0 secret || echo unowned; rm secret || echo unremoved;"
                "chmod 777 public || echo unchanged;"
                "echo x > /host/kernel/core_pattern || echo unset;"
                "mknod /disk b 8 0 || echo unmade; stat -c %u:%g public"),
            "unread\nunwritten\nunowned\nunremoved\nunchanged\nunset\nunmade\n65534:65534\n");
  EXPECT_EQ(sys::ReadFile(folder + "/public", 64).value(), "public");
}

TEST_F(RootlessTest, WithoutRangesOneIdIsMapped) {
  // Whoever has no newuidmap has one id too.
  const std::string root = MakeRoot();
  const auto run = [&](Words flags, const std::string& script) {
    Words words = {"run", "--rm", "--rootfs", root};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"sh", "-c", script});
    return Pelagos(words, {"PATH=/nonexistent"});
  };
  const Outcome alone = run({}, "id -u; tr -s ' ' < /proc/self/uid_map; cat /proc/self/setgroups");
  EXPECT_EQ(alone.out, absl::StrCat("0\n 0 ", kUser, " 1\ndeny\n")) << alone.Describe();
  const Outcome terminal = run({"-t"}, "stat -c %g /dev/console");
  EXPECT_EQ(terminal.out, "0\r\n") << terminal.Describe();
  const Outcome user = run({"--user", "1000"}, "id");
  EXPECT_EQ(user.code, 125);
  EXPECT_TRUE(absl::StrContains(user.err, "user id 1000 is not mapped")) << user.Describe();
  EXPECT_TRUE(absl::StrContains(user.err, "newuidmap and newgidmap are not in PATH"));
  const Outcome plan = run({"--dry-run"}, "id");
  EXPECT_TRUE(absl::StrContains(plan.out, "note: one id only: newuidmap and newgidmap are not in"))
      << plan.Describe();
  EXPECT_TRUE(absl::StrContains(plan.out, "note: no cgroup of its own"));
}

TEST_F(RootlessTest, Isolation) {
  EXPECT_EQ(
      Out({"--hostname", "inside", "--sysctl", "net.ipv4.ip_default_ttl=77", "--init"},
          "hostname; cat /proc/sys/net/ipv4/ip_default_ttl; cat /proc/1/comm; ls /sys/class/net;"
          "grep -c . /proc/net/dev; touch /sys/x 2>/dev/null || echo sealed"),
      "inside\n77\npelagos-init\nlo\n3\nsealed\n");
  EXPECT_EQ(Out({}, "grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status | cut -f2"),
            "00000000a80425fb\n1\n2\n");
  EXPECT_EQ(Out({"-t"}, "test -t 0 && stat -c %u:%g /dev/console"), "0:5\r\n");
  char host[256] = {};
  ASSERT_GT(::readlink("/proc/self/ns/net", host, sizeof(host) - 1), 0);
  EXPECT_EQ(Out({"--network", "host"},
                "readlink /proc/self/ns/net; touch /sys/x 2>/dev/null || "
                "echo sealed; ls -d /sys/class/net"),
            absl::StrCat(host, "\nsealed\n/sys/class/net\n"));
}

TEST_F(RootlessTest, NoListenerOfItsFilter) {
  const std::string profile = world_->Write(
      "profile.json", R"({"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/run/listener",)"
                      R"("syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_NOTIFY"}]})");
  ASSERT_EQ(::chmod(profile.c_str(), 0644), 0);
  ExpectFails({"--security-opt", "seccomp=" + profile}, 125, "SCMP_ACT_NOTIFY is for root");
  world_->ExpectNoResidue("what cannot have a listener");
}

TEST_F(RootlessTest, DevicesAreTheHosts) {
  EXPECT_EQ(Out({},
                "echo gone > /dev/null; head -c 3 /dev/zero | wc -c; stat -c %u:%t:%T "
                "/dev/null; chmod 600 /dev/null 2>/dev/null || echo refused"),
            "3\n65534:1:3\nrefused\n");
  EXPECT_EQ(Out({"--device", "/dev/zero:/dev/nothing"}, "head -c 2 /dev/nothing | wc -c"), "2\n");
}

TEST_F(RootlessTest, LimitsNeedADelegatedCgroup) {
  ExpectFails({"--memory", "64m"}, 125,
              "memory: this user may not make cgroups, and none was delegated to it");
  ExpectFails({"--pids-limit", "5"}, 125, "pids: this user may not make cgroups");
  ExpectFails({"--pid", "host"}, 125, "which this user may not make");
}

TEST_F(RootlessTest, ADelegatedCgroup) {
  std::string mount;
  for (const std::string& path : CgroupMounts()) {
    if (std::filesystem::exists(path + "/cgroup.procs") &&
        std::filesystem::exists(path + "/cgroup.controllers")) {
      mount = path;
    }
  }
  ASSERT_NE(mount, "") << "no cgroup v2 is mounted";
  const std::string folder = absl::StrCat(mount, "/ordinary-user-", ::getpid());
  std::filesystem::create_directories(folder + "/own");
  for (const char* name :
       {"", "/cgroup.procs", "/cgroup.subtree_control", "/own", "/own/cgroup.procs"}) {
    ASSERT_EQ(::chown((folder + name).c_str(), kUser, kUser), 0) << name;
  }
  const std::string script = absl::StrCat("echo 0 > ", folder, "/own/cgroup.procs && exec \"$@\"");
  const auto run = [&](const Words& flags, const std::string& inside) {
    Words words = {"sh", "-c", script, "sh"};
    const Words user = AsUser(PelagosWords(RunWords(flags, inside)));
    words.insert(words.end(), user.begin(), user.end());
    return world_->Tool(words);
  };
  const Outcome own =
      run({"--cgroupns", "host", "--name", "limited"}, "cat /proc/self/cgroup | grep 0::");
  EXPECT_TRUE(absl::StrContains(own.out, absl::StrCat("ordinary-user-", ::getpid(), "/pelagos-")))
      << own.Describe();
  EXPECT_TRUE(absl::StrContains(own.out, "-limited\n")) << own.Describe();
  // What a process leaves behind in the host's pid namespace ends with the cgroup.
  const Outcome left = run({"--pid", "host"}, "sleep 1000 >/dev/null 2>&1 & echo left");
  EXPECT_EQ(left.out, "left\n") << left.Describe();
  for (const char* name : {"/own", ""}) {
    EXPECT_EQ(::rmdir((folder + name).c_str()), 0) << strerror(errno);
  }
  world_->ExpectNoResidue("containers in a delegated cgroup");
}

TEST_F(RootlessTest, SaysWhatForbidsUserNamespaces) {
  // A namespace of the test's own, where the setting can be changed.
  const std::string root = MakeRoot();
  const Outcome outcome = world_->Tool(
      {"unshare", "--user", "--map-root-user", "sh", "-c",
       absl::StrCat(
           "echo 0 > /proc/sys/user/max_user_namespaces && exec ", Setpriv(),
           " --bounding-set=-sys_admin --inh-caps=-sys_admin env PELAGOS_RUN_ROOT=", Path("run"),
           " ", Path("programs/pelagos"), " run --rm --rootfs ", root, " id")});
  EXPECT_EQ(outcome.code, 125) << outcome.Describe();
  EXPECT_EQ(outcome.err,
            "pelagos: error: containers of ordinary users need user namespaces, and this host "
            "allows none: user.max_user_namespaces is 0\n");
}

TEST_F(RootlessTest, StateBelongsToTheUserAlone) {
  const std::string message = "must be a folder of user 54321 with mode 0700";
  std::filesystem::create_symlink(world_->run_root(), Path("link"));
  ExpectFails({}, 125, message, {absl::StrCat("PELAGOS_RUN_ROOT=", Path("link"))});
  const std::string open = OpenFolder("open");
  ExpectFails({}, 125, message, {absl::StrCat("PELAGOS_RUN_ROOT=", open)});
  ASSERT_EQ(::chown(open.c_str(), kUser, kUser), 0);
  ExpectFails({}, 125, message, {absl::StrCat("PELAGOS_RUN_ROOT=", open)});
  ASSERT_EQ(::chmod(open.c_str(), 0700), 0);
  EXPECT_EQ(Out({}, "echo up", {absl::StrCat("PELAGOS_RUN_ROOT=", open)}), "up\n");
  // Where it is unless somebody says so.
  EXPECT_TRUE(std::filesystem::exists(Path("home/.local/share/pelagos/images")));
  const Outcome runtime = Run({"--dry-run"}, "id", {"PELAGOS_RUN_ROOT=", "XDG_RUNTIME_DIR=/r"});
  EXPECT_TRUE(absl::StrContains(runtime.out, "-> /r/pelagos/containers/")) << runtime.Describe();
  const Outcome none = Run({"--dry-run"}, "id", {"PELAGOS_RUN_ROOT="});
  EXPECT_TRUE(absl::StrContains(none.out, "-> /tmp/pelagos-54321/containers/")) << none.Describe();
}

}  // namespace
}  // namespace pelagos::rooted
