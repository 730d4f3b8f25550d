// Commands and monitors of kept containers, killed before each of their system calls: what is there
// is told truly, and the next command leaves nothing of what was half done.

#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/sys/process.h"
#include "tests/rooted/engine/engine_test.h"
#include "tests/rooted/traced.h"

namespace pelagos::rooted {
namespace {

using container::Status;

class KilledTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    if (!IsSkipped()) Do({"run", "--rm", "busybox", "true"});  // loads the image
  }

  // `pelagos WORDS` with all its processes, of which the one that is about to do a call for which
  // `now` holds is killed; the others go on. Returns how many calls there were.
  int Kill(const Words& words, const std::function<bool(const TracedCall&)>& now) {
    return TracePelagos(*world_, words, /*children=*/true,
                        [&](const TracedCall& call) {
                          if (now(call)) {
                            EXPECT_EQ(::kill(call.pid, SIGKILL), 0);
                          }
                          return AtCall::kGoOn;
                        })
        .calls;
  }

  // After `words` was killed before its n-th changing call, for all n: nobody says that it runs who
  // does not, and `rm -f` takes away what there is.
  void Everywhere(const Words& words, const std::function<void()>& before) {
    for (int n = 1;; ++n) {
      SCOPED_TRACE(absl::StrCat("killed before changing call ", n));
      before();
      int seen = 0;
      Kill(words, [&](const TracedCall& call) { return call.Changes() && ++seen == n; });
      const auto found = container::Inventory(roots()).Find("k");
      if (found.ok()) {
        EXPECT_EQ(found->running(), sys::IsAlive(found->state.init))
            << container::NameOf(found->status);
      }
      Do({"rm", "-f", "k"});
      Do({"run", "--rm", "busybox", "true"});
      world_->ExpectNoResidue("a killed command and rm -f");
      EXPECT_EQ(world_->Volumes(), std::vector<std::string>());
      if (HasFailure() || seen < n) {
        EXPECT_GT(n, 10) << "there was something to kill";
        return;
      }
    }
  }
};

TEST_F(KilledTest, ARunInTheBackground) {
  Everywhere({"run", "-d", "--name", "k", "busybox", "true"}, [] {});
}

TEST_F(KilledTest, ARunThatGoesWithItsEnd) {
  Everywhere({"run", "-d", "--rm", "--name", "k", "busybox", "true"}, [] {});
}

TEST_F(KilledTest, ARunThatGoesWithItsEndAndItsVolume) {
  Everywhere({"run", "-d", "--rm", "--name", "k", "-v", "/bin", "busybox", "true"}, [] {});
}

TEST_F(KilledTest, ARunInTheForegroundWithAVolume) {
  Everywhere({"run", "--rm", "--name", "k", "-v", "/bin", "busybox", "true"}, [] {});
}

TEST_F(KilledTest, ARemoval) {
  Everywhere({"rm", "k"}, [&] { Do({"run", "--name", "k", "busybox", "true"}); });
}

}  // namespace
}  // namespace pelagos::rooted
