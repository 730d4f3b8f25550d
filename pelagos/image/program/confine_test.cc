#include "pelagos/image/program/confine.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "gtest/gtest.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;

bool HasLandlock() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 2;
}

class ConfineTest : public ::testing::Test {
 protected:
  ConfineTest() : root_(fs::path(std::getenv("TEST_TMPDIR")) / "confine") {
    fs::remove_all(root_);
    for (const char* folder : {"writable", "readable", "other"}) {
      fs::create_directories(root_ / folder);
      std::ofstream(root_ / folder / "file") << "x";
    }
    std::ofstream(root_ / "other/one") << "x";
  }

  // What `attempt` returns in a confined child: it is for good.
  bool Confined(const std::function<bool()>& attempt) {
    const pid_t child = ::fork();
    if (child == 0) {
      const absl::Status status =
          Confine({(root_ / "writable").string()},
                  {(root_ / "readable").string(), (root_ / "other/one").string(), "/absent/file"});
      ::_exit(!status.ok() ? 99 : attempt() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != 99) << status;
    return status == 0;
  }
  bool Opens(const char* path, int flags) {
    return Confined([&] { return ::open((root_ / path).c_str(), flags | O_CLOEXEC, 0600) >= 0; });
  }

  fs::path root_;
};

TEST_F(ConfineTest, LeavesTheStoreAndTheSource) {
  EXPECT_TRUE(Opens("writable/file", O_RDWR));
  EXPECT_TRUE(Opens("writable/new", O_RDWR | O_CREAT | O_EXCL));
  EXPECT_TRUE(Opens("readable/file", O_RDONLY));
  EXPECT_TRUE(Confined([&] {
    return ::mkdir((root_ / "writable/a").c_str(), 0700) == 0 &&
           ::rename((root_ / "writable/file").c_str(), (root_ / "writable/a/file").c_str()) == 0;
  }));
}

TEST_F(ConfineTest, ShutsTheRest) {
  if (!HasLandlock()) GTEST_SKIP() << "SKIPPED: this kernel has no Landlock";
  EXPECT_TRUE(Opens("other/one", O_RDONLY));
  EXPECT_FALSE(Opens("other/one", O_WRONLY));
  EXPECT_FALSE(Opens("other/file", O_RDONLY));
  EXPECT_FALSE(Opens("other/file", O_WRONLY));
  EXPECT_FALSE(Opens("other/new", O_WRONLY | O_CREAT));
  EXPECT_FALSE(Opens("readable/file", O_WRONLY));
  EXPECT_FALSE(Opens("readable/new", O_WRONLY | O_CREAT));
  EXPECT_FALSE(Confined([&] { return ::unlink((root_ / "other/file").c_str()) == 0; }));
  EXPECT_FALSE(Confined([&] {
    return ::link((root_ / "other/file").c_str(), (root_ / "writable/link").c_str()) == 0;
  }));
  EXPECT_FALSE(Confined([] {
    ::execl("/bin/true", "true", nullptr);
    return false;
  }));
}

TEST_F(ConfineTest, GivesUpPrivileges) {
  EXPECT_TRUE(Confined([] { return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1; }));
  EXPECT_FALSE(Confined([] { return ::chroot("/") == 0; }));
}

}  // namespace
}  // namespace pelagos::image
