// Whole files as expectations: what is printed now against what was once read and found good.
//
// README.md tells how to renew them.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos::golden {

// The content of a file of the tests' data; `path` counts from the root of the workspace.
std::string ReadTestFile(const std::string& path);

// All files in `folder` that end in `ending`, sorted; paths from the root of the workspace.
std::vector<std::string> TestFiles(const std::string& folder, absl::string_view ending);

// `path` with another ending: "a/b.reml", ".txt" -> "a/b.txt".
std::string WithEnding(const std::string& path, absl::string_view ending);

// A gtest expectation: the file holds exactly `actual`. With PELAGOS_UPDATE_GOLDENS=1 under `bazel
// run`, writes it instead.
void ExpectGolden(const std::string& path, const std::string& actual);

// A broken program and what is said about it, for whoever runs programs: this package's test, and
// those of the command line.
struct BrokenProgram {
  std::string name;      // "dependency_cycle.reml", the name under which it is reported
  std::string path;      // from the root of the workspace
  std::string expected;  // all that is reported, as Render does it
};
std::vector<BrokenProgram> BrokenPrograms();

}  // namespace pelagos::golden
