#include "pelagos/container/changes.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace pelagos::container {
namespace {

namespace fs = std::filesystem;

class ChangesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    top_ = testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(top_);
    for (const char* folder : {"/upper", "/one", "/two"}) fs::create_directories(top_ + folder);
    layers_.upper = top_ + "/upper";
    layers_.lowers = {top_ + "/one", top_ + "/two"};
  }
  void Write(const std::string& name) {
    fs::create_directories(fs::path(top_ + "/" + name).parent_path());
    std::ofstream(top_ + "/" + name) << "x";
  }
  std::string Changes(const std::vector<std::string>& mounted = {}) {
    const auto changes = FindChanges(layers_, mounted);
    if (!changes.ok()) return std::string(changes.status().message());
    std::string text;
    for (const Change& change : *changes) text += change.kind + change.path + " ";
    return text;
  }
  std::string top_;
  LayerFolders layers_;
};

TEST_F(ChangesTest, NothingIsNothing) {
  EXPECT_EQ(Changes(), "");
  fs::remove(layers_.upper);
  EXPECT_EQ(Changes(), "");
}

TEST_F(ChangesTest, AddedAndChangedWithTheFoldersAbove) {
  Write("two/etc/passwd");
  Write("one/etc/group");
  Write("one/usr/bin/tool");
  Write("upper/etc/passwd");
  Write("upper/srv/new/file");
  fs::create_directories(top_ + "/upper/usr/bin");  // copied up, and nothing else
  EXPECT_EQ(Changes(), "C/etc C/etc/passwd A/srv A/srv/new A/srv/new/file ");
}

TEST_F(ChangesTest, AModeIsAChange) {
  Write("one/etc/file");
  fs::create_directories(top_ + "/upper/etc");
  ASSERT_EQ(::chmod((top_ + "/upper/etc").c_str(), 0700), 0);
  ASSERT_EQ(::chmod((top_ + "/one/etc").c_str(), 0755), 0);
  EXPECT_EQ(Changes(), "C/etc ");
}

TEST_F(ChangesTest, AFileInTheWayOfAFolder) {
  Write("one/was/folder");
  Write("upper/was");
  Write("two/turned");
  Write("upper/turned/inside");
  EXPECT_EQ(Changes(), "C/turned A/turned/inside C/was ");
}

TEST_F(ChangesTest, WhatTheRuntimeMountsOnIsNoChange) {
  Write("one/etc/passwd");
  fs::create_directories(top_ + "/upper/etc");
  std::ofstream(top_ + "/upper/etc/hosts");
  fs::create_directories(top_ + "/upper/proc");
  fs::create_directories(top_ + "/upper/srv/deep/data");
  EXPECT_EQ(Changes({"/etc/hosts", "/proc", "/srv/deep/data"}), "");
  Write("upper/srv/deep/mine");
  EXPECT_EQ(Changes({"/etc/hosts", "/proc", "/srv/deep/data"}),
            "A/srv A/srv/deep A/srv/deep/mine ");
}

TEST_F(ChangesTest, LinksInLayersLeadNowhere) {
  Write("outside/file");
  fs::create_directory_symlink(top_ + "/outside", top_ + "/one/link");
  Write("upper/link/file");
  EXPECT_EQ(Changes(), "C/link A/link/file ");
}

TEST_F(ChangesTest, OpaqueFoldersLoseWhatTheyDoNotHave) {
  Write("one/d/gone");
  Write("one/d/kept");
  Write("two/d/deep");
  Write("upper/d/kept");
  Write("upper/d/new");
  if (::setxattr((top_ + "/upper/d").c_str(), "user.overlay.opaque", "y", 1, 0) != 0) {
    FAIL() << "the file system of " << top_ << " has no xattrs";
  }
  EXPECT_EQ(Changes(), "C/d D/d/deep D/d/gone C/d/kept A/d/new ");
}

}  // namespace
}  // namespace pelagos::container
