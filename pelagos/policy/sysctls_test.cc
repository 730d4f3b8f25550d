#include "pelagos/policy/sysctls.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(SysctlsTest, EachSettingBelongsToOneNamespace) {
  static_assert(FindSysctlOwner("net.ipv4.ip_forward") == Namespace::kNet);
  static_assert(FindSysctlOwner("fs.mqueue.msg_max") == Namespace::kIpc);
  static_assert(FindSysctlOwner("kernel.sem") == Namespace::kIpc);
  static_assert(FindSysctlOwner("kernel.hostname") == Namespace::kUts);
  for (const char* name :
       {"net", "net.", "kernel.semx", "kernel.se", "kernel.core_pattern", "vm.swappiness",
        "fs.file-max", "fs.mqueue.", "", "user.max_net_namespaces"}) {
    EXPECT_EQ(FindSysctlOwner(name), std::nullopt) << name;
  }
}

TEST(SysctlsTest, BothSpellings) {
  const auto dotted = ParseSysctl("net.ipv4.ip_forward=1");
  ASSERT_TRUE(dotted.has_value());
  EXPECT_EQ(dotted->first, "net.ipv4.ip_forward");
  EXPECT_EQ(dotted->second, "1");
  EXPECT_EQ(ParseSysctl("net/ipv4/conf/eth0.5/forwarding=1")->first,
            "net.ipv4.conf.eth0/5.forwarding");
  EXPECT_EQ(SysctlPath("net.ipv4.conf.eth0/5.forwarding"), "net/ipv4/conf/eth0.5/forwarding");
  EXPECT_EQ(ParseSysctl("kernel.sem=250 32000 32 128")->second, "250 32000 32 128");
  EXPECT_EQ(ParseSysctl("kernel.sem=")->second, "");
}

TEST(SysctlsTest, NoNameLeadsAway) {
  for (const char* text :
       {"", "=", "=1", "net.ipv4", "net..x=1", "net.ipv4.=1", ".net=1", "/proc/sys/x=1",
        "net/../kernel/core_pattern=1", "net/./x=1", "net.//.x=1", "net ipv4=1", "net.\nx=1"}) {
    EXPECT_FALSE(ParseSysctl(text).has_value()) << text;
  }
}

TEST(SysctlsTest, InterfacesComeLater) {
  EXPECT_TRUE(NeedsInterface("net.ipv4.conf.eth0.forwarding"));
  EXPECT_TRUE(NeedsInterface("net.ipv6.neigh.eth1.mcast_solicit"));
  EXPECT_FALSE(NeedsInterface("net.ipv4.conf.all.forwarding"));
  EXPECT_FALSE(NeedsInterface("net.ipv4.conf.default.forwarding"));
  EXPECT_FALSE(NeedsInterface("net.ipv4.conf.lo.forwarding"));
  EXPECT_FALSE(NeedsInterface("net.ipv4.ip_forward"));
}

}  // namespace
}  // namespace pelagos
