#include "pelagos/abi/rlimit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace pelagos {
namespace {

TEST(RlimitTest, TheNumbersAreTheKernels) {
  const std::pair<Rlimit, int> rows[] = {
      {Rlimit::kCpu, RLIMIT_CPU},           {Rlimit::kFsize, RLIMIT_FSIZE},
      {Rlimit::kData, RLIMIT_DATA},         {Rlimit::kStack, RLIMIT_STACK},
      {Rlimit::kCore, RLIMIT_CORE},         {Rlimit::kRss, RLIMIT_RSS},
      {Rlimit::kNproc, RLIMIT_NPROC},       {Rlimit::kNofile, RLIMIT_NOFILE},
      {Rlimit::kMemlock, RLIMIT_MEMLOCK},   {Rlimit::kAs, RLIMIT_AS},
      {Rlimit::kLocks, RLIMIT_LOCKS},       {Rlimit::kSigpending, RLIMIT_SIGPENDING},
      {Rlimit::kMsgqueue, RLIMIT_MSGQUEUE}, {Rlimit::kNice, RLIMIT_NICE},
      {Rlimit::kRtprio, RLIMIT_RTPRIO},     {Rlimit::kRttime, RLIMIT_RTTIME},
  };
  EXPECT_EQ(std::size(rows), kRlimits.size());
  EXPECT_EQ(kRlimits.size(), static_cast<size_t>(RLIM_NLIMITS));
  for (const auto& [limit, number] : rows) EXPECT_EQ(static_cast<int>(limit), number);
}

TEST(RlimitTest, EverySpellingIsFound) {
  for (size_t i = 0; i < kRlimits.size(); ++i) {
    EXPECT_EQ(FindRlimit(kRlimits[i].name), static_cast<Rlimit>(i)) << kRlimits[i].name;
  }
  static_assert(FindRlimit("RLIMIT_NOFILE") == Rlimit::kNofile);
  static_assert(FindRlimit("openfiles") == Rlimit::kNofile);
  static_assert(FindRlimit("MaxProc") == Rlimit::kNproc);
  EXPECT_EQ(FindRlimit(""), std::nullopt);
  EXPECT_EQ(FindRlimit("rlimit_"), std::nullopt);
  EXPECT_EQ(FindRlimit("nofiles"), std::nullopt);
}

}  // namespace
}  // namespace pelagos
