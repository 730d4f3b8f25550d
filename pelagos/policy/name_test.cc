#include "pelagos/policy/name.h"

#include <gtest/gtest.h>

#include <string>

namespace pelagos {
namespace {

static_assert(NameProblem("web").empty());
static_assert(NameProblem("0").empty());
static_assert(NameProblem("My_app.v2-x").empty());
static_assert("db"_name.value == "db");

TEST(NameTest, SaysWhatIsWrong) {
  EXPECT_EQ(NameProblem(""), "must not be empty");
  EXPECT_EQ(NameProblem("-a"), "must begin with a letter or digit");
  EXPECT_EQ(NameProblem(".."), "must begin with a letter or digit");
  EXPECT_EQ(NameProblem("/etc"), "must begin with a letter or digit");
  EXPECT_EQ(NameProblem("a/b"), "may have only letters, digits, '_', '.' and '-'");
  EXPECT_EQ(NameProblem(absl::string_view("a\0b", 3)),
            "may have only letters, digits, '_', '.' and '-'");
  EXPECT_EQ(NameProblem("a\xc3\xa4"), "may have only letters, digits, '_', '.' and '-'");
}

TEST(NameTest, IsBounded) {
  EXPECT_EQ(NameProblem(std::string(63, 'a')), "");
  EXPECT_EQ(NameProblem(std::string(64, 'a')), "is too long");
  EXPECT_EQ(NameProblem(std::string(127, 'a'), kMaxContainerNameLength), "");
  EXPECT_EQ(NameProblem(std::string(128, 'a'), kMaxContainerNameLength), "is too long");
}

}  // namespace
}  // namespace pelagos
