#include "pelagos/policy/extra_host.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(ExtraHostTest, Texts) {
  EXPECT_EQ(ParseExtraHost("db:10.0.0.1"), (ExtraHost{"db", "10.0.0.1"}));
  EXPECT_EQ(ParseExtraHost("db=10.0.0.1"), (ExtraHost{"db", "10.0.0.1"}));
  EXPECT_EQ(ParseExtraHost("db:fd00::1"), (ExtraHost{"db", "fd00::1"}));
  EXPECT_EQ(ParseExtraHost("db:[fd00::1]"), (ExtraHost{"db", "fd00::1"}));
  EXPECT_EQ(ParseExtraHost("up:host-gateway"), (ExtraHost{"up", "host-gateway"}));
  for (const char* text : {"", ":", "db", "db:", ":10.0.0.1", "=x"}) {
    EXPECT_EQ(ParseExtraHost(text), std::nullopt) << text;
  }
}

TEST(ExtraHostTest, Problems) {
  for (const char* address : {"10.0.0.1", "::1", "fd00::1", "::ffff:1.2.3.4", "host-gateway"}) {
    EXPECT_EQ(ExtraHostProblem({"a-b.example_1", address}), "") << address;
  }
  for (const char* address : {"", "10.0.0", "10.0.0.1 x", "1.2.3.4\n5.6.7.8 y", "[::1]", "gateway",
                              "10.0.0.256", "fe80::1%eth0"}) {
    EXPECT_NE(ExtraHostProblem({"a", address}), "") << address;
  }
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a\nb"),
                                  std::string("-a"), std::string(254, 'a')}) {
    EXPECT_NE(ExtraHostProblem({name, "1.2.3.4"}), "") << name;
  }
}

}  // namespace
}  // namespace pelagos
