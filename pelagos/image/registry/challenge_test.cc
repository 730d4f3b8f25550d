#include "pelagos/image/registry/challenge.h"

#include "gtest/gtest.h"

namespace pelagos::image {
namespace {

TEST(ChallengeTest, BearerOfTheHub) {
  const auto challenges = ParseAuthChallenges(
      R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",)"
      R"(scope="repository:library/redis:pull,push",error="invalid_token")");
  ASSERT_EQ(challenges.size(), 1u);
  EXPECT_EQ(challenges[0].scheme, "bearer");
  EXPECT_EQ(challenges[0].Param("realm"), "https://auth.docker.io/token");
  EXPECT_EQ(challenges[0].Param("service"), "registry.docker.io");
  EXPECT_EQ(challenges[0].Param("scope"), "repository:library/redis:pull,push");
  EXPECT_EQ(challenges[0].Param("other"), "");
}

TEST(ChallengeTest, SeveralSchemesInOneHeader) {
  const auto challenges =
      ParseAuthChallenges(R"(Negotiate, Basic realm="a \"b\" c" , charset=UTF-8, BEARER Realm=x)");
  ASSERT_EQ(challenges.size(), 3u);
  EXPECT_EQ(challenges[0].scheme, "negotiate");
  EXPECT_TRUE(challenges[0].params.empty());
  EXPECT_EQ(challenges[1].Param("realm"), "a \"b\" c");
  EXPECT_EQ(challenges[1].Param("charset"), "UTF-8");
  EXPECT_EQ(challenges[2].scheme, "bearer");
  EXPECT_EQ(challenges[2].Param("realm"), "x");
}

TEST(ChallengeTest, OfEqualNamesTheFirstCounts) {
  const auto challenges = ParseAuthChallenges(R"(Bearer realm="good",realm="bad")");
  ASSERT_EQ(challenges.size(), 1u);
  EXPECT_EQ(challenges[0].Param("realm"), "good");
}

TEST(ChallengeTest, WhatIsNotUnderstoodEndsIt) {
  EXPECT_TRUE(ParseAuthChallenges("").empty());
  EXPECT_TRUE(ParseAuthChallenges(" , ,").empty());
  EXPECT_TRUE(ParseAuthChallenges("\"x\"").empty());
  // No closing quote: the parameter does not count.
  const auto challenges = ParseAuthChallenges("Bearer realm=\"https://x");
  ASSERT_FALSE(challenges.empty());
  EXPECT_EQ(challenges[0].Param("realm"), "");
  EXPECT_LE(ParseAuthChallenges(std::string(1 << 20, 'a')).front().scheme.size(),
            kMaxChallengeSize);
}

}  // namespace
}  // namespace pelagos::image
