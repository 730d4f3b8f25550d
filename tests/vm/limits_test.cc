// Limits of containers where every controller is in cgroup v2: written, enforced, gone afterwards.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {
namespace {

constexpr char kCgroups[] = "/sys/fs/cgroup";

// Containers' own, and there are no others: the guest is ours.
std::vector<std::string> Cgroups() {
  std::vector<std::string> found;
  const auto names = sys::ListFolder(kCgroups);
  EXPECT_TRUE(names.ok()) << names.status();
  for (const std::string& name : *names) {
    if (absl::StartsWith(name, "pelagos-")) found.push_back(absl::StrCat(kCgroups, "/", name));
  }
  return found;
}

std::string Read(const std::string& path) {
  const absl::StatusOr<std::string> text = sys::ReadFile(path, 65536);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? std::string(absl::StripAsciiWhitespace(*text)) : "";
}

// A file of lines "KEY NUMBER".
std::map<std::string, uint64_t> Numbers(const std::string& path) {
  std::map<std::string, uint64_t> numbers;
  const std::string text = Read(path);
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::pair<std::string, std::string> words = absl::StrSplit(line, ' ');
    EXPECT_TRUE(absl::SimpleAtoi(words.second, &numbers[words.first])) << line;
  }
  return numbers;
}

// Spins, and says so now and then.
constexpr char kSpin[] = "i=0; while :; do i=$((i+1)); [ $((i%500)) != 0 ] || echo $i; done";

// A container that does kSpin, with a tenth of a CPU: it is throttled, and has had no more than its
// quota in each period, by the kernel's own count. A machine that takes its time away from the
// guest makes it overdraw, which later periods pay back. Without the limit it would have ten times
// as much. `output` is the container's: there is something to look at after each line.
void ExpectThrottled(const std::string& cgroup, Program& output) {
  constexpr uint64_t kQuota = 10000;
  const absl::Time deadline = absl::Now() + kPatience;
  while (output.NextLine() && absl::Now() < deadline) {
    std::map<std::string, uint64_t> stat = Numbers(cgroup + "/cpu.stat");
    if (stat["nr_throttled"] >= 5 && stat["usage_usec"] <= 2 * kQuota * stat["nr_periods"]) return;
  }
  ADD_FAILURE() << cgroup << ": " << Read(cgroup + "/cpu.stat");
}

class LimitsTest : public RootedTest {
 protected:
  std::string TheCgroup() {
    const std::vector<std::string> cgroups = Cgroups();
    EXPECT_EQ(cgroups.size(), 1u);
    return cgroups.empty() ? "/nowhere" : cgroups[0];
  }

  World world_;
};

TEST_F(LimitsTest, RunWritesThemAndCleansUp) {
  const auto run = world_.Start({"run", "--rm", "--memory", "48m", "--cpus", "0.5", "busybox", "sh",
                                 "-c", "trap 'exit 3' TERM; sleep 1000 & echo up; wait"});
  ASSERT_TRUE(run->AwaitLine("up"));
  const std::string cgroup = TheCgroup();
  EXPECT_EQ(Read(cgroup + "/memory.max"), absl::StrCat(48 << 20));
  EXPECT_EQ(Read(cgroup + "/cpu.max"), "50000 100000");
  const std::vector<std::string> processes = absl::StrSplit(Read(cgroup + "/cgroup.procs"), '\n');
  EXPECT_EQ(processes.size(), 2u);
  run->Signal(SIGTERM);
  const Outcome outcome = run->Wait();
  EXPECT_EQ(outcome.code, 3) << outcome.Describe();
  world_.ExpectNoResidue("a container with limits");
  EXPECT_TRUE(Cgroups().empty());
}

TEST_F(LimitsTest, RunEndsWith137WithoutMemory) {
  const Outcome run = world_.Pelagos({"run", "--rm", "--memory", "32m", "busybox", "dd",
                                      "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"});
  EXPECT_EQ(run.code, 137) << run.Describe();
  world_.ExpectNoResidue("a container without memory");
  const Outcome enough = world_.Pelagos({"run", "--rm", "--memory", "300m", "busybox", "dd",
                                         "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"});
  EXPECT_EQ(enough.code, 0) << enough.Describe();
  EXPECT_TRUE(Cgroups().empty());
}

TEST_F(LimitsTest, RunIsThrottled) {
  const auto run = world_.Start({"run", "--rm", "--cpus", "0.1", "busybox", "sh", "-c",
                                 absl::StrCat("trap 'exit 3' TERM; echo up; ", kSpin)});
  ASSERT_TRUE(run->AwaitLine("up"));
  ExpectThrottled(TheCgroup(), *run);
  run->Signal(SIGTERM);
  const Outcome outcome = run->Wait();
  EXPECT_EQ(outcome.code, 3) << outcome.Describe();
  world_.ExpectNoResidue("a throttled container");
}

// No process is ever moved: that waits for all CPUs, for milliseconds.
TEST_F(LimitsTest, TheChildIsClonedIntoItsCgroup) {
  // The image is loaded before.
  ASSERT_EQ(world_.Pelagos({"run", "--rm", "busybox", "true"}).code, 0);
  const std::string log = world_.folder() + "/calls";
  const Outcome run =
      world_.Tool({"strace", "-f", "-e", "trace=clone3,openat", "-o", log, Runfile("tools/pelagos"),
                   "run", "--rm", "--memory", "64m", "busybox", "true"});
  ASSERT_EQ(run.code, 0) << run.Describe();
  const absl::StatusOr<std::string> calls = sys::ReadFile(log, size_t{1} << 20);
  ASSERT_TRUE(calls.ok()) << calls.status();
  EXPECT_TRUE(absl::StrContains(*calls, "CLONE_INTO_CGROUP")) << *calls;
  EXPECT_TRUE(absl::StrContains(*calls, "memory.max")) << *calls;
  EXPECT_FALSE(absl::StrContains(*calls, "/cgroup.procs\", O_WRONLY")) << *calls;
  EXPECT_FALSE(absl::StrContains(*calls, "/cgroup.procs\", O_RDWR")) << *calls;
}

TEST_F(LimitsTest, ServicesHaveThem) {
  world_.Write("compose.reml", absl::StrCat(R"((compose-up
  (compose (service "spin" '(image "busybox") '(memory "48m") '(cpus "0.1")
                    '(stop-grace-period 0)
                    '(command "sh" "-c" ")",
                                            kSpin, R"(")))
  "limits")
)"));
  const Outcome up = world_.Pelagos({"compose", "up"});
  ASSERT_EQ(up.code, 0) << up.Describe();
  const std::string cgroup = TheCgroup();
  EXPECT_EQ(Read(cgroup + "/memory.max"), absl::StrCat(48 << 20));
  EXPECT_EQ(Read(cgroup + "/cpu.max"), "10000 100000");
  const auto logs = world_.Start({"compose", "logs", "--follow", "-p", "limits", "spin"});
  ExpectThrottled(cgroup, *logs);
  const Outcome down = world_.Pelagos({"compose", "down", "-p", "limits"});
  EXPECT_EQ(down.code, 0) << down.Describe();
  world_.ExpectNoResidue("a stack with limits");
  EXPECT_TRUE(Cgroups().empty());
}

TEST_F(LimitsTest, AServiceWithoutMemoryFailsItsStack) {
  world_.Write("compose.reml", R"((compose-up
  (compose (service "eater" '(image "busybox") '(memory "32m")
                    '(command "dd" "if=/dev/zero" "of=/dev/null" "bs=200M" "count=1"))
           (service "waiter" '(image "busybox") '(command "true") '(depends-on "eater" 80)))
  "limits")
)");
  const Outcome up = world_.Pelagos({"compose", "up"});
  EXPECT_EQ(up.code, 1) << up.Describe();
  EXPECT_TRUE(absl::StrContains(up.err, "eater")) << up.Describe();
  EXPECT_TRUE(absl::StrContains(up.err, "it used more memory than its limit allows"))
      << up.Describe();
  world_.ExpectNoResidue("a stack without memory");
  EXPECT_TRUE(Cgroups().empty());
}

}  // namespace
}  // namespace pelagos::rooted
