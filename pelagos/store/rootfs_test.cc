#include "pelagos/store/rootfs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace pelagos::store {
namespace {

namespace fs = std::filesystem;

class RootFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    top_ = testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(top_);
    fs::create_directories(top_ + "/one");
    fs::create_directories(top_ + "/two");
    roots_.data = top_ + "/data";
  }
  std::string top_;
  Roots roots_;
};

TEST_F(RootFolderTest, NamedFoundForgotten) {
  EXPECT_TRUE(ListRootFolders(roots_)->empty());
  EXPECT_EQ(*FindRootFolder(roots_, "alpine"), std::nullopt);
  ASSERT_TRUE(NameRootFolder(roots_, "alpine", top_ + "/one").ok());
  ASSERT_TRUE(NameRootFolder(roots_, "b", top_ + "/one").ok());
  EXPECT_EQ(*FindRootFolder(roots_, "alpine"), top_ + "/one");
  ASSERT_TRUE(NameRootFolder(roots_, "alpine", top_ + "/two").ok());
  EXPECT_EQ(*FindRootFolder(roots_, "alpine"), top_ + "/two");
  fs::remove(top_ + "/one");
  const std::vector<RootFolder> expected = {{"alpine", top_ + "/two", true},
                                            {"b", top_ + "/one", false}};
  EXPECT_EQ(*ListRootFolders(roots_), expected);
  ASSERT_TRUE(ForgetRootFolder(roots_, "alpine").ok());
  EXPECT_TRUE(fs::exists(top_ + "/two")) << "the folder is the user's";
  EXPECT_TRUE(absl::IsNotFound(ForgetRootFolder(roots_, "alpine")));
}

TEST_F(RootFolderTest, NamesAreNoPaths) {
  std::ofstream(top_ + "/file") << "x";
  fs::create_directories(roots_.RootFolders());
  fs::create_symlink("/etc", roots_.data + "/outside");
  for (const char* name : {"", ".", "..", "../outside", "/etc", "a/b", ".new-1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(NameRootFolder(roots_, name, top_ + "/one"))) << name;
    EXPECT_EQ(*FindRootFolder(roots_, name), std::nullopt) << name;
    EXPECT_TRUE(absl::IsNotFound(ForgetRootFolder(roots_, name))) << name;
  }
  EXPECT_TRUE(fs::is_symlink(roots_.data + "/outside"));
  EXPECT_FALSE(NameRootFolder(roots_, "a", "one").ok());
  EXPECT_FALSE(NameRootFolder(roots_, "a", top_ + "/file").ok());
  EXPECT_FALSE(NameRootFolder(roots_, "a", top_ + "/none").ok());
}

}  // namespace
}  // namespace pelagos::store
