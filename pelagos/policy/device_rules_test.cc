#include "pelagos/policy/device_rules.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(DeviceRulesTest, Parses) {
  using Rules = std::vector<DeviceRule>;
  EXPECT_EQ(ParseDeviceRules("c 1:3 rwm"), (Rules{{DeviceType::kCharacter, 1, 3, kDeviceAll}}));
  EXPECT_EQ(ParseDeviceRules("b 8:* r"),
            (Rules{{DeviceType::kBlock, 8, DeviceRule::kAny, kDeviceRead}}));
  EXPECT_EQ(ParseDeviceRules("c 4095:1048575 mw"),
            (Rules{{DeviceType::kCharacter, 4095, 1048575, kDeviceMknod | kDeviceWrite}}));
  EXPECT_EQ(ParseDeviceRules("a *:* rwm")->size(), 2u);
  for (const char* wrong : {"",
                            "c",
                            "c ",
                            "c 1:3",
                            "c 1 rwm",
                            "c :3 r",
                            "c 1: r",
                            "c 1:3 ",
                            "c 1:3 x",
                            "c 1:3 rr",
                            "d 1:3 r",
                            "c 4096:0 r",
                            "c 0:1048576 r",
                            "c -1:0 r",
                            "c 1:3  r",
                            " c 1:3 r",
                            "c 1:3 r ",
                            "c 1:3\nr",
                            "c r 1:3",
                            "c 99999999999:0 r"}) {
    EXPECT_FALSE(ParseDeviceRules(wrong)) << wrong;
  }
}

TEST(DeviceRulesTest, Prints) {
  for (const char* text : {"c 1:3 rwm", "b *:* m", "c 136:* rw", "b 8:0 w"}) {
    EXPECT_EQ(DeviceRuleText(*FindDeviceRule(text)), text);
  }
  EXPECT_FALSE(FindDeviceRule("a 1:3 r"));
}

TEST(DeviceRulesTest, TheDefaultLetsNoDiskBeOpened) {
  const std::vector<DeviceRule> rules = MergedDeviceRules({});
  EXPECT_TRUE(AllowsDevice(rules, DeviceType::kCharacter, 1, 3, kDeviceRead | kDeviceWrite));
  EXPECT_TRUE(AllowsDevice(rules, DeviceType::kBlock, 8, 0, kDeviceMknod));
  EXPECT_FALSE(AllowsDevice(rules, DeviceType::kBlock, 8, 0, kDeviceRead));
  EXPECT_FALSE(AllowsDevice(rules, DeviceType::kBlock, 1, 3, kDeviceRead));
  EXPECT_FALSE(AllowsDevice(rules, DeviceType::kCharacter, 1, 1, kDeviceRead));  // mem
}

TEST(DeviceRulesTest, RulesForTheSameNumbersAddUp) {
  const std::vector<DeviceRule> rules = MergedDeviceRules(
      {*FindDeviceRule("c 10:200 r"), *FindDeviceRule("c 10:200 w"), *FindDeviceRule("c 1:3 r")});
  EXPECT_EQ(rules.size(), kDefaultDeviceRules.size() + 1);
  EXPECT_TRUE(AllowsDevice(rules, DeviceType::kCharacter, 10, 200, kDeviceRead | kDeviceWrite));
  EXPECT_FALSE(AllowsDevice(rules, DeviceType::kCharacter, 10, 201, kDeviceRead));
}

}  // namespace
}  // namespace pelagos
