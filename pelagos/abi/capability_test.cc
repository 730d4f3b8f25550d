#include "pelagos/abi/capability.h"

#include <gtest/gtest.h>
#include <linux/capability.h>

namespace pelagos {
namespace {

static_assert(static_cast<int>(Capability::kChown) == CAP_CHOWN);
static_assert(static_cast<int>(Capability::kSetpcap) == CAP_SETPCAP);
static_assert(static_cast<int>(Capability::kNetAdmin) == CAP_NET_ADMIN);
static_assert(static_cast<int>(Capability::kSysAdmin) == CAP_SYS_ADMIN);
static_assert(static_cast<int>(Capability::kMknod) == CAP_MKNOD);
static_assert(static_cast<int>(Capability::kSetfcap) == CAP_SETFCAP);
static_assert(static_cast<int>(Capability::kBpf) == CAP_BPF);
static_assert(static_cast<int>(Capability::kCheckpointRestore) == CAP_LAST_CAP);
static_assert(kCapabilityNames.size() == CAP_LAST_CAP + 1);

static_assert(FindCapability("net-admin") == Capability::kNetAdmin);
static_assert(FindCapability("NET_ADMIN") == Capability::kNetAdmin);
static_assert(FindCapability("CAP_NET_ADMIN") == Capability::kNetAdmin);
static_assert(FindCapability("cap-net-admin") == Capability::kNetAdmin);
static_assert(!FindCapability("net-admim"));
static_assert(!FindCapability("CAP_"));
static_assert(!FindCapability("ALL"));
static_assert(!FindCapability(""));

TEST(CapabilityTest, EveryNameIsFound) {
  for (size_t i = 0; i < kCapabilityNames.size(); ++i) {
    EXPECT_EQ(FindCapability(kCapabilityNames[i]), static_cast<Capability>(i));
    EXPECT_EQ(NameOf(static_cast<Capability>(i)), kCapabilityNames[i]);
  }
}

}  // namespace
}  // namespace pelagos
