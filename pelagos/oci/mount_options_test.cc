#include "pelagos/oci/mount_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "pelagos/abi/mount_attribute.h"

namespace pelagos::oci {
namespace {

using Words = std::vector<std::string>;

TEST(MountOptionsTest, WordsGoWhereTheyBelong) {
  const MountOptionSet options = ParseMountOptions(
      Words{"ro", "nosuid", "rslave", "size=64k", "mode=1777", "tmpcopyup", "rnoexec"});
  EXPECT_EQ(options.flags, uint64_t{MS_RDONLY | MS_NOSUID});
  EXPECT_EQ(options.attributes.set, kAttrReadOnly | kAttrNoSuid);
  EXPECT_EQ(options.attributes.set_below, kAttrNoExec);
  EXPECT_EQ(options.attributes.propagation, std::vector<uint64_t>{MS_SLAVE | MS_REC});
  EXPECT_EQ(options.data, "size=64k,mode=1777");
  EXPECT_TRUE(options.copy_up);
  EXPECT_FALSE(options.bind);
}

TEST(MountOptionsTest, TheLastWordOfAThingCounts) {
  const MountOptionSet options = ParseMountOptions(Words{"ro", "rw", "noexec", "exec", "noexec"});
  EXPECT_EQ(options.flags, uint64_t{MS_NOEXEC});
  EXPECT_EQ(options.attributes.set, kAttrNoExec);
  EXPECT_EQ(options.attributes.clear, kAttrReadOnly);
}

TEST(MountOptionsTest, AccessTimesAreOneField) {
  const MountOptionSet options = ParseMountOptions(Words{"noatime", "strictatime"});
  EXPECT_EQ(options.attributes.set, kAttrStrictAtime);
  EXPECT_EQ(options.attributes.clear, kAttrAtime);
  EXPECT_EQ(ParseMountOptions(Words{"rrelatime"}).attributes.clear_below, kAttrAtime);
}

TEST(MountOptionsTest, BindsMayBeRecursive) {
  EXPECT_FALSE(ParseMountOptions(Words{"bind"}).recursive);
  EXPECT_TRUE(ParseMountOptions(Words{"rbind"}).recursive);
  EXPECT_TRUE(ParseMountOptions(Words{"ridmap"}).map_ids_below);
}

TEST(MountOptionsTest, EveryListedWordIsKnown) {
  const Words words = MountOptionWords();
  EXPECT_TRUE(std::is_sorted(words.begin(), words.end()));
  for (const std::string& word : words) {
    EXPECT_EQ(ParseMountOptions(Words{word}).data, "") << word;
  }
  EXPECT_EQ(ParseMountOptions(Words{"nofail"}).data, "nofail");
}

}  // namespace
}  // namespace pelagos::oci
