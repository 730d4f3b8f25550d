// One hardening profile for every entry point: what `run` and a service of a stack do to a
// container that asks for nothing is the same, step by step.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

class HardeningTest : public RunTest {
 protected:
  // The steps of the one container of a printed plan, without their numbers, and what comes before
  // them of namespaces and cgroups.
  static Words Steps(const Outcome& plan) {
    EXPECT_EQ(plan.code, 0) << plan.Describe();
    Words steps;
    for (absl::string_view line : absl::StrSplit(plan.out, '\n', absl::SkipEmpty())) {
      line = absl::StripAsciiWhitespace(line);
      const size_t number = line.find_first_not_of("0123456789");
      const bool is_step = number != 0 && number != absl::string_view::npos;
      if (is_step) line = absl::StripAsciiWhitespace(line.substr(number));
      // A service is on a network, which is made while its first process waits.
      if (line == "await start") continue;
      if (is_step || absl::StartsWith(line, "namespaces") || absl::StartsWith(line, "cgroup")) {
        steps.emplace_back(line);
      }
    }
    EXPECT_GT(steps.size(), 25u) << plan.out;
    return steps;
  }
};

TEST_F(HardeningTest, RunAndAServiceAreTheSame) {
  world_->Write("compose.reml",
                "(compose-up (compose (service \"a\" '(image \"busybox\") '(command \"true\")))"
                " \"p\")\n");
  const Outcome service = world_->Pelagos({"compose", "plan"});
  const Outcome run =
      world_->Pelagos({"run", "--rm", "--name", "p-a", "--dry-run", "busybox", "true"});
  EXPECT_EQ(Steps(run), Steps(service)) << run.out << service.out;
}

// That the steps are those of the profile, whoever takes them.
TEST_F(HardeningTest, ItIsTheWholeProfile) {
  const Outcome loaded = Run({}, "true");
  ASSERT_EQ(loaded.code, 0) << loaded.Describe();
  const std::string plan = world_->Pelagos({"run", "--rm", "--dry-run", "busybox", "true"}).out;
  for (const char* step :
       {"mask /proc/kcore", "mask /sys/firmware", "read-only /proc/sys",
        "capabilities: ", "no new privileges", "seccomp default", "nosuid", "pivot root"}) {
    EXPECT_TRUE(absl::StrContains(plan, step)) << step << " is not in\n" << plan;
  }
}

}  // namespace
}  // namespace pelagos::rooted
