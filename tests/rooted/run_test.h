// Tests of `pelagos run`: its flags as seen from inside of a container, and how it fails.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {

using Words = std::vector<std::string>;

class RunTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (!IsSkipped()) world_ = std::make_unique<World>();
  }

  Outcome Run(Words flags, const std::string& script) {
    Words words = {"run", "--rm"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"busybox", "sh", "-c", script});
    return world_->Pelagos(words);
  }
  // What a script that must succeed prints.
  std::string Out(const Words& flags, const std::string& script) {
    const Outcome outcome = Run(flags, script);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    EXPECT_EQ(outcome.err, "") << outcome.Describe();
    return outcome.out;
  }
  void ExpectFails(const Words& flags, int code, const std::string& message) {
    const Outcome outcome = Run(flags, "echo ran");
    EXPECT_EQ(outcome.code, code) << outcome.Describe();
    EXPECT_TRUE(absl::StrContains(outcome.err, message)) << outcome.Describe();
    EXPECT_EQ(outcome.out, "");
  }

  std::unique_ptr<World> world_;
};

}  // namespace pelagos::rooted
