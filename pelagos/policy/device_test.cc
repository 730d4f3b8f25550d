#include "pelagos/policy/device.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(DeviceTest, Parses) {
  EXPECT_EQ(ParseDevice("/dev/fuse"), (Device{"/dev/fuse", "/dev/fuse", "rwm"}));
  EXPECT_EQ(ParseDevice("/dev/fuse:r"), (Device{"/dev/fuse", "/dev/fuse", "r"}));
  EXPECT_EQ(ParseDevice("/dev/sda:/dev/xvda"), (Device{"/dev/sda", "/dev/xvda", "rwm"}));
  EXPECT_EQ(ParseDevice("/dev/sda:/dev/xvda:mr"), (Device{"/dev/sda", "/dev/xvda", "mr"}));
  for (const char* wrong :
       {"", "dev", ":/dev/x", "/dev/a:", "/dev/a:x", "/dev/a:/dev/b:rr", "/a:/b:r:w", "/a:/b:"}) {
    EXPECT_EQ(ParseDevice(wrong), std::nullopt) << wrong;
  }
}

TEST(DeviceTest, TargetsAreBelowDev) {
  EXPECT_EQ(DeviceTargetProblem("/dev/snd/timer"), "");
  EXPECT_EQ(DeviceTargetProblem("/etc/x"), "must be below /dev");
  EXPECT_EQ(DeviceTargetProblem("/dev"), "must be below /dev");
  EXPECT_EQ(DeviceTargetProblem("/dev/../etc/x"), "must not contain '.' or '..'");
  EXPECT_NE(DeviceTargetProblem("/dev/"), "");
}

}  // namespace
}  // namespace pelagos
