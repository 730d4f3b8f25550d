#include "pelagos/policy/rlimits.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

template <uint64_t kSoft, uint64_t kHard>
concept Settable = requires(Rlimits limits) {
  std::move(limits).Set<Rlimit::kNofile, kSoft, kHard>();
};
static_assert(Settable<3, 9> && Settable<9, kRlimitUnlimited>);
static_assert(!Settable<9, 3>);

TEST(RlimitsTest, ATextGivesSoftAndHard) {
  const std::optional<Ulimit> both = ParseUlimit("nofile=1024:2048");
  ASSERT_TRUE(both.has_value());
  EXPECT_EQ(both->limit, Rlimit::kNofile);
  EXPECT_EQ(both->pair, (RlimitPair{1024, 2048}));
  EXPECT_EQ(ParseUlimit("core=0")->pair, (RlimitPair{0, 0}));
  EXPECT_EQ(ParseUlimit("stack=8192:unlimited")->pair, (RlimitPair{8192, kRlimitUnlimited}));
  EXPECT_EQ(ParseUlimit("memlock=-1:-1")->pair, (RlimitPair{kRlimitUnlimited, kRlimitUnlimited}));
}

TEST(RlimitsTest, OtherTextsAreNone) {
  for (const char* text :
       {"", "nofile", "nofile=", "nofile=:", "nofile=1:", "nofile=:1", "nofile=9:3", "nofile=x",
        "nofile=1:2:3", "nofile=-2", "nofile=1k", "nofile= 1", "nofile=unlimited:5", "files=1",
        "=1", "nofile=18446744073709551616", "nofile=99999999999999999999"}) {
    EXPECT_FALSE(ParseUlimit(text).has_value()) << text;
  }
}

TEST(RlimitsTest, TheLastSettingWins) {
  Rlimits limits = Rlimits().Set<Rlimit::kCore, 0>();
  limits.Set(Rlimit::kCore, {1, 2});
  EXPECT_EQ(limits.pairs().at(Rlimit::kCore), (RlimitPair{1, 2}));
  EXPECT_EQ(limits.pairs().size(), 1u);
  EXPECT_EQ(RlimitValueText(kRlimitUnlimited), "unlimited");
  EXPECT_EQ(ParseRlimitValue(RlimitValueText(7)), 7u);
}

}  // namespace
}  // namespace pelagos
