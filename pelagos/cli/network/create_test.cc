#include "pelagos/cli/network/create.h"

#include <gtest/gtest.h>

namespace pelagos::cli {
namespace {

absl::StatusOr<NetworkPlan> PlanOf(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> args = ParseFlags(NetworkCreateRow().flags, words, false);
  if (!args.ok()) return args.status();
  return NetworkPlanFrom(*args);
}

std::string ErrorOf(const std::vector<std::string>& words) {
  return std::string(PlanOf(words).status().message());
}

TEST(NetworkCreateTest, AllThatCanBeAsked) {
  NetworkPlan wanted;
  wanted.name = "back";
  EXPECT_EQ(PlanOf({"back"}).value(), wanted);
  wanted.subnet = "10.5.0.0/24";
  wanted.subnet6 = "fd00:5::/64";
  wanted.gateway = "10.5.0.254";
  wanted.mtu = 1400;
  wanted.internal = wanted.nat66 = true;
  wanted.servers = {"10.0.0.1"};
  wanted.labels = {{"a", "b"}, {"c", ""}};
  EXPECT_EQ(PlanOf({"--subnet", "10.5.0.0/24", "--subnet=fd00:5::/64", "--gateway", "10.5.0.254",
                    "--mtu", "1400", "--internal", "--nat66", "--ipv6", "--dns", "10.0.0.1",
                    "--label", "a=b", "--label", "c", "back"})
                .value(),
            wanted);
  NetworkPlan macvlan;
  macvlan.name = "lan";
  macvlan.driver = NetworkDriver::kMacvlan;
  macvlan.parent = "eth0";
  macvlan.ipv6 = false;
  EXPECT_EQ(PlanOf({"-d", "macvlan", "-o", "parent=eth0", "--ipv6=false", "lan"}).value(), macvlan);
}

TEST(NetworkCreateTest, Mistakes) {
  EXPECT_EQ(ErrorOf({}), "expected the name of the network");
  EXPECT_EQ(ErrorOf({"host"}), "'host' is a mode of --network and cannot be the name of a network");
  EXPECT_EQ(ErrorOf({"-d", "overlay", "x"}),
            "--driver 'overlay': expected bridge, macvlan or ipvlan");
  EXPECT_EQ(ErrorOf({"--mtu", "100", "x"}), "--mtu '100': expected bytes, 1280 to 65535");
  EXPECT_EQ(ErrorOf({"-o", "isolate=true", "x"}),
            "--opt 'isolate=true': expected parent=INTERFACE or mtu=BYTES");
  EXPECT_EQ(ErrorOf({"--subnet", "10.5.0.0/24", "--subnet", "10.6.0.0/24", "x"}),
            "--subnet '10.6.0.0/24': a network has one subnet of each family");
  EXPECT_EQ(ErrorOf({"--subnet", "fd00::/64", "--ipv6=false", "x"}),
            "--ipv6=false and --subnet fd00::/64 exclude each other");
  EXPECT_EQ(ErrorOf({"--dns", "me", "x"}), "--dns 'me': expected the address of a name server");
  EXPECT_EQ(ErrorOf({"--label", "=b", "x"}), "--label '=b': expected KEY=VALUE");
}

}  // namespace
}  // namespace pelagos::cli
