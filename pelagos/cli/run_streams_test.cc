#include "pelagos/cli/run_streams.h"

#include <gtest/gtest.h>

namespace pelagos::cli {
namespace {

absl::StatusOr<Arguments> Parse(const std::vector<std::string>& words) {
  std::vector<Flag> flags = StreamFlags();
  for (const Flag& flag : DetachFlags()) flags.push_back(flag);
  return ParseFlags(flags, words, true);
}

absl::StatusOr<AttachedStreams> AttachedOf(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> args = Parse(words);
  if (!args.ok()) return args.status();
  return AttachedFrom(*args);
}

TEST(RunStreamsTest, WhatIsAttached) {
  EXPECT_EQ(*AttachedOf({}), (AttachedStreams{false, true, true}));
  EXPECT_EQ(*AttachedOf({"-it"}), (AttachedStreams{true, true, true}));
  EXPECT_EQ(*AttachedOf({"-d"}), (AttachedStreams{false, false, false}));
  EXPECT_EQ(*AttachedOf({"-di"}), (AttachedStreams{false, false, false}));
  EXPECT_EQ(*AttachedOf({"-a", "STDERR"}), (AttachedStreams{false, false, true}));
  EXPECT_EQ(*AttachedOf({"-a", "stdin", "-a", "stdout"}), (AttachedStreams{true, true, false}));
  EXPECT_EQ(*AttachedOf({"-i", "-a", "stdout"}), (AttachedStreams{true, true, false}));
}

TEST(RunStreamsTest, WhatTheContainerHas) {
  const auto spec_of = [](const std::vector<std::string>& words) {
    ContainerSpec spec;
    EXPECT_TRUE(ApplyStreams(*Parse(words), spec).ok());
    return spec;
  };
  EXPECT_EQ(spec_of({}), ContainerSpec{});
  EXPECT_TRUE(spec_of({"-t"}).terminal);
  EXPECT_FALSE(spec_of({"-t"}).lifecycle.open_stdin);
  EXPECT_TRUE(spec_of({"-di"}).lifecycle.open_stdin);
  EXPECT_TRUE(spec_of({"-a", "stdin"}).lifecycle.open_stdin);
}

TEST(RunStreamsTest, Mistakes) {
  EXPECT_EQ(AttachedOf({"-a", "all"}).status().message(),
            "--attach 'all': expected stdin, stdout or stderr");
  EXPECT_EQ(AttachedOf({"-d", "-a", "stdout"}).status().message(),
            "--detach and --attach exclude each other");
}

}  // namespace
}  // namespace pelagos::cli
