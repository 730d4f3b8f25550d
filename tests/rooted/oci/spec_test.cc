// What the specification says of mounts, ids, processes and namespaces beyond the usual bundle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/rooted/oci/bundle.h"

namespace pelagos::rooted {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class SpecTest : public OciTest {
 protected:
  static Json Ids(uint32_t inside, uint32_t host, uint32_t size) {
    return {{{"containerID", inside}, {"hostID", host}, {"size", size}}};
  }
  static void UserNamespace(Json& config, uint32_t inside, uint32_t host, uint32_t size) {
    config["linux"]["namespaces"].push_back({{"type", "user"}});
    config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = Ids(inside, host, size);
  }
  void Remove(Json& config, const std::string& kind) {
    Json kept = Json::array();
    for (const Json& entry : config["linux"]["namespaces"]) {
      if (entry["type"] != kind) kept.push_back(entry);
    }
    config["linux"]["namespaces"] = kept;
  }
};

TEST_F(SpecTest, TheRootMayBeCovered) {
  const std::string other = world_->folder() + "/other";
  ASSERT_EQ(world_->Tool({"cp", "-a", bundle() + "/rootfs", other}).code, 0);
  world_->Write("other/marked", "here");
  const auto over = [&](Json mount) {
    return [mount](Json& config) { config["mounts"].insert(config["mounts"].begin(), mount); };
  };
  EXPECT_EQ(
      Run("cat /marked; test -e /proc/self && echo ' proc'",
          over({{"destination", "/"}, {"type", "bind"}, {"source", other}, {"options", {"bind"}}})),
      "here proc\n");
  EXPECT_EQ(
      Run("echo x > /new && stat -f -c %T / && ls -d /bin", over({{"destination", "/"},
                                                                  {"type", "tmpfs"},
                                                                  {"source", "tmpfs"},
                                                                  {"options", {"tmpcopyup"}}})),
      "tmpfs\n/bin\n");
  EXPECT_NE(::access((bundle() + "/rootfs/new").c_str(), F_OK), 0);
}

TEST_F(SpecTest, IdsAreMappedOnMountsOfAllKinds) {
  world_->Write("data/file", "x");
  ASSERT_EQ(world_->Tool({"chown", "-R", "100000:100000", bundle() + "/rootfs"}).code, 0);
  const auto with = [&](Json mount, bool user) {
    return [this, mount, user](Json& config) {
      if (user) UserNamespace(config, 0, 100000, 65536);
      config["mounts"].push_back(mount);
    };
  };
  Json bind = {{"destination", "/data"},
               {"type", "bind"},
               {"source", world_->folder() + "/data"},
               {"options", {"bind", "idmap"}}};
  // Without maps of its own, the container's: root's files are the container's root's.
  EXPECT_EQ(Run("stat -c %u:%g /data/file; touch /data/made", with(bind, true)), "0:0\n");
  struct stat made = {};
  ASSERT_EQ(::stat((world_->folder() + "/data/made").c_str(), &made), 0);
  EXPECT_EQ(made.st_uid, ::geteuid());
  Write("true", with(bind, false));
  ExpectFails({"run", "--bundle", bundle(), "c1"}, "idmap needs uidMappings and gidMappings");
  Json tmpfs = {{"destination", "/data"},
                {"type", "tmpfs"},
                {"source", "tmpfs"},
                {"options", {"mode=750", "nosuid"}},
                {"uidMappings", Ids(0, 1000, 5)},
                {"gidMappings", Ids(0, 2000, 5)}};
  EXPECT_THAT(Run("stat -c %u:%g:%a /data; grep /data /proc/self/mountinfo", with(tmpfs, false)),
              AllOf(StartsWith("1000:2000:750\n"), HasSubstr("rw,nosuid"), HasSubstr("idmapped")));
  Json queue = {{"destination", "/data"},
                {"type", "mqueue"},
                {"source", "mqueue"},
                {"uidMappings", Ids(0, 1000, 5)},
                {"gidMappings", Ids(0, 1000, 5)}};
  Write("true", with(queue, false));
  ExpectFails({"run", "--bundle", bundle(), "c1"}, "cannot map the ids of its file system");
}

TEST_F(SpecTest, WhatIsMountedIsMountedAnew) {
  const std::string out = Run("grep -E '/small|/bound' /proc/self/mountinfo", [&](Json& config) {
    for (Json mount : std::initializer_list<Json>{
             {{"destination", "/small"},
              {"type", "tmpfs"},
              {"source", "tmpfs"},
              {"options", {"size=1m"}}},
             {{"destination", "/small"},
              {"type", "tmpfs"},
              {"source", "tmpfs"},
              {"options", {"remount", "ro", "size=2m"}}},
             {{"destination", "/bound"},
              {"type", "bind"},
              {"source", world_->folder()},
              {"options", {"bind"}}},
             {{"destination", "/bound"}, {"options", {"bind", "remount", "ro", "nosuid"}}}}) {
      config["mounts"].push_back(mount);
    }
  });
  EXPECT_THAT(
      out, AllOf(HasSubstr("/small ro,"), HasSubstr("size=2048k"), HasSubstr("/bound ro,nosuid")));
}

TEST_F(SpecTest, WithoutAMountNamespaceTheRootIsEntered) {
  // In a mount namespace of the test's own, and not in that of the machine.
  Write("echo $(ls -d /bin /proc/self) > /seen; readlink /proc/self/ns/mnt", [&](Json& config) {
    Remove(config, "mount");
    config["hooks"]["createRuntime"] = {
        {{"path", "/bin/sh"}, {"args", {"sh", "-c", "readlink /proc/self/ns/mnt > hooked"}}}};
  });
  const Outcome outcome =
      world_->Tool({"unshare", "-m", "sh", "-c",
                    absl::StrCat("readlink /proc/self/ns/mnt; ", Runfile("tools/pelagos"),
                                 " oci --root ", root_, " run --bundle ", bundle(), " c1")});
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  const std::vector<std::string> lines = absl::StrSplit(outcome.out, '\n');
  ASSERT_EQ(lines.size(), 3u) << outcome.Describe();
  EXPECT_EQ(lines[0], lines[1]);
  EXPECT_EQ(*sys::ReadFile(bundle() + "/rootfs/seen", 64), "/bin /proc/self\n");
  // Hooks begin in the bundle.
  EXPECT_EQ(*sys::ReadFile(bundle() + "/hooked", 64), lines[0] + "\n");
  Write("true", [&](Json& config) {
    Remove(config, "mount");
    UserNamespace(config, 0, 100000, 10);
  });
  ExpectFails({"run", "--bundle", bundle(), "c1"}, "needs a mount namespace of its own");
}

TEST_F(SpecTest, AUserNamespaceNeedsNoRoot) {
  ASSERT_EQ(world_->Tool({"chown", "-R", "100000:100000", bundle() + "/rootfs"}).code, 0);
  const auto change = [&](Json& config) {
    UserNamespace(config, 1000, 100000, 1);
    config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
    for (Json& mount : config["mounts"]) {
      if (mount["destination"] == "/dev/pts") {
        mount["options"] = {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"};
      }
    }
  };
  EXPECT_EQ(Run("id -u; id -g; tr -s ' ' < /proc/self/uid_map", change),
            "1000\n1000\n 1000 100000 1\n");
  Write("sleep 1000", change);
  Detached({"run", "-d", "--bundle", bundle(), "c1"});
  EXPECT_EQ(Out({"exec", "c1", "sh", "-c", "id -u; id -g"}), "1000\n1000\n");
}

TEST_F(SpecTest, MemoryAndCpusAreTheContainersForExecToo) {
  cpu_set_t own;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(own), &own), 0);
  const std::string seen =
      "head -n 1 /proc/self/numa_maps | grep -o 'prefer[^ ]*'; cat /proc/self/personality; "
      "grep Cpus_allowed_list /proc/self/status";
  Write("sleep 1000", [](Json& config) {
    config["linux"]["memoryPolicy"] = {{"mode", "MPOL_PREFERRED"}, {"nodes", "0"}};
    config["linux"]["personality"] = {{"domain", "LINUX32"}};
  });
  // Whoever starts it may use one CPU alone.
  const auto pinned = [&](const std::string& words) {
    return absl::StrCat("taskset -c 0 ", Runfile("tools/pelagos"), " oci --root ", root_, " ",
                        words);
  };
  const std::string all = world_->Tool({"grep", "Cpus_allowed_list", "/proc/self/status"}).out;
  ASSERT_GT(CPU_COUNT(&own), 1) << "this needs two CPUs";
  Outcome outcome = world_->Tool(
      {"sh", "-c", pinned("run -d --bundle " + bundle() + " c1 </dev/null >/dev/null 2>&1")});
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  outcome = world_->Tool({"sh", "-c", pinned(absl::StrCat("exec c1 sh -c \"", seen, "\""))});
  EXPECT_EQ(outcome.out, "prefer:0\n00000008\n" + all) << outcome.Describe();
  const int pid = Json::parse(Out({"state", "c1"}))["pid"];
  EXPECT_EQ(world_->Tool({"grep", "Cpus_allowed_list", absl::StrCat("/proc/", pid, "/status")}).out,
            all);
}

TEST_F(SpecTest, ExecBeginsAndEndsOnTheCpusItNames) {
  Write("sleep 1000", [](Json& config) {
    config["linux"]["resources"]["cpu"] = {{"cpus", "1"}, {"mems", "0"}};
  });
  Detached({"run", "-d", "--bundle", bundle(), "c1"});
  const auto exec = [&](Json affinity) {
    const Json process = {{"args", {"grep", "Cpus_allowed_list", "/proc/self/status"}},
                          {"cwd", "/"},
                          {"env", {"PATH=/bin"}},
                          {"execCPUAffinity", affinity}};
    world_->Write("process.json", process.dump());
    return Out({"exec", "--process", world_->folder() + "/process.json", "c1"});
  };
  // The first one need not be among the container's.
  EXPECT_EQ(exec({{"initial", "0"}}), "Cpus_allowed_list:\t1\n");
  EXPECT_EQ(exec({{"initial", "0"}, {"final", "1"}}), "Cpus_allowed_list:\t1\n");
}

TEST_F(SpecTest, PoliciesThatAreNone) {
  const auto policy = [](Json policy) {
    return [policy](Json& config) { config["linux"]["memoryPolicy"] = policy; };
  };
  EXPECT_EQ(Run("echo ran", policy(Json::object())), "ran\n");
  EXPECT_EQ(Run("echo ran", policy({{"mode", "MPOL_DEFAULT"}})), "ran\n");
  Write("true", policy({{"nodes", "0"}}));
  ExpectFails({"run", "--bundle", bundle(), "c1"}, "invalid memory policy mode ''");
  Write("true", policy({{"mode", "MPOL_DEFAULT"}, {"nodes", "0"}}));
  const Outcome outcome = Oci({"run", "--bundle", bundle(), "c1"});
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("set_mempolicy"), HasSubstr("invalid argument")));
}

TEST_F(SpecTest, AFileInTheWayOfADeviceIsNamed) {
  const std::string path = bundle() + "/rootfs/node";
  const auto device = [](Json& config) {
    config["linux"]["devices"] = {{{"path", "/node"}, {"type", "c"}, {"major", 1}, {"minor", 3}}};
  };
  Write("stat -c %t:%T /node", device);
  world_->Write("bundle/rootfs/node", "");
  ExpectFails({"run", "--bundle", bundle(), "c1"}, "/node has incorrect ftype");
  ASSERT_EQ(::unlink(path.c_str()), 0);
  ASSERT_EQ(::mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 5)), 0);
  ExpectFails({"run", "--bundle", bundle(), "c1"},
              "/node has incorrect major:minor: 1:5 doesn't match expected 1:3");
  ASSERT_EQ(::unlink(path.c_str()), 0);
  ASSERT_EQ(::mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 3)), 0);
  EXPECT_EQ(Out({"run", "--bundle", bundle(), "c1"}), "1:3\n");
}

TEST_F(SpecTest, AMissingInterpreterIsToldFromAMissingProgram) {
  world_->Write("bundle/rootfs/script", "#!/no/such/thing -x\n");
  ASSERT_EQ(::chmod((bundle() + "/rootfs/script").c_str(), 0755), 0);
  const std::string words = "exec /script: no such file or directory";
  Write("", [](Json& config) { config["process"]["args"] = {"/script"}; });
  ExpectFails({"run", "--bundle", bundle(), "c1"}, words);
  Write("sleep 1000");
  Detached({"run", "-d", "--bundle", bundle(), "c1"});
  ExpectFails({"exec", "c1", "/script"}, words, 255);
  ExpectFails({"exec", "c1", "/nowhere"}, "stat /nowhere: no such file or directory", 255);
  // A folder that is not there is not made by exec.
  ExpectFails({"exec", "--cwd", "/made/by/nobody", "c1", "true"}, "/made/by/nobody", 255);
  EXPECT_NE(::access((bundle() + "/rootfs/made").c_str(), F_OK), 0);
}

TEST_F(SpecTest, ResctrlIsAskedOfTheHost) {
  Write("true", [](Json& config) { config["linux"]["intelRdt"] = {{"closID", "gold"}}; });
  const Outcome outcome = Oci({"run", "--bundle", bundle(), "c1"});
  EXPECT_EQ(outcome.code, 1);
  const std::string mounts = *sys::ReadFile("/proc/self/mountinfo", 1 << 24);
  EXPECT_THAT(outcome.err, mounts.find(" - resctrl ") == std::string::npos
                               ? HasSubstr("/linux/intelRdt: intelRdt is specified in config, but")
                               : HasSubstr("/linux/intelRdt/closID: '"));
}

TEST_F(SpecTest, TheDocumentMayHaveAnotherName) {
  Write("echo said");
  ASSERT_EQ(::mkdir((bundle() + "/sub").c_str(), 0755), 0);
  ASSERT_EQ(::rename((bundle() + "/config.json").c_str(), (bundle() + "/sub/c.json").c_str()), 0);
  EXPECT_EQ(Out({"run", "--bundle", bundle(), "--config", "sub/c.json", "c1"}), "said\n");
  EXPECT_EQ(Out({"run", "--bundle", bundle(), "-f", bundle() + "/sub/c.json", "c1"}), "said\n");
  ExpectFails({"run", "--bundle", bundle(), "c1"}, "config.json not found");
}

TEST_F(SpecTest, NamesOfContainers) {
  Write("true");
  for (const char* id : {".", "..", ".c", "a/b", "a b"}) {
    ExpectFails({"run", "--bundle", bundle(), id}, "invalid container ID format");
  }
  ExpectFails({"run", "--bundle", bundle(), "a/b"}, "invalid character `/` in the container ID");
}

}  // namespace
}  // namespace pelagos::rooted
