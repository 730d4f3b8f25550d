#include "pelagos/cli/reml/check.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/cli/reml/testing.h"
#include "tests/golden/golden.h"

namespace pelagos::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Answer Check(const std::vector<std::string>& words, const std::string& typed = "") {
  return Type(CheckCommands().front(), CheckReml, words, typed);
}

// A folder of its own for a test.
class Folder {
 public:
  explicit Folder(const std::string& name) : path_(absl::StrCat(testing::TempDir(), "/", name)) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  std::string Write(const std::string& name, const std::string& text) const {
    const fs::path path = fs::path(path_) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

constexpr char kWrong[] = "(define (f x) (car 5))\n(let ((unused 1)) (f 1 2))\n";

TEST(RemlCheckTest, NothingIsPrintedForCleanFiles) {
  EXPECT_EQ(Check({"-"}, "(display (+ 1 2))"), (Answer{0, "", ""}));
  EXPECT_EQ(Check({"--format", "json", "-"}, "1"), (Answer{0, "[]\n", ""}));
}

TEST(RemlCheckTest, TextHasASummary) {
  EXPECT_EQ(Check({"-"}, kWrong),
            (Answer{1,
                    "<stdin>:1:20: error: car: expected pair, got int\n"
                    "1 | (define (f x) (car 5))\n"
                    "  |                    ^\n"
                    "<stdin>:2:8: warning: 'unused' is never used\n"
                    "2 | (let ((unused 1)) (f 1 2))\n"
                    "  |        ^^^^^^ remove it, or name it '_unused'\n"
                    "<stdin>:2:19: error: arity mismatch: expected 1 arguments, got 2\n"
                    "2 | (let ((unused 1)) (f 1 2))\n"
                    "  |                   ^^^^^^^ it is (f x)\n"
                    "<stdin>:1:10: note: 'f' is defined here\n"
                    "1 | (define (f x) (car 5))\n"
                    "  |          ^\n"
                    "2 errors, 1 warning in 1 file\n",
                    ""}));
}

TEST(RemlCheckTest, WarningsAloneAreNoFailureUnlessDenied) {
  const std::string text = "(let ((unused 1)) 5)";
  const Answer answer = Check({"-"}, text);
  EXPECT_EQ(answer.code, 0);
  EXPECT_NE(answer.out.find("\n1 warning in 1 file\n"), std::string::npos) << answer;
  EXPECT_EQ(Check({"--deny-warnings", "-"}, text).code, 1);
  EXPECT_EQ(Check({"--deny-warnings", "-"}, "5").code, 0);
}

TEST(RemlCheckTest, AllFilesOfAFolder) {
  const Folder folder("check_folder");
  folder.Write("b.reml", "(car 5)");
  folder.Write("a/deep.reml", "(nowhere-defined)");
  folder.Write("c.reml", "(display 1)");
  folder.Write("other.txt", "(car 5)");
  const Answer answer = Check({folder.path()});
  EXPECT_EQ(answer.code, 1);
  EXPECT_EQ(answer.out, absl::StrCat(folder.path(),
                                     "/a/deep.reml:1:2: error: unbound variable: nowhere-defined\n"
                                     "1 | (nowhere-defined)\n"
                                     "  |  ^^^^^^^^^^^^^^^\n",
                                     folder.path(),
                                     "/b.reml:1:6: error: car: expected pair, got int\n"
                                     "1 | (car 5)\n"
                                     "  |      ^\n"
                                     "2 errors in 3 files\n"));
}

TEST(RemlCheckTest, WhatCannotBeReadDoesNotStopTheOthers) {
  const Folder folder("check_unreadable");
  const std::string good = folder.Write("good.reml", "(car 5)");
  const Answer answer = Check({"/nowhere.reml", good});
  EXPECT_EQ(answer.code, 1);
  EXPECT_EQ(answer.err, "pelagos: error: open('/nowhere.reml'): No such file or directory\n");
  EXPECT_NE(answer.out.find("1 error in 1 file\n"), std::string::npos) << answer;
  const Answer device = Check({"/dev/null"});
  EXPECT_EQ(device, (Answer{1, "", "pelagos: error: '/dev/null' is no regular file\n"}));
}

TEST(RemlCheckTest, ImportsAreReadFromBesideTheFile) {
  const Folder folder("check_imports");
  folder.Write("lib/ports.reml", "(define (port-of name) 80)");
  const std::string file =
      folder.Write("main.reml", "(import \"lib/ports.reml\")\n(port-of)\n(port-off 1)\n");
  const Answer answer = Check({file});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.out.find("main.reml:2:1: error: arity mismatch: expected 1 arguments, got 0\n"),
            std::string::npos)
      << answer;
  EXPECT_NE(answer.out.find("did you mean 'port-of'?\n"), std::string::npos) << answer;
  // A folder or a pipe is no file to import; then anything may be defined.
  const std::string odd = folder.Write("odd.reml", "(import \"lib\")\n(port-off 1)\n");
  EXPECT_EQ(Check({odd}), (Answer{0, "", ""}));
}

TEST(RemlCheckTest, WrongUseIsTwo) {
  EXPECT_EQ(Check({}), (Answer{2, "",
                               "pelagos: error: reml check: give a FILE, a folder, or - for "
                               "standard input\n"}));
  EXPECT_EQ(Check({"--format", "xml", "-"}),
            (Answer{2, "",
                    "pelagos: error: reml check: --format: expected text, json or sarif, got "
                    "'xml'\n"}));
}

// To renew: PELAGOS_UPDATE_GOLDENS=1 bazel run //pelagos/cli/reml:check_test
TEST(RemlCheckTest, Json) {
  const Answer answer = Check({"--format", "json", "-"}, absl::StrCat(kWrong, "\"ü\" (car \"ü\")"));
  EXPECT_EQ(answer.code, 1);
  golden::ExpectGolden("pelagos/cli/reml/testdata/check.json", answer.out);
  const Json findings = Json::parse(answer.out);
  ASSERT_EQ(findings.size(), 4u);
  EXPECT_EQ(findings[3]["column"], 10);
  EXPECT_EQ(findings[3]["endColumn"], 13);
}

// What the specification asks for.
TEST(RemlCheckTest, Sarif) {
  const Answer answer =
      Check({"--format", "sarif", "-"}, absl::StrCat(kWrong, "\"ü\" (car \"ü\")"));
  EXPECT_EQ(answer.code, 1);
  golden::ExpectGolden("pelagos/cli/reml/testdata/check.sarif", answer.out);
  const Json log = Json::parse(answer.out);
  EXPECT_EQ(log["version"], "2.1.0");
  ASSERT_EQ(log["runs"].size(), 1u);
  const Json& run = log["runs"][0];
  EXPECT_EQ(run["columnKind"], "unicodeCodePoints");
  const Json& driver = run["tool"]["driver"];
  EXPECT_TRUE(driver["name"].is_string());
  std::set<std::string> ids;
  for (const Json& rule : driver["rules"]) {
    EXPECT_TRUE(ids.insert(rule["id"].get<std::string>()).second) << rule;
    EXPECT_TRUE(rule["shortDescription"]["text"].is_string());
  }
  ASSERT_EQ(run["results"].size(), 4u);
  const std::set<std::string> levels = {"error", "warning", "note"};
  for (const Json& result : run["results"]) {
    EXPECT_TRUE(result["message"]["text"].is_string());
    EXPECT_TRUE(levels.contains(result["level"].get<std::string>()));
    EXPECT_EQ(driver["rules"][result["ruleIndex"].get<size_t>()]["id"], result["ruleId"]);
    const Json& region = result["locations"][0]["physicalLocation"]["region"];
    EXPECT_GE(region["startLine"].get<int>(), 1);
    EXPECT_GE(region["endColumn"].get<int>(), 1);
  }
}

TEST(RemlCheckTest, AByteOrderMarkIsSkipped) {
  const Answer answer = Check({"-"}, "\xef\xbb\xbf(car 5)\n");
  EXPECT_EQ(answer, (Answer{1,
                            "<stdin>:1:6: error: car: expected pair, got int\n"
                            "1 | (car 5)\n"
                            "  |      ^\n"
                            "1 error in 1 file\n",
                            ""}));
}

TEST(RemlCheckTest, AFileOfOneLineIsNotPrintedForEachFinding) {
  std::string line;
  for (int i = 0; i < 1000; ++i) line += "(car 5) ";
  const Answer answer = Check({"-"}, line);
  EXPECT_EQ(answer.code, 1);
  EXPECT_LT(answer.out.size(), size_t{1} << 20);
}

TEST(RemlCheckTest, NamesOfFilesAreReferences) {
  const Folder folder("check uri");
  const std::string file = folder.Write("ü 1.reml", "(car 5)");
  const Json log = Json::parse(Check({"--format", "sarif", file}).out);
  const std::string uri =
      log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
  EXPECT_EQ(uri.substr(uri.rfind('/') + 1), "%C3%BC%201.reml");
  EXPECT_EQ(uri.substr(0, 8), "file:///");
  EXPECT_NE(uri.find("/check%20uri/"), std::string::npos) << uri;
}

}  // namespace
}  // namespace pelagos::cli
