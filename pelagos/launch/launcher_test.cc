// Real launches in Bazel's sandbox: root of a user namespace, which is enough for all but ids,
// device nodes and cgroups (launcher_rooted_test.cc).
#include "pelagos/launch/launcher.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/launch/test_support.h"

namespace pelagos::launch {
namespace {

using LauncherTest = LaunchFixture;

TEST_F(LauncherTest, RunsAProgramAndTellsItsEnd) {
  EXPECT_EQ(Run(Shell("exit 7")).exit, (ExitStatus{false, 7}));
  EXPECT_EQ(Output(Plan({"true"})), "");
  // The first process of a pid namespace ignores what it does not handle, but not from outside.
  const Outcome outcome = Run(Shell("sh -c 'kill -9 $$'; echo $?"));
  EXPECT_EQ(outcome.out, "Killed\n137\n");
}

TEST_F(LauncherTest, IsolatesAsAsked) {
  EXPECT_EQ(Output(Shell("hostname; echo $$; echo $WORD; pwd; ls /")),
            "inside\n1\nhello\n/\nbin\ndev\netc\nproc\nsys\ntmp\nusr\n");
  EXPECT_EQ(Output(Shell("echo /proc/[0-9]*")), "/proc/1\n");
  EXPECT_EQ(Output(Shell("ls /sys/class/net; ip addr show lo | grep -c 127.0.0.1")), "lo\n1\n");
  // The root, proc, dev, two devices, shm and sys: nothing of the host's.
  EXPECT_EQ(Output(Shell("grep -c . /proc/self/mountinfo")), "7\n");
}

TEST_F(LauncherTest, LeaksNoDescriptors) {
  const int leak = ::open("/etc/passwd", O_RDONLY);  // not close-on-exec, as a bad library's
  ASSERT_GE(leak, 0);
  EXPECT_EQ(Output(Shell("ls /proc/self/fd")), "0\n1\n2\n3\n");  // 3 is ls's own
  EXPECT_EQ(Output(Shell("readlink /proc/self/fd/0")), "/dev/null\n");
  ::close(leak);
}

TEST_F(LauncherTest, StartsWithDefaultSignals) {
  struct sigaction before = {}, ignore = {};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(::sigaction(SIGPIPE, &ignore, &before), 0);
  EXPECT_EQ(Output(Plan({"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"})),
            "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  ASSERT_EQ(::sigaction(SIGPIPE, &before, nullptr), 0);
}

TEST_F(LauncherTest, DropsCapabilitiesAndFiltersCalls) {
  const std::string status = Output(Shell("grep -E '^(Cap|NoNew|Seccomp:)' /proc/1/status"));
  EXPECT_TRUE(absl::StrContains(status, "CapInh:\t0000000000000000\n")) << status;
  EXPECT_TRUE(absl::StrContains(status, "CapPrm:\t00000000a80425fb\n")) << status;
  EXPECT_TRUE(absl::StrContains(status, "CapEff:\t00000000a80425fb\n")) << status;
  EXPECT_TRUE(absl::StrContains(status, "CapBnd:\t00000000a80425fb\n")) << status;
  EXPECT_TRUE(absl::StrContains(status, "NoNewPrivs:\t1\n")) << status;
  EXPECT_TRUE(absl::StrContains(status, "Seccomp:\t2\n")) << status;
  EXPECT_EQ(Output(Shell("hostname other 2>&1 || hostname")),
            "hostname: sethostname: Operation not permitted\ninside\n");
}

TEST_F(LauncherTest, WritesGoToTheUpperLayer) {
  EXPECT_EQ(Output(Shell("echo new > /etc/new; echo changed > /etc/hosts; cat /etc/hosts")),
            "changed\n");
  EXPECT_EQ(*sys::ReadFile(folder() + "/upper/etc/new", 100), "new\n");
  EXPECT_EQ(*sys::ReadFile(image() + "/etc/hosts", 100), "");
}

TEST_F(LauncherTest, SealsTheRootButNotWhatIsMountedInIt) {
  LaunchPlan plan = Shell("touch /x; touch /dev/shm/x && echo shm");
  plan.ops.insert(std::find(plan.ops.begin(), plan.ops.end(), Op(AwaitStart{})), SealRoot{});
  EXPECT_EQ(Output(plan), "touch: /x: Read-only file system\nshm\n");
}

TEST_F(LauncherTest, BindsFoldersAndFilesAndMakesTheirTargets) {
  ASSERT_TRUE(sys::MakeFolders(folder() + "/data", 0755).ok());
  WriteFile("data/name", "from the host\n");
  EXPECT_EQ(Output(Shell("cat /srv/a/b/name /srv/file; touch /srv/a/b/made; touch /ro/x; true",
                         {BindMount{folder() + "/data", "/srv/a/b", false},
                          BindMount{folder() + "/data/name", "/srv/file", false},
                          BindMount{folder() + "/data", "/ro", true}})),
            "from the host\nfrom the host\ntouch: /ro/x: Read-only file system\n");
  EXPECT_TRUE(sys::ReadFile(folder() + "/data/made", 0).ok());
}

TEST_F(LauncherTest, TargetsThatAreLinksStayInside) {
  // Each of these would, resolved by the host, lead to the host's own files.
  ASSERT_TRUE(sys::MakeFolders(folder() + "/outside", 0755).ok());
  WriteFile("bound", "bound\n");
  const std::string up(200, '.');
  for (const auto& [link, name] : std::vector<std::pair<std::string, std::string>>{
           {folder() + "/outside", "abs"},                             // to a folder of the host
           {"../../../../../../../.." + folder() + "/outside", "up"},  // the same, by ".."
           {"../run/resolve/stub.conf", "etc/resolv.conf"}}) {         // to nowhere, as images have
    ASSERT_EQ(::symlink(link.c_str(), (image() + "/" + name).c_str()), 0);
  }
  EXPECT_EQ(Output(Shell("cat /abs/file /up/file2",
                         {BindMount{folder() + "/bound", "/abs/file", false},
                          BindMount{folder() + "/bound", "/up/file2", false}})),
            "bound\nbound\n");
  EXPECT_TRUE(sys::ListFolder(folder() + "/outside")->empty());
  EXPECT_EQ(Output(Shell("cat /etc/resolv.conf; cat /run/resolve/stub.conf",
                         {BindMount{folder() + "/bound", "/etc/resolv.conf", false}})),
            "bound\nbound\n");
}

// Whoever else can write to what the link leads to would have a say in what is masked.
TEST_F(LauncherTest, TheKernelsPlacesAreNoLinks) {
  for (const char* place : {"proc", "sys", "dev"}) {
    const std::string path = image() + "/" + place;
    for (const char* link : {"/etc", "nowhere"}) {
      ASSERT_EQ(::symlink(link, path.c_str()), 0);
      const absl::Status status = Run(Plan({"true"})).status;
      EXPECT_TRUE(absl::EndsWith(status.message(),
                                 ": Too many levels of symbolic links: it is a link in the image, "
                                 "or lies behind one, and must be mounted on ordinary directory"))
          << status;
      ASSERT_EQ(::unlink(path.c_str()), 0);
      ASSERT_TRUE(sys::RemoveTree(folder() + "/upper").ok());  // with the other places, as made
    }
  }
}

// CVE-2019-5736.
TEST_F(LauncherTest, TheRuntimeItselfIsNoProgram) {
  ASSERT_EQ(::symlink("/proc/self/exe", (image() + "/link").c_str()), 0);
  WriteFile("image/script", "#!/proc/self/exe x\n");
  WriteFile("image/second", "#! \t/script\n");
  WriteFile("image/third", "#!/link");
  for (const char* name : {"/script", "/second", "/third"}) {
    ASSERT_EQ(::chmod((image() + name).c_str(), 0711), 0);
  }
  for (const char* program :
       {"/proc/self/exe", "/link", "./link", "/script", "/second", "/third", "/proc/1/exe"}) {
    EXPECT_EQ(Run(Plan({program})).status.message(),
              absl::StrCat("test: cannot run '", program,
                           "': Too many levels of symbolic links (a link of /proc leads out of the "
                           "container, or links in a circle)"));
  }
  // Links of the image are followed, and what cannot be run is passed by.
  WriteFile("image/usr/bin/greet", "no program");
  WriteFile("image/bin/hello", "#!/bin/sh\necho $0\n");
  ASSERT_EQ(::chmod((image() + "/bin/hello").c_str(), 0755), 0);
  ASSERT_EQ(::symlink("../bin/hello", (image() + "/bin/greet").c_str()), 0);
  EXPECT_EQ(Output(Plan({"greet"})), "/bin/greet\n");
}

// Each folder is made once: not found again from the root for each one below it.
TEST_F(LauncherTest, MakesDeepTargetsInTime) {
  std::string deep;
  for (int i = 0; i < 1500; ++i) deep += "/d";
  const absl::Time begin = absl::Now();
  EXPECT_EQ(Run(Plan({"true"}, {MakeFolder{deep, 0755}})).exit, (ExitStatus{false, 0}));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(15));  // it took longer than that
}

TEST_F(LauncherTest, LinksThatRunInCirclesAreAnError) {
  ASSERT_EQ(::symlink("b", (image() + "/a").c_str()), 0);
  ASSERT_EQ(::symlink("a", (image() + "/b").c_str()), 0);
  const Outcome outcome = Run(Plan({"true"}, {MakeFolder{"/a/x", 0755}}));
  EXPECT_TRUE(absl::StrContains(outcome.status.message(), "Too many levels of symbolic links"))
      << outcome.status;
}

TEST_F(LauncherTest, MasksFilesAndFolders) {
  EXPECT_EQ(Output(Shell("cat /proc/uptime; ls /proc/sys; echo x > /proc/uptime && echo written; "
                         "touch /proc/sys/x; ls /none; stat -c %t:%T /proc/uptime",
                         {MaskPath{"/proc/uptime"}, MaskPath{"/proc/sys"}, MaskPath{"/none"},
                          MaskPath{"/etc/hosts/none"}})),
            "written\ntouch: /proc/sys/x: Read-only file system\n"
            "ls: /none: No such file or directory\n1:3\n");
}

TEST_F(LauncherTest, MakesPathsReadOnly) {
  EXPECT_EQ(Output(Shell("echo x > /etc/hosts; echo y > /dev/shm/y; cat /dev/shm/y",
                         {MakeReadOnly{"/etc"}, MakeReadOnly{"/none"}})),
            "sh: can't create /etc/hosts: Read-only file system\ny\n");
}

TEST_F(LauncherTest, AMaskNeedsARealNullDevice) {
  LaunchPlan plan = Plan({"true"}, {MaskPath{"/proc/uptime"}});
  std::replace(plan.ops.begin(), plan.ops.end(), Op(MakeDevice{"/dev/null", 1, 3, 0666}),
               Op(MakeSymlink{"/etc/hosts", "/dev/null"}));
  const absl::Status status = Run(plan).status;
  EXPECT_TRUE(absl::StrContains(status.message(), "/dev/null of the container")) << status;
}

TEST_F(LauncherTest, WordsWhatFailed) {
  EXPECT_EQ(Run(Plan({"nothing"})).status.message(),
            "test: cannot run 'nothing': not found in PATH (/usr/bin:/bin)");
  EXPECT_EQ(Run(Plan({"/nothing"})).status.message(),
            "test: cannot run '/nothing': no such file in the container, or the interpreter it "
            "names is missing");
  EXPECT_EQ(Run(Plan({"/etc/hosts"})).status.message(),
            "test: cannot run '/etc/hosts': Permission denied (not executable by the container's "
            "user)");
  ASSERT_EQ(::chmod((image() + "/etc/hosts").c_str(), 0755), 0);
  EXPECT_EQ(Run(Plan({"/etc/hosts"})).status.message(),
            "test: cannot run '/etc/hosts': Exec format error (built for another machine, or a "
            "script without #!)");
  const absl::Status status =
      Run(Plan({"true"}, {BindMount{folder() + "/none", "/srv", false}})).status;
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StartsWith(status.message(), "test: step 9, bind ")) << status;
  EXPECT_TRUE(absl::EndsWith(status.message(), "/none'): No such file or directory")) << status;
}

TEST_F(LauncherTest, NamesTheStepThatFailedInTheChild) {
  const absl::Status status =
      Run(Plan({"true"}, {MountFilesystem{"nofs", "x", "/srv", 0, ""}})).status;
  EXPECT_TRUE(absl::StartsWith(status.message(), "test: step 9, ")) << status;
  EXPECT_TRUE(absl::EndsWith(status.message(), ": No such device")) << status;
  const absl::Status target = Run(Plan({"true"}, {MakeFolder{"/etc/hosts/x", 0755}})).status;
  EXPECT_TRUE(absl::StrContains(target.message(), "its target: Not a directory")) << target;
}

TEST_F(LauncherTest, AReportIsHeardAlsoFromAChildThatNeverReadTheWordToStart) {
  LaunchPlan plan = Plan({"nothing"});
  std::erase(plan.ops, Op(AwaitStart{}));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Run(plan).status.message(),
              "test: cannot run 'nothing': not found in PATH (/usr/bin:/bin)");
  }
  plan = Plan({"true"});
  std::erase(plan.ops, Op(AwaitStart{}));
  EXPECT_EQ(Output(plan), "");
}

TEST_F(LauncherTest, WaitsForTheWordToStart) {
  LaunchPlan plan = Shell("echo ran > /etc/ran");
  {
    absl::StatusOr<Starting> starting = Launch(plan, {});
    ASSERT_TRUE(starting.ok()) << starting.status();
    EXPECT_TRUE(starting->network_namespace().ok());
    const sys::ProcessIdentity child = {starting->pid(), *sys::StartTime(starting->pid())};
    EXPECT_TRUE(sys::IsAlive(child));
    starting = absl::CancelledError("dropped");
    EXPECT_FALSE(sys::IsAlive(child));
    EXPECT_EQ(::kill(child.pid, 0), -1);  // reaped, too
  }
  EXPECT_FALSE(sys::ReadFile(folder() + "/upper/etc/ran", 10).ok());
  EXPECT_EQ(Output(plan), "");
  EXPECT_EQ(*sys::ReadFile(folder() + "/upper/etc/ran", 10), "ran\n");
}

TEST_F(LauncherTest, TellsOfAChildThatWasKilledOnItsWay) {
  absl::StatusOr<Starting> starting = Launch(Plan({"true"}), {});
  ASSERT_TRUE(starting.ok()) << starting.status();
  ASSERT_TRUE(sys::Signal(starting->pidfd(), SIGKILL).ok());
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_PIDFD, static_cast<id_t>(starting->pidfd().get()), &info, WEXITED | WNOWAIT),
            0);
  EXPECT_EQ(std::move(*starting).Start().status().message(),
            "test: the container's first process ended before its program ran: signal 9");
}

TEST_F(LauncherTest, TheContainerDiesWithItsParent) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  const LaunchPlan plan = Shell("echo up; sleep 1000");
  const pid_t parent = ::fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    absl::StatusOr<Starting> starting = Launch(plan, {-1, writer.get(), writer.get()});
    if (!starting.ok() || !std::move(*starting).Start().ok()) ::_exit(1);
    for (;;) ::pause();
  }
  writer.reset();
  char text[3];
  ASSERT_EQ(::read(reader.get(), text, 3), 3);  // it runs
  ASSERT_EQ(::kill(parent, SIGKILL), 0);
  // End of file comes only when all that holds the pipe is gone: sh and sleep.
  EXPECT_EQ(*sys::ReadAll(reader, 100, "pipe"), "");
  ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
}

TEST_F(LauncherTest, AParentWithoutStreamsOfItsOwnCanLaunchToo) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd reader(ends[0]);
  const LaunchPlan plan = Shell("echo out; echo err >&2; ls /proc/self/fd");
  const pid_t parent = ::fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    for (int fd = 0; fd < 3; ++fd) ::close(fd);
    absl::StatusOr<Starting> starting = Launch(plan, {-1, ends[1], ends[1]});
    if (!starting.ok()) ::_exit(1);
    absl::StatusOr<Launched> launched = std::move(*starting).Start();
    if (!launched.ok()) ::_exit(2);
    ::_exit(WaitForExit(launched->pidfd)->code());
  }
  ::close(ends[1]);
  EXPECT_EQ(*sys::ReadAll(reader, 100, "pipe"), "out\nerr\n0\n1\n2\n3\n");
  int status = 0;
  ASSERT_EQ(::waitpid(parent, &status, 0), parent);
  EXPECT_EQ(status, 0);
}

TEST_F(LauncherTest, BindsARootAsItIs) {
  LaunchPlan plan = Shell("touch /etc/new; ls /etc");
  plan.folders.clear();
  plan.ops[1] = MountBindRoot{image(), folder() + "/mnt"};
  EXPECT_EQ(Output(plan), "hosts\nnew\n");
  EXPECT_TRUE(sys::ReadFile(image() + "/etc/new", 1).ok());
}

TEST_F(LauncherTest, MakesTheWorkingFolder) {
  LaunchPlan plan = Plan({"sh", "-c", "pwd; umask"});
  std::replace(plan.ops.begin(), plan.ops.end(), Op(ChangeFolder{"/"}),
               Op(ChangeFolder{"/srv/app"}));
  EXPECT_EQ(Output(plan), "/srv/app\n0022\n");
}

}  // namespace
}  // namespace pelagos::launch
