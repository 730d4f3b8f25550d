// What is made is taken away: by the process that made it, or by a later one after a crash.

#include <gmock/gmock.h>
#include <sys/wait.h>

#include "pelagos/net/host.h"
#include "pelagos/net/ipam.h"
#include "pelagos/net/links.h"
#include "pelagos/net/names.h"
#include "pelagos/net/run_files.h"
#include "tests/rooted/net_test/world.h"

namespace pelagos::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LifeTest : public World {
 protected:
  std::string Message(const absl::Status& status) { return std::string(status.message()); }
  RunFiles Files() const { return RunFiles(folder_ + "/run", ""); }
};

TEST_F(LifeTest, TheHostIsAsBefore) {
  Ensure("shop-net");
  Ensure("shop-back", "10.5.0.0/24");
  const Container a = Start("a", {"shop-net", "shop-back"}, {Tcp(8080, 80)});
  const Container b = Start("b", {"shop-back"}, {Tcp(8081, 80, "0.0.0.0")});
  const std::string during = Snapshot();
  EXPECT_THAT(during, HasSubstr("127.0.0.1 . tcp . 8080 comment \"a\" : 10.99.0.2 . 80"));
  EXPECT_THAT(during, HasSubstr("tcp . 8081 comment \"b\" : 10.5.0.3 . 80"));
  EXPECT_EQ(sys::ReadFile("/proc/sys/net/ipv4/ip_forward", 64).value(), "1\n");
  EXPECT_EQ(Open().Endpoints().value().size(), 2u);

  EXPECT_THAT(Message(Open().Remove("shop-net")), HasSubstr("in use by a"));
  EXPECT_EQ(Open().Detach("a"), absl::OkStatus());
  EXPECT_EQ(Open().Detach("a"), absl::OkStatus());
  EXPECT_EQ(Open().Remove("shop-net"), absl::OkStatus());
  const Fd server = Serve(b.netns, 80);
  EXPECT_EQ(Talk(outside_, "192.0.2.1", 8081, server), "192.0.2.2");
  EXPECT_EQ(Open().Detach("b"), absl::OkStatus());
  EXPECT_EQ(Open().Remove("shop-back"), absl::OkStatus());
  EXPECT_EQ(Open().Remove("shop-back"), absl::OkStatus());
  EXPECT_EQ(Snapshot(), before_);
}

TEST_F(LifeTest, DeadContainersAreReaped) {
  Ensure("shop-net");
  {
    const Container dead = Start("a", {"shop-net"}, {Tcp(8080, 80)});
  }  // its network namespace is gone, or about to go
  EXPECT_EQ(Open().Detach("a"), absl::OkStatus());
  EXPECT_EQ(Open().Remove("shop-net"), absl::OkStatus());
  EXPECT_EQ(Snapshot(), before_);
}

TEST_F(LifeTest, AnIdThatDiedIsReplaced) {
  Ensure("shop-net");
  std::string address;
  {
    const Container dead = Start("a", {"shop-net"}, {Tcp(8080, 80)});
    address = dead.address();
  }
  const Container a = Start("a", {"shop-net"}, {Tcp(8080, 80)});
  EXPECT_EQ(a.address(), address);
  const Fd server = Serve(a.netns, 80);
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, server), "10.99.0.1");
}

// What a process that was killed at each point of its work leaves.
TEST_F(LifeTest, HalfMadeNetworksAreUndoneOrFinished) {
  const std::string run = folder_ + "/run";
  const auto half_made = [&](int steps) {
    ASSERT_EQ(Files().MakeFolders(), absl::OkStatus());
    Host host = Host::Open(run).value();
    Links links = Links::Open(run).value();
    NetworkRecord record;
    record.name = "shop-net";
    record.project = "test";
    record.subnet = sys::ParseSubnet("10.99.0.0/24").value();
    record.gateway = Ip("10.99.0.1");
    record.bridge = links.ChooseBridge("shop-net").value();
    const Rules rules = {{{record.bridge, record.name}}, {}};
    if (steps >= 1) {
      ASSERT_EQ(Files().SaveNetwork(record), absl::OkStatus());
    }
    if (steps >= 2) {
      ASSERT_EQ(Files().SaveHost({"0"}), absl::OkStatus());
    }
    if (steps >= 3) {  // a bridge that has no name yet
      sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_ROUTE).value();
      sys::MessageBatch batch;
      sys::AddBridge(batch, record.bridge, sys::MacOf(record.gateway));
      ASSERT_EQ(socket.Execute(batch), absl::OkStatus());
    }
    if (steps >= 4) {
      ASSERT_EQ(links.Ensure(record), absl::OkStatus());
    }
    if (steps >= 5) {
      ASSERT_EQ(host.AddRules(rules, [&] { return rules; }, {"0"}), absl::OkStatus());
    }
    if (steps >= 6) {
      ASSERT_EQ(host.Forward(), absl::OkStatus());
    }
    if (steps >= 7) {  // an address for whom there is no record yet
      AddressMap map;
      map.Take(2, "a");
      ASSERT_EQ(Files().SaveLeases("shop-net", map), absl::OkStatus());
    }
    if (steps >= 8) {
      Endpoint endpoint = {"a", NetMode::kBridge, {}, {Tcp(8080, 80)}};
      endpoint.interfaces.push_back(
          {"eth0", "shop-net", NetworkDriver::kBridge, Ip("10.99.0.2"), 24, record.gateway});
      ASSERT_EQ(Files().SaveEndpoint(endpoint), absl::OkStatus());
    }
  };
  for (int steps = 0; steps <= 8; ++steps) {
    half_made(steps);
    EXPECT_EQ(Open().Detach("a"), absl::OkStatus()) << steps;
    EXPECT_EQ(Open().Remove("shop-net"), absl::OkStatus()) << steps;
    EXPECT_EQ(Snapshot(), before_) << steps;

    half_made(steps);
    Ensure("shop-net");
    const Container a = Start("a", {"shop-net"}, {Tcp(8080, 80)});
    const Fd server = Serve(a.netns, 80);
    EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, server), "10.99.0.1") << steps;
    EXPECT_EQ(Open().Detach("a"), absl::OkStatus()) << steps;
    EXPECT_EQ(Open().Remove("shop-net"), absl::OkStatus()) << steps;
    EXPECT_EQ(Snapshot(), before_) << steps;
  }
}

TEST_F(LifeTest, AFlushedRulesetIsMadeAgain) {
  Ensure("shop-net");
  const Container a = Start("a", {"shop-net"}, {Tcp(8080, 80)});
  Output("/usr/sbin/nft", {"nft", "flush", "ruleset"});
  Output("/usr/sbin/nft", {"nft", "add", "table", "ip", "foreign"});
  const Container b = Start("b", {"shop-net"}, {Tcp(8081, 80)});
  const Fd a_server = Serve(a.netns, 80), b_server = Serve(b.netns, 80);
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, a_server), "10.99.0.1");
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8081, b_server), "10.99.0.1");
  Output("/usr/sbin/nft", {"nft", "delete", "table", "inet", TableName(folder_ + "/run")});
  EXPECT_EQ(Open().Detach("a"), absl::OkStatus());
  EXPECT_EQ(Open().Detach("b"), absl::OkStatus());
  EXPECT_EQ(Open().Remove("shop-net"), absl::OkStatus());
  EXPECT_THAT(Snapshot(), HasSubstr("table ip foreign"));
  EXPECT_THAT(Snapshot(), Not(HasSubstr("pelagos")));
}

TEST_F(LifeTest, PortsOfOthersAreErrors) {
  Ensure("shop-net");
  absl::StatusOr<Reservation> a = Open().Reserve("a", {Tcp(8080, 80)});
  ASSERT_TRUE(a.ok()) << a.status();
  EXPECT_EQ(Message(Open().CheckPorts("b", {Tcp(8080, 80, "0.0.0.0")})),
            "port 0.0.0.0:8080/tcp is published by container 'a'");
  EXPECT_FALSE(Open().Reserve("b", {Tcp(8080, 80)}).ok());
  // The reservation keeps the host's processes away, too.
  {
    const Fd taker(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_storage at = At("127.0.0.1", 8080);
    EXPECT_NE(::bind(taker.get(), Raw(at), sizeof(at)), 0);
  }
  const Fd process = Serve(host_, 8081, SOCK_STREAM, "127.0.0.1");
  EXPECT_EQ(
      Message(Open().CheckPorts("a", {Tcp(8081, 80)})),
      absl::StrCat("port 127.0.0.1:8081/tcp is in use by process ", ::getpid(), " (life_test)"));
  EXPECT_THAT(Message(Open().CheckPorts("a", {Tcp(8082, 80, "198.51.100.1")})),
              HasSubstr("no interface of this host has that address"));
  EXPECT_THAT(Message(Open().CheckPorts("a", {Tcp(8083, 80), Tcp(8083, 81)})),
              HasSubstr("published twice"));
  EXPECT_EQ(Open().CheckPorts("b", {{"127.0.0.1", 8080, 80, Protocol::kUdp}}), absl::OkStatus());

  NetPlan plan{NetMode::kBridge, {{"shop-net", {"a"}}}, {Tcp(8080, 80)}};
  const Fd netns = NewNetns();
  absl::StatusOr<Endpoint> endpoint = Open().Attach("a", plan, netns);
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  const Fd server = Serve(netns, 80);
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, server), "10.99.0.1");
  EXPECT_EQ(Open().Detach("a"), absl::OkStatus());
  *a = Reservation();
  EXPECT_TRUE(Open().Reserve("b", {Tcp(8080, 80)}).ok());
}

TEST_F(LifeTest, AFailedAttachLeavesNothing) {
  Ensure("shop-net");
  const std::string before = Snapshot();
  const Fd process = Serve(host_, 8080, SOCK_STREAM, "127.0.0.1");
  const Fd netns = NewNetns();
  NetPlan plan{NetMode::kBridge, {{"shop-net", {"a"}}}, {Tcp(8080, 80)}};
  EXPECT_FALSE(Open().Attach("a", plan, netns).ok());
  EXPECT_EQ(Snapshot(), before);
  plan = {NetMode::kBridge, {{"shop-net", {"a"}}, {"missing", {}}}, {}};
  EXPECT_THAT(Message(Open().Attach("a", plan, netns).status()),
              HasSubstr("there is no network 'missing'"));
  EXPECT_EQ(Snapshot(), before);
  const Fd no_netns(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  plan = {NetMode::kBridge, {{"shop-net", {"a"}}}, {Tcp(8081, 80)}};
  EXPECT_FALSE(Open().Attach("a", plan, no_netns).ok());
  EXPECT_EQ(Snapshot(), before);
  EXPECT_TRUE(Files().LoadLeases("shop-net")->empty());
}

TEST_F(LifeTest, SubnetsOfTheHostAreLeftAlone) {
  EXPECT_THAT(Message(Open().Ensure({"shop-net", "test", "192.0.2.0/25"}).status()),
              HasSubstr("overlaps 192.0.2.0/24 of a route through up0"));
  Ensure("shop-a", "10.99.0.0/23");
  absl::StatusOr<NetworkRecord> b = Open().Ensure({"shop-b", "test", ""});
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_EQ(sys::ToString(b->subnet), "10.99.2.0/24");
  EXPECT_THAT(Message(Open().Ensure({"shop-c", "test", "10.99.1.0/24"}).status()),
              HasSubstr("overlaps 10.99.0.0/23 of network 'shop-a'"));
  EXPECT_THAT(Message(Open().Ensure({"shop-b", "test", "10.7.0.0/24"}).status()),
              HasSubstr("exists already with subnet 10.99.2.0/24"));
  EXPECT_THAT(Message(Open().Ensure({"shop-b", "other", ""}).status()),
              HasSubstr("belongs to project 'test'"));
}

TEST_F(LifeTest, WorldsDoNotMeet) {
  Ensure("shop-net");
  absl::StatusOr<NetworkRecord> other = Open("/other").Ensure({"shop-net", "test", ""});
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(sys::ToString(other->subnet), "10.99.1.0/24");
  // The first world changed ip_forward; the last one puts it back.
  EXPECT_EQ(Open().Remove("shop-net"), absl::OkStatus());
  EXPECT_EQ(sys::ReadFile("/proc/sys/net/ipv4/ip_forward", 64).value(), "1\n");
  EXPECT_EQ(Open("/other").Remove("shop-net"), absl::OkStatus());
  EXPECT_EQ(Snapshot(), before_);
}

TEST_F(LifeTest, AHostThatForwardsKeepsForwarding) {
  ASSERT_EQ(sys::WriteKernelFile("/proc/sys/net/ipv4/ip_forward", "1"), absl::OkStatus());
  const std::string before = Snapshot();
  Ensure("shop-net");
  EXPECT_EQ(Open().Remove("shop-net"), absl::OkStatus());
  EXPECT_EQ(Snapshot(), before);
}

TEST_F(LifeTest, ProcessesTakeTurns) {
  constexpr int kProcesses = 4, kNetworks = 4;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (int j = 0; j < kNetworks; ++j) {
        const std::string name = absl::StrCat("net-", i, "-", j);
        if (!Open().Ensure({name, "test", ""}).ok()) ::_exit(1);
        const Fd netns = NewNetns();
        const NetPlan plan{NetMode::kBridge, {{name, {"a"}}}, {}};
        if (!Open().Attach(absl::StrCat("c", i, "-", j), plan, netns).ok()) ::_exit(2);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const std::vector<NetworkRecord> records = Open().List().value();
  EXPECT_EQ(records.size(), size_t{kProcesses * kNetworks});
  std::vector<SubnetUser<sys::Subnet>> users;
  for (const NetworkRecord& record : records) {
    EXPECT_EQ(FindOverlap(record.subnet, users), nullptr);
    users.push_back({record.subnet, record.name});
    EXPECT_EQ(Files().LoadLeases(record.name)->FirstFree(2, 9), 3u);
  }
  CleanUp(folder_ + "/run");
  EXPECT_EQ(Snapshot(), before_);
}

TEST_F(LifeTest, LongNamesAreFine) {
  const std::string name = std::string(300, 'n') + "-net";
  Ensure(name);
  Ensure(name + "2");
  const Container a = Start("a", {name});
  const Fd server = Serve(a.netns, 80);
  EXPECT_EQ(Talk(host_, a.address(), 80, server), a.gateway());
}

}  // namespace
}  // namespace pelagos::net
