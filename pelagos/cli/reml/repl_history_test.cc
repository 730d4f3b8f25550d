#include "pelagos/cli/reml/repl_history.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

std::string PathFor(const std::string& test) {
  return absl::StrCat(testing::TempDir(), "/", test, "/a/reml_history");
}

std::vector<std::string> Entries(const std::string& path) {
  const absl::StatusOr<ReplHistory> history = ReplHistory::Open(path);
  EXPECT_TRUE(history.ok()) << history.status();
  return history.ok() ? history->entries() : std::vector<std::string>{};
}

TEST(ReplHistoryTest, IsThereInTheNextSession) {
  const std::string path = PathFor("next");
  const std::vector<std::string> entries = {"(+ 1 2)", "(list \"a\\n\"\n      'b)\n", "\\", "é\\n"};
  {
    absl::StatusOr<ReplHistory> history = ReplHistory::Open(path);
    ASSERT_TRUE(history.ok()) << history.status();
    EXPECT_TRUE(history->entries().empty());
    for (const std::string& entry : entries) {
      EXPECT_TRUE(history->Add(entry).ok());
      EXPECT_TRUE(history->Add(entry).ok());  // the same again is one
    }
    EXPECT_TRUE(history->Add("").ok());
    EXPECT_TRUE(history->Add(std::string(ReplHistory::kLongest + 1, 'x')).ok());
  }
  EXPECT_EQ(Entries(path), entries);
  struct stat info = {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  ASSERT_EQ(::stat(sys::FolderOf(path).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
}

TEST(ReplHistoryTest, KeepsTheLastThousand) {
  const std::string path = PathFor("thousand");
  {
    absl::StatusOr<ReplHistory> history = ReplHistory::Open(path);
    ASSERT_TRUE(history.ok()) << history.status();
    for (size_t i = 0; i < ReplHistory::kMost + 5; ++i) {
      ASSERT_TRUE(history->Add(absl::StrCat(i)).ok());
    }
  }
  for (int i = 0; i < 2; ++i) {
    const std::vector<std::string> entries = Entries(path);
    ASSERT_EQ(entries.size(), ReplHistory::kMost);
    EXPECT_EQ(entries.front(), "5");
    EXPECT_EQ(entries.back(), absl::StrCat(ReplHistory::kMost + 4));
  }
}

TEST(ReplHistoryTest, SeveralSessionsLoseNothing) {
  const std::string path = PathFor("several");
  constexpr int kSessions = 4, kEach = 50;
  std::vector<std::thread> sessions;
  for (int session = 0; session < kSessions; ++session) {
    sessions.emplace_back([&path, session] {
      absl::StatusOr<ReplHistory> history = ReplHistory::Open(path);
      ASSERT_TRUE(history.ok()) << history.status();
      for (int i = 0; i < kEach; ++i) {
        EXPECT_TRUE(history->Add(absl::StrCat(session, "\n", i)).ok());
      }
    });
  }
  for (std::thread& session : sessions) session.join();
  const std::vector<std::string> entries = Entries(path);
  EXPECT_EQ(entries.size(), size_t{kSessions * kEach});
  for (int session = 0; session < kSessions; ++session) {
    int next = 0;
    for (const std::string& entry : entries) {
      if (entry == absl::StrCat(session, "\n", next)) ++next;
    }
    EXPECT_EQ(next, kEach);
  }
}

TEST(ReplHistoryTest, AnythingIsAFile) {
  const std::string path = PathFor("anything");
  ASSERT_TRUE(sys::MakeFolders(sys::FolderOf(path), 0700).ok());
  std::ofstream(path) << "\n\nlast\\\\ \\q\\" << '\0' << "\xff";
  EXPECT_EQ(Entries(path), std::vector<std::string>{std::string("last\\ q\0\xff", 9)});
  EXPECT_FALSE(ReplHistory::Open("/proc/nowhere/reml_history").ok());
}

TEST(ReplHistoryTest, WhereItIs) {
  ::unsetenv("XDG_STATE_HOME");
  ::setenv("HOME", "/h", 1);
  EXPECT_EQ(ReplHistory::DefaultPath(), "/h/.local/state/pelagos/reml_history");
  ::setenv("XDG_STATE_HOME", "relative", 1);
  EXPECT_EQ(ReplHistory::DefaultPath(), "/h/.local/state/pelagos/reml_history");
  ::setenv("XDG_STATE_HOME", "/s", 1);
  EXPECT_EQ(ReplHistory::DefaultPath(), "/s/pelagos/reml_history");
  ::unsetenv("XDG_STATE_HOME");
  ::unsetenv("HOME");
  EXPECT_EQ(ReplHistory::DefaultPath(), "");
}

}  // namespace
}  // namespace pelagos::cli
