#include "benchmarks/compare/measure.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace pelagos::benchmarks {
namespace {

TEST(MeasureTest, Quantiles) {
  EXPECT_DOUBLE_EQ(Quantile({3, 1, 2}, 0.5), 2);
  EXPECT_DOUBLE_EQ(Quantile({4, 1, 2, 3}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(Quantile({1, 2, 3, 4, 5}, 0.25), 2);
  EXPECT_DOUBLE_EQ(Quantile({7}, 0.25), 7);
  EXPECT_DOUBLE_EQ(Quantile({1, 9}, 0), 1);
}

TEST(MeasureTest, EveryEntryRunsOncePerRoundAndFailuresCount) {
  const Entry works = {"works", {"/bin/true"}, "", {}};
  const auto samples = RunInTurn({works, works}, 3);
  ASSERT_TRUE(samples.ok()) << samples.status();
  ASSERT_EQ(samples->size(), 2u);
  for (const auto& entry : *samples) {
    ASSERT_EQ(entry.size(), 3u);
    for (const Sample& sample : entry) EXPECT_GT(sample.wall_ms, 0);
  }
  EXPECT_FALSE(RunInTurn({works, {"fails", {"/bin/false"}, "", {}}}, 1).ok());
  EXPECT_FALSE(RunOnce({"missing", {"/no/such"}, "", {}}).ok());
}

TEST(MeasureTest, GivesTheFile) {
  EXPECT_TRUE(RunOnce({"reads", {"/bin/sh", "-c", "read x <&9"}, "/proc/self/status", {}}).ok());
}

TEST(MeasureTest, ReadsAndWritesFiles) {
  const std::string output = ::testing::TempDir() + "/output";
  Entry entry = {"copies", {"/bin/cat"}, "", {}};
  entry.input = "/proc/self/comm";
  entry.output = output;
  ASSERT_TRUE(RunOnce(entry).ok());
  std::ifstream file(output);
  std::string line;
  EXPECT_TRUE(std::getline(file, line));
  EXPECT_FALSE(line.empty());
}

TEST(MeasureTest, FindsPrograms) {
  EXPECT_TRUE(FindProgram("sh").has_value());
  EXPECT_EQ(FindProgram("no-such-program"), std::nullopt);
}

}  // namespace
}  // namespace pelagos::benchmarks
