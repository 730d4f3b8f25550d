#include "pelagos/compose/listener.h"

#include <gtest/gtest.h>

namespace pelagos::compose {
namespace {

constexpr char kHeader[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";

std::string Table(const std::string& rows) { return kHeader + rows; }

TEST(ListenerTest, EveryAddressOneAddressLoopback) {
  const std::string table = Table(
      "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
      "   1: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
      "   2: 0202630A:0051 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
      "   3: 0202630A:0052 0102630A:A001 01 00000000:00000000 00:00000000 00000000     0\n");
  EXPECT_EQ(FindListener(table, 8080), Listening::kYes);
  EXPECT_EQ(FindListener(table, 80), Listening::kLoopbackOnly);
  EXPECT_EQ(FindListener(table, 81), Listening::kYes);
  EXPECT_EQ(FindListener(table, 82), Listening::kNot) << "a connection is no listener";
  EXPECT_EQ(FindListener(table, 83), Listening::kNot);
}

TEST(ListenerTest, Version6) {
  const std::string table = Table(
      "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0\n"
      "   1: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 0:0\n"
      "   2: 0000000000000000FFFF00000100007F:0052 00000000000000000000000000000000:0000 0A 0:0\n");
  EXPECT_EQ(FindListener(table, 80), Listening::kYes);
  EXPECT_EQ(FindListener(table, 81), Listening::kLoopbackOnly);
  EXPECT_EQ(FindListener(table, 82), Listening::kLoopbackOnly);
}

TEST(ListenerTest, NonsenseIsNoListener) {
  EXPECT_EQ(FindListener("", 80), Listening::kNot);
  EXPECT_EQ(FindListener("a b c 0A\n0: x:zz y 0A\n0: 00:00:50 y 0A\n", 80), Listening::kNot);
  EXPECT_EQ(FindListenerOf(-1, 80), Listening::kNot);
}

}  // namespace
}  // namespace pelagos::compose
