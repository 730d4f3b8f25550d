// Addresses and names of containers in networks: static ones, conflicts, DNS, resolv.conf, and a
// hundred containers at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/rooted/engine/network_host.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class NetworkNamesTest : public NetworkTest {
 protected:
  // What a container hears of a name, at its gateway.
  std::string Ask(const std::string& from, const std::string& name) {
    return net::Resolve(NetnsOf(from), GatewayOf(AddressOf(from)), name);
  }
};

TEST_F(NetworkNamesTest, StaticAddresses) {
  Do({"network", "create", "--subnet", "10.5.0.0/24", "--subnet", "fd05::/64", "front"});
  Sleep("a", {"--network", "front", "--ip", "10.5.0.50", "--ip6", "fd05::abcd", "--mac-address",
              "02:00:00:00:00:07"});
  EXPECT_EQ(AddressOf("a"), "10.5.0.50");
  EXPECT_EQ(Address6Of("a"), "fd05::abcd");
  EXPECT_EQ(Exec("a", "cat /sys/class/net/eth0/address"), "02:00:00:00:00:07");
  const auto fails = [&](const Words& flags, const std::string& message) {
    Words words = {"run", "--rm"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"busybox", "true"});
    Fails(words, 125, message);
  };
  fails({"--network", "front", "--ip", "10.5.0.50"},
        "address 10.5.0.50 of network 'front' is in use by container 'a'");
  fails({"--network", "front", "--ip6", "fd05::abcd"},
        "address fd05::abcd of network 'front' is in use by container 'a'");
  fails({"--network", "front", "--ip", "10.6.0.50"}, "which has 10.5.0.0/24");
  fails({"--network", "front", "--ip", "10.5.0.1"}, "with the gateway 10.5.0.1");
  fails({"--network", "front", "--ip6", "fd06::1"}, "which has fd05::/64");
  fails({"--network", "front", "--mac-address", "01:00:00:00:00:07"}, "no MAC address of one host");
  Fails({"run", "--rm", "--ip", "10.5.0.50", "busybox", "true"}, 2, "--ip needs a network");
  // Addresses that are given back can be had again; a stopped container holds none.
  Do({"stop", "-t", "0", "a"});
  Sleep("b", {"--network", "front", "--ip", "10.5.0.50"});
  Fails({"start", "a"}, 1, "is in use by container 'b'");
  Remove("b");
  Do({"start", "a"});
  EXPECT_EQ(AddressOf("a"), "10.5.0.50");
  Remove("a");
  Do({"network", "rm", "front"});
  ExpectClean("static addresses");
}

TEST_F(NetworkNamesTest, NamesAndAliases) {
  Do({"network", "create", "--subnet", "10.5.0.0/24", "front"});
  Do({"network", "create", "--subnet", "10.6.0.0/24", "back"});
  Sleep("asker", {"--network", "front"});
  Sleep("one", {"--network", "front", "--network-alias", "db"});
  Sleep("two", {"--network", "front:alias=db", "--network", "back:alias=store"});
  Sleep("apart", {"--network", "back"});
  EXPECT_EQ(Ask("asker", "one"), "10.5.0.3");
  EXPECT_EQ(Ask("asker", "two"), "10.5.0.4");
  EXPECT_EQ(Ask("asker", Find("one").id.substr(0, 12)), "10.5.0.3");
  EXPECT_EQ(Ask("asker", "store"), "code 3") << "an alias of the other network";
  EXPECT_EQ(Ask("asker", "apart"), "code 3");
  EXPECT_EQ(Ask("apart", "store"), "10.6.0.2");
  std::set<std::string> answers;
  for (int i = 0; i < 8; ++i) answers.insert(Ask("asker", "db"));
  EXPECT_EQ(answers, (std::set<std::string>{"10.5.0.3 10.5.0.4", "10.5.0.4 10.5.0.3"}))
      << "in turn";
  EXPECT_THAT(Exec("asker", "nslookup -type=a one 2>&1"), HasSubstr("10.5.0.3"));
  Do({"stop", "-t", "0", "one"});
  EXPECT_EQ(Ask("asker", "db"), "10.5.0.4");
  EXPECT_EQ(Ask("asker", "one"), "code 3");
  Do({"rename", "one", "uno"});
  Do({"start", "uno"});
  EXPECT_EQ(Ask("asker", "uno"), "10.5.0.3");
  EXPECT_EQ(Ask("asker", "one"), "code 3");
  Do({"rename", "two", "dos"});
  EXPECT_EQ(Ask("asker", "two"), "10.5.0.4") << "until its next start";
  Do({"restart", "-t", "0", "dos"});
  EXPECT_EQ(Ask("asker", "dos"), AddressOf("dos"));
  EXPECT_EQ(Ask("asker", "two"), "code 3");
  for (const char* name : {"asker", "uno", "dos", "apart"}) Remove(name);
  Do({"network", "rm", "front", "back"});
  ExpectClean("names");
}

TEST_F(NetworkNamesTest, ResolvConf) {
  Sleep("a", {"--network", "bridge", "--dns", "198.51.100.53", "--dns-search", "example.org",
              "--dns-option", "ndots:2"});
  const std::string conf = Exec("a", "cat /etc/resolv.conf");
  EXPECT_THAT(conf, HasSubstr("search example.org"));
  EXPECT_THAT(conf, HasSubstr("options ndots:2"));
  EXPECT_THAT(conf, HasSubstr("nameserver " + GatewayOf(AddressOf("a"))));
  EXPECT_EQ(Ask("a", "a"), AddressOf("a"));
  // Names of the outside are asked from the host, and of whom it was told to.
  Shell(client_, "ip addr add 198.51.100.53/24 dev eth0");
  const Fd server = Serve(client_, 53, SOCK_DGRAM, "198.51.100.53");
  const Fd inside = NetnsOf("a");
  const std::string answer =
      net::Resolve(inside, GatewayOf(AddressOf("a")), "www.example.net", 1, [&] {
        ASSERT_TRUE(net::Wait(server, POLLIN, net::kSoon));
        char query[512];
        sockaddr_storage from{};
        socklen_t size = sizeof(from);
        const ssize_t got = ::recvfrom(server.get(), query, sizeof(query), 0,
                                       reinterpret_cast<sockaddr*>(&from), &size);
        ASSERT_GT(got, 12);
        EXPECT_EQ(net::AddressText(from), kHost);
        query[2] = static_cast<char>(query[2] | '\x80');
        query[3] = '\x03';  // no such name
        ::sendto(server.get(), query, static_cast<size_t>(got), 0, net::Raw(from), size);
      });
  EXPECT_EQ(answer, "code 3");
  Remove("a");
  ExpectClean("resolv.conf");
}

TEST_F(NetworkNamesTest, AHundredContainers) {
  constexpr int kContainers = 100;
  Do({"network", "create", "--subnet", "10.5.0.0/24", "front"});
  for (int i = 0; i < kContainers; ++i) {
    Sleep(absl::StrCat("c", i), {"--rm", "--network", "front"});
    if (HasFailure()) return;
  }
  std::set<std::string> addresses;
  for (int i = 0; i < kContainers; ++i) {
    const std::string name = absl::StrCat("c", i);
    const std::string address = net::Resolve(NetnsOf("c0"), "10.5.0.1", name);
    addresses.insert(address);
    if (i % 9 != 0) continue;
    EXPECT_EQ(address, AddressOf(name));
    const std::string back = absl::StrCat("c", kContainers - 1 - i);
    EXPECT_EQ(net::Resolve(NetnsOf(name), "10.5.0.1", back), AddressOf(back));
    EXPECT_EQ(Talk(NetnsOf(name), AddressOf(back), 80, Serve(NetnsOf(back), 80)), address);
  }
  EXPECT_EQ(addresses.size(), 100u);
  Words all = {"rm", "-f"};
  for (int i = 0; i < kContainers; ++i) all.push_back(absl::StrCat("c", i));
  EXPECT_EQ(world_->Pelagos(all, absl::Seconds(120)).code, 0);
  ExpectClean("a hundred containers");
  Do({"network", "rm", "front"});
}

}  // namespace
}  // namespace pelagos::rooted
