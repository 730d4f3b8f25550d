#include "pelagos/container/copy_attributes.h"

#include <gtest/gtest.h>

namespace pelagos::container {
namespace {

TEST(IsCopiedTest, WhatBelongsToTheFile) {
  const AttributeRules all = {.capabilities = true, .access_lists = true};
  EXPECT_TRUE(IsCopied("user.mime_type", {}));
  EXPECT_TRUE(IsCopied("security.capability", all));
  EXPECT_FALSE(IsCopied("security.capability", {.access_lists = true}));
  EXPECT_TRUE(IsCopied("system.posix_acl_access", all));
  EXPECT_TRUE(IsCopied("system.posix_acl_default", all));
  EXPECT_FALSE(IsCopied("system.posix_acl_access", {.capabilities = true}));
  for (const char* name : {"trusted.overlay.opaque", "trusted.x", "user.overlay.redirect",
                           "security.selinux", "security.ima", "security.evm", "", "users.x"}) {
    EXPECT_FALSE(IsCopied(name, all)) << name;
  }
}

}  // namespace
}  // namespace pelagos::container
