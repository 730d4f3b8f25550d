// A process that works at networks, killed before each of its system calls that changes something:
// others get no address and no port of a living one, and nothing is left once the dead container is
// detached and the networks that somebody asked for are removed.

#include <gmock/gmock.h>
#include <sys/syscall.h>

#include <set>

#include "tests/rooted/net_test/world.h"
#include "tests/rooted/traced.h"

namespace pelagos::net {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;

// Messages to the kernel change links and rules; visits of namespaces change nothing that stays.
bool Changes(const rooted::TracedCall& call) {
  if (call.number == SYS_sendto || call.number == SYS_sendmsg) return true;
  return call.number != SYS_setns && call.Changes();
}

class KilledTest : public World {
 protected:
  // Networks of all kinds, made, joined, left and removed. A process of its own does it.
  int Live(const Fd& netns) const {
    absl::StatusOr<Networks> opened = Networks::Open(folder_ + "/run", Options());
    if (!opened.ok()) return 1;
    Networks& networks = *opened;
    if (!networks.Define({"back", "", ""}, "2026-01-01T00:00:00Z").ok()) return 2;
    if (!networks.Ensure({"shop", "test", ""}).ok()) return 3;
    NetPlan plan{NetMode::kBridge, {}, {Tcp(8080, 80), Tcp(8081, 81, "0.0.0.0")}};
    plan.attachments = {{"shop", {"k"}}, {std::string(kDefaultNetwork), {"k"}}};
    {
      const absl::StatusOr<Reservation> reserved = networks.Reserve("k", plan.ports);
      if (!reserved.ok()) return 4;
      if (!networks.Attach("k", plan, netns).ok()) return 5;
      if (!networks.Connect("k", {"back", {"k"}}, netns).ok()) return 6;
      if (!networks.Disconnect("k", "shop", netns).ok()) return 7;
      if (!networks.Detach("k").ok()) return 8;
    }
    if (!networks.Remove("shop").ok()) return 9;
    return networks.Undefine("back").ok() ? 0 : 10;
  }

  // `after` is called for the n-th, n + step-th, ... place.
  void Everywhere(int step, const std::function<void()>& before,
                  const std::function<void()>& after) {
    for (int n = 1;; n += step) {
      SCOPED_TRACE(absl::StrCat("killed before changing call ", n));
      before();
      const Fd netns = NewNetns();
      int seen = 0;
      const rooted::Trace trace = rooted::TraceFork(
          [&] { return Live(netns); },
          [&](const rooted::TracedCall& call) {
            return Changes(call) && ++seen == n ? rooted::AtCall::kKill : rooted::AtCall::kGoOn;
          });
      EXPECT_THAT(trace.outcome.code, AnyOf(Eq(0), Eq(128 + SIGKILL)));
      after();
      if (HasFailure() || seen < n) {
        EXPECT_GT(n, 100) << "there was something to kill";
        return;
      }
    }
  }

  void ExpectNothingLeft() {
    EXPECT_EQ(Open().Detach("k"), absl::OkStatus());
    EXPECT_EQ(Open().Remove("shop"), absl::OkStatus());
    const absl::Status undefined = Open().Undefine("back");
    EXPECT_TRUE(undefined.ok() || absl::IsNotFound(undefined)) << undefined;
    EXPECT_EQ(Snapshot(), before_);
    // A definition that was half written goes with the next one.
    EXPECT_TRUE(Open().Define({"next", "", ""}, "2026-01-01T00:00:00Z").ok());
    EXPECT_EQ(Open().Undefine("next"), absl::OkStatus());
    EXPECT_EQ(sys::ListFolder(folder_ + "/data/networks").value(), Names());
  }

  // No two containers have the same, whoever they are.
  void ExpectNothingTwice() {
    std::set<std::string> addresses, ports;
    const Endpoints endpoints = Open().Endpoints().value();
    for (const Endpoint& endpoint : endpoints) {
      for (const Interface& inside : endpoint.interfaces) {
        EXPECT_TRUE(addresses.insert(sys::ToString(inside.address)).second)
            << sys::ToString(inside.address);
        EXPECT_NE(inside.address, inside.gateway);
      }
      for (const PortMapping& port : endpoint.ports) {
        EXPECT_TRUE(ports.insert(absl::StrCat(NameOf(port.protocol), port.host)).second)
            << port.host;
      }
    }
  }
};

TEST_F(KilledTest, NothingIsLeft) {
  Everywhere(
      1, [] {}, [&] { ExpectNothingLeft(); });
}

TEST_F(KilledTest, OthersGetTheirOwn) {
  Container old;
  Everywhere(
      5,  // all of them take minutes
      [&] { old = Start("old", {std::string(kDefaultNetwork)}, {Tcp(9090, 80)}); },
      [&] {
        Ensure("shop");
        const absl::Status defined =
            Open().Define({"back", "", ""}, "2026-01-01T00:00:00Z").status();
        EXPECT_TRUE(defined.ok() || absl::IsAlreadyExists(defined)) << defined;
        const Container a = Start("a", {"shop", std::string(kDefaultNetwork)}, {Tcp(0, 80)});
        const Container b = Start("b", {"back", "shop"}, {Tcp(0, 80)});
        ExpectNothingTwice();
        if (HasFailure()) return;
        for (const Container* each : std::initializer_list<const Container*>{&old, &a, &b}) {
          const Fd server = Serve(each->netns, 80);
          EXPECT_EQ(Talk(host_, "127.0.0.1", each->endpoint.ports.at(0).host, server),
                    each->gateway());
        }
        EXPECT_EQ(Resolve(a.netns, a.gateway(), "b"), b.address(1));
        for (const char* id : {"old", "a", "b"}) EXPECT_EQ(Open().Detach(id), absl::OkStatus());
        ExpectNothingLeft();
      });
}

}  // namespace
}  // namespace pelagos::net
