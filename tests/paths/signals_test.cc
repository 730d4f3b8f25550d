// Processes are signalled by pidfd, or all of a cgroup by cgroup.kill, never by a number that may
// be another's by now: a check of the sources.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>

#include "absl/strings/match.h"

namespace pelagos {
namespace {

// By libc and by syscall(2). raise(3) is about ourselves.
const std::regex& Kills() {
  static const std::regex kills(R"(\b(kill|killpg|sigqueue|tgkill|tkill|pthread_kill)\()"
                                R"(|SYS_(kill|tkill|tgkill|rt_sigqueueinfo|rt_tgsigqueueinfo)\b)");
  return kills;
}

bool IsTest(const std::string& path) {
  for (const char* mark : {"_test.", "_testing.", "test_support.", "_fuzz.", "for_tests"}) {
    if (absl::StrContains(path, mark)) return true;
  }
  return false;
}

TEST(SignalsTest, NobodyIsKilledByNumber) {
  std::set<std::string> folders;
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           "pelagos", std::filesystem::directory_options::follow_directory_symlink)) {
    const std::string path = entry.path().string();
    if (!(absl::EndsWith(path, ".cc") || absl::EndsWith(path, ".h")) || IsTest(path)) continue;
    ++files;
    folders.insert(entry.path().parent_path().string());
    std::ifstream file(path);
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
      const size_t code = line.find_first_not_of(' ');
      if (code == std::string::npos || line.compare(code, 2, "//") == 0) continue;
      EXPECT_FALSE(std::regex_search(line, Kills()))
          << path << ":" << number << ": " << line << "\n  open a pidfd (sys/process.h) instead";
    }
  }
  EXPECT_GT(files, 200);  // they are in the test's runfiles
  EXPECT_GT(folders.size(), 15u);
}

TEST(SignalsTest, TheCheckFindsWhatItShould) {
  for (const char* line : {"  ::kill(pid, SIGKILL);", "  if (kill(-1, 9))", "  ::killpg(group, 9);",
                           "  Call(SYS_kill, pid, 9);", "  syscall(SYS_tgkill, a, b, c);"}) {
    EXPECT_TRUE(std::regex_search(line, Kills())) << line;
  }
  for (const char* line : {"  sys::Signal(pidfd, SIGKILL)", "  Call(SYS_pidfd_send_signal, fd, 9)",
                           "  OomKills(steps)", "  \"/cgroup.kill\"", "  ::raise(SIGTSTP);"}) {
    EXPECT_FALSE(std::regex_search(line, Kills())) << line;
  }
}

}  // namespace
}  // namespace pelagos
