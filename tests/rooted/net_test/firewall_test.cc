// Beside other firewalls: with the rules that Docker, UFW and firewalld have on a host, networks do
// all that they do without, and leave those rules as they were.

#include <gmock/gmock.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "pelagos/net/host.h"
#include "pelagos/net/names.h"
#include "pelagos/net/ruleset.h"
#include "tests/rooted/net_test/world.h"

namespace pelagos::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kNft[] = "/usr/sbin/nft";
constexpr char kIptables[] = "/usr/sbin/iptables-nft";

// How a firewall's rules come into the kernel.
struct Loader {
  const char* program;
  std::vector<std::string> argv;  // without the program
};
struct Firewall {
  const char* name;
  std::vector<Loader> load;
  int rules;  // that it needs of ours
};

std::string Data(const char* file) { return absl::StrCat("tests/rooted/net_test/testdata/", file); }

Loader Restore(const char* file) { return {"/usr/sbin/iptables-nft-restore", {Data(file)}}; }
Loader Restore6(const char* file) { return {"/usr/sbin/ip6tables-nft-restore", {Data(file)}}; }

std::vector<Firewall> Firewalls() {
  return {
      {"Docker", {Restore("docker.rules"), Restore6("docker6.rules")}, 4},
      {"UFW", {Restore("ufw.rules"), Restore6("ufw6.rules")}, 6},
      {"firewalld", {{kNft, {"-f", Data("firewalld.nft")}}}, 3},
  };
}

class FirewallTest : public World, public ::testing::WithParamInterface<Firewall> {
 protected:
  void SetUp() override {
    World::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    Load();
    before_firewall_ = Snapshot();
  }
  static void Load() {
    for (const Loader& loader : GetParam().load) {
      std::vector<std::string> argv = {loader.program};
      argv.insert(argv.end(), loader.argv.begin(), loader.argv.end());
      Output(loader.program, argv);
    }
  }
  // As a reload does: all of the firewall's rules are new.
  void Reload() {
    const std::string tables = Output(kNft, {kNft, "list", "tables"});
    for (const char* table : {"ip filter", "ip nat", "ip6 filter", "inet firewalld"}) {
      if (!absl::StrContains(tables, absl::StrCat("table ", table, "\n"))) continue;
      Output(kNft, {kNft, absl::StrCat("delete table ", table)});
    }
    Load();
  }
  int OwnRules() const {
    const std::string text = Snapshot();
    const std::string comment = absl::StrCat("comment \"", TableName(folder_ + "/run"), "\"");
    int count = 0;
    for (size_t at = text.find(comment); at != std::string::npos; at = text.find(comment, at + 1)) {
      ++count;
    }
    return count;
  }
  void ExpectAllReach(const Container& a, const Container& b) {
    const Fd far = Serve(outside_, 80), far_udp = Serve(outside_, 80, SOCK_DGRAM);
    EXPECT_EQ(Talk(a.netns, "192.0.2.2", 80, far), "192.0.2.1");
    EXPECT_EQ(Talk(a.netns, "192.0.2.2", 80, far_udp), "192.0.2.1");
    const Fd server = Serve(a.netns, 80);
    EXPECT_EQ(Talk(outside_, "192.0.2.1", 8080, server), "192.0.2.2");
    EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, server), a.gateway());
    EXPECT_EQ(Talk(host_, "192.0.2.1", 8080, server), "192.0.2.1");
    EXPECT_EQ(Talk(b.netns, "192.0.2.1", 8080, server), a.gateway());
    EXPECT_EQ(Talk(b.netns, a.address(), 80, server), b.address());
    EXPECT_EQ(Talk(host_, a.address(), 80, server), a.gateway());
    EXPECT_EQ(Resolve(b.netns, b.gateway(), "a"), a.address());
  }

  std::string before_firewall_;
};

TEST_P(FirewallTest, NetworksWorkAndLeaveItAsItWas) {
  Ensure("shop-net");
  const Container a = Start("a", {"shop-net"}, {Tcp(8080, 80, "0.0.0.0")});
  const Container b = Start("b", {"shop-net"});
  EXPECT_EQ(OwnRules(), GetParam().rules);
  ExpectAllReach(a, b);

  // Only what our own table lets in.
  Ensure("shop-other");
  const Container c = Start("c", {"shop-other"});
  const Fd server = Serve(a.netns, 81);
  EXPECT_EQ(Talk(outside_, a.address(), 81, server, kUnwanted), "silence");
  EXPECT_EQ(Talk(c.netns, a.address(), 81, server, kUnwanted), "silence");

  for (const char* id : {"a", "b", "c"}) EXPECT_EQ(Open().Detach(id), absl::OkStatus());
  EXPECT_EQ(Open().Remove("shop-net"), absl::OkStatus());
  EXPECT_EQ(OwnRules(), GetParam().rules);
  EXPECT_EQ(Open().Remove("shop-other"), absl::OkStatus());
  EXPECT_EQ(Snapshot(), before_firewall_);
}

TEST_P(FirewallTest, AReloadIsHealed) {
  Ensure("shop-net");
  const Container a = Start("a", {"shop-net"}, {Tcp(8080, 80, "0.0.0.0")});
  const Container b = Start("b", {"shop-net"});
  Reload();
  EXPECT_EQ(OwnRules(), 0);
  // It is our rules that make the difference.
  const Fd far = Serve(outside_, 83);
  const std::string refused = Talk(a.netns, "192.0.2.2", 83, far, kUnwanted);
  EXPECT_TRUE(refused == "silence" || refused == "No route to host") << refused;
  for (int i = 0; i < 2; ++i) {
    Ensure("shop-net");
    EXPECT_EQ(OwnRules(), GetParam().rules);
  }
  ExpectAllReach(a, b);
  Reload();
  const Container c = Start("c", {"shop-net"});
  EXPECT_EQ(OwnRules(), GetParam().rules);
  ExpectAllReach(a, c);
  for (const char* id : {"a", "b", "c"}) EXPECT_EQ(Open().Detach(id), absl::OkStatus());
  EXPECT_EQ(Open().Remove("shop-net"), absl::OkStatus());
  EXPECT_EQ(Snapshot(), before_firewall_);
}

TEST_P(FirewallTest, TwoRunRootsHaveTheirOwn) {
  Ensure("shop-net");
  ASSERT_TRUE(Open("/other").Ensure({"shop-net", "test", ""}).ok());
  EXPECT_EQ(OwnRules(), GetParam().rules);
  EXPECT_EQ(Open("/other").Remove("shop-net"), absl::OkStatus());
  const Container a = Start("a", {"shop-net"}, {Tcp(8080, 80, "0.0.0.0")});
  const Container b = Start("b", {"shop-net"});
  ExpectAllReach(a, b);
  for (const char* id : {"a", "b"}) EXPECT_EQ(Open().Detach(id), absl::OkStatus());
  EXPECT_EQ(Open().Remove("shop-net"), absl::OkStatus());
  EXPECT_EQ(Snapshot(), before_firewall_);
}

TEST_P(FirewallTest, IptablesStillReadsItsTables) {
  Ensure("shop-net");
  for (const char* program : {kIptables, "/usr/sbin/ip6tables-nft"}) {
    const std::string listed = Output(program, {program, "-w", "-n", "-v", "-L", "FORWARD"});
    EXPECT_THAT(listed, Not(HasSubstr("incompatible")));
    if (GetParam().load.size() < 2) continue;  // firewalld has no chains of iptables
    EXPECT_THAT(listed, HasSubstr("pg-+"));
    EXPECT_THAT(listed, HasSubstr("mark match 0x1000000/0x1000000"));
    EXPECT_THAT(listed, HasSubstr(TableName(folder_ + "/run")));
  }
}

// A firewall that saves all rules and loads them again keeps ours: they are not added twice.
TEST_P(FirewallTest, SavedAndRestoredRulesAreOursStill) {
  Ensure("shop-net");
  const std::string saved = Output("/usr/sbin/iptables-nft-save", {"iptables-nft-save"});
  const std::string file = folder_ + "/saved";
  ASSERT_TRUE(sys::WriteFileAtomically(file, saved).ok());
  Output("/usr/sbin/iptables-nft-restore", {"iptables-nft-restore", file});
  Ensure("shop-net");
  EXPECT_EQ(OwnRules(), GetParam().rules);
  EXPECT_EQ(Open().Remove("shop-net"), absl::OkStatus());
  EXPECT_EQ(OwnRules(), 0);
}

TEST_P(FirewallTest, Ipv6PassesToo) {
  constexpr char kHost[] = "2001:db8:1::1", kOutside[] = "2001:db8:1::2";
  ASSERT_EQ(Address(host_, "up0", kHost, ""), "");
  ASSERT_EQ(Address(outside_, "eth0", kOutside, kHost), "");
  NetworkPlan plan = {"shop-net", "test", ""};
  plan.nat66 = true;
  ASSERT_EQ(Open().Ensure(plan).status(), absl::OkStatus());
  const Container a = Start("a", {"shop-net"}, {Tcp(8080, 80, std::string(kAnyIpv6))});
  const Fd server = Serve(a.netns, 80, SOCK_STREAM, "::");
  EXPECT_EQ(Talk(outside_, kHost, 8080, server), kOutside);
  EXPECT_EQ(Talk(host_, kHost, 8080, server), kHost);
  const Fd far = Serve(outside_, 80, SOCK_STREAM, "::");
  EXPECT_EQ(Talk(a.netns, kOutside, 80, far), kHost);
}

INSTANTIATE_TEST_SUITE_P(All, FirewallTest, ::testing::ValuesIn(Firewalls()),
                         [](const auto& info) { return std::string(info.param.name); });

// Without a firewall, and beside one that drops nothing, there is nothing of ours.
TEST_F(World, ChainsThatAcceptAreLeftAlone) {
  Output(kIptables, {kIptables, "-P", "FORWARD", "ACCEPT"});
  Output(kIptables, {kIptables, "-A", "FORWARD", "-s", "198.51.100.7", "-j", "DROP"});
  const std::string before = Snapshot();
  Ensure("shop-net");
  EXPECT_THAT(Snapshot(), Not(HasSubstr("pg-*")));
  EXPECT_EQ(Open().Remove("shop-net"), absl::OkStatus());
  EXPECT_EQ(Snapshot(), before);
}

// firewalld's newer versions keep their table to themselves.
TEST_F(World, ATableWithAnOwnerIsAWarning) {
  sys::NetlinkSocket owner = sys::NetlinkSocket::Open(NETLINK_NETFILTER).value();
  nfgenmsg header{AF_UNSPEC, NFNETLINK_V0, htons(NFNL_SUBSYS_NFTABLES)};
  sys::MessageBatch batch;
  batch.Begin(NFNL_MSG_BATCH_BEGIN, 0, header, "begin");
  batch.Begin((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWTABLE, NLM_F_CREATE,
              nfgenmsg{kTableFamily, NFNETLINK_V0, 0}, "table");
  batch.PutString(NFTA_TABLE_NAME, "firewalld");
  batch.PutBe32(NFTA_TABLE_FLAGS, 2);  // NFT_TABLE_F_OWNER
  batch.Acknowledge();
  batch.Begin(NFNL_MSG_BATCH_END, 0, header, "end");
  ASSERT_EQ(owner.Execute(batch), absl::OkStatus());
  sys::NftTransaction change(kTableFamily, "firewalld");
  constexpr uint32_t kForward = 2;  // NF_INET_FORWARD
  change.AddChain({"filter_FORWARD", "filter", kForward, 10});
  change.AddRule("filter_FORWARD", [](sys::NftRule& rule) { rule.Drop(); });
  ASSERT_EQ(change.Commit(owner), absl::OkStatus());

  Ensure("shop-net");
  Host host = Host::Open(folder_ + "/run").value();
  const absl::StatusOr<std::vector<std::string>> warnings = host.OpenFirewalls();
  ASSERT_TRUE(warnings.ok()) << warnings.status();
  ASSERT_EQ(warnings->size(), 1u);
  EXPECT_THAT(warnings->front(), HasSubstr("table 'firewalld' of nftables belongs to one program"));
  // Whoever joins a network hears it; the record does not keep it.
  const Container a = Start("a", {"shop-net"});
  EXPECT_EQ(a.endpoint.warnings, *warnings);
  EXPECT_EQ(Open().FindEndpoint("a").value()->warnings, Names());
}

TEST_F(World, AChainThatEndsInARejectDrops) {
  Output(kIptables, {kIptables, "-A", "FORWARD", "-j", "REJECT"});
  const std::string before = Snapshot();
  Ensure("shop-net");
  const Container a = Start("a", {"shop-net"});
  const Fd far = Serve(outside_, 80);
  EXPECT_EQ(Talk(a.netns, "192.0.2.2", 80, far), "192.0.2.1");
  EXPECT_EQ(Open().Detach("a"), absl::OkStatus());
  EXPECT_EQ(Open().Remove("shop-net"), absl::OkStatus());
  EXPECT_EQ(Snapshot(), before);
}

}  // namespace
}  // namespace pelagos::net
