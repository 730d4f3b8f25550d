// What the tests of residue share: a stack in which all that can leak is used, in a world of its
// own, and how it is brought up, taken down, and looked for.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {

// Three services in a row, with all that can leak: two networks, a volume, a port, limits, a hook.
inline constexpr char kStack[] = R"((define (node name . options)
  (apply service name '(image "busybox") '(stop-grace-period 0)
         '(command "httpd" "-f" "-p" "8000" "-h" "/") options))
(on-ready "b" (lambda () (display "the hook of b\n")))
(compose-up
  (compose (network "front") (network "back") (volume "data")
           (node "a" '(network "back") '(volume "data" "/data") '(memory "64m"))
           (node "b" '(network "back" "front") '(depends-on "a" 8000) '(cpus "0.5"))
           (node "c" '(network "front") '(port 18080 8000) '(depends-on "b" 8000)))
  "trio")
)";

// What `up` prints for kStack, by its beginnings.
inline constexpr const char* kLines[] = {"a: ready", "the hook of b", "b: ready", "c: ready",
                                         "Project 'trio' started"};

class TrioTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (IsSkipped()) return;
    world_.emplace();
    world_->Write("compose.reml", kStack);
  }

  Outcome Up(const std::string& stack) {
    world_->Write("compose.reml", stack);
    return world_->Pelagos({"compose", "up"});
  }

  void ExpectUp() {
    const Outcome up = world_->Pelagos({"compose", "up"});
    ASSERT_EQ(up.code, 0) << up.Describe();
  }

  void ExpectDown() {
    const Outcome down = world_->Pelagos({"compose", "down", "-p", "trio"});
    EXPECT_EQ(down.code, 0) << down.Describe();
  }

  // Nothing runs, nothing is recorded.
  void ExpectNothing(const std::string& after) {
    EXPECT_EQ(world_->SupervisorPid("trio"), 0) << "left after " << after;
    world_->ExpectNoResidue(after.c_str());
  }

  // `compose down`, whatever it says: there may be nothing to take down.
  void DownIfAnything() {
    const Outcome down = world_->Pelagos({"compose", "down", "-p", "trio"});
    if (down.code == 0) return;
    EXPECT_EQ(down.code, 1) << down.Describe();
    EXPECT_EQ(down.err, "pelagos: error: no running project 'trio' found\n");
  }

  std::optional<World> world_;
};

// All processes of ours that run `pelagos` itself: `up`, `down`, the supervisor.
inline std::vector<pid_t> Toolkit() {
  std::vector<pid_t> found;
  for (pid_t pid : Descendants()) {
    char target[4096];
    const ssize_t size =
        ::readlink(absl::StrCat("/proc/", pid, "/exe").c_str(), target, sizeof(target));
    if (size > 0 && absl::EndsWith(std::string(target, static_cast<size_t>(size)), "/pelagos")) {
      found.push_back(pid);
    }
  }
  return found;
}

}  // namespace pelagos::rooted
