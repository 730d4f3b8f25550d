// Containers whose uplink is pasta: what they reach, who reaches them, and that nothing stays.

#include "pelagos/net/pasta.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/rooted/net_test/world.h"

namespace pelagos::net {
namespace {

class PastaTest : public World {
 protected:
  void SetUp() override {
    World::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(::access("/usr/bin/pasta", X_OK), 0) << "the package passt is missing";
    netns_ = NewNetns();
  }
  void TearDown() override {
    control_.reset();
    for (const Fd& pidfd : Processes()) EXPECT_TRUE(Wait(pidfd, POLLIN, kSoon)) << "it stays";
    World::TearDown();
  }

  // pasta takes addresses and routes from the host's first default route.
  void GoOnline() {
    sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_ROUTE).value();
    sys::MessageBatch route;
    sys::AddDefaultRoute(route, sys::FindLink(socket, "up0").value()->index, Ip("192.0.2.2"));
    ASSERT_EQ(socket.Execute(route), absl::OkStatus());
  }

  void Start(const std::vector<PortMapping>& ports = {}) {
    GoOnline();
    PastaOptions options;
    options.netns = &netns_;
    options.ports = ports;
    absl::StatusOr<PastaProcess> pasta = StartPasta(options);
    ASSERT_TRUE(pasta.ok()) << pasta.status();
    control_ = std::move(pasta->control);
  }

  // Pasta and its guard: whatever has one of their names and is in our network namespace.
  static std::vector<Fd> Processes() {
    struct stat own = {};
    EXPECT_EQ(::stat("/proc/thread-self/ns/net", &own), 0);
    std::vector<Fd> processes;
    const std::vector<std::string> names = sys::ListFolder("/proc").value();
    for (const std::string& name : names) {
      pid_t pid = 0;
      if (!absl::SimpleAtoi(name, &pid)) continue;
      struct stat its = {};
      const std::string folder = absl::StrCat("/proc/", pid);
      if (::stat((folder + "/ns/net").c_str(), &its) != 0 || its.st_ino != own.st_ino) continue;
      const std::string comm = sys::ReadFile(folder + "/comm", 64).value_or("");
      // The program has builds for kinds of processors: "passt.avx2".
      const bool wanted = comm == "pasta-guard\n" || comm == "pasta\n" || comm == "passt\n" ||
                          absl::StartsWith(comm, "passt.");
      if (!wanted) continue;
      if (absl::StatusOr<Fd> pidfd = sys::OpenPidfd(pid); pidfd.ok()) {
        processes.push_back(*std::move(pidfd));
      }
    }
    return processes;
  }
  static void ExpectEnd(const std::vector<Fd>& processes) {
    EXPECT_EQ(processes.size(), 2u);
    for (const Fd& pidfd : processes) EXPECT_TRUE(Wait(pidfd, POLLIN, kSoon));
  }

  Fd netns_, control_;
};

TEST_F(PastaTest, ReachesOutsideUnderTheHostsAddress) {
  Start();
  const Fd tcp = Serve(outside_, 80), udp = Serve(outside_, 80, SOCK_DGRAM);
  EXPECT_EQ(Talk(netns_, "192.0.2.2", 80, tcp), "192.0.2.1");
  EXPECT_EQ(Talk(netns_, "192.0.2.2", 80, udp), "192.0.2.1");
}

TEST_F(PastaTest, DoesNotReachTheHostsLoopback) {
  Start();
  const Fd server = Serve(host_, 9999, SOCK_STREAM, "127.0.0.1");
  EXPECT_EQ(Talk(host_, "127.0.0.1", 9999, server), "127.0.0.1");
  EXPECT_EQ(Talk(netns_, "127.0.0.1", 9999, server), "Connection refused");
  EXPECT_NE(Talk(netns_, "192.0.2.2", 9999, server, kUnwanted), "127.0.0.1");
}

TEST_F(PastaTest, PublishedPorts) {
  Start({Tcp(8080, 80), Tcp(8081, 81, "192.0.2.1"), {"0.0.0.0", 5353, 53, Protocol::kUdp}});
  const Fd web = Serve(netns_, 80), lan = Serve(netns_, 81), names = Serve(netns_, 53, SOCK_DGRAM);
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, web), "127.0.0.1");
  EXPECT_EQ(Talk(outside_, "192.0.2.1", 8080, web), "Connection refused");
  EXPECT_EQ(Talk(outside_, "192.0.2.1", 8081, lan), "192.0.2.2");
  EXPECT_EQ(Talk(outside_, "192.0.2.1", 5353, names), "192.0.2.2");
  EXPECT_EQ(Talk(outside_, "192.0.2.1", 5353, web), "Connection refused");  // not TCP too
}

TEST_F(PastaTest, OnePortOfEveryAddressOfBothFamilies) {
  const std::vector<PortMapping> ports = {Tcp(8080, 80, "0.0.0.0"), Tcp(8080, 80, "::")};
  PastaOptions options;
  options.ports = ports;
  const std::vector<std::string> words = PastaArguments(options, "/netns", true);
  EXPECT_EQ(std::count(words.begin(), words.end(), "-t"), 1);
  EXPECT_EQ(std::count(words.begin(), words.end(), "8080:80"), 1);
  Start(ports);
  const Fd web = Serve(netns_, 80);
  EXPECT_EQ(Talk(outside_, "192.0.2.1", 8080, web), "192.0.2.2");
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, web), "127.0.0.1");
}

TEST_F(PastaTest, EndsWithItsControlEnd) {
  Start();
  const std::vector<Fd> processes = Processes();
  control_.reset();
  ExpectEnd(processes);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // no child of ours
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(PastaTest, EndsWhenEitherIsKilled) {
  Start();
  for (size_t killed = 0; killed < 2; ++killed) {
    if (killed != 0) {
      PastaOptions options;
      options.netns = &netns_;
      absl::StatusOr<PastaProcess> pasta = StartPasta(options);
      ASSERT_TRUE(pasta.ok()) << pasta.status();
      control_ = std::move(pasta->control);
    }
    const std::vector<Fd> processes = Processes();
    ASSERT_EQ(processes.size(), 2u);
    ASSERT_TRUE(sys::Signal(processes[killed], SIGKILL).ok());
    ExpectEnd(processes);
    EXPECT_TRUE(Wait(control_, POLLIN, kSoon));  // and its holder can know
  }
}

TEST_F(PastaTest, EndsWhenItsHolderIsKilled) {
  GoOnline();
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  const pid_t holder = ::fork();
  if (holder == 0) {
    PastaOptions options;
    options.netns = &netns_;
    const absl::StatusOr<PastaProcess> pasta = StartPasta(options);
    const char answer = pasta.ok() ? 'y' : 'n';
    if (::write(writer.get(), &answer, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  writer.reset();
  char answer = 0;
  ASSERT_EQ(::read(reader.get(), &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  const std::vector<Fd> processes = Processes();
  const Fd its_holder = sys::OpenPidfd(holder).value();
  ASSERT_TRUE(sys::Signal(its_holder, SIGKILL).ok());
  ExpectEnd(processes);
  EXPECT_EQ(::waitpid(holder, nullptr, 0), holder);
}

TEST_F(PastaTest, EndsWithTheContainer) {
  GoOnline();
  const pid_t container = ::fork();
  if (container == 0) {
    for (;;) ::pause();
  }
  const Fd pidfd = sys::OpenPidfd(container).value();
  PastaOptions options;
  options.netns = &netns_;
  options.container = &pidfd;
  absl::StatusOr<PastaProcess> pasta = StartPasta(options);
  ASSERT_TRUE(pasta.ok()) << pasta.status();
  const std::vector<Fd> processes = Processes();
  ASSERT_TRUE(sys::Signal(pidfd, SIGKILL).ok());
  ExpectEnd(processes);
  EXPECT_EQ(::waitpid(container, nullptr, 0), container);
}

TEST_F(PastaTest, SaysWhatIsWrong) {
  PastaOptions options;
  options.netns = &netns_;
  const auto error = [&] { return std::string(StartPasta(options).status().message()); };
  EXPECT_TRUE(absl::StrContains(error(), "starting pasta: pasta: No external routable interface"))
      << error();
  GoOnline();
  const Fd taken = Serve(host_, 8080, SOCK_STREAM, "127.0.0.1");
  options.ports = {Tcp(8080, 80)};
  EXPECT_TRUE(absl::StrContains(error(), "8080")) << error();
  options.ports = {};
  options.program = "/nowhere";
  EXPECT_EQ(error(), "starting pasta: pasta: No such file or directory");
  options.program = "";
  const std::string path = std::getenv("PATH");
  ASSERT_EQ(::setenv("PATH", "/nowhere", 1), 0);
  EXPECT_EQ(error(),
            "--network pasta needs the program pasta, which is not in PATH (on Debian, the package "
            "passt)");
  ASSERT_EQ(::setenv("PATH", path.c_str(), 1), 0);

  const pid_t child = ::fork();  // where there is no /dev/net/tun
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", nullptr, MS_PRIVATE | MS_REC, nullptr) ||
        ::mount("none", "/dev/net", "tmpfs", 0, nullptr) != 0) {
      ::_exit(2);
    }
    ::_exit(absl::StartsWith(error(), "--network pasta needs /dev/net/tun: ") ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace pelagos::net
