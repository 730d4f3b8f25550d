#include "pelagos/sys/self_status.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace pelagos::sys {
namespace {

constexpr char kText[] =
    "Name:\tUid:\t9\nTgid:\t77\nUmask:\t0027\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n"
    "SigIgn:\t0000000000001000\nCapInh:\t0000000000000000\nCapPrm:\t00000000000000ff\n"
    "CapEff:\t000000000000000f\nCapBnd:\t000001ffffffffff\n";

TEST(SelfStatusTest, ParsesWhatIsNeeded) {
  const auto status = ParseSelfStatus(kText);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->pid, 77u);
  EXPECT_EQ(status->umask, 027u);
  EXPECT_EQ(status->uids[0], 1u);
  EXPECT_EQ(status->uids[2], 3u);
  EXPECT_EQ(status->gids[1], 6u);
  EXPECT_EQ(status->ignored_signals, uint64_t{1} << (SIGPIPE - 1));
  EXPECT_EQ(status->permitted, 0xffu);
  EXPECT_EQ(status->effective, 0xfu);
  EXPECT_EQ(status->bounding, 0x1ffffffffffu);
  EXPECT_FALSE(status->HasIds(1, 5));
}

TEST(SelfStatusTest, MissingAndStrangeLinesAreNoStatus) {
  EXPECT_FALSE(ParseSelfStatus("").has_value());
  const std::string text = kText;
  for (const char* key : {"Umask:\t", "\nUid:\t", "SigIgn:\t", "CapBnd:\t"}) {
    const size_t at = text.find(key);
    ASSERT_NE(at, std::string::npos);
    std::string strange = text;
    strange.insert(at + std::string(key).size(), "x");
    EXPECT_FALSE(ParseSelfStatus(strange).has_value()) << key;
    std::string missing = text;
    missing.insert(at + 1, "y");
    EXPECT_FALSE(ParseSelfStatus(missing).has_value()) << key;
  }
}

TEST(SelfStatusTest, OfThisProcess) {
  const mode_t before = ::umask(0137);
  const auto status = ReadSelfStatus();
  ::umask(before);
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->umask, 0137u);
  EXPECT_EQ(status->pid, static_cast<uint32_t>(::getpid()));
  EXPECT_EQ(status->uids[1], ::geteuid());
  EXPECT_EQ(status->gids[0], ::getgid());
  EXPECT_EQ(status->effective & ~status->permitted, 0u);
}

}  // namespace
}  // namespace pelagos::sys
