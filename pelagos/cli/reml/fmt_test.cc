#include "pelagos/cli/reml/fmt.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/cli/reml/testing.h"

namespace pelagos::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kLoose[] = "(define   x\n1 )";
constexpr char kNeat[] = "(define x\n  1)\n";

// As if typed after `pelagos reml fmt`.
Answer Fmt(const std::vector<std::string>& words, const std::string& typed = "") {
  return Type(FormatCommands().front(), FormatReml, words, typed);
}

class RemlFmtTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  // Paths as they are given and printed.
  std::string Path(const std::string& name) const { return absl::StrCat(folder_, "/", name); }
  std::string Write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(Path(name)).parent_path());
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }
  static std::string Content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  size_t Files() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  const std::string folder_ = absl::StrCat(testing::TempDir(), "/fmt");
};

TEST_F(RemlFmtTest, RewritesWhatChangesAndNamesIt) {
  const std::string loose = Write("loose.reml", kLoose);
  const std::string neat = Write("neat.reml", kNeat);
  const auto before = fs::last_write_time(neat);
  EXPECT_EQ(Fmt({loose, neat}), (Answer{0, loose + "\n", ""}));
  EXPECT_EQ(Content(loose), kNeat);
  EXPECT_EQ(Content(neat), kNeat);
  EXPECT_EQ(fs::last_write_time(neat), before);
  EXPECT_EQ(Fmt({loose, neat}), (Answer{0, "", ""}));
  EXPECT_EQ(Files(), 2u);  // no temporary is left
}

TEST_F(RemlFmtTest, CheckWritesNothing) {
  const std::string loose = Write("loose.reml", kLoose);
  const std::string neat = Write("neat.reml", kNeat);
  EXPECT_EQ(Fmt({"--check", neat}), (Answer{0, "", ""}));
  EXPECT_EQ(Fmt({"--check", loose, neat}), (Answer{1, loose + "\n", ""}));
  EXPECT_EQ(Content(loose), kLoose);
}

TEST_F(RemlFmtTest, StandardInput) {
  EXPECT_EQ(Fmt({"-"}, kLoose), (Answer{0, kNeat, ""}));
  EXPECT_EQ(Fmt({"-"}, ""), (Answer{0, "", ""}));
  EXPECT_EQ(Fmt({"--check", "-"}, kLoose), (Answer{1, "<stdin>\n", ""}));
  EXPECT_EQ(Fmt({"--check", "-"}, kNeat), (Answer{0, "", ""}));
  EXPECT_EQ(Fmt({"-"}, "(f"), (Answer{1, "",
                                      "<stdin>:1:1: error: unmatched '('\n"
                                      "1 | (f\n"
                                      "  | ^\n"}));
}

TEST_F(RemlFmtTest, ModeAndLinksStay) {
  const std::string file = Write("file.reml", kLoose);
  const std::string link = Path("link.reml");
  fs::create_symlink("file.reml", link);
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  EXPECT_EQ(Fmt({link}), (Answer{0, link + "\n", ""}));
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(Content(file), kNeat);
  struct stat info = {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
  EXPECT_EQ(info.st_uid, ::geteuid());
}

TEST_F(RemlFmtTest, AFolderMeansItsPrograms) {
  const std::string b = Write("b.reml", kLoose);
  const std::string a = Write("sub/a.reml", kLoose);
  const std::string text = Write("notes.txt", kLoose);
  Write("elsewhere/c.reml", kLoose);
  fs::create_directory(Path("stack"));
  fs::rename(b, Path("stack/b.reml"));
  fs::rename(Path("sub"), Path("stack/sub"));
  fs::rename(text, Path("stack/notes.txt"));
  fs::create_directory_symlink("../elsewhere", Path("stack/linked"));
  EXPECT_EQ(Fmt({Path("stack")}),
            (Answer{0, Path("stack/b.reml") + "\n" + Path("stack/sub/a.reml") + "\n", ""}));
  EXPECT_EQ(Content(Path("stack/notes.txt")), kLoose);
  EXPECT_EQ(Content(Path("elsewhere/c.reml")), kLoose);
}

TEST_F(RemlFmtTest, AllErrorsOfAllFiles) {
  const std::string open = Write("open.reml", "(a\n(b)");
  const std::string dot = Write("dot.reml", "(. )\n(list   1)");
  const std::string deep = Write("deep.reml", std::string(1001, '(') + std::string(1001, ')'));
  const std::string loose = Write("loose.reml", kLoose);
  const Answer answer = Fmt({open, Path("missing.reml"), dot, deep, loose});
  EXPECT_EQ(answer.code, 1);
  EXPECT_EQ(answer.out, loose + "\n");
  EXPECT_TRUE(absl::StrContains(answer.err, open + ":1:1: error: unmatched '('")) << answer.err;
  EXPECT_TRUE(absl::StrContains(answer.err, Path("missing.reml") + "'")) << answer.err;
  EXPECT_TRUE(absl::StrContains(answer.err, "No such file")) << answer.err;
  EXPECT_TRUE(absl::StrContains(answer.err, dot + ":1:2: error: ")) << answer.err;
  EXPECT_TRUE(absl::StrContains(answer.err,
                                deep + ": nests too deeply to be laid out, and is left as it is\n"))
      << answer.err;
  EXPECT_EQ(Content(dot), "(. )\n(list   1)");
  EXPECT_EQ(Content(loose), kNeat);
}

TEST_F(RemlFmtTest, LargeFilesAndPipesAreRefused) {
  const std::string large = Write("large.reml", "");
  fs::resize_file(large, (64u << 20) + 1);
  const Answer too_large = Fmt({large});
  EXPECT_EQ(too_large.code, 1);
  EXPECT_TRUE(absl::StrContains(too_large.err, "is larger than 67108864 bytes")) << too_large.err;
  const std::string pipe = Path("pipe.reml");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const Answer no_file = Fmt({pipe});
  EXPECT_EQ(no_file.code, 1);
  EXPECT_TRUE(absl::StrContains(no_file.err, "is no regular file")) << no_file.err;
}

TEST_F(RemlFmtTest, WhatCannotBeWrittenStays) {
  const std::string loose = Write("loose.reml", kLoose);
  // What the temporary would be called is taken.
  const std::string taken = Write(".loose.reml.reml-fmt", "mine");
  const Answer answer = Fmt({loose});
  EXPECT_EQ(answer.code, 1);
  EXPECT_EQ(answer.out, "");
  EXPECT_TRUE(absl::StrContains(answer.err, "File exists")) << answer.err;
  EXPECT_EQ(Content(loose), kLoose);
  EXPECT_EQ(Content(taken), "mine");
}

// Killed before the new content took the old one's place.
TEST_F(RemlFmtTest, WhatAKilledRunLeftIsUsedUp) {
  const std::string loose = Write("loose.reml", kLoose);
  const std::string left = Write(".loose.reml.reml-fmt", std::string(kNeat).substr(0, 5));
  EXPECT_EQ(Fmt({loose}).code, 0);
  EXPECT_EQ(Content(loose), kNeat);
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(RemlFmtTest, WrongUse) {
  EXPECT_EQ(Fmt({}), (Answer{2, "",
                             "pelagos: error: reml fmt: give a FILE, a folder, or - for standard "
                             "input\n"}));
  EXPECT_EQ(Fmt({"-", "a.reml"}),
            (Answer{2, "",
                    "pelagos: error: reml fmt: - stands for standard input, and goes with no "
                    "other FILE\n"}));
}

}  // namespace
}  // namespace pelagos::cli
