#include "pelagos/sys/file.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace pelagos::sys {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::string(::testing::TempDir()) + "/file_XXXXXX";
    ASSERT_NE(::mkdtemp(path_.data()), nullptr);
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(path_).ok()); }
  std::string path_;
};

TEST_F(FileTest, WritesAndReadsBack) {
  const std::string file = path_ + "/state.json";
  ASSERT_TRUE(WriteFileAtomically(file, "one").ok());
  ASSERT_TRUE(WriteFileAtomically(file, "two", 0640).ok());
  EXPECT_EQ(*ReadFile(file, 3), "two");
  EXPECT_EQ(ReadFile(file, 2).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(*ListFolder(path_), std::vector<std::string>{"state.json"});  // no temporary is left
  struct stat info = {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST_F(FileTest, AFailedWriteLeavesTheOldContentAndNoTemporary) {
  const std::string folder = path_ + "/folder";
  ASSERT_TRUE(MakeFolders(folder + "/full", 0755).ok());
  EXPECT_FALSE(WriteFileAtomically(folder, "text").ok());  // a folder cannot be renamed over
  EXPECT_EQ(*ListFolder(path_), std::vector<std::string>{"folder"});
}

TEST_F(FileTest, NamesTheFileThatIsMissing) {
  const absl::Status status = ReadFile(path_ + "/none", 10).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "open('" + path_ + "/none'): No such file or directory");
}

TEST_F(FileTest, MakesFolders) {
  EXPECT_TRUE(MakeFolders(path_ + "/a/b/c", 0755).ok());
  EXPECT_TRUE(MakeFolders(path_ + "/a/b/c/", 0755).ok());
  EXPECT_TRUE(MakeFolders("/proc/self", 0755).ok());
  ASSERT_TRUE(WriteFileAtomically(path_ + "/f", "").ok());
  EXPECT_EQ(FindErrno(MakeFolders(path_ + "/f", 0755)), ENOTDIR);
  EXPECT_EQ(FindErrno(MakeFolders(path_ + "/f/g", 0755)), ENOTDIR);
}

TEST_F(FileTest, RemovesATreeButNotWhatItsLinksNameAndDoesNotMindItsAbsence) {
  ASSERT_TRUE(MakeFolders(path_ + "/keep", 0755).ok());
  ASSERT_TRUE(WriteFileAtomically(path_ + "/keep/file", "kept").ok());
  ASSERT_TRUE(MakeFolders(path_ + "/tree/a/b", 0755).ok());
  ASSERT_TRUE(WriteFileAtomically(path_ + "/tree/a/b/file", "x").ok());
  ASSERT_EQ(::symlink("../keep", (path_ + "/tree/link").c_str()), 0);
  ASSERT_EQ(::symlink("keep", (path_ + "/link").c_str()), 0);
  EXPECT_TRUE(RemoveTree(path_ + "/tree").ok());
  EXPECT_TRUE(RemoveTree(path_ + "/link").ok());
  EXPECT_TRUE(RemoveTree(path_ + "/tree").ok());
  EXPECT_TRUE(RemoveTree(path_ + "/tree/below").ok());
  EXPECT_EQ(*ListFolder(path_), std::vector<std::string>{"keep"});
  EXPECT_EQ(*ReadFile(path_ + "/keep/file", 10), "kept");
  EXPECT_EQ(RemoveTree("/").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RemoveTree(path_ + "/..").code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(FileTest, RemovingStopsAtAMount) {
  ASSERT_TRUE(MakeFolders(path_ + "/tree/mount", 0755).ok());
  ASSERT_TRUE(MakeFolders(path_ + "/keep", 0755).ok());
  ASSERT_TRUE(WriteFileAtomically(path_ + "/keep/file", "kept").ok());
  const std::string point = path_ + "/tree/mount";
  if (::mount((path_ + "/keep").c_str(), point.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    GTEST_SKIP() << "cannot mount here";
  }
  EXPECT_EQ(FindErrno(RemoveTree(path_ + "/tree")), EXDEV);
  EXPECT_EQ(*ReadFile(path_ + "/keep/file", 10), "kept");
  ASSERT_EQ(::umount2(point.c_str(), MNT_DETACH), 0);
}

TEST_F(FileTest, LocksExclude) {
  const std::string file = path_ + "/lock";
  {
    absl::StatusOr<Fd> held = LockFile(file, LockMode::kWait);
    ASSERT_TRUE(held.ok()) << held.status();
    EXPECT_NE(::fcntl(held->get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(LockFile(file, LockMode::kTry).status().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_TRUE(LockFile(file, LockMode::kTry).ok());
}

}  // namespace
}  // namespace pelagos::sys
