// What config.json asks for, as seen from inside of the container.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/rooted/oci/bundle.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ConfigTest : public OciTest {};

TEST_F(ConfigTest, TheProcess) {
  EXPECT_EQ(
      Run("id -u; id -g; id -G; umask; pwd; echo $A; cat /proc/self/oom_score_adj; "
          "ulimit -n; cat /proc/self/personality",
          [](Json& config) {
            Json& process = config["process"];
            process["user"] = {{"uid", 5}, {"gid", 6}, {"umask", 077}, {"additionalGids", {7, 8}}};
            process["cwd"] = "/made/for/it";
            process["env"] = {"PATH=/bin", "A=b c"};
            process["oomScoreAdj"] = 321;
            process["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 99}, {"hard", 100}}};
            config["linux"]["personality"] = {{"domain", "LINUX32"}};
            config["linux"]["maskedPaths"] = Json::array();
            // /proc/self/personality is for those who may trace.
            process["user"]["uid"] = 5;
          }),
      "5\n6\n6 7 8\n0077\n/made/for/it\nb c\n321\n99\n00000008\n");
}

TEST_F(ConfigTest, SchedulersAndPriorities) {
  EXPECT_THAT(
      Run("cat /proc/self/stat",
          [](Json& config) {
            config["process"]["scheduler"] = {{"policy", "SCHED_BATCH"}, {"nice", 7}};
            config["process"]["ioPriority"] = {{"class", "IOPRIO_CLASS_IDLE"}, {"priority", 0}};
            config["linux"]["memoryPolicy"] = {{"mode", "MPOL_BIND"}, {"nodes", "0"}};
          }),
      HasSubstr(" 27 7 "));  // priority, nice
}

TEST_F(ConfigTest, Capabilities) {
  EXPECT_EQ(Run("grep Cap /proc/self/status",
                [](Json& config) {
                  config["process"]["capabilities"] = {
                      {"bounding", {"CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"}},
                      {"permitted", {"CAP_CHOWN", "CAP_KILL"}},
                      {"effective", {"CAP_CHOWN"}},
                      {"inheritable", {"CAP_KILL"}},
                      {"ambient", {"CAP_KILL"}}};
                  config["process"]["user"] = {{"uid", 5}, {"gid", 5}};
                }),
            "CapInh:\t0000000000000020\nCapPrm:\t0000000000000020\nCapEff:\t0000000000000020\n"
            "CapBnd:\t0000000000002021\nCapAmb:\t0000000000000020\n");
  Write("true", [](Json& config) {
    config["process"]["capabilities"]["bounding"].push_back("CAP_SYS_RESOURCE");
    config["process"]["capabilities"]["permitted"].push_back("CAP_SYS_RESOURCE");
  });
  // Left out with a warning where the caller lacks it; never an error.
  EXPECT_EQ(Oci({"run", "--bundle", bundle(), "c1"}).code, 0);
}

TEST_F(ConfigTest, Mounts) {
  world_->Write("bundle/data/file", "content");
  world_->Write("bundle/rootfs/up/held", "kept");
  const std::string out =
      Run("cat /d/file; touch /d/x; grep -E ' /(d|t|up|sealed) ' /proc/mounts; cat /up/held; "
          "echo more > /up/more; stat -c %a /up; cat /sealed/held",
          [](Json& config) {
            Json& mounts = config["mounts"];
            mounts.push_back({{"destination", "d"},
                              {"type", "bind"},
                              {"source", "data"},
                              {"options", {"rbind", "ro", "nosuid", "noatime"}}});
            mounts.push_back({{"destination", "/t"},
                              {"type", "tmpfs"},
                              {"source", "tmpfs"},
                              {"options", {"noexec", "size=1m", "mode=700"}}});
            mounts.push_back({{"destination", "/up"},
                              {"type", "tmpfs"},
                              {"source", "tmpfs"},
                              {"options", {"tmpcopyup"}}});
            mounts.push_back({{"destination", "/sealed"},
                              {"type", "bind"},
                              {"source", "rootfs/up"},
                              {"options", {"bind", "rro"}}});
          });
  EXPECT_THAT(out, HasSubstr("content"));
  EXPECT_THAT(out, HasSubstr(" ro,nosuid,noatime"));
  EXPECT_THAT(out, HasSubstr("tmpfs /t tmpfs rw,noexec,relatime,size=1024k,mode=700"));
  EXPECT_THAT(out, HasSubstr("kept"));
  EXPECT_NE(::access((bundle() + "/rootfs/up/more").c_str(), F_OK), 0);
}

TEST_F(ConfigTest, DevicesAndTheLinksOfDev) {
  const std::string out =
      Run("stat -c '%t:%T %a %u %F' /dev/x /dev/deep/pipe /dev/null; readlink /dev/fd; "
          "readlink /dev/ptmx; head -c 1 /dev/zero > /dev/null && echo fine",
          [](Json& config) {
            config["linux"]["devices"] = {{{"type", "c"},
                                           {"path", "/dev/x"},
                                           {"major", 1},
                                           {"minor", 7},
                                           {"fileMode", 0640},
                                           {"uid", 9}},
                                          {{"type", "p"}, {"path", "/dev/deep/pipe"}}};
          });
  EXPECT_EQ(out,
            "1:7 640 9 character special file\n0:0 666 0 fifo\n"
            "1:3 666 0 character special file\n/proc/self/fd\npts/ptmx\nfine\n");
}

TEST_F(ConfigTest, PathsAreMaskedAndReadOnly) {
  const std::string out = Run(
      "cat /secret; ls /hidden; touch /still/x; echo root > /x && echo wrote", [](Json& config) {
        config["linux"]["maskedPaths"] = {"/secret", "/hidden", "/missing"};
        config["linux"]["readonlyPaths"] = {"/still"};
      });
  EXPECT_EQ(out, "wrote\n");
}

TEST_F(ConfigTest, TheRootMayBeSealedAndPropagates) {
  const std::string out =
      Run("touch /x 2>&1; grep ' / / ' /proc/self/mountinfo; cat /proc/self/mountinfo",
          [](Json& config) {
            config["root"]["readonly"] = true;
            config["linux"]["rootfsPropagation"] = "rshared";
          });
  EXPECT_THAT(out, HasSubstr("Read-only file system"));
  EXPECT_THAT(out, HasSubstr("shared:"));
}

TEST_F(ConfigTest, NamesAndSysctls) {
  EXPECT_EQ(Run("cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname "
                "/proc/sys/net/ipv4/ip_forward; readlink /proc/self/ns/net",
                [](Json& config) {
                  config["hostname"] = "hh";
                  config["domainname"] = "dd";
                  config["linux"]["sysctl"] = {{"net.ipv4.ip_forward", "1"}};
                })
                .substr(0, 8),
            "hh\ndd\n1\n");
}

TEST_F(ConfigTest, NamespacesAreThoseOfTheList) {
  const std::string own = world_->Tool({"readlink", "/proc/self/ns/uts"}).out;
  const auto without = [](const char* kind, const Json& entry) {
    return [kind, entry](Json& config) {
      Json list = Json::array();
      for (const Json& item : config["linux"]["namespaces"]) {
        if (item["type"] != kind) list.push_back(item);
      }
      if (!entry.is_null()) list.push_back(entry);
      config["linux"]["namespaces"] = list;
      config.erase("hostname");
    };
  };
  EXPECT_EQ(Run("readlink /proc/self/ns/uts", without("uts", nullptr)), own);
  EXPECT_NE(Run("readlink /proc/self/ns/uts"), own);
  Write("sleep 1000");
  Detached({"run", "-d", "--bundle", bundle(), "c2"});
  const int pid = Json::parse(Out({"state", "c2"}))["pid"];
  const std::string path = absl::StrCat("/proc/", pid, "/ns/ipc");
  EXPECT_EQ(Run("readlink /proc/self/ns/ipc", without("ipc", {{"type", "ipc"}, {"path", path}})),
            world_->Tool({"readlink", path}).out);
  const std::string pids = absl::StrCat("/proc/", pid, "/ns/pid");
  EXPECT_THAT(Run("cat /proc/1/cmdline", without("pid", {{"type", "pid"}, {"path", pids}})),
              HasSubstr("sleep"));
  Out({"delete", "-f", "c2"});
}

TEST_F(ConfigTest, LimitsAndDevicesOfCgroups) {
  const std::string out =
      Run("cat /proc/self/cgroup; head -c 1 /dev/full > /dev/null && echo used; "
          "head -c 1 /dev/x && echo opened; true",
          [](Json& config) {
            config["linux"]["cgroupsPath"] = "/pelagos-test/c1";
            config["linux"]["devices"] = {
                {{"type", "c"}, {"path", "/dev/x"}, {"major", 10}, {"minor", 229}}};
            Json list = Json::array();
            for (const Json& item : config["linux"]["namespaces"]) {
              if (item["type"] != "cgroup") list.push_back(item);
            }
            config["linux"]["namespaces"] = list;
          });
  EXPECT_THAT(out, HasSubstr(":/pelagos-test/c1\n"));
  EXPECT_THAT(out, HasSubstr("used"));
  EXPECT_THAT(out, Not(HasSubstr("opened")));
  for (const std::string& mount : CgroupMounts()) {
    ::rmdir((mount + "/pelagos-test").c_str());  // parents stay, as runc's do
  }
}

TEST_F(ConfigTest, ClocksOfItsOwn) {
  const std::string own = Run("cat /proc/uptime", [](Json& config) {
    config["linux"]["namespaces"].push_back(Json::object({{"type", "time"}}));
    config["linux"]["timeOffsets"]["boottime"]["secs"] = 1000000000;
  });
  EXPECT_GE(own.find('.'), 10u) << own;  // no machine is up for thirty years
}

TEST_F(ConfigTest, SeccompWithAndWithoutNewPrivileges) {
  for (const bool no_new : {true, false}) {
    const std::string out =
        Run("mkdir /made 2>&1; grep Seccomp: /proc/self/status", [no_new](Json& config) {
          config["process"]["noNewPrivileges"] = no_new;
          config["linux"]["seccomp"] = {
              {"defaultAction", "SCMP_ACT_ALLOW"},
              {"syscalls",
               {{{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 5}}}}};
        });
    EXPECT_THAT(out, HasSubstr("Seccomp:\t2"));
  }
}

TEST_F(ConfigTest, DescriptorsArePreservedOnDemand) {
  Write("cat <&3");
  world_->Write("held", "passed on");
  const std::string command = absl::StrCat(Runfile("tools/pelagos"), " oci --root ", root_,
                                           " run --preserve-fds 1 --bundle ", bundle(), " c1 3< ",
                                           world_->folder(), "/held");
  const Outcome outcome = world_->Tool({"sh", "-c", command});
  EXPECT_EQ(outcome.out, "passed on") << outcome.Describe();
  ExpectFails({"run", "--preserve-fds", "9", "--bundle", bundle(), "c1"}, "preserved-fd");
}

TEST_F(ConfigTest, TheSameBundleRunsWithOthers) {
  Write("echo fine");
  const Outcome outcome =
      world_->Tool({"runc", "--root", root_ + ".runc", "run", "--bundle", bundle(), "c1"});
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_EQ(outcome.out, "fine\n");
}

}  // namespace
}  // namespace pelagos::rooted
