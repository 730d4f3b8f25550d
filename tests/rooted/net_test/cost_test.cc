// What it costs to attach a container does not grow with those that are there.

#include <gtest/gtest.h>

#include <initializer_list>

#include "pelagos/net/dns/zone_files.h"
#include "pelagos/net/run_files.h"
#include "tests/rooted/net_test/world.h"
#include "tests/rooted/traced.h"

namespace pelagos::net {
namespace {

class CostTest : public World {
 protected:
  // Containers first to last - 1 of the network, with a port each, as files say them: for what is
  // counted here the kernel's part is not needed.
  void AddRecords(const NetworkRecord& network, uint32_t first, uint32_t last) const {
    const RunFiles files(folder_ + "/run", "");
    const ZoneFiles zones(files.dns_folder());
    AddressMap map = files.LoadLeases(network.name).value();
    for (uint32_t i = first; i < last; ++i) {
      Endpoint endpoint = {absl::StrCat("old", i), NetMode::kBridge, {}, {}};
      Interface inside = {"eth0",
                          network.name,
                          network.driver,
                          {network.subnet.base.bits + 10 + i},
                          network.subnet.prefix,
                          network.gateway};
      endpoint.ports = {Tcp(static_cast<uint16_t>(20000 + i), 80)};
      map.Take(10 + i, endpoint.container_id);
      ASSERT_EQ(zones.WriteHost(network.name, {inside.address, {}, endpoint.container_id, {}, {}}),
                absl::OkStatus());
      endpoint.interfaces.push_back(std::move(inside));
      ASSERT_EQ(files.SaveEndpoint(endpoint), absl::OkStatus());
      ASSERT_EQ(files.SaveClaims(Protocol::kTcp, endpoint.ports[0].host,
                                 {{endpoint.ports[0].host_address, endpoint.container_id}}),
                absl::OkStatus());
    }
    map.Settle();
    ASSERT_EQ(files.SaveLeases(network.name, map), absl::OkStatus());
  }
  void RemoveRecords(uint32_t last) const {
    for (uint32_t i = 0; i < last; ++i) {
      ASSERT_EQ(Open().Detach(absl::StrCat("old", i)), absl::OkStatus());
    }
  }

  // The system calls of a whole life in the network. Waiting for pelagos-dns is not counted twice:
  // it answers in one piece.
  int Calls() const {
    const Fd netns = NewNetns();
    const rooted::Trace trace = rooted::TraceFork(
        [&] {
          absl::StatusOr<Networks> networks = Networks::Open(folder_ + "/run", Options());
          if (!networks.ok()) return 1;
          NetPlan plan{NetMode::kBridge, {}, {Tcp(8080, 80), Tcp(8081, 81)}};
          plan.attachments = {{"shop", {"new"}}};
          const auto reserved = networks->Reserve("new", plan.ports);
          if (!reserved.ok()) return 2;
          if (!networks->Attach("new", plan, netns).ok()) return 3;
          return networks->Detach("new").ok() ? 0 : 4;
        },
        [](const rooted::TracedCall&) { return rooted::AtCall::kGoOn; });
    EXPECT_EQ(trace.outcome.code, 0);
    return trace.calls;
  }
};

TEST_F(CostTest, TheSameBesideAThousand) {
  const absl::StatusOr<NetworkRecord> network = Open().Ensure({"shop", "test", "10.99.0.0/20"});
  ASSERT_TRUE(network.ok()) << network.status();
  AddRecords(*network, 0, 10);
  ASSERT_TRUE(Open().Ensure({"shop", "test", ""}).ok());  // pelagos-dns knows them
  const int few = Calls();
  AddRecords(*network, 10, 1000);
  ASSERT_TRUE(Open().Ensure({"shop", "test", ""}).ok());
  const int many = Calls();
  EXPECT_GT(few, 100);
  // To list the containers once would be a call for each.
  EXPECT_NEAR(many, few, 10) << "an answer may come in one piece or in two";
  RecordProperty("calls", many);
  RemoveRecords(1000);
  EXPECT_EQ(Open().Remove("shop"), absl::OkStatus());
  EXPECT_EQ(Snapshot(), before_);
}

}  // namespace
}  // namespace pelagos::net
