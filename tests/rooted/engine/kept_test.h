// Tests with a container "web" that is kept: running, and ready when the test goes on.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {

class KeptTest : public RunTest {
 protected:
  void TearDown() override {
    if (world_ != nullptr) world_->Pelagos({"rm", "-f", "web"});
  }

  std::string Ok(const Words& words) {
    const Outcome outcome = world_->Pelagos(words);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    return outcome.out;
  }
  void Fails(const Words& words, const std::string& message, int code = 1) {
    const Outcome outcome = world_->Pelagos(words);
    EXPECT_EQ(outcome.code, code) << outcome.Describe();
    EXPECT_TRUE(absl::StrContains(outcome.err, message)) << outcome.Describe();
  }

  // Runs until it is stopped; `script` is done when this returns: it says so by a fifo.
  void StartWeb(const std::string& script = "", const Words& flags = {}) {
    const std::string folder = world_->folder() + "/ready";
    const std::string fifo = folder + "/fifo";
    ::mkdir(folder.c_str(), 0755);
    ::mkfifo(fifo.c_str(), 0666);
    ASSERT_EQ(::chmod(fifo.c_str(), 0666), 0);
    Words words = {"run", "-d", "--name", "web", "-v", folder + ":/ready"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(),
                 {"busybox", "sh", "-c", script + "echo ready > /ready/fifo; exec sleep 1000"});
    const Outcome started = world_->Pelagos(words);
    ASSERT_EQ(started.code, 0) << started.Describe();
    const Outcome ready = world_->Tool({"cat", fifo});
    EXPECT_EQ(ready.out, "ready\n") << ready.Describe();
  }
};

}  // namespace pelagos::rooted
