// A host with an outside, for containers that are run by the real program: the world's own network
// namespace, a router, and a client behind it, so that what comes from outside does so.
//
//   host up0 192.0.2.1 == 192.0.2.254 router 198.51.100.254 == 198.51.100.7 eth0 client
//        2001:db8:1::1    2001:db8:1::fe     2001:db8:2::fe    2001:db8:2::7
//
// Nothing leaves them.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/fd.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/net/netlink.h"
#include "pelagos/sys/net/rtnetlink.h"
#include "tests/rooted/engine/engine_test.h"
#include "tests/rooted/net_test/world.h"
#include "tests/rooted/snapshot.h"

namespace pelagos::rooted {

using net::Serve;
using net::Talk;

inline constexpr char kHost[] = "192.0.2.1";
inline constexpr char kHost6[] = "2001:db8:1::1";
inline constexpr char kClient[] = "198.51.100.7";
inline constexpr char kClient6[] = "2001:db8:2::7";

class NetworkTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    if (IsSkipped()) return;
    host_ = net::CurrentNetns();
    router_ = net::NewNetns();
    client_ = net::NewNetns();
    Join(host_, "up0", router_, "in0");
    Join(router_, "out0", client_, "eth0");
    // Nobody has to look for duplicates.
    Shell(host_, "sysctl -qw net.ipv6.conf.up0.dad_transmits=0");
    Shell(router_,
          "sysctl -qw net.ipv6.conf.in0.dad_transmits=0 net.ipv6.conf.out0.dad_transmits=0");
    Shell(client_, "sysctl -qw net.ipv6.conf.eth0.dad_transmits=0");
    Shell(host_, absl::StrCat("ip addr add ", kHost, "/24 dev up0 && ip addr add ", kHost6,
                              "/64 dev up0 nodad && ip link set up0 up &&"
                              " ip route add default via 192.0.2.254 &&"
                              " ip route add default via 2001:db8:1::fe"));
    Shell(router_,
          "ip addr add 192.0.2.254/24 dev in0 && ip addr add 2001:db8:1::fe/64 dev in0 nodad &&"
          " ip addr add 198.51.100.254/24 dev out0 &&"
          " ip addr add 2001:db8:2::fe/64 dev out0 nodad &&"
          " ip link set lo up && ip link set in0 up && ip link set out0 up &&"
          " sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
    Shell(client_, absl::StrCat("ip addr add ", kClient, "/24 dev eth0 && ip addr add ", kClient6,
                                "/64 dev eth0 nodad && ip link set lo up && ip link set eth0 up &&"
                                " ip route add default via 198.51.100.254 &&"
                                " ip route add default via 2001:db8:2::fe"));
    // Somebody else's rules, which stay as they are.
    Shell(host_,
          "nft 'add table inet others; add chain inet others c { type filter hook input priority 0;"
          " }; add rule inet others c counter accept'");
    Do({"run", "--rm", "busybox", "true"});  // loads the image
    rules_ = Ruleset();
    before_ = Look();
  }

  static void Join(const Fd& a, const std::string& name_a, const Fd& b, const std::string& name_b) {
    net::In(a, [&] {
      sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_ROUTE).value();
      sys::MessageBatch batch;
      sys::AddVeth(batch, {name_a, "", 0, name_b, {}}, b);
      EXPECT_EQ(socket.Execute(batch), absl::OkStatus());
      return 0;
    });
  }

  static std::string Shell(const Fd& netns, const std::string& script) {
    const Outcome outcome = rooted::Run({"sh", "-c", script}, kPatience, netns.get());
    EXPECT_EQ(outcome.code, 0) << script << "\n" << outcome.Describe();
    return outcome.out;
  }

  // Without the values of counters.
  std::string Ruleset() { return Shell(host_, "nft --stateless list ruleset"); }

  // Without the ids of network namespaces, of which the tests themselves hold some.
  Snapshot Look() {
    Snapshot snapshot = TakeSnapshot(world_->run_root());
    std::erase_if(snapshot,
                  [](const std::string& line) { return absl::StartsWith(line, "netns id "); });
    return snapshot;
  }

  // All is as it was before the first network: links, rules, processes, records, forwarding.
  void ExpectClean(const std::string& after) {
    std::string difference;
    EXPECT_TRUE(Eventually([&] {
      difference = Difference(before_, Look());
      return difference.empty();
    })) << "left after "
        << after << ":\n"
        << difference;
    EXPECT_EQ(Ruleset(), rules_);
  }

  // A container in the background that does nothing but be there.
  std::string Sleep(const std::string& name, Words flags = {}) {
    Words words = {"run", "-d", "--name", name};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"busybox", "sleep", "1000"});
    return Do(words);
  }
  void Remove(const std::string& name) { Do({"rm", "-f", name}); }

  // The network namespace of a container that runs.
  Fd NetnsOf(const std::string& name) {
    Fd fd(::open(absl::StrCat("/proc/", Find(name).state.init.pid, "/ns/net").c_str(),
                 O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(fd.valid()) << name;
    return fd;
  }

  std::string Exec(const std::string& name, const std::string& script) {
    const Outcome outcome = world_->Pelagos({"exec", name, "sh", "-c", script});
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    return std::string(absl::StripAsciiWhitespace(outcome.out));
  }
  // The first address of an interface inside.
  std::string AddressOf(const std::string& name, const std::string& link = "eth0") {
    return Exec(name, absl::StrCat("ip -4 addr show ", link, " | sed -n 's|.*inet \\([0-9.]*\\).*|",
                                   "\\1|p'"));
  }
  std::string Address6Of(const std::string& name, const std::string& link = "eth0") {
    return Exec(name, absl::StrCat("ip -6 addr show ", link,
                                   " scope global | sed -n 's|.*inet6 \\([0-9a-f:]*\\).*|\\1|p'"));
  }
  static std::string GatewayOf(const std::string& address) {
    return absl::StrCat(address.substr(0, address.rfind('.')), ".1");
  }

  // Programs that pass on packets in place of the kernel.
  static int Proxies() {
    int proxies = 0;
    for (pid_t pid : Descendants()) {
      const auto name = sys::ReadFile(absl::StrCat("/proc/", pid, "/comm"), 64);
      if (name.ok() && absl::StartsWith(*name, "pelagos-proxy")) ++proxies;
    }
    return proxies;
  }

  Fd host_, router_, client_;
  std::string rules_;
  Snapshot before_;
};

}  // namespace pelagos::rooted
