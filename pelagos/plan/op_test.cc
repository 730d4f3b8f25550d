#include "pelagos/plan/op.h"

#include <gtest/gtest.h>

#include "pelagos/abi/mount_flag.h"

namespace pelagos {
namespace {

struct Row {
  Op op;
  const char* text;
};

TEST(OpTest, EveryOpDescribesItself) {
  const Row rows[] = {
      {MakeMountsPrivate{}, "make every mount private"},
      {MountOverlayRoot{{"/l1"}, "/u", "/w", "/m"}, "overlay of 1 layer, upper /u -> /m"},
      {MountOverlayRoot{{"/l2", "/l1"}, "/u", "/w", "/m"}, "overlay of 2 layers, upper /u -> /m"},
      {MountOverlayRoot{{"/l1"}, "/u", "/w", "/m", "u:object_r:t"},
       "overlay of 1 layer, upper /u -> /m label u:object_r:t"},
      {MountBindRoot{"/srv/root", "/m"}, "bind root /srv/root -> /m"},
      {MountFilesystem{"proc", "proc", "/proc", kMountNoSuid | kMountNoDev, ""},
       "mount proc -> /proc nosuid,nodev"},
      {MountFilesystem{"tmpfs", "tmpfs", "/tmp", 0, "mode=1777"},
       "mount tmpfs -> /tmp (mode=1777)"},
      {BindMount{"/srv/www", "/www", true}, "bind /srv/www -> /www read-only"},
      {BindMount{"/srv/www", "/www", false}, "bind /srv/www -> /www"},
      {MakeDevice{"/dev/null", 1, 3, 0666}, "device 1:3 -> /dev/null mode 0666"},
      {MakeFolder{"/run", 0755}, "folder /run mode 0755"},
      {MakeSymlink{"/proc/self/fd", "/dev/fd"}, "link /dev/fd to /proc/self/fd"},
      {MaskPath{"/proc/kcore"}, "mask /proc/kcore"},
      {MakeReadOnly{"/proc/sys"}, "read-only /proc/sys"},
      {PivotRoot{}, "pivot root"},
      {PivotRoot{true}, "move the root over the old one"},
      {PivotRoot{false, true}, "change the root"},
      {SealRoot{}, "make the root read-only"},
      {LoopbackUp{}, "bring lo up"},
      {SetHostname{"web"}, "hostname web"},
      {AwaitStart{}, "await start"},
      {SetUser{0, 0, {}}, "user 0:0"},
      {SetUser{1000, 1001, {4, 24}}, "user 1000:1001 groups 4,24"},
      {LimitCapabilities{{}}, "capabilities: none"},
      {LimitCapabilities{CapabilitySet::All()}, "capabilities: all"},
      {LimitCapabilities{{"kill"_cap, "chown"_cap}}, "capabilities: chown kill"},
      {SetNoNewPrivileges{}, "no new privileges"},
      {InstallSeccomp{SeccompProfile::kDefault}, "seccomp default"},
      {ChangeFolder{"/app"}, "work folder /app"},
      {Exec{{"sh", "-c", "sleep 9"}, {"A=1"}}, "exec sh -c 'sleep 9'"},
      {LimitCapabilities{{"kill"_cap}, ProcessCapabilities::Ambient({"kill"_cap})},
       "capabilities: kill; permitted: kill; effective: kill; inheritable: kill; ambient: kill"},
      {SetDomainname{"example"}, "domainname example"},
      {SetOomScoreAdj{-500}, "oom_score_adj -500"},
      {SetExecLabel{LabelKind::kAppArmor, "docker-default"}, "AppArmor profile docker-default"},
      {SetExecLabel{LabelKind::kSelinux, "u:r:t:s0"}, "SELinux label u:r:t:s0"},
      {WriteSysctl{"kernel.sem", "1 2 3 4"}, "sysctl kernel.sem = 1 2 3 4"},
      {SetRlimit{Rlimit::kNofile, {9, kRlimitUnlimited}}, "limit nofile 9:unlimited"},
      {RestrictPaths{1, {{"/usr", {true, false, true}}, {"/tmp", {true, true, false}}}},
       "landlock: rx:/usr rw:/tmp"},
      {SetUmask{027}, "umask 0027"},
      {MakeHostDevices{{{"/kmsg", false, 1, 11, 0644, 0, 0}, {"/a/b", true, 8, 0, 0660, 0, 6}}},
       "the host's devices -> /dev, 2 of them"},
      {OpenTerminal{1000}, "terminal of user 1000 -> /dev/console"},
      {OpenTerminal{7, false}, "terminal of user 7"},
      {ChangeMount{"/p", {3, 1, 8, 0x70, {kMountSlave | kMountRecursive}}},
       "mount at /p ro,nosuid below noexec cleared below atime rslave"},
      {AwaitHooks{}, "await hooks"},
      {AwaitHooks{{{"eth1", "eth0"}}}, "await hooks, interface eth1 -> eth0"},
      {AwaitExec{}, "await start of the program"},
      {EnterRoot{}, "enter the root"},
      {EnterRoot{"/proc/7/root"}, "enter the root /proc/7/root"},
      {EnterRoot{"/proc/7/root", true}, "enter the root /proc/7/root, if it is on another mount"},
      {JoinKeyring{"_ses.c"}, "session keyring _ses.c"},
      {SetScheduler{{1, 1, -5, 50}}, "scheduler policy 1 flags 1 nice -5 priority 50"},
      {SetScheduler{{6, 0, 0, 0, 10, 20, 30}},
       "scheduler policy 6 runtime 10 deadline 20 period 30"},
      {SetIoPriority{{2, 4}}, "I/O class 2 level 4"},
      {SetMemoryPolicy{{2, {{0, 3}}}}, "set_mempolicy mode 2 nodes 0-3"},
      {SetCpuAffinity{{{0, 1}, {4, 4}}}, "CPUs 0-1,4"},
      {SetPersonality{8}, "personality 0x8"},
      {BecomeRoot{}, "become user 0:0"},
      {BecomeRoot{1000, 100}, "become user 1000:100"},
  };
  std::vector<bool> seen(std::variant_size_v<Op>, false);
  for (const Row& row : rows) {
    EXPECT_EQ(Describe(row.op), row.text);
    seen[row.op.index()] = true;
  }
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_TRUE(seen[i]) << "no row for op " << i;
}

}  // namespace
}  // namespace pelagos
