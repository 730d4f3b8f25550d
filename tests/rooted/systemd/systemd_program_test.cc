// pelagos-systemd by itself: what it is asked and how it answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/fd.h"
#include "pelagos/oci/systemd/messages.h"
#include "tests/rooted/systemd/systemd_world.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;

// pelagos-systemd itself, with little patience.
class SystemdProgramTest : public SystemdTest {
 protected:
  oci::SystemdReply Ask(oci::SystemdRequest request) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    Fd ours(ends[0]), theirs(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
    std::string name = "pelagos-systemd", bus = "DBUS_SYSTEM_BUS_ADDRESS=unix:path=" + socket_;
    char* argv[] = {name.data(), nullptr};
    char* envp[] = {bus.data(), nullptr};
    pid_t pid = -1;
    EXPECT_EQ(::posix_spawn(&pid, Runfile("tools/pelagos-systemd").c_str(), &actions, nullptr, argv,
                            envp),
              0);
    ::posix_spawn_file_actions_destroy(&actions);
    theirs.reset();
    const std::string text = oci::PrintRequest(request);
    EXPECT_GT(::send(ours.get(), text.data(), text.size(), MSG_NOSIGNAL), 0);
    std::string answer(1 << 16, '\0');
    const ssize_t size = ::recv(ours.get(), answer.data(), answer.size(), 0);
    EXPECT_GT(size, 0);
    // It ends when nobody asks any more.
    ours.reset();
    int status = -1;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
    if (size <= 0) return {};
    const auto reply = oci::ParseReply({answer.data(), static_cast<size_t>(size)});
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.value_or(oci::SystemdReply());
  }
  oci::SystemdRequest Start() {
    oci::SystemdRequest request;
    request.ask = oci::SystemdAsk::kStart;
    request.unit = "x.scope";
    request.patience_millis = 300;
    request.properties = {{"Slice", {"s", "\"pelagostest.slice\""}}};
    return request;
  }
};

TEST_F(SystemdProgramTest, DoesNotWaitWithoutAnEnd) {
  StartSystemd("silent");
  EXPECT_EQ(Ask(Start()).error, "systemd did not answer in time: StartTransientUnit");
  fake_.reset();
  StartFake("no-job");
  EXPECT_EQ(Ask(Start()).error,
            "systemd did not answer in time: the job of x.scope, StartTransientUnit");
  for (const std::string& mount : CgroupMounts()) {
    ::rmdir(absl::StrCat(mount, kSlice, "/x.scope").c_str());
  }
}

TEST_F(SystemdProgramTest, ABusThatSaysNothing) {
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  ASSERT_LT(socket_.size(), sizeof(address.sun_path));
  socket_.copy(address.sun_path, socket_.size());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener.get(), 5), 0);
  EXPECT_EQ(Ask(Start()).error, "systemd did not answer in time: connecting to its bus");
}

TEST_F(SystemdProgramTest, TakesOnlyWhatIsAValue) {
  StartSystemd();
  oci::SystemdRequest request = Start();
  request.properties = {{"TasksMax", {"t", "\"many\""}}};
  EXPECT_THAT(Ask(request).error, HasSubstr("\"many\" is no value of the type t"));
  request.properties = {{"TasksMax", {"a", "[]"}}};
  EXPECT_NE(Ask(request).error, "");
  request.properties = {{"TasksMax", {"", "1"}}};
  EXPECT_NE(Ask(request).error, "");
}

}  // namespace
}  // namespace pelagos::rooted
