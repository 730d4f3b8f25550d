#include "pelagos/sys/root_fd.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "pelagos/sys/file.h"

namespace pelagos::sys {
namespace {

class RootFdTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::string(::testing::TempDir()) + "/root_fd_XXXXXX";
    ASSERT_NE(::mkdtemp(path_.data()), nullptr);
    ASSERT_TRUE(MakeFolders(path_ + "/root/etc", 0755).ok());
    ASSERT_TRUE(WriteFileAtomically(path_ + "/root/etc/name", "inside").ok());
    ASSERT_TRUE(WriteFileAtomically(path_ + "/secret", "outside").ok());
    ASSERT_TRUE(MakeFolders(path_ + "/etc", 0755).ok());
    ASSERT_TRUE(WriteFileAtomically(path_ + "/etc/name", "outside").ok());
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(path_).ok()); }

  RootFd Open() { return *RootFd::Open(path_ + "/root"); }
  void Link(const std::string& text, const std::string& name) {
    ASSERT_EQ(::symlink(text.c_str(), (path_ + "/root/" + name).c_str()), 0);
  }
  static std::string Content(const absl::StatusOr<Fd>& fd) {
    if (!fd.ok()) return fd.status().ToString();
    return *ReadAll(*fd, 100, "");
  }
  std::string path_;
};

TEST_F(RootFdTest, LinksAndParentsStayInside) {
  Link("/etc/name", "absolute");
  Link("../../../../etc/name", "up");
  const RootFd root = Open();
  EXPECT_EQ(Content(root.OpenIn("/absolute", O_RDONLY)), "inside");
  EXPECT_EQ(Content(root.OpenIn("up", O_RDONLY)), "inside");
  EXPECT_EQ(Content(root.OpenIn("../../etc/name", O_RDONLY)), "inside");
  EXPECT_EQ(FindErrno(root.OpenIn("../secret", O_RDONLY).status()), ENOENT);
}

TEST_F(RootFdTest, MagicLinksAreRefused) {
  absl::StatusOr<RootFd> proc = RootFd::Open("/proc");
  ASSERT_TRUE(proc.ok());
  EXPECT_EQ(FindErrno(proc->OpenIn("self/root/etc", O_PATH).status()), ELOOP);
}

TEST_F(RootFdTest, BeneathRefusesLinksAndEscapes) {
  Link("etc/name", "link");
  const RootFd root = Open();
  EXPECT_EQ(Content(root.OpenBeneath("etc/name", O_RDONLY)), "inside");
  EXPECT_EQ(FindErrno(root.OpenBeneath("link", O_RDONLY).status()), ELOOP);
  EXPECT_EQ(FindErrno(root.OpenBeneath("../secret", O_RDONLY).status()), EXDEV);
  EXPECT_EQ(FindErrno(root.OpenBeneath("/etc/name", O_RDONLY).status()), EXDEV);
}

TEST_F(RootFdTest, MakesFoldersThroughLinksInside) {
  Link("/etc", "conf");
  const RootFd root = Open();
  ASSERT_TRUE(root.MakeFolders("/conf/a/b", 0700).ok());
  struct stat info = {};
  ASSERT_EQ(::stat((path_ + "/root/etc/a/b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_NE(::stat((path_ + "/etc/a").c_str(), &info), 0);
  EXPECT_TRUE(root.MakeFolders("conf/a/b/", 0700).ok());
  EXPECT_EQ(FindErrno(root.MakeFolders("etc/name/x", 0700)), ENOTDIR);
}

TEST_F(RootFdTest, DescriptorsAreCloseOnExec) {
  const RootFd root = Open();
  absl::StatusOr<Fd> made = root.OpenIn("new", O_WRONLY | O_CREAT, 0640);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_NE(::fcntl(made->get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(root.fd().get(), F_GETFD) & FD_CLOEXEC, 0);
}

}  // namespace
}  // namespace pelagos::sys
