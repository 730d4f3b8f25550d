// The hostile corpus against Pelagos: nothing gets out, nothing hangs, errors are clear, nothing is
// left, and docs/hostile.md says what is seen.

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

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
    const std::set<int> codes = {1, 2, 125, 126, 127, 255};  // 255: of `oci exec`
    EXPECT_EQ(codes.count(last.code), 1u) << judgement.Describe();
    const std::string& said = absl::StrCat(last.out, last.err);
    EXPECT_TRUE(absl::StrContains(said, "pelagos: error: ") ||
                absl::StrContains(said, "level=error msg="))  // as an OCI runtime
        << judgement.Describe();
    EXPECT_FALSE(absl::StrContains(said, kSecret)) << judgement.Describe();
  }

  static void RunAll(Runtime runtime, const std::string& title) {
    const auto table = ParseTable(golden::ReadTestFile("docs/hostile.md"));
    Arena arena(runtime);
    for (const Case& one : AllCases()) {
      SCOPED_TRACE(one.name);
      const Judgement judgement = arena.Run(one);
      EXPECT_LE(judgement.verdict, Verdict::kSafe) << judgement.Describe();
      if (judgement.verdict == Verdict::kRefused) ExpectClear(judgement);
      const auto row = table.find(one.name);
      if (row == table.end() || row->second.count(title) == 0) {
        ADD_FAILURE() << "docs/hostile.md does not have it; bazel run //tests/rooted/hostile:table";
      } else if (const std::string& told = row->second.at(title);
                 !one.race || (told != "safe" && told != "refused")) {  // luck decides which
        EXPECT_EQ(told, ToString(judgement.verdict))
            << "docs/hostile.md is not current; bazel run //tests/rooted/hostile:table\n"
            << judgement.Describe();
      }
    }
  }
};

// Were something to get out, it would be seen: here it is asked for.
TEST_F(HostileTest, SeesWhatGetsOut) {
  Case one = {.name = "asked-for"};
  one.ask.binds = {{kOutside, "/vol"}};
  one.ask.env = {absl::StrCat(kSecretVariable, "=", kSecret)};
  one.ask.devices = {{"/dev/zero", "/dev/lent"}};
  one.ask.cap_add = {"SYS_ADMIN"};
  one.look = {"/vol/secret", "/vol/target"};
  Arena arena(Runtime::kPelagos);
  const Judgement judgement = arena.Run(one);
  EXPECT_EQ(judgement.verdict, Verdict::kEscaped);
  for (const char* finding :
       {"escaped a folder of sentinels is mounted (seen inside)",
        "escaped a file of the host can be read at /vol/secret (seen inside)",
        "escaped more capabilities (seen inside)", "leaked the runtime's environment (seen inside)",
        "leaked decoy /secret: opened", "leaked decoy /target: opened"}) {
    EXPECT_TRUE(std::count(judgement.findings.begin(), judgement.findings.end(), finding) == 1)
        << finding << "\n"
        << judgement.Describe();
  }
  // What makes, changes and removes: a work folder is made in what was lent.
  Case writes = {.name = "written-to"};
  writes.ask.binds = {{kOutside, "/vol"}};
  writes.ask.workdir = "/vol/empty/made";
  const Judgement written = arena.Run(writes);
  EXPECT_TRUE(std::any_of(written.findings.begin(), written.findings.end(),
                          [](const std::string& finding) {
                            return absl::StartsWith(finding, "escaped decoy /empty/made: new");
                          }))
      << written.Describe();
}

TEST_F(HostileTest, AsRoot) { RunAll(Runtime::kPelagos, "Pelagos"); }

TEST_F(HostileTest, AsAnOrdinaryUser) { RunAll(Runtime::kPelagosRootless, "Pelagos, rootless"); }

TEST_F(HostileTest, AsAnOciRuntime) { RunAll(Runtime::kPelagosOci, "Pelagos, OCI"); }

// CVE-2021-41103, CVE-2025-64507: a container's root makes set-user-id programs, and a user of the
// host finds them in the runtime's folders.
TEST_F(HostileTest, WhatContainersLeaveIsOutOfReach) {
  namespace fs = std::filesystem;
  rooted::World world;
  fs::permissions(fs::path(world.data_root()).parent_path(), fs::perms(0755));
  const rooted::Outcome run =
      world.Pelagos({"run", "--rm", "-v", "left:/left", "--name", "leaves", "busybox", "sh", "-c",
                     "cp /bin/busybox /left/suid && chmod 4755 /left/suid && echo left"});
  EXPECT_EQ(run.out, "left\n") << run.Describe();
  std::vector<std::string> programs;
  for (const std::string& root : {world.data_root(), world.run_root()}) {
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (entry.is_regular_file()) programs.push_back(entry.path());
    }
  }
  EXPECT_TRUE(std::any_of(programs.begin(), programs.end(),
                          [](const std::string& path) { return absl::EndsWith(path, "/suid"); }));
  constexpr uid_t kOrdinary = 54321;
  const pid_t user = ::fork();
  if (user == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setresuid(kOrdinary, kOrdinary, kOrdinary) != 0) {
      ::_exit(2);
    }
    for (const std::string& path : programs) {
      if (::access(path.c_str(), F_OK) == 0) ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(user, &status, 0), user);
  EXPECT_EQ(status, 0) << "the user could reach one, or could not be one";
}

// CVE-2017-5985, CVE-2018-6556, CVE-2022-47952 were of a helper that had root's rights whoever
// called it. None of ours has rights of its own.
TEST_F(HostileTest, NoProgramHasRightsOfItsOwn) {
  for (const char* name :
       {"pelagos", "pelagos-image", "pelagos-init", "pelagos-dns", "pelagos-proxy"}) {
    const std::string path = rooted::Runfile(absl::StrCat("tools/", name));
    struct stat info = {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0) << path;
    EXPECT_EQ(info.st_mode & (S_ISUID | S_ISGID), 0u) << path;
    EXPECT_EQ(::getxattr(path.c_str(), "security.capability", nullptr, 0), -1) << path;
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
