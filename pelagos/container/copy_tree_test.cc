#include "pelagos/container/copy_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/sys/file.h"

namespace pelagos::container {
namespace {

namespace fs = std::filesystem;

class CopyTreeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    top_ = testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(top_);
    fs::create_directories(top_ + "/from");
    fs::create_directories(top_ + "/to");
    rules_.uid = ::geteuid();
    rules_.gid = ::getegid();
  }

  void Write(const std::string& name, const std::string& text, mode_t mode = 0644) {
    std::ofstream(top_ + "/" + name) << text;
    ASSERT_EQ(::chmod((top_ + "/" + name).c_str(), mode), 0);
  }
  std::string Read(const std::string& name) {
    return sys::ReadFile(top_ + "/" + name, 1 << 20).value_or("<none>");
  }
  struct stat Stat(const std::string& name) {
    struct stat info = {};
    EXPECT_EQ(::lstat((top_ + "/" + name).c_str(), &info), 0) << name;
    return info;
  }
  Fd Path(const std::string& name) {
    return *sys::OpenFile(top_ + "/" + name, O_PATH | O_NOFOLLOW);
  }
  absl::Status CopyAs(const std::string& from, const std::string& name) {
    TreeCopier copier(rules_);
    const absl::Status status = copier.CopyAs(Path(from), Path("to"), name);
    copied_ = copier.copied();
    return status;
  }

  std::string top_;
  CopyRules rules_;
  Copied copied_;
};

TEST_F(CopyTreeTest, ExtendedAttributes) {
  fs::create_directories(top_ + "/from/a");
  Write("from/a/program", "#!", 0755);
  const auto set = [&](const char* name, const char* attribute, absl::string_view value) {
    ASSERT_EQ(::setxattr((top_ + name).c_str(), attribute, value.data(), value.size(), 0), 0)
        << attribute << ": " << strerror(errno);
  };
  const auto get = [&](const char* name, const char* attribute) {
    std::string value(100, '\0');
    const ssize_t size = ::getxattr((top_ + name).c_str(), attribute, value.data(), value.size());
    return size < 0 ? "<none>" : value.substr(0, static_cast<size_t>(size));
  };
  set("/from/a", "user.folder", "yes");
  set("/from/a/program", "user.kind", absl::string_view("a\0b", 3));
  set("/from/a/program", "user.empty", "");
  const struct timespec times[2] = {{1000, 1}, {2000, 2}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (top_ + "/from/a/program").c_str(), times, 0), 0);
  ASSERT_TRUE(CopyAs("from/a", "copy").ok());
  EXPECT_EQ(get("/to/copy", "user.folder"), "yes");
  EXPECT_EQ(get("/to/copy/program", "user.kind"), std::string("a\0b", 3));
  EXPECT_EQ(get("/to/copy/program", "user.empty"), "");
  EXPECT_EQ(Stat("to/copy/program").st_mtim.tv_nsec, 2);
  if (::geteuid() != 0) return;  // capabilities are root's to give
  const std::string capability("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  set("/from/a/program", "security.capability", capability);
  ASSERT_TRUE(CopyAs("from/a", "plain").ok());
  EXPECT_EQ(get("/to/plain/program", "security.capability"), "<none>");
  rules_.privileges = true;
  ASSERT_TRUE(CopyAs("from/a", "whole").ok());
  EXPECT_EQ(get("/to/whole/program", "security.capability"), capability);
}

TEST_F(CopyTreeTest, FilesFoldersLinksModesTimes) {
  fs::create_directories(top_ + "/from/a/b");
  Write("from/a/file", "text", 0640);
  Write("from/a/b/program", "#!", 0755);
  fs::create_symlink("/nowhere", top_ + "/from/a/link");
  ASSERT_EQ(::mkfifo((top_ + "/from/a/fifo").c_str(), 0600), 0);
  const struct timespec times[2] = {{1000, 1}, {2000, 2}};
  for (const char* name : {"from/a/file", "from/a/link", "from/a/b", "from/a"}) {
    ASSERT_EQ(::utimensat(AT_FDCWD, (top_ + "/" + name).c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }
  ASSERT_EQ(::chmod((top_ + "/from/a/b").c_str(), 0500), 0);
  const absl::Status copied = CopyAs("from/a", "copy");
  ASSERT_TRUE(copied.ok()) << copied;
  EXPECT_EQ(Read("to/copy/file"), "text");
  EXPECT_EQ(Read("to/copy/b/program"), "#!");
  EXPECT_EQ(Stat("to/copy/file").st_mode, S_IFREG | 0640u);
  EXPECT_EQ(Stat("to/copy/b").st_mode, S_IFDIR | 0500u);
  EXPECT_TRUE(S_ISFIFO(Stat("to/copy/fifo").st_mode));
  EXPECT_EQ(fs::read_symlink(top_ + "/to/copy/link"), "/nowhere");
  for (const char* name : {"to/copy/file", "to/copy/link", "to/copy/b", "to/copy"}) {
    EXPECT_EQ(Stat(name).st_mtim.tv_sec, 2000) << name;
    EXPECT_EQ(Stat(name).st_mtim.tv_nsec, 2) << name;
  }
  EXPECT_EQ(copied_.files, 4u);
  EXPECT_EQ(copied_.bytes, 6u);
  ASSERT_EQ(::chmod((top_ + "/to/copy/b").c_str(), 0700), 0);
  ASSERT_EQ(::chmod((top_ + "/from/a/b").c_str(), 0700), 0);
}

TEST_F(CopyTreeTest, FoldersMergeFilesReplace) {
  fs::create_directories(top_ + "/from/d/sub");
  Write("from/d/sub/new", "new");
  Write("from/d/same", "later");
  fs::create_directories(top_ + "/to/d/sub");
  Write("to/d/sub/old", "old");
  Write("to/d/same", "earlier, and longer");
  fs::create_hard_link(top_ + "/to/d/same", top_ + "/to/other");
  ASSERT_EQ(::chmod((top_ + "/to/d").c_str(), 0711), 0);
  ASSERT_TRUE(CopyAs("from/d", "d").ok());
  EXPECT_EQ(Read("to/d/sub/new"), "new");
  EXPECT_EQ(Read("to/d/sub/old"), "old");
  EXPECT_EQ(Read("to/d/same"), "later");
  EXPECT_EQ(Read("to/other"), "earlier, and longer") << "replaced, not written over";
  EXPECT_EQ(Stat("to/d").st_mode, S_IFDIR | 0711u) << "what was there keeps its mode";
}

TEST_F(CopyTreeTest, LinksInTheTargetAreNeverFollowed) {
  fs::create_directories(top_ + "/outside");
  fs::create_directories(top_ + "/from/d");
  Write("outside/file", "precious");
  Write("from/d/file", "copied");
  Write("from/file", "copied");
  fs::create_symlink(top_ + "/outside/file", top_ + "/to/file");
  ASSERT_TRUE(CopyAs("from/file", "file").ok());
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(top_ + "/to/file")));
  fs::create_symlink(top_ + "/outside", top_ + "/to/d");
  const absl::Status refused = CopyAs("from/d", "d");
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_EQ(Read("outside/file"), "precious");
}

TEST_F(CopyTreeTest, AFolderIsNoFile) {
  fs::create_directories(top_ + "/to/file");
  Write("from/file", "x");
  EXPECT_TRUE(absl::IsFailedPrecondition(CopyAs("from/file", "file")));
  fs::create_directories(top_ + "/from/d");
  Write("to/d", "x");
  EXPECT_TRUE(absl::IsFailedPrecondition(CopyAs("from/d", "d")));
  EXPECT_EQ(Read("to/d"), "x");
}

TEST_F(CopyTreeTest, HardLinksStayOneFile) {
  fs::create_directories(top_ + "/from/d/e");
  Write("from/d/a", "one");
  fs::create_hard_link(top_ + "/from/d/a", top_ + "/from/d/e/b");
  ASSERT_TRUE(CopyAs("from/d", "d").ok());
  EXPECT_EQ(Stat("to/d/a").st_ino, Stat("to/d/e/b").st_ino);
  EXPECT_EQ(copied_.bytes, 3u);
}

TEST_F(CopyTreeTest, HolesStayHoles) {
  const std::string sparse = top_ + "/from/sparse";
  {
    const Fd fd = *sys::OpenFile(sparse, O_WRONLY | O_CREAT, 0644);
    ASSERT_EQ(::ftruncate(fd.get(), off_t{1} << 40), 0);
    ASSERT_EQ(::pwrite(fd.get(), "middle", 6, off_t{1} << 30), 6);
  }
  ASSERT_TRUE(CopyAs("from/sparse", "sparse").ok());
  EXPECT_EQ(Stat("to/sparse").st_size, off_t{1} << 40);
  EXPECT_LT(Stat("to/sparse").st_blocks, 10000);
  const Fd fd = *sys::OpenFile(top_ + "/to/sparse", O_RDONLY);
  char text[6] = {};
  ASSERT_EQ(::pread(fd.get(), text, 6, off_t{1} << 30), 6);
  EXPECT_EQ(std::string(text, 6), "middle");
}

TEST_F(CopyTreeTest, SetIdBitsAndSocketsStayBehind) {
  fs::create_directories(top_ + "/from/d");
  Write("from/d/program", "x", 06755);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const Fd socket(listener);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  // A short name, from where it is to be.
  char here[4096];
  ASSERT_NE(::getcwd(here, sizeof(here)), nullptr);
  ASSERT_EQ(::chdir((top_ + "/from/d").c_str()), 0);
  std::string("socket").copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::chdir(here), 0);
  ASSERT_TRUE(CopyAs("from/d", "d").ok());
  EXPECT_EQ(Stat("to/d/program").st_mode, S_IFREG | 0755u);
  EXPECT_FALSE(fs::exists(top_ + "/to/d/socket"));
  ASSERT_EQ(copied_.left_out.size(), 1u);
  EXPECT_TRUE(absl::StrContains(copied_.left_out[0], "socket"));
  rules_.privileges = true;
  ASSERT_TRUE(CopyAs("from/d", "e").ok());
  EXPECT_EQ(Stat("to/e/program").st_mode, S_IFREG | 06755u);
}

TEST_F(CopyTreeTest, NotIntoItself) {
  fs::create_directories(top_ + "/from/d/target");
  TreeCopier copier(rules_);
  const absl::Status status = copier.CopyAs(Path("from/d"), Path("from/d/target"), "d");
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "into itself")) << status;
}

TEST_F(CopyTreeTest, DepthIsLimited) {
  fs::path deep = top_ + "/from/d";
  for (size_t i = 0; i <= kMostCopiedLevels; ++i) deep /= "d";
  fs::create_directories(deep);
  const absl::Status status = CopyAs("from/d", "d");
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
}

TEST_F(CopyTreeTest, TheKernelsFilesAreNone) {
  TreeCopier copier(rules_);
  const Fd proc = *sys::OpenFile("/proc/version", O_PATH);
  const absl::Status status = copier.CopyAs(proc, Path("to"), "version");
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_FALSE(fs::exists(top_ + "/to/version"));
}

TEST_F(CopyTreeTest, ContentOfAFolder) {
  fs::create_directories(top_ + "/from/d/e");
  Write("from/d/e/file", "x");
  Write("from/d/.hidden", "y");
  TreeCopier copier(rules_);
  ASSERT_TRUE(copier.CopyContent(Path("from/d"), Path("to")).ok());
  EXPECT_EQ(Read("to/e/file"), "x");
  EXPECT_EQ(Read("to/.hidden"), "y");
}

}  // namespace
}  // namespace pelagos::container
