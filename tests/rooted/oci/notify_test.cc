// A service manager is told that a container is ready; hooks of its start have the rights of its
// program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/rooted/oci/bundle.h"

namespace pelagos::rooted {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Somebody who waits for sd_notify(3), and closes the descriptors that come with a message.
class Manager {
 public:
  explicit Manager(const std::string& path) {
    socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    address_.sun_family = AF_UNIX;
    std::memcpy(address_.sun_path, path.data(), path.size());
    EXPECT_EQ(::bind(socket_.get(), Address(), sizeof(address_)), 0) << path;
    reader_ = std::thread([this] {
      char buffer[256];
      for (;;) {
        const ssize_t size = ::recv(socket_.get(), buffer, sizeof(buffer), 0);
        if (size <= 0) return;
        messages_.emplace_back(buffer, static_cast<size_t>(size));
      }
    });
  }
  // All that was said until now.
  std::vector<std::string> Close() {
    const Fd last(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::sendto(last.get(), "", 0, 0, Address(), sizeof(address_)), 0);
    reader_.join();
    ::unlink(address_.sun_path);
    return std::move(messages_);
  }

 private:
  const sockaddr* Address() const { return reinterpret_cast<const sockaddr*>(&address_); }

  Fd socket_;
  sockaddr_un address_ = {};
  std::vector<std::string> messages_;
  std::thread reader_;
};

class NotifyTest : public OciTest {
 protected:
  std::string path() const { return world_->folder() + "/manager"; }

  // What the manager hears of a command, up to its end.
  std::vector<std::string> Heard(const std::string& words) {
    Manager manager(path());
    const Outcome outcome = world_->Tool(
        {"sh", "-c",
         absl::StrCat("NOTIFY_SOCKET=", path(), " ", Runfile("tools/pelagos"), " oci --root ",
                      root_, " ", words, " </dev/null >", world_->folder(), "/said 2>&1")});
    EXPECT_EQ(outcome.code, 0) << Said();
    return manager.Close();
  }
  std::string Said() { return *sys::ReadFile(world_->folder() + "/said", 1 << 16); }

  // busybox speaks to sockets of this kind by syslog(3): its line comes first, the rest is ours.
  static constexpr const char* kReady =
      "ln -s $NOTIFY_SOCKET /dev/log; busybox logger 'up\nREADY=1\nSTATUS=fine'; ";
};

TEST_F(NotifyTest, RunPassesItOnAndStaysTheOneToLookAfter) {
  Write(absl::StrCat(kReady, "echo $NOTIFY_SOCKET"));
  EXPECT_THAT(Heard(absl::StrCat("run --bundle ", bundle(), " c1")), ElementsAre("READY=1\n"));
  EXPECT_EQ(Said(), "/run/notify/notify.sock\n");
}

TEST_F(NotifyTest, WhoStartsItWaitsForIt) {
  Write(absl::StrCat(kReady, "sleep 1000"));
  const auto heard = Heard(absl::StrCat("run -d --bundle ", bundle(), " c1"));
  const int pid = Json::parse(Out({"state", "c1"}))["pid"];
  EXPECT_THAT(heard, ElementsAre("READY=1\n", absl::StrCat("MAINPID=", pid, "\n"), "BARRIER=1"));
  Out({"delete", "--force", "c1"});

  EXPECT_THAT(Heard(absl::StrCat("create --bundle ", bundle(), " c1")), IsEmpty());
  const int created = Json::parse(Out({"state", "c1"}))["pid"];
  EXPECT_THAT(Heard("start c1"),
              ElementsAre("READY=1\n", absl::StrCat("MAINPID=", created, "\n"), "BARRIER=1"));
}

TEST_F(NotifyTest, OneThatEndsWithoutAWordIsNotWaitedFor) {
  Write("true");
  EXPECT_THAT(Heard(absl::StrCat("run -d --bundle ", bundle(), " c1")), IsEmpty());
  Out({"delete", "c1"});
  // Without a manager there is no socket.
  EXPECT_EQ(Run("echo ${NOTIFY_SOCKET-none}; ls /run/notify"), "none\n");
}

TEST_F(NotifyTest, StartContainerHooksHaveTheProgramsRights) {
  const std::string look =
      "id -u; grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status; readlink /proc/self/cwd; "
      "echo $PATH; exit 3";
  const auto hook = [](const std::string& script) {
    return [script](Json& config) {
      Json& process = config["process"];
      process["user"] = {{"uid", 7}, {"gid", 8}};
      process["cwd"] = "/bin";
      for (const char* set : {"bounding", "effective", "permitted"}) {
        process["capabilities"][set] = {"CAP_KILL"};
      }
      process["capabilities"]["inheritable"] = process["capabilities"]["ambient"] = {"CAP_KILL"};
      process["rlimits"] = {{{"type", "RLIMIT_CORE"}, {"soft", 0}, {"hard", 0}}};
      config["linux"]["seccomp"] = {
          {"defaultAction", "SCMP_ACT_ALLOW"},
          {"syscalls", {{{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_KILL"}}}}};
      config["hooks"]["startContainer"] = {
          {{"path", "/bin/busybox"}, {"args", {"sh", "-c", script}}, {"env", {"PATH=/bin"}}}};
    };
  };
  Write("true", hook(look));
  const Outcome outcome = Oci({"run", "--bundle", bundle(), "c1"});
  EXPECT_THAT(outcome.err,
              HasSubstr("error running startContainer hook #0: exit status 3, stdout: 7\\n"
                        "CapEff:\\t0000000000000020\\nNoNewPrivs:\\t1\\nSeccomp:\\t2\\n"
                        "/bin\\n/bin"));
  Write("true", hook("busybox mkdir /dev/shm/x"));
  EXPECT_THAT(
      Oci({"run", "--bundle", bundle(), "c1"}).err,
      AllOf(HasSubstr("error running startContainer hook #0"), HasSubstr("ad system call")));
  Write("true", hook("exec busybox mkdir /dev/shm/x"));
  ExpectFails({"run", "--bundle", bundle(), "c1"}, "hook #0: signal: bad system call");
}

TEST_F(NotifyTest, HooksBeginInTheirFoldersWithOurEnvironment) {
  Write("true", [](Json& config) {
    const Json hook = {{"path", "/bin/sh"},
                       {"args", {"sh", "-c", "echo $TOLD $(ls -d rootfs/proc/self) >> seen"}}};
    config["hooks"]["createRuntime"] = {hook};
    // Its folder is the root, in the container's mount namespace.
    config["hooks"]["createContainer"] = {
        {{"path", "/bin/sh"}, {"args", {"sh", "-c", "echo $TOLD $(ls -d proc/self) >> ../seen"}}}};
    config["hooks"]["poststop"] = {hook};
  });
  const Outcome outcome =
      world_->Tool({"sh", "-c",
                    absl::StrCat("TOLD=yes ", Runfile("tools/pelagos"), " oci --root ", root_,
                                 " run --bundle ", bundle(), " c1")});
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  // The container's mounts are to be seen in its namespace alone.
  EXPECT_EQ(*sys::ReadFile(bundle() + "/seen", 256), "yes\nyes proc/self\nyes\n");
}

}  // namespace
}  // namespace pelagos::rooted
