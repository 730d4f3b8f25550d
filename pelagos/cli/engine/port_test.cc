#include "pelagos/cli/engine/port.h"

#include <gtest/gtest.h>

namespace pelagos::cli {
namespace {

const std::vector<PortMapping> kPorts = {{"0.0.0.0", 8443, 443, Protocol::kTcp},
                                         {"127.0.0.1", 53, 53, Protocol::kUdp},
                                         {"127.0.0.1", 8080, 80, Protocol::kTcp},
                                         {"10.0.0.1", 80, 80, Protocol::kTcp}};

std::string Lines(absl::string_view wanted) {
  const auto lines = PortLines(kPorts, wanted);
  return lines.ok() ? *lines : std::string(lines.status().message());
}

TEST(PortTest, AllOfThem) {
  EXPECT_EQ(Lines(""),
            "53/udp -> 127.0.0.1:53\n80/tcp -> 127.0.0.1:8080\n80/tcp -> 10.0.0.1:80\n"
            "443/tcp -> 0.0.0.0:8443\n");
  EXPECT_EQ(*PortLines({}, ""), "");
}

TEST(PortTest, OfOnePort) {
  EXPECT_EQ(Lines("80"), "127.0.0.1:8080\n10.0.0.1:80\n");
  EXPECT_EQ(Lines("443/tcp"), "0.0.0.0:8443\n");
  EXPECT_EQ(Lines("53/udp"), "127.0.0.1:53\n");
  EXPECT_EQ(Lines("53"), "port 53/tcp is not published");
  EXPECT_TRUE(absl::IsNotFound(PortLines(kPorts, "53").status()));
}

TEST(PortTest, WhatIsNoPort) {
  for (const char* wanted : {"http", "80/sctp", "80/", "/tcp", "0", "70000"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(PortLines(kPorts, wanted).status())) << wanted;
  }
}

}  // namespace
}  // namespace pelagos::cli
