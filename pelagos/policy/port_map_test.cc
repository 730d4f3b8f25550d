#include "pelagos/policy/port_map.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

template <int kNumber>
concept IsPort = requires {
  Port<kNumber>;
};
static_assert(IsPort<1> && IsPort<65535>);
static_assert(!IsPort<0> && !IsPort<65536> && !IsPort<-1>);

static_assert(ParsePort("80") == 80);
static_assert(ParsePort("65535") == 65535);
static_assert(!ParsePort("0") && !ParsePort("65536") && !ParsePort("") && !ParsePort("+80"));
static_assert(!ParsePort("zz") && !ParsePort("000080"));

PortMapping Map(const char* address, uint16_t host, Protocol protocol = Protocol::kTcp) {
  return {address, host, 80, protocol};
}

TEST(PortMapTest, Parses) {
  EXPECT_EQ(ParsePortMapping("8080:80"), (PortMapping{"127.0.0.1", 8080, 80, Protocol::kTcp}));
  EXPECT_EQ(ParsePortMapping("0.0.0.0:8080:80"),
            (PortMapping{"0.0.0.0", 8080, 80, Protocol::kTcp}));
  EXPECT_EQ(ParsePortMapping("10.0.0.1:53:5353/udp"),
            (PortMapping{"10.0.0.1", 53, 5353, Protocol::kUdp}));
  EXPECT_EQ(ParsePortMapping("[0::1]:8080:80"), (PortMapping{"::1", 8080, 80, Protocol::kTcp}));
  for (const char* text : {"",
                           ":80",
                           "80:",
                           "a:80",
                           "80:70000",
                           "localhost:80:80",
                           "1.2.3:80:80",
                           "80:80/sctp",
                           "80:80/",
                           "1.2.3.4:5.6.7.8:80:80",
                           "::1:80:80",
                           "[::1]80:80",
                           "[::1]:80",
                           "[]:80:80",
                           "[1.2.3]:80:80",
                           "80-70:80-70",
                           "80-82:80-83",
                           "80-:80",
                           "-80:80",
                           "0:80",
                           "8:0"}) {
    EXPECT_EQ(ParsePortMappings(text), std::nullopt) << text;
  }
  for (const char* text : {"80", "80-81:80-81", "0.0.0.0::80", "80-81:80"}) {
    EXPECT_EQ(ParsePortMapping(text), std::nullopt) << text;
  }
}

std::string Described(absl::string_view text) {
  std::string all;
  const std::vector<PortMapping> ports =
      ParsePortMappings(text).value_or(std::vector<PortMapping>());
  for (const PortMapping& port : ports) all += Describe(port) + "; ";
  return all;
}

TEST(PortMapTest, RangesAndFreePorts) {
  EXPECT_EQ(Described("80"), "127.0.0.1:any -> 80/tcp; ");
  EXPECT_EQ(Described("80-81/udp"), "127.0.0.1:any -> 80/udp; 127.0.0.1:any -> 81/udp; ");
  EXPECT_EQ(Described("0.0.0.0::80"), "0.0.0.0:any -> 80/tcp; ");
  EXPECT_EQ(Described("[::]::80"), "[::]:any -> 80/tcp; ");
  EXPECT_EQ(Described("8000-8001:80-81"), "127.0.0.1:8000 -> 80/tcp; 127.0.0.1:8001 -> 81/tcp; ");
  EXPECT_EQ(Described("[fd00::1]:8000-8003:80"), "[fd00::1]:8000-8003 -> 80/tcp; ");
}

TEST(PortMapTest, ExposureFollowsTheAddress) {
  for (const char* address : {"127.0.0.1", "127.1.2.3", "::1"}) {
    EXPECT_EQ(ExposureOf(address), Exposure::kLoopback) << address;
  }
  for (const char* address : {"10.1.2.3", "172.31.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1",
                              "fd00::1", "fe80::1"}) {
    EXPECT_EQ(ExposureOf(address), Exposure::kLan) << address;
  }
  for (const char* address : {"0.0.0.0", "::", "8.8.8.8", "172.32.0.1", "2001:db8::1"}) {
    EXPECT_EQ(ExposureOf(address), Exposure::kWorld) << address;
  }
}

TEST(PortMapTest, FamiliesDoNotMeet) {
  EXPECT_TRUE(Overlap(Map("::", 80), Map("::1", 80)));
  EXPECT_FALSE(Overlap(Map("::", 80), Map("0.0.0.0", 80)));
  EXPECT_FALSE(Overlap(Map("::1", 80), Map("fd00::1", 80)));
  EXPECT_FALSE(Overlap(Map("127.0.0.1", 0), Map("127.0.0.1", 0)));
}

TEST(PortMapTest, EveryAddressClaimsAllOfThem) {
  EXPECT_TRUE(Overlap(Map("127.0.0.1", 80), Map("0.0.0.0", 80)));
  EXPECT_TRUE(Overlap(Map("0.0.0.0", 80), Map("10.0.0.1", 80)));
  EXPECT_FALSE(Overlap(Map("127.0.0.1", 80), Map("10.0.0.1", 80)));
  EXPECT_FALSE(Overlap(Map("127.0.0.1", 80), Map("127.0.0.1", 81)));
  EXPECT_FALSE(Overlap(Map("127.0.0.1", 80), Map("127.0.0.1", 80, Protocol::kUdp)));
}

TEST(PortMapTest, FirstOverlapNamesTheLater) {
  EXPECT_EQ(FirstOverlap({}), -1);
  EXPECT_EQ(FirstOverlap({Map("127.0.0.1", 1), Map("127.0.0.1", 2)}), -1);
  EXPECT_EQ(FirstOverlap({Map("127.0.0.1", 1), Map("127.0.0.1", 2), Map("0.0.0.0", 1)}), 2);
}

TEST(PortMapTest, Describes) {
  EXPECT_EQ(Describe(PortMapping{"127.0.0.1", 8080, 80, Protocol::kTcp}),
            "127.0.0.1:8080 -> 80/tcp");
}

}  // namespace
}  // namespace pelagos
