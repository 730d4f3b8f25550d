#include "pelagos/policy/process_capabilities.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

constexpr CapabilitySet kKill = {Capability::kKill};
constexpr CapabilitySet kNone = {};

TEST(ProcessCapabilitiesTest, TheKernelsRules) {
  static_assert(ProcessCapabilitiesProblem(ProcessCapabilities::Ambient(kKill), kKill).empty());
  static_assert(ProcessCapabilitiesProblem({}, {}).empty());
  EXPECT_EQ(ProcessCapabilitiesProblem({kNone, kKill, kNone, kNone}, kKill),
            "have effective ones that are not permitted");
  EXPECT_EQ(ProcessCapabilitiesProblem({kNone, kNone, kKill, kNone}, kNone),
            "have inheritable ones outside the bounding set");
  EXPECT_EQ(ProcessCapabilitiesProblem({kKill, kNone, kNone, kKill}, kKill),
            "have ambient ones that are not both permitted and inheritable");
  EXPECT_EQ(ProcessCapabilitiesProblem({kNone, kNone, kKill, kKill}, kKill),
            "have ambient ones that are not both permitted and inheritable");
}

}  // namespace
}  // namespace pelagos
