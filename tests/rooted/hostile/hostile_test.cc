// The hostile corpus against Pelagos: nothing gets out, nothing hangs, errors are clear, nothing is
// left, and docs/hostile.md says what is seen.

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/golden/golden.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/hostile/arena.h"
#include "tests/rooted/hostile/case.h"
#include "tests/rooted/hostile/table.h"

namespace pelagos::hostile {
namespace {

class HostileTest : public rooted::RootedTest {
 protected:
  // One line of ours, that says what is wrong.
  static void ExpectClear(const Judgement& judgement) {
    const Spawned& last = judgement.last;
    EXPECT_TRUE(last.code == 125 || last.code == 126 || last.code == 127 || last.code == 1 ||
                last.code == 2)
        << judgement.Describe();
    const std::string& said = absl::StrCat(last.out, last.err);
    EXPECT_TRUE(absl::StrContains(said, "pelagos: error: ")) << judgement.Describe();
    EXPECT_FALSE(absl::StrContains(said, kSecret)) << judgement.Describe();
  }

  static void RunAll(Runtime runtime, const std::string& title) {
    const auto table = ParseTable(golden::ReadTestFile("docs/hostile.md"));
    Arena arena;
    for (const Case& one : AllCases()) {
      SCOPED_TRACE(one.name);
      const Judgement judgement = arena.Run(one, runtime);
      EXPECT_TRUE(judgement.verdict == Verdict::kSafe || judgement.verdict == Verdict::kRefused)
          << judgement.Describe();
      if (judgement.verdict == Verdict::kRefused) ExpectClear(judgement);
      const auto row = table.find(one.name);
      if (row == table.end()) {
        ADD_FAILURE() << "docs/hostile.md does not have it; bazel run //tests/rooted/hostile:table";
      } else {
        EXPECT_EQ(row->second.at(title), ToString(judgement.verdict))
            << "docs/hostile.md is not current; bazel run //tests/rooted/hostile:table\n"
            << judgement.Describe();
      }
    }
  }
};

TEST_F(HostileTest, AsRoot) { RunAll(Runtime::kPelagos, "Pelagos"); }

TEST_F(HostileTest, AsAnOrdinaryUser) {
  if (Arena::Has(Runtime::kPelagosRootless)) {
    RunAll(Runtime::kPelagosRootless, "Pelagos, rootless");
  }
}

TEST(HostileCorpusTest, IsTheTables) {
  const auto table = ParseTable(golden::ReadTestFile("docs/hostile.md"));
  std::set<std::string> names;
  for (const Case& one : AllCases()) {
    EXPECT_TRUE(names.insert(one.name).second) << one.name << " stands there twice";
  }
  EXPECT_GE(names.size(), 100u);
  for (const auto& [name, row] : table) EXPECT_EQ(names.count(name), 1u) << name << " is gone";
}

}  // namespace
}  // namespace pelagos::hostile
