#include "pelagos/cli/engine/copy.h"

#include <gtest/gtest.h>

namespace pelagos::cli::internal {
namespace {

TEST(ParseCopyPlaceTest, AContainerOrTheHost) {
  const auto is = [](const char* text, const char* container, const char* path) {
    return ParseCopyPlace(text) == CopyPlace{container, path};
  };
  EXPECT_TRUE(is("web:/etc/hosts", "web", "/etc/hosts"));
  EXPECT_TRUE(is("web:etc", "web", "etc"));
  EXPECT_TRUE(is("web:", "web", ""));
  EXPECT_TRUE(is("web:/a:b", "web", "/a:b"));
  EXPECT_TRUE(is("/srv/a:b", "", "/srv/a:b"));
  EXPECT_TRUE(is("./a:b", "", "./a:b"));
  EXPECT_TRUE(is("../a:b", "", "../a:b"));
  EXPECT_TRUE(is(":b", "", ":b"));
  EXPECT_TRUE(is("file", "", "file"));
  EXPECT_TRUE(is("-", "", "-"));
}

TEST(LastNameTest, IsWhatACopyIsCalled) {
  EXPECT_EQ(LastName("/etc/hosts"), "hosts");
  EXPECT_EQ(LastName("/etc/"), "etc");
  EXPECT_EQ(LastName("hosts"), "hosts");
  for (const char* path : {"/", "", ".", "..", "/etc/.", "/etc/..", "/etc/./", "//"}) {
    EXPECT_EQ(LastName(path), "") << path;
  }
}

}  // namespace
}  // namespace pelagos::cli::internal
