#include "pelagos/lsp/uri.h"

#include <gtest/gtest.h>

namespace pelagos::lsp {
namespace {

TEST(Uri, ToPath) {
  EXPECT_EQ(PathOfUri("file:///srv/a.reml"), "/srv/a.reml");
  EXPECT_EQ(PathOfUri("file://localhost/srv/a.reml"), "/srv/a.reml");
  EXPECT_EQ(PathOfUri("FILE:///a"), "/a");
  EXPECT_EQ(PathOfUri("file:/srv/a.reml"), "/srv/a.reml");
  EXPECT_EQ(PathOfUri("file:///my%20stack/%C3%A9%25.reml"), "/my stack/é%.reml");
  EXPECT_EQ(PathOfUri("file:///a%2fb"), "/a/b");
  EXPECT_EQ(PathOfUri("file:///100%"), "/100%");
  EXPECT_EQ(PathOfUri("file:///a%zz"), "/a%zz");
  EXPECT_EQ(PathOfUri("file:///a.reml?x#y"), "/a.reml");
}

TEST(Uri, NoFiles) {
  EXPECT_EQ(PathOfUri("untitled:Untitled-1"), std::nullopt);
  EXPECT_EQ(PathOfUri("https://example.org/a"), std::nullopt);
  EXPECT_EQ(PathOfUri("file://elsewhere/a"), std::nullopt);
  EXPECT_EQ(PathOfUri("file:a"), std::nullopt);
  EXPECT_EQ(PathOfUri("file:///a%00b"), std::nullopt);
  EXPECT_EQ(PathOfUri(""), std::nullopt);
}

TEST(Uri, FromPath) {
  EXPECT_EQ(UriOfPath("/srv/my stack/é%.reml"), "file:///srv/my%20stack/%C3%A9%25.reml");
  for (const char* path : {"/a", "/a b/c", "/é🐋", "/%41", "/a?b#c", "/a:b@c"}) {
    EXPECT_EQ(PathOfUri(UriOfPath(path)), path);
  }
}

TEST(Uri, NormalPath) {
  EXPECT_EQ(NormalPath("/a/./b/../c.reml"), "/a/c.reml");
  EXPECT_EQ(NormalPath("/../a//b/"), "/a/b");
  EXPECT_EQ(NormalPath("/"), "/");
}

}  // namespace
}  // namespace pelagos::lsp
