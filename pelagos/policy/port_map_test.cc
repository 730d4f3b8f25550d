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
  for (const char* text : {"", "80", ":80", "80:", "a:80", "80:70000", "localhost:80:80",
                           "1.2.3:80:80", "80:80/sctp", "80:80/", "1.2.3.4:5.6.7.8:80:80"}) {
    EXPECT_EQ(ParsePortMapping(text), std::nullopt) << text;
  }
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
