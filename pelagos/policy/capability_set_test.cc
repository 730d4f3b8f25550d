#include "pelagos/policy/capability_set.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace pelagos {
namespace {

// The literal finds what the table finds; what it does not find does not compile (the call of
// UnknownCapabilityName is no constant expression), which a concept can ask.
template <auto kCall>
concept Compiles = requires {
  typename std::integral_constant<int, (kCall(), 0)>;
};
constexpr auto kKnown = [] { return FindCapability("net-admin").value(); };
constexpr auto kUnknown = [] { return FindCapability("net-admim").value(); };
static_assert(Compiles<kKnown>);
static_assert(!Compiles<kUnknown>);

static_assert("net-admin"_cap == Capability::kNetAdmin);
static_assert("CAP_SYS_ADMIN"_cap == Capability::kSysAdmin);

// Only capabilities go in, no numbers and no names.
template <typename T>
concept CanInsert = requires(CapabilitySet set, T value) {
  set.insert(value);
};
static_assert(CanInsert<Capability>);
static_assert(!CanInsert<int> && !CanInsert<const char*>);

static_assert(kDefaultCapabilities.contains(Capability::kChown));
static_assert(!kDefaultCapabilities.contains(Capability::kSysAdmin));
static_assert(CapabilitySet::All().bits() == (uint64_t{1} << 41) - 1);
static_assert((CapabilitySet{"chown"_cap, "kill"_cap} - CapabilitySet{"kill"_cap}) ==
              CapabilitySet{"chown"_cap});
static_assert((CapabilitySet{"chown"_cap} | CapabilitySet{"kill"_cap}) ==
              CapabilitySet{"kill"_cap, "chown"_cap});

TEST(CapabilitySetTest, DefaultIsDockersFourteen) {
  int count = 0;
  for (uint64_t bits = kDefaultCapabilities.bits(); bits != 0; bits &= bits - 1) ++count;
  EXPECT_EQ(count, 14);
  // The word that Docker's containers show as CapBnd in /proc/self/status.
  EXPECT_EQ(kDefaultCapabilities.bits(), 0xa80425fbu);
}

TEST(CapabilitySetTest, InsertsAndErases) {
  CapabilitySet set;
  EXPECT_TRUE(set.empty());
  set.insert(Capability::kBpf);
  EXPECT_EQ(set.bits(), uint64_t{1} << 39);
  set.erase(Capability::kBpf);
  EXPECT_TRUE(set.empty());
}

}  // namespace
}  // namespace pelagos
