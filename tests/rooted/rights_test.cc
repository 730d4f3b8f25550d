// What a container's processes may do: each flag of `pelagos run` seen from inside, and how it
// fails.

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/policy/capability_set.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/security.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

class RightsTest : public RunTest {
 protected:
  void ExpectFails(const Words& flags, int code, const std::string& message) {
    RunTest::ExpectFails(flags, code, message);
    world_->ExpectNoResidue("a container that could not be started");
  }
  // What a script that must succeed prints; what an old Landlock cannot do is said where it is
  // used.
  std::string Out(const Words& flags, const std::string& script) {
    const bool uses_landlock = std::find(flags.begin(), flags.end(), "--landlock") != flags.end();
    const Outcome outcome = Run(flags, script);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    const int version = sys::LandlockAbi();
    EXPECT_EQ(outcome.err,
              uses_landlock && version < 3
                  ? absl::StrCat("pelagos: note: Landlock of this kernel (version ", version,
                                 ") cannot deny truncate(2) of files that may not be written\n")
                  : "")
        << outcome.Describe();
    return outcome.out;
  }
  static bool Holds(Capability cap) {
    return CapabilitySet::FromBits(sys::PermittedCapabilities().value()).contains(cap);
  }
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
    ExpectFails({"--oom-score-adj=-9"}, 125, "lowering it needs CAP_SYS_RESOURCE");
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
  ExpectFails({"--sysctl", "net.no_such_setting=1"}, 125,
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
  const Outcome plan =
      world_->Pelagos({"run", "--rm", "--privileged", "--dry-run", "busybox", "true"});
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
    ExpectFails({"--security-opt", "apparmor=no-such-profile"}, 125, "no such profile is loaded");
  }
  if (!sys::SelinuxIsOn()) {
    ExpectFails({"--security-opt", "label=type:container_t"}, 125, "SELinux is off on this host");
  }
  // What asks for none is fine everywhere.
  EXPECT_EQ(Out({"--security-opt", "label=disable", "--security-opt", "label:disable"}, "echo up"),
            "up\n");
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
  ExpectFails({"--landlock", "ro:/no/such"}, 125, "path /no/such: No such file or directory");
  ExpectFails({"--landlock", "ro:/etc"}, 126, "no landlock rule allows");
}

std::string LinkOf(const std::string& path) {
  char text[64];
  const ssize_t size = ::readlink(path.c_str(), text, sizeof(text));
  return size < 0 ? "" : std::string(text, static_cast<size_t>(size));
}

TEST_F(RightsTest, NamespacesOfTheHost) {
  for (const auto& [flag, name] : std::vector<std::pair<std::string, std::string>>{
           {"--pid", "pid"}, {"--ipc", "ipc"}, {"--uts", "uts"}, {"--cgroupns", "cgroup"}}) {
    const std::string ask = absl::StrCat("readlink /proc/self/ns/", name);
    const std::string host = LinkOf(absl::StrCat("/proc/self/ns/", name)) + "\n";
    EXPECT_EQ(Out({flag, "host"}, ask), host) << flag;
    EXPECT_NE(Out({flag, "private"}, ask), host) << flag;
  }
  world_->ExpectNoResidue("namespaces of the host");
}

// A program that leaves a process behind: only the cgroup knows it.
TEST_F(RightsTest, NothingOutlivesAContainerInTheHostsPidNamespace) {
  EXPECT_EQ(Out({"--pid", "host"}, "sleep 1000 >/dev/null 2>&1 & echo left"), "left\n");
  world_->ExpectNoResidue("a process left behind");
}

TEST_F(RightsTest, NamespacesOfAnotherContainer) {
  const std::unique_ptr<Program> first =
      world_->Start({"run", "--rm", "--name", "first", "--hostname", "other", "busybox", "sh", "-c",
                     "readlink /proc/self/ns/pid; readlink /proc/self/ns/uts; trap 'exit 0' TERM; "
                     "echo up; sleep 1000 & wait"});
  const std::string pid_namespace = first->NextLine().value_or("");
  const std::string uts_namespace = first->NextLine().value_or("");
  ASSERT_TRUE(first->AwaitLine("up"));
  // The first process of the container is the child of `pelagos run`.
  const std::string children =
      sys::ReadFile(absl::StrCat("/proc/", first->pid(), "/task/", first->pid(), "/children"), 64)
          .value();
  const std::string init(absl::StripTrailingAsciiWhitespace(children));
  EXPECT_EQ(Out({"--pid", absl::StrCat("ns:/proc/", init, "/ns/pid"), "--uts",
                 absl::StrCat("ns:/proc/", init, "/ns/uts")},
                "readlink /proc/self/ns/pid; readlink /proc/self/ns/uts; hostname; cat "
                "/proc/1/comm"),
            absl::StrCat(pid_namespace, "\n", uts_namespace, "\nother\nsh\n"));
  first->Signal(SIGTERM);
  EXPECT_EQ(first->Wait().code, 0);
  ExpectFails({"--ipc", "ns:/no/such"}, 125, "namespace to join: open('/no/such')");
}

// Of what the caller lacks only that is said which was asked for by its name.
TEST_F(RightsTest, WhatCannotBeGivenIsSaidIfAskedFor) {
  const auto without_sys_time = [&](const Words& flags) {
    Words words = {"run", "--rm"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"busybox", "echo", "ran"});
    Outcome outcome;
    // The bounding set is a thread's own; what it starts inherits it.
    std::thread([&] {
      EXPECT_EQ(::prctl(PR_CAPBSET_DROP, CAP_SYS_TIME), 0);
      outcome = world_->Pelagos(words);
    }).join();
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    EXPECT_EQ(outcome.out, "ran\n") << outcome.Describe();
    return outcome.err;
  };
  EXPECT_EQ(without_sys_time({"--cap-add", "sys-time"}),
            "pelagos: note: left out, since the caller lacks them: capabilities sys-time\n");
  EXPECT_EQ(without_sys_time({"--cap-add", "ALL"}), "");
  EXPECT_EQ(without_sys_time({"--privileged"}), "");
  EXPECT_EQ(without_sys_time({}), "");
}

TEST_F(RightsTest, Init) {
  EXPECT_EQ(Out({"--init"}, "cat /proc/1/comm; test $$ -ne 1 && echo child"),
            "pelagos-init\nchild\n");
  EXPECT_EQ(Run({"--init"}, "exit 7").code, 7);
  EXPECT_EQ(Run({"--init"}, "kill -9 $$").code, 128 + SIGKILL);
  const Outcome missing = world_->Pelagos({"run", "--rm", "--init", "busybox", "/no/such"});
  EXPECT_EQ(missing.code, 127) << missing.Describe();
  EXPECT_EQ(missing.err, "pelagos-init: cannot run '/no/such': No such file or directory\n");
  // Users other than root, a sealed root, path rules: it is there all the same.
  EXPECT_EQ(Out({"--init", "--read-only", "--user", "1000", "--landlock", "rx:/bin"}, "echo up"),
            "up\n");
  // The host's file cannot be written to through it.
  EXPECT_EQ(Out({"--init"}, "exec 2>&1; echo x > /proc/1/exe; true"),
            "sh: can't create /proc/1/exe: Read-only file system\n");
}

// An orphan of an orphan becomes a child of process 1, which must take its end in.
TEST_F(RightsTest, InitReapsOrphans) {
  EXPECT_EQ(Out({"--init"},
                "for i in 1 2 3; do sh -c 'sh -c \"echo \\$\\$ > /tmp/$0; exec true\" & ' $i; done;"
                "for i in 1 2 3; do while ! test -s /tmp/$i; do :; done;"
                "while test -e /proc/$(cat /tmp/$i); do :; done; done; echo reaped"),
            "reaped\n");
}

TEST_F(RightsTest, InitPassesSignalsOn) {
  const std::unique_ptr<Program> program =
      world_->Start({"run", "--rm", "--init", "busybox", "sh", "-c",
                     "trap 'echo got; exit 9' TERM; echo up; while :; do :; done"});
  ASSERT_TRUE(program->AwaitLine("up"));
  program->Signal(SIGTERM);
  const Outcome outcome = program->Wait();
  EXPECT_EQ(outcome.code, 9) << outcome.Describe();
  EXPECT_TRUE(absl::StrContains(outcome.out, "got")) << outcome.Describe();
}

TEST_F(RightsTest, WrongFlagsAreUsageErrors) {
  for (const Words& flags :
       {Words{"--ulimit", "x=1"}, Words{"--oom-score-adj", "x"}, Words{"--sysctl", "x"},
        Words{"--cap-add", "x"}, Words{"--umask", "9"}, Words{"--security-opt", "x"},
        Words{"--landlock", "x"}, Words{"--pid", "x"}}) {
    ExpectFails(flags, 2, absl::StrCat("pelagos: error: run: ", flags[0]));
  }
}

}  // namespace
}  // namespace pelagos::rooted
