#include "pelagos/image/reference.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pelagos::image {
namespace {

using ::testing::HasSubstr;

const std::string kHex(64, 'a');

std::string Canonical(absl::string_view text) {
  absl::StatusOr<Reference> reference = ParseReference(text);
  return reference.ok() ? reference->ToString() : std::string(reference.status().message());
}

TEST(ReferenceTest, FillsInRegistryLibraryAndTag) {
  EXPECT_EQ(Canonical("busybox"), "docker.io/library/busybox:latest");
  EXPECT_EQ(Canonical("redis:7"), "docker.io/library/redis:7");
  EXPECT_EQ(Canonical("a/b"), "docker.io/a/b:latest");
  EXPECT_EQ(Canonical("docker.io/redis"), "docker.io/library/redis:latest");
  EXPECT_EQ(Canonical("index.docker.io/redis"), "docker.io/library/redis:latest");
}

TEST(ReferenceTest, TellsARegistryFromAFolder) {
  EXPECT_EQ(Canonical("localhost/x"), "localhost/x:latest");
  EXPECT_EQ(Canonical("localhost:5000/x:1"), "localhost:5000/x:1");
  EXPECT_EQ(Canonical("ghcr.io/acme/team/api:v1.2"), "ghcr.io/acme/team/api:v1.2");
  EXPECT_EQ(Canonical("Host/x"), "Host/x:latest");
  EXPECT_EQ(Canonical("[::1]:5000/x"), "[::1]:5000/x:latest");
}

TEST(ReferenceTest, ADigestReplacesTheTag) {
  EXPECT_EQ(Canonical("redis:7@sha256:" + kHex), "docker.io/library/redis@sha256:" + kHex);
  EXPECT_EQ(Canonical("redis@sha256:" + kHex), "docker.io/library/redis@sha256:" + kHex);
}

TEST(ReferenceTest, TakesEverySeparator) {
  EXPECT_EQ(Canonical("a.b"), "docker.io/library/a.b:latest");
  EXPECT_EQ(Canonical("a__b/c---d"), "docker.io/a__b/c---d:latest");
  EXPECT_EQ(Canonical("x:_1.2-B"), "docker.io/library/x:_1.2-B");
}

TEST(ReferenceTest, CanonicalFormsParseToThemselves) {
  for (const std::string& text :
       {std::string("redis"), std::string("localhost:1/a/b:c"), "x.y/z@sha256:" + kHex}) {
    absl::StatusOr<Reference> reference = ParseReference(text);
    ASSERT_TRUE(reference.ok()) << reference.status();
    absl::StatusOr<Reference> again = ParseReference(reference->ToString());
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(*again, *reference);
  }
}

TEST(ReferenceTest, NamesThePartAtFault) {
  EXPECT_THAT(Canonical(""), HasSubstr("empty"));
  EXPECT_THAT(Canonical("Redis"), HasSubstr("its part 'Redis'"));
  EXPECT_THAT(Canonical("a/../b"), HasSubstr("its part '..'"));
  EXPECT_THAT(Canonical("/etc/passwd"), HasSubstr("its part ''"));
  EXPECT_THAT(Canonical("a//b"), HasSubstr("its part ''"));
  EXPECT_THAT(Canonical("a/"), HasSubstr("its part ''"));
  EXPECT_THAT(Canonical("a._b"), HasSubstr("its part 'a._b'"));
  EXPECT_THAT(Canonical("a___b"), HasSubstr("its part 'a___b'"));
  EXPECT_THAT(Canonical("a..b"), HasSubstr("its part 'a..b'"));
  EXPECT_THAT(Canonical("a-"), HasSubstr("its part 'a-'"));
  EXPECT_THAT(Canonical("a b"), HasSubstr("its part 'a b'"));
  EXPECT_THAT(Canonical("x:"), HasSubstr("a tag is"));
  EXPECT_THAT(Canonical("x:-a"), HasSubstr("a tag is"));
  EXPECT_THAT(Canonical("x:" + std::string(129, 'a')), HasSubstr("a tag is"));
  EXPECT_THAT(Canonical("-a.b/x"), HasSubstr("host[:port]"));
  EXPECT_THAT(Canonical("a.b:port/x"), HasSubstr("host[:port]"));
  EXPECT_THAT(Canonical("[::1/x"), HasSubstr("host[:port]"));
  EXPECT_THAT(Canonical("x@sha256:12"), HasSubstr("64 digits"));
  EXPECT_THAT(Canonical("x@md5:12"), HasSubstr("'sha256:'"));
  EXPECT_THAT(Canonical(kHex), HasSubstr("NAME@sha256:"));
  EXPECT_THAT(Canonical(std::string(241, 'a')), HasSubstr("longer than 240"));
  EXPECT_THAT(Canonical(std::string("a\0b", 3)), HasSubstr("its part"));
}

}  // namespace
}  // namespace pelagos::image
