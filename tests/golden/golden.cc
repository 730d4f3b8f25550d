#include "tests/golden/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pelagos::golden {
namespace {

constexpr char kBrokenPrograms[] = "tests/golden/diagnostics";

bool Updates() {
  const char* wanted = std::getenv("PELAGOS_UPDATE_GOLDENS");
  return wanted != nullptr && absl::string_view(wanted) == "1";
}

}  // namespace

std::string ReadTestFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path << " is not there";
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> TestFiles(const std::string& folder, absl::string_view ending) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string path = entry.path().string();
    if (absl::EndsWith(path, ending)) paths.push_back(path);
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string WithEnding(const std::string& path, absl::string_view ending) {
  return absl::StrCat(absl::string_view(path).substr(0, path.rfind('.')), ending);
}

void ExpectGolden(const std::string& path, const std::string& actual) {
  if (Updates()) {
    const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
    ASSERT_NE(workspace, nullptr) << "goldens are renewed with `bazel run`, see README.md";
    std::ofstream file(absl::StrCat(workspace, "/", path), std::ios::binary | std::ios::trunc);
    file << actual;
    file.close();
    ASSERT_FALSE(file.fail()) << "writing " << path;
    return;
  }
  EXPECT_EQ(ReadTestFile(path), actual) << "differs from " << path << "; see its README.md";
}

std::vector<BrokenProgram> BrokenPrograms() {
  std::vector<BrokenProgram> programs;
  for (const std::string& path : TestFiles(kBrokenPrograms, ".reml")) {
    const std::string golden = WithEnding(path, ".txt");
    programs.push_back({path.substr(path.rfind('/') + 1), path,
                        std::filesystem::exists(golden) ? ReadTestFile(golden) : ""});
  }
  return programs;
}

}  // namespace pelagos::golden
