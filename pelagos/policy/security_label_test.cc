#include "pelagos/policy/security_label.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(SecurityLabelTest, AppArmorNamesAreOneWord) {
  EXPECT_EQ(AppArmorProblem("docker-default"), "");
  EXPECT_EQ(AppArmorProblem("/usr/bin/x//&y"), "");
  EXPECT_EQ(AppArmorProblem("a b"), "must not contain blanks");
  EXPECT_EQ(AppArmorProblem("a\nexec unconfined"), "must not contain blanks");
}

TEST(SecurityLabelTest, SelinuxContextsHaveThreeOrMoreParts) {
  EXPECT_EQ(SelinuxProblem(SelinuxParts().process()), "");
  EXPECT_EQ(SelinuxProblem(SelinuxParts().mount()), "");
  EXPECT_EQ(SelinuxProblem("u:r:t:s0:c1,c2"), "");
  EXPECT_EQ(SelinuxProblem("u:r"), "must be user:role:type[:level]");
  EXPECT_EQ(SelinuxProblem("u::t"), "has an empty part");
  EXPECT_EQ(SelinuxProblem("u:r:t:"), "has an empty part");
  EXPECT_EQ(SelinuxProblem(""), "has an empty part");
  EXPECT_EQ(SelinuxProblem("u:r:t\",ro"), "holds a character that no context has");
}

TEST(SecurityLabelTest, PartsReplaceTheUsualOnes) {
  SelinuxParts parts;
  *FindSelinuxPart(parts, "type") = "svirt_t";
  *FindSelinuxPart(parts, "level") = "s0:c1,c2";
  EXPECT_EQ(parts.process(), "system_u:system_r:svirt_t:s0:c1,c2");
  EXPECT_EQ(parts.mount(), "system_u:object_r:container_file_t:s0:c1,c2");
  EXPECT_EQ(FindSelinuxPart(parts, "colour"), nullptr);
}

}  // namespace
}  // namespace pelagos
