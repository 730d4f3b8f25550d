#include "pelagos/image/user.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ResolvedUser User(uint32_t uid, uint32_t gid) {
  ResolvedUser user;
  user.uid = uid;
  user.gid = gid;
  return user;
}

class UserTest : public ::testing::Test {
 protected:
  UserTest() {
    folder_ = fs::path(std::getenv("TEST_TMPDIR")) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  // A new layer at the bottom.
  fs::path Layer() {
    const fs::path layer = folder_ / std::to_string(layers_.size());
    fs::create_directories(layer / "etc");
    layers_.push_back(layer.string());
    return layer;
  }

  static void Write(const fs::path& path, absl::string_view text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  std::string Error(absl::string_view user) {
    return std::string(FindUser(layers_, user).status().message());
  }

  ResolvedUser Find(absl::string_view user) {
    absl::StatusOr<ResolvedUser> found = FindUser(layers_, user);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? *found : User(999999, 0);
  }

  void PasswdAndGroup() {
    const fs::path layer = Layer();
    Write(layer / "etc/passwd",
          "root:x:0:0:root:/root:/bin/sh\n# comment\nbroken:x:one:2::/:\n"
          "redis:x:101:102::/var/lib/redis:/bin/false\n1000:x:7:7::/seven:\n");
    Write(layer / "etc/group",
          "root:x:0:\nredis:x:102:\nssl:x:103:www,redis\nadm:x:4:redis,redis\n");
  }

  fs::path folder_;
  std::vector<std::string> layers_;
};

TEST_F(UserTest, NothingIsRoot) {
  PasswdAndGroup();
  EXPECT_EQ(Find(""), (ResolvedUser{.uid = 0, .gid = 0, .groups = {}, .home = "/root"}));
}

TEST_F(UserTest, AnImageWithoutFilesHasRootAndNumbers) {
  Layer();
  EXPECT_EQ(Find(""), ResolvedUser{});
  EXPECT_EQ(Find("7"), User(7, 0));
  EXPECT_EQ(Find("7:8"), User(7, 8));
  EXPECT_THAT(Error("redis"), HasSubstr("user 'redis' is not in /etc/passwd"));
}

TEST_F(UserTest, ANameBringsItsGroups) {
  PasswdAndGroup();
  const ResolvedUser user = Find("redis");
  EXPECT_EQ(user.uid, 101u);
  EXPECT_EQ(user.gid, 102u);
  EXPECT_EQ(user.home, "/var/lib/redis");
  EXPECT_THAT(user.groups, ElementsAre(103u, 4u));
  EXPECT_EQ(Find("101"), user);
}

TEST_F(UserTest, AGroupReplacesThem) {
  PasswdAndGroup();
  EXPECT_EQ(Find("redis:ssl").gid, 103u);
  EXPECT_THAT(Find("redis:ssl").groups, IsEmpty());
  EXPECT_EQ(Find("redis:55").gid, 55u);
  EXPECT_EQ(Find(":ssl").uid, 0u);
  EXPECT_THAT(Error("redis:wheel"), HasSubstr("group 'wheel' is not in /etc/group"));
}

TEST_F(UserTest, ANameMayLookLikeANumber) {
  PasswdAndGroup();
  EXPECT_EQ(Find("1000").uid, 7u);
  EXPECT_EQ(Find("1001").uid, 1001u);
}

TEST_F(UserTest, RefusesWhatIsNoUser) {
  PasswdAndGroup();
  EXPECT_THAT(Error("4294967295"), HasSubstr("0 to 4294967294"));
  EXPECT_THAT(Error("99999999999"), HasSubstr("0 to 4294967294"));
  EXPECT_THAT(Error("0:4294967295"), HasSubstr("0 to 4294967294"));
  EXPECT_THAT(Error("a:b:c"), HasSubstr("expected USER"));
  EXPECT_THAT(Error("redis:"), HasSubstr("expected USER"));
  EXPECT_THAT(Error("-1"), HasSubstr("user '-1' is not in"));
}

TEST_F(UserTest, MoreGroupsByNameOrNumber) {
  const fs::path layer = Layer();
  Write(layer / "etc/passwd", "app:x:1:1::/:\n");
  Write(layer / "etc/group", "audio:x:29:\nwheel:x:10:app\n44:x:45:\n");
  const auto groups = [&](const std::vector<std::string>& more) {
    absl::StatusOr<ResolvedUser> found = FindUser(layers_, "app", more);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? found->groups : std::vector<uint32_t>{};
  };
  EXPECT_THAT(groups({}), ElementsAre(10));
  EXPECT_THAT(groups({"audio", "7", "wheel", "7", "44"}), ElementsAre(10, 29, 7, 45));
  const auto error = [&](const std::string& group) {
    return std::string(FindUser(layers_, "app", {group}).status().message());
  };
  EXPECT_EQ(error("video"), "group 'video' is not in /etc/group of the image");
  EXPECT_EQ(error(""), "group '' is not in /etc/group of the image");
  EXPECT_EQ(error("-1"), "group '-1' is not in /etc/group of the image");
  EXPECT_THAT(error("4294967295"), HasSubstr("is not a number from 0 to 4294967294"));
}

TEST_F(UserTest, TheTopLayerWins) {
  Write(Layer() / "etc/passwd", "app:x:1:1::/top:\n");
  Write(Layer() / "etc/passwd", "app:x:2:2::/bottom:\n");
  EXPECT_EQ(Find("app").uid, 1u);
}

TEST_F(UserTest, LowerLayersShowThrough) {
  Layer();
  Write(Layer() / "etc/passwd", "app:x:2:2::/bottom:\n");
  EXPECT_EQ(Find("app").uid, 2u);
}

TEST_F(UserTest, AFileHidesAFolderBelow) {
  const fs::path top = Layer();
  fs::remove_all(top / "etc");
  Write(top / "etc", "no folder");
  Write(Layer() / "etc/passwd", "app:x:2:2::/bottom:\n");
  EXPECT_THAT(Error("app"), HasSubstr("not in /etc/passwd"));
}

TEST_F(UserTest, AnOpaqueFolderHidesTheLayersBelow) {
  const fs::path top = Layer();
  Write(Layer() / "etc/passwd", "app:x:2:2::/bottom:\n");
  EXPECT_EQ(Find("app").uid, 2u);
  // What a rootless unpacking sets; the trusted one needs real root, see tests/rooted.
  ASSERT_EQ(::setxattr((top / "etc").c_str(), "user.overlay.opaque", "y", 1, 0), 0);
  EXPECT_THAT(Error("app"), HasSubstr("not in /etc/passwd"));
}

TEST_F(UserTest, LinksStayInside) {
  const fs::path top = Layer();
  const fs::path bottom = Layer();
  Write(folder_ / "outside", "app:x:66:66::/:\n");
  fs::create_symlink("../../../../../../../outside", top / "etc/passwd");
  EXPECT_THAT(Error("app"), HasSubstr("not in /etc/passwd"));
  Write(bottom / "outside", "app:x:5:5::/:\n");
  EXPECT_EQ(Find("app").uid, 5u);

  fs::remove(top / "etc/passwd");
  fs::create_symlink("/usr/lib/users", top / "etc/passwd");
  fs::create_directories(top / "usr");
  fs::create_symlink("/share/lib", bottom / "usr_lib");
  Write(bottom / "usr/lib/users", "app:x:6:6::/:\n");
  EXPECT_EQ(Find("app").uid, 6u);
}

TEST_F(UserTest, ALoopOfLinksEnds) {
  const fs::path layer = Layer();
  fs::create_symlink("passwd", layer / "etc/passwd");
  EXPECT_THAT(Error("app"), HasSubstr("too many links"));
}

TEST_F(UserTest, AFifoIsNotRead) {
  const fs::path layer = Layer();
  ASSERT_EQ(::mkfifo((layer / "etc/passwd").c_str(), 0600), 0);
  EXPECT_THAT(Error("app"), HasSubstr("not a regular file"));
}

TEST_F(UserTest, AHugeFileIsNotRead) {
  const fs::path layer = Layer();
  Write(layer / "etc/passwd", "");
  fs::resize_file(layer / "etc/passwd", kMaxUserFile + 1);
  EXPECT_THAT(Error("app"), HasSubstr("larger than"));
}

}  // namespace
}  // namespace pelagos::image
