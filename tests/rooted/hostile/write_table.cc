// bazel run //tests/rooted/hostile:table [CASE...]
//
// Runs the corpus against Pelagos and the machine's crun and runc, and writes docs/hostile.md. With
// names of cases: runs only these, tells what was found, and writes nothing.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/hostile/arena.h"
#include "tests/rooted/hostile/case.h"
#include "tests/rooted/hostile/table.h"

namespace pelagos::hostile {
namespace {

std::set<std::string>& Wanted() {
  static auto* const wanted = new std::set<std::string>();
  return *wanted;
}

class TableTest : public rooted::RootedTest {};

TEST_F(TableTest, Writes) {
  std::vector<Column> columns = {{Runtime::kPelagos, "Pelagos", "", {}},
                                 {Runtime::kPelagosRootless, "Pelagos, rootless", "", {}},
                                 {Runtime::kPelagosOci, "Pelagos, OCI", "", {}},
                                 {Runtime::kCrun, "crun", "", {}},
                                 {Runtime::kRunc, "runc", "", {}}};
  Cases cases = AllCases();
  for (Column& column : columns) {
    if (!Arena::Has(column.runtime)) continue;
    constexpr int kPatience = 4;  // what a race does depends on luck
    Arena arena(column.runtime, kPatience);
    if (column.runtime == Runtime::kCrun || column.runtime == Runtime::kRunc) {
      column.version = arena.Version();
    }
    for (const Case& one : cases) {
      if (!Wanted().empty() && Wanted().count(one.name) == 0) continue;
      const Judgement judgement = arena.Run(one);
      column.verdicts[one.name] = judgement.verdict;
      std::cout << column.title << " " << one.name << ": "
                << (Wanted().empty() ? ToString(judgement.verdict) : judgement.Describe())
                << std::endl;
    }
  }
  if (!Wanted().empty()) return;
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  ASSERT_NE(workspace, nullptr) << "to be started with `bazel run`";
  std::ofstream file(absl::StrCat(workspace, "/docs/hostile.md"));
  file << RenderTable(cases, columns);
  ASSERT_TRUE(file.good());
}

}  // namespace
}  // namespace pelagos::hostile

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) pelagos::hostile::Wanted().insert(argv[i]);
  return RUN_ALL_TESTS();
}
