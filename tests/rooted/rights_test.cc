// What a container's processes may do: each flag of `pelagos run` seen from inside, and how it
// fails.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/policy/capability_set.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/security.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {
namespace {

using Words = std::vector<std::string>;

class RightsTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (!IsSkipped()) world_ = std::make_unique<World>();
  }

  Outcome Run(Words flags, const std::string& script) {
    Words words = {"run"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"busybox", "sh", "-c", script});
    return world_->Pelagos(words);
  }
  // What a script that must succeed prints.
  std::string Out(const Words& flags, const std::string& script) {
    const Outcome outcome = Run(flags, script);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    EXPECT_EQ(outcome.err, "") << outcome.Describe();
    return outcome.out;
  }
  void ExpectFails(const Words& flags, int code, const std::string& message) {
    const Outcome outcome = Run(flags, "echo ran");
    EXPECT_EQ(outcome.code, code) << outcome.Describe();
    EXPECT_TRUE(absl::StrContains(outcome.err, message)) << outcome.Describe();
    EXPECT_EQ(outcome.out, "");
    world_->ExpectNoResidue("a container that could not be started");
  }
  static bool Holds(Capability cap) {
    return CapabilitySet::FromBits(sys::PermittedCapabilities().value()).contains(cap);
  }

  std::unique_ptr<World> world_;
};

TEST_F(RightsTest, Rlimits) {
  EXPECT_EQ(Out({"--ulimit", "nofile=100:200", "--ulimit", "core=0"},
                "ulimit -Sn; ulimit -Hn; ulimit -c"),
            "100\n200\n0\n");
  // Streams are in place before the limit counts.
  EXPECT_EQ(Out({"--ulimit", "nofile=3"}, "echo up"), "up\n");
}

TEST_F(RightsTest, RlimitsBeyondTheCallers) {
  rlimit own = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &own), 0);
  const std::string more = absl::StrCat("nofile=", own.rlim_max + 1);
  if (Holds(Capability::kSysResource)) {
    EXPECT_EQ(Out({"--ulimit", more}, "ulimit -Hn"), absl::StrCat(own.rlim_max + 1, "\n"));
  } else {
    ExpectFails({"--ulimit", more}, 125,
                absl::StrCat("raising the hard limit of nofile to ", own.rlim_max + 1,
                             " needs CAP_SYS_RESOURCE; at most ", own.rlim_max, " is allowed"));
  }
}

TEST_F(RightsTest, OomScore) {
  EXPECT_EQ(Out({"--oom-score-adj", "321"}, "cat /proc/self/oom_score_adj"), "321\n");
  if (Holds(Capability::kSysResource)) {
    EXPECT_EQ(Out({"--oom-score-adj=-9"}, "cat /proc/self/oom_score_adj"), "-9\n");
  } else {
    ExpectFails({"--oom-score-adj=-9"}, 126, "lowering it needs CAP_SYS_RESOURCE");
  }
}

TEST_F(RightsTest, Sysctls) {
  const std::string before = sys::ReadFile("/proc/sys/kernel/msgmax", 64).value();
  EXPECT_EQ(Out({"--sysctl", "net.ipv4.ip_default_ttl=77", "--sysctl", "kernel.msgmax=4321",
                 "--sysctl", "fs.mqueue.msg_max=11"},
                "cd /proc/sys; cat net/ipv4/ip_default_ttl kernel/msgmax fs/mqueue/msg_max;"
                "echo 1 2>/dev/null > kernel/msgmax || echo sealed"),
            "77\n4321\n11\nsealed\n");
  EXPECT_EQ(sys::ReadFile("/proc/sys/kernel/msgmax", 64).value(), before);
  ExpectFails({"--sysctl", "kernel.core_pattern=|/x"}, 125,
              "is a setting of the whole host, not of a container");
  ExpectFails({"--sysctl", "net.no_such_setting=1"}, 127,
              "this kernel has no such setting for a namespace of its own");
  ExpectFails({"--sysctl", "net.ipv4.ip_default_ttl=x"}, 125,
              "Invalid argument: the kernel does not take the value 'x'");
}

TEST_F(RightsTest, WhoItIs) {
  EXPECT_EQ(Out({"--group-add", "10", "--group-add", "4242", "--user", "1000:1000"}, "id -G"),
            "1000 10 4242\n");
  EXPECT_EQ(Out({"--domainname", "example.org"}, "cat /proc/sys/kernel/domainname"),
            "example.org\n");
  EXPECT_EQ(Out({}, "umask"), "0022\n");
  EXPECT_EQ(Out({"--umask", "0077"}, "umask; touch x; stat -c %a x"), "0077\n600\n");
  ExpectFails({"--user", "4294967295"}, 125, "4294967294");
  ExpectFails({"--user", "0:4294967295"}, 125, "4294967294");
  ExpectFails({"--group-add", "4294967295"}, 125, "4294967294");
  ExpectFails({"--group-add", "nosuch"}, 125, "group 'nosuch' is not in /etc/group");
}

TEST_F(RightsTest, Capabilities) {
  const std::string sets = "grep Cap /proc/self/status | cut -f2 | tr '\\n' ' '";
  EXPECT_EQ(Out({"--cap-drop", "ALL", "--cap-add", "kill"}, sets),
            "0000000000000000 0000000000000020 0000000000000020 0000000000000020 "
            "0000000000000000 ");
  EXPECT_EQ(Out({"--cap-drop", "ALL", "--cap-add", "kill", "--user", "1000"}, sets),
            "0000000000000000 0000000000000000 0000000000000000 0000000000000020 "
            "0000000000000000 ");
  EXPECT_EQ(
      Out({"--cap-drop", "ALL", "--cap-add", "kill", "--cap-ambient", "--user", "1000"}, sets),
      "0000000000000020 0000000000000020 0000000000000020 0000000000000020 0000000000000020 ");
}

TEST_F(RightsTest, Privileged) {
  EXPECT_EQ(Out({"--privileged"},
                "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status; mount -t tmpfs x /mnt && echo "
                "mounted; test -w /proc/sys/kernel/hostname && echo writable"),
            "NoNewPrivs:\t0\nSeccomp:\t0\nmounted\nwritable\n");
  const Outcome plan = world_->Pelagos({"run", "--privileged", "--dry-run", "busybox", "true"});
  EXPECT_EQ(absl::StrContains(plan.out, "note: left out, since the caller lacks them"),
            !Holds(Capability::kSysResource))
      << plan.Describe();
}

TEST_F(RightsTest, NoNewPrivileges) {
  const std::string ask = "grep NoNewPrivs /proc/self/status";
  EXPECT_EQ(Out({}, ask), "NoNewPrivs:\t1\n");
  EXPECT_EQ(Out({"--security-opt", "no-new-privileges=false"}, ask), "NoNewPrivs:\t0\n");
}

TEST_F(RightsTest, LabelsNeedTheirModule) {
  if (!sys::AppArmorIsOn()) {
    ExpectFails({"--security-opt", "apparmor=x"}, 125, "does not enforce AppArmor");
  } else {
    ExpectFails({"--security-opt", "apparmor=no-such-profile"}, 127, "no such profile is loaded");
  }
  if (!sys::SelinuxIsOn()) {
    ExpectFails({"--security-opt", "label=type:container_t"}, 125, "SELinux is off on this host");
  }
}

TEST_F(RightsTest, Landlock) {
  if (sys::LandlockAbi() == 0) {
    return ExpectFails({"--landlock", "rx:/"}, 125, "this host's kernel has no Landlock");
  }
  const Words rules = {"--landlock", "rx:/bin",  "--landlock", "rw:/tmp",
                       "--landlock", "ro:/proc", "--landlock", "rw:/dev/null"};
  EXPECT_EQ(Out(rules,
                "echo data > /tmp/x; cat /tmp/x; exec 2>&1; cat /etc/passwd; echo > /bin/new;"
                "ls /; echo quiet > /dev/null"),
            "data\ncat: can't open '/etc/passwd': Permission denied\n"
            "sh: can't create /bin/new: Permission denied\n"
            "ls: can't open '/': Permission denied\n");
  // Also without no_new_privs, and for users other than root.
  EXPECT_EQ(
      Out({"--landlock", "rx:/bin", "--security-opt", "no-new-privileges=false", "--user", "1000"},
          "cat /etc/passwd 2>&1; true"),
      "cat: can't open '/etc/passwd': Permission denied\n");
  ExpectFails({"--landlock", "ro:/no/such"}, 127, "path /no/such: No such file or directory");
  ExpectFails({"--landlock", "ro:/etc"}, 126, "no landlock rule allows");
}

TEST_F(RightsTest, WrongFlagsAreUsageErrors) {
  for (const Words& flags : {Words{"--ulimit", "x=1"}, Words{"--oom-score-adj", "x"},
                             Words{"--sysctl", "x"}, Words{"--cap-add", "x"}, Words{"--umask", "9"},
                             Words{"--security-opt", "x"}, Words{"--landlock", "x"}}) {
    ExpectFails(flags, 2, absl::StrCat("pelagos: error: run: ", flags[0]));
  }
}

}  // namespace
}  // namespace pelagos::rooted
