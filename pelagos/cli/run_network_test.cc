#include "pelagos/cli/run_network.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pelagos::cli {
namespace {

absl::StatusOr<ContainerSpec> SpecOf(const std::vector<std::string>& words,
                                     const std::vector<std::string>& environment = {}) {
  const absl::StatusOr<Arguments> args = ParseFlags(NetworkFlags(), words, true);
  if (!args.ok()) return args.status();
  ContainerSpec spec;
  const Caller caller = {.environment = &environment};
  if (absl::Status status = ApplyNetwork(*args, caller, spec); !status.ok()) return status;
  return spec;
}

NetPlan NetOf(const std::vector<std::string>& words) { return SpecOf(words).value().net; }
std::string ErrorOf(const std::vector<std::string>& words) {
  return std::string(SpecOf(words).status().message());
}

TEST(RunNetworkTest, ModesStandAlone) {
  EXPECT_EQ(SpecOf({}).value(), ContainerSpec{});
  EXPECT_EQ(SpecOf({"--network", "none"}).value(), ContainerSpec{});
  EXPECT_EQ(NetOf({"--network", "host"}).mode, NetMode::kHost);
  EXPECT_EQ(NetOf({"--net=pasta"}).mode, NetMode::kPasta);
  const ContainerSpec spec = SpecOf({"--network", "ns:/proc/1/ns/net"}).value();
  EXPECT_FALSE(spec.namespaces.contains(Namespace::kNet));
  EXPECT_EQ(spec.joins, (NamespaceJoins{{Namespace::kNet, "/proc/1/ns/net"}}));
  EXPECT_EQ(SpecOf({"--network", "container:web"}).value().joins,
            (NamespaceJoins{{Namespace::kNet, "", "web"}}));
  EXPECT_EQ(ErrorOf({"--network", "host", "--network", "front"}),
            "--network host goes with no other network: leave out the others");
  EXPECT_EQ(ErrorOf({"--network", "ns:here"}),
            "--network 'ns:here': expected container:NAME, or ns:/PATH of a network namespace");
}

TEST(RunNetworkTest, NetworksByName) {
  const NetPlan net = NetOf({"--network", "front:ip=10.5.0.7,alias=www,mac=02:00:00:00:00:07",
                             "--network", "back", "--network-alias", "web", "--ip6", "FD00::7"});
  EXPECT_EQ(net.mode, NetMode::kBridge);
  ASSERT_EQ(net.attachments.size(), 2u);
  EXPECT_EQ(net.attachments[0],
            (Attachment{"front", {"www", "web"}, "10.5.0.7", "fd00::7", "02:00:00:00:00:07"}));
  EXPECT_EQ(net.attachments[1], (Attachment{"back", {"web"}}));
  EXPECT_EQ(NetOf({"--network", "front:ip=fd00::9"}).attachments[0].address6, "fd00::9");
  EXPECT_EQ(ErrorOf({"--network", "a/b"}).substr(0, 50),
            "--network 'a/b': 'a/b' is no mode (none, host, bri");
  EXPECT_EQ(ErrorOf({"--network", "front:mtu=9"}),
            "--network 'front:mtu=9': 'mtu' is unknown: expected ip, ip6, mac or alias");
  EXPECT_EQ(ErrorOf({"--network", "front:ip"}),
            "--network 'front:ip': 'ip': expected ip=, ip6=, mac= or alias= and a value");
  EXPECT_EQ(ErrorOf({"--ip", "10.5.0.7"}), "--ip needs a network to be in: --network NAME");
}

TEST(RunNetworkTest, PublishedPortsNeedANetwork) {
  const NetPlan net = NetOf({"-p", "8080:80", "-p", "[::1]:53:53/udp", "-p90-91:90-91", "-P"});
  ASSERT_EQ(net.attachments.size(), 1u);
  EXPECT_EQ(net.attachments[0].network, kDefaultNetwork);
  ASSERT_EQ(net.ports.size(), 4u);
  EXPECT_EQ(Describe(net.ports[1]), "[::1]:53 -> 53/udp");
  EXPECT_TRUE(net.publish_exposed);
  EXPECT_EQ(NetOf({"-p", "80", "--network", "pasta"}).mode, NetMode::kPasta);
  EXPECT_EQ(ErrorOf({"-p", "80:"}).substr(0, 50),
            "--publish '80:': expected [ADDRESS:][HOST:]PORT[/u");
}

TEST(RunNetworkTest, NameServers) {
  const NetPlan net = NetOf({"--network", "bridge", "--dns", "10.0.0.1", "--dns-search", "lan",
                             "--dns-option", "ndots:2", "--dns-opt", "rotate"});
  EXPECT_EQ(net.dns, (DnsOptions{{"10.0.0.1"}, {"lan"}, {"ndots:2", "rotate"}}));
}

TEST(RunNetworkTest, TheUsualNetworkIsTheCallers) {
  const std::vector<std::string> environment = {"PELAGOS_NETWORK=front"};
  EXPECT_EQ(SpecOf({}, environment)->net.attachments[0].network, "front");
  EXPECT_EQ(SpecOf({"--network", "none"}, environment)->net.mode, NetMode::kNone);
  EXPECT_EQ(SpecOf({"-p", "80"}, environment)->net.attachments[0].network, kDefaultNetwork);
}

}  // namespace
}  // namespace pelagos::cli
