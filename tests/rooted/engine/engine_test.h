// Containers that are kept, as a user and as the disk see them.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/container/inventory.h"
#include "pelagos/store/container.h"
#include "pelagos/store/paths.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {

class EngineTest : public RunTest {
 protected:
  store::Roots roots() const {
    store::Roots roots;
    roots.data = world_->data_root();
    roots.run = world_->run_root();
    return roots;
  }

  // `pelagos WORDS`, which must succeed in silence: what it prints, without the last line's end.
  std::string Do(const Words& words) {
    const Outcome outcome = world_->Pelagos(words);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    EXPECT_EQ(outcome.err, "") << outcome.Describe();
    return outcome.out.empty() ? "" : outcome.out.substr(0, outcome.out.size() - 1);
  }
  void Fails(const Words& words, int code, const std::string& message) {
    const Outcome outcome = world_->Pelagos(words);
    EXPECT_EQ(outcome.code, code) << outcome.Describe();
    EXPECT_TRUE(absl::StrContains(outcome.err, message)) << outcome.Describe();
  }

  container::Found Find(const std::string& name) {
    const auto found = container::Inventory(roots()).Find(name);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? *found : container::Found();
  }
  container::Status StatusOf(const std::string& name) { return Find(name).status; }

  // What is written comes at some time; looks again when it may be so.
  bool Eventually(const std::function<bool()>& so) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    for (;;) {
      if (so()) return true;
      if (absl::Now() > deadline) return false;
      ::poll(nullptr, 0, 5);
    }
  }

  std::string LogOf(const std::string& name) {
    const auto text = sys::ReadFile(roots().KeptContainer(Find(name).id) + "/log", 1 << 24);
    return text.ok() ? *text : "";
  }
};

}  // namespace pelagos::rooted
