// What a container shares with others or takes from the host: namespaces that are there already,
// interfaces, keyrings, sockets of a service manager, devices.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "pelagos/sys/net/rtnetlink.h"
#include "tests/rooted/oci/bundle.h"

namespace pelagos::rooted {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class JoinsTest : public OciTest {
 protected:
  pid_t PidOf(const std::string& id) { return Json::parse(Out({"state", id}))["pid"].get<pid_t>(); }

  // A path for the namespace of this kind, among those that the document has.
  static void Join(Json& config, const std::string& kind, const std::string& path) {
    for (Json& entry : config["linux"]["namespaces"]) {
      if (entry["type"] == kind) entry["path"] = path;
    }
  }
  static std::string Link(const std::string& path) {
    char target[256];
    const ssize_t size = ::readlink(path.c_str(), target, sizeof(target));
    return size < 0 ? "" : std::string(target, static_cast<size_t>(size));
  }
};

TEST_F(JoinsTest, AllNamespacesOfAnotherContainer) {
  ASSERT_EQ(world_->Tool({"chown", "-R", "100000:200000", bundle() + "/rootfs"}).code, 0);
  Write("sleep 1000", [](Json& config) {
    Json& part = config["linux"];
    part["namespaces"].push_back({{"type", "user"}});
    part["namespaces"].push_back({{"type", "time"}});
    part["uidMappings"] = {{{"containerID", 0}, {"hostID", 100000}, {"size", 100}}};
    part["gidMappings"] = {{{"containerID", 0}, {"hostID", 200000}, {"size", 200}}};
    part["timeOffsets"] = {{"monotonic", {{"secs", 7881}, {"nanosecs", 27}}},
                           {"boottime", {{"secs", 1337}, {"nanosecs", 31}}}};
  });
  Detached({"run", "-d", "--bundle", bundle(), "c1"});
  const std::string ns = absl::StrCat("/proc/", PidOf("c1"), "/ns/");
  Write("sleep 2000", [&](Json& config) {
    Json& part = config["linux"];
    part["namespaces"].push_back({{"type", "user"}});
    part["namespaces"].push_back({{"type", "time"}});
    for (Json& entry : part["namespaces"]) {
      const std::string kind = entry["type"];
      if (kind == "mount") continue;
      entry["path"] = ns + (kind == "network" ? "net" : kind);
    }
  });
  Detached({"run", "-d", "--bundle", bundle(), "c2"});
  const std::string other = absl::StrCat("/proc/", PidOf("c2"), "/ns/");
  for (const char* kind : {"user", "time", "net", "pid", "ipc", "uts", "cgroup"}) {
    EXPECT_EQ(Link(ns + kind), Link(other + kind)) << kind;
  }
  EXPECT_NE(Link(ns + "mnt"), Link(other + "mnt"));
  EXPECT_THAT(Out({"exec", "c2", "cat", "/proc/self/uid_map"}), HasSubstr("100000        100"));
  EXPECT_THAT(Out({"exec", "c2", "cat", "/proc/self/timens_offsets"}),
              AllOf(HasSubstr("7881"), HasSubstr("1337")));
  Out({"delete", "-f", "c2"});
  Out({"delete", "-f", "c1"});
}

// The root of its mount namespace is that of the machine then; the container's is another mount.
TEST_F(JoinsTest, ExecInAChrootEnvironmentStaysInTheContainer) {
  const std::string machine = world_->folder() + "/machine";
  ASSERT_EQ(::mkdir(machine.c_str(), 0755), 0);
  world_->Write("outside", "");
  Write("sleep 1000");
  const std::string program = Runfile("tools/pelagos");
  const std::string script = absl::StrCat(
      "mount --rbind / ", machine, "; cd ", machine, "; exec chroot . /bin/sh -euc '", program,
      " oci --root ", root_, " run -d --bundle ", bundle(), " c1 >/dev/null 2>&1 </dev/null; ",
      program, " oci --root ", root_, " exec c1 sh -c \"ls -d /bin/busybox; ls ", world_->folder(),
      "\" || true; ", program, " oci --root ", root_, " delete --force c1'");
  const Outcome outcome = world_->Tool({"unshare", "-m", "sh", "-euc", script});
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_EQ(outcome.out, "/bin/busybox\n") << outcome.Describe();
  EXPECT_EQ(StatusOf("c1"), "none");
}

TEST_F(JoinsTest, AMountNamespaceKeepsItsRoot) {
  const auto holder =
      world_->Tool({"sh", "-c", "unshare --mount sleep 1000 >/dev/null 2>&1 & echo $!"});
  const pid_t pid = std::stoi(holder.out);
  const std::string path = absl::StrCat("/proc/", pid, "/ns/mnt");
  const auto pidfd = sys::OpenPidfd(pid);
  ASSERT_TRUE(pidfd.ok());
  const absl::Cleanup end = [&] { sys::Signal(*pidfd, SIGKILL).IgnoreError(); };
  // unshare(1) has called unshare(2) when it runs its program.
  while (*sys::ReadFile(absl::StrCat("/proc/", pid, "/comm"), 64) != "sleep\n") ::sched_yield();

  Write("echo in > /mark; sleep 2000", [&](Json& config) { Join(config, "mount", path); });
  Detached({"run", "-d", "--bundle", bundle(), "c1"});
  EXPECT_EQ(Link(absl::StrCat("/proc/", PidOf("c1"), "/ns/mnt")), Link(path));
  EXPECT_EQ(Out({"exec", "c1", "ls", "/bin/sh", "/proc/1/comm"}), "/bin/sh\n/proc/1/comm\n");
  EXPECT_EQ(Out({"exec", "c1", "cat", "/proc/1/comm"}), "sleep\n");
  // The one that was there sees its own root still.
  EXPECT_EQ(::access(absl::StrCat("/proc/", pid, "/root", world_->folder()).c_str(), F_OK), 0);
  Out({"delete", "-f", "c1"});
  Write("true", [&](Json& config) { Join(config, "mount", "/proc/self/ns/uts"); });
  ExpectFails({"run", "--bundle", bundle(), "c1"}, "joining the mount namespace");
}

TEST_F(JoinsTest, InterfacesMoveWithTheirAddresses) {
  auto socket = sys::NetlinkSocket::Open(NETLINK_ROUTE);
  ASSERT_TRUE(socket.ok());
  const Fd here(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  sys::MessageBatch make;
  sys::AddVeth(make, {"vt-a", "", 0, "vt-b", sys::MacOf({0x0a010203})}, here);
  ASSERT_TRUE(socket->Execute(make).ok());
  const auto link = sys::FindLink(*socket, "vt-b");
  ASSERT_TRUE(link.ok() && *link);
  sys::MessageBatch address;
  sys::AddAddress(address, (*link)->index, sys::Ipv4{0xa9fea94d}, 32);  // 169.254.169.77
  ASSERT_TRUE(socket->Execute(address).ok());

  const std::string out =
      Run("cat /sys/class/net/eth9/address /proc/net/fib_trie; grep -o up "
          "/sys/class/net/eth9/operstate",
          [](Json& config) { config["linux"]["netDevices"]["vt-b"]["name"] = "eth9"; });
  EXPECT_THAT(out, AllOf(StartsWith("02:50:0a:01:02:03\n"), HasSubstr("169.254.169.77")));
  // Both ends went with the container's network namespace.
  const auto left = sys::FindLink(*socket, "vt-a");
  ASSERT_TRUE(left.ok());

  Write("true", [](Json& config) { config["linux"]["netDevices"]["none"] = Json::object(); });
  ExpectFails({"run", "--bundle", bundle(), "c1"}, "there is no interface 'none'");
  Write("true", [](Json& config) { config["linux"]["netDevices"]["a/b"] = Json::object(); });
  ExpectFails({"run", "--bundle", bundle(), "c1"}, "is no name of an interface");
}

TEST_F(JoinsTest, EachContainerHasItsKeyring) {
  const auto unmask = [](Json& config) { config["linux"]["maskedPaths"] = Json::array(); };
  const std::string keys = "cat /proc/keys";
  EXPECT_THAT(Run(keys, unmask), HasSubstr("_ses.c1"));
  Write(keys, unmask);
  EXPECT_THAT(Out({"run", "--no-new-keyring", "--bundle", bundle(), "c2"}),
              Not(HasSubstr("_ses.c2")));
  Write("sleep 1000", unmask);
  Detached({"run", "-d", "--bundle", bundle(), "c1"});
  // Another process of it joins the same one: there are never two.
  const std::string seen = Out({"exec", "c1", "grep", "-c", "_ses.c1", "/proc/keys"});
  EXPECT_EQ(seen, "1\n");
  Out({"delete", "-f", "c1"});
}

TEST_F(JoinsTest, SocketsOfAServiceManagerComeFirst) {
  Write("echo $LISTEN_FDS $LISTEN_PID; cat /proc/self/fd/3 /proc/self/fd/4");
  const std::string a = world_->Write("a", "first\n"), b = world_->Write("b", "second\n");
  const auto run = [&](const std::string& environment) {
    return world_
        ->Tool({"sh", "-c",
                absl::StrCat("exec 3<", a, " 4<", b, "; ", environment, " exec ",
                             Runfile("tools/pelagos"), " oci --root ", root_,
                             " run --preserve-fds 1 --bundle ", bundle(), " c1")})
        .out;
  };
  EXPECT_EQ(run("LISTEN_FDS=1 LISTEN_PID=$$"), "1 1\nfirst\nsecond\n");
  // Not meant for us.
  EXPECT_EQ(run("LISTEN_FDS=1 LISTEN_PID=1"), "\nfirst\n");
}

TEST_F(JoinsTest, SingleDevicesAreDeniedAfterAllWereAllowed) {
  const auto rules = [](Json list) {
    return [list](Json& config) {
      config["linux"]["resources"]["devices"] = list;
      config["linux"]["devices"].push_back(
          {{"path", "/dev/odd"}, {"type", "c"}, {"major", 10}, {"minor", 235}, {"fileMode", 0600}});
    };
  };
  // autofs(5): whatever a kernel says that lacks it, it is not the cgroup's answer.
  const std::string open = "cat /dev/odd 2>&1 | head -1; echo x > /dev/null && echo null";
  const Json all = {{"allow", true}, {"access", "rwm"}};
  const Json denied = {{"allow", false}, {"type", "c"}, {"major", 10}, {"access", "r"}};
  const Json again = {
      {"allow", true}, {"type", "c"}, {"major", 10}, {"minor", 235}, {"access", "r"}};
  EXPECT_THAT(Run(open, rules({all})), Not(HasSubstr("Operation not permitted")));
  EXPECT_THAT(Run(open, rules({all, denied})),
              AllOf(HasSubstr("Operation not permitted"), HasSubstr("null\n")));
  EXPECT_THAT(Run(open, rules({all, denied, again})), Not(HasSubstr("Operation not permitted")));
}

// Where there is no v2, whose program would decide.
TEST_F(JoinsTest, DevicesAreDeniedByV1Alone) {
  if (::access("/sys/fs/cgroup/devices/devices.list", F_OK) != 0) return;  // a host of v2
  const auto run = [&](Json list) {
    Write("cat /dev/odd 2>&1 | head -1; echo x > /dev/null && echo null", [&](Json& config) {
      config["linux"]["resources"]["devices"] = list;
      config["linux"]["devices"].push_back(
          {{"path", "/dev/odd"}, {"type", "c"}, {"major", 10}, {"minor", 235}, {"fileMode", 0600}});
    });
    return world_->Tool(
        {"unshare", "-m", "sh", "-c",
         absl::StrCat("umount -l /sys/fs/cgroup/unified; ", Runfile("tools/pelagos"),
                      " oci --root ", root_, " run --bundle ", bundle(), " c1")});
  };
  const Json all = {{"allow", true}, {"access", "rwm"}};
  const Json none = {{"allow", false}, {"access", "rwm"}};
  const Json denied = {
      {"allow", false}, {"type", "c"}, {"major", 10}, {"minor", 235}, {"access", "r"}};
  const Json again = {
      {"allow", true}, {"type", "c"}, {"major", 10}, {"minor", 235}, {"access", "r"}};
  const auto is_denied = AllOf(HasSubstr("Operation not permitted"), HasSubstr("null\n"));
  EXPECT_THAT(run({all}).out, Not(HasSubstr("Operation not permitted")));
  EXPECT_THAT(run({all, denied}).out, is_denied);
  EXPECT_THAT(run({all, denied, again}).out, Not(HasSubstr("Operation not permitted")));
  EXPECT_THAT(run({none}).out, is_denied);
  EXPECT_THAT(run({none, again}).out, Not(HasSubstr("Operation not permitted")));
  const Json wide = {{"allow", false}, {"type", "c"}, {"major", 10}, {"access", "r"}};
  EXPECT_THAT(run({all, wide, again}).err, HasSubstr("cgroup v1 cannot allow 'c 10:235 r'"));
}

TEST_F(JoinsTest, EventsTellOfMemoryThatRanOut) {
  Write("sleep 1000", [](Json& config) {
    config["linux"]["resources"]["memory"] = {{"limit", 8 << 20}, {"swap", 8 << 20}};
  });
  Detached({"run", "-d", "--bundle", bundle(), "c1"});
  // The reader ends with the container.
  const std::string log = world_->folder() + "/events";
  const Outcome outcome = world_->Tool(
      {"sh", "-c",
       absl::StrCat("R=\"", Runfile("tools/pelagos"), " oci --root ", root_, "\"\n", "mkfifo ", log,
                    "; $R events c1 > ", log, " & exec 3<", log, "; read -r first <&3\n",
                    "$R exec c1 sh -c 'x=$(cat /dev/zero | tr \"\\0\" x)' >/dev/null 2>&1\n",
                    "read -r second <&3; $R delete -f c1; wait\n",
                    "echo \"$first\" | head -c 27; echo; echo \"$second\"")});
  EXPECT_EQ(outcome.out, "{\"type\":\"stats\",\"id\":\"c1\",\"\n{\"type\":\"oom\",\"id\":\"c1\"}\n")
      << outcome.Describe();
}

}  // namespace
}  // namespace pelagos::rooted
