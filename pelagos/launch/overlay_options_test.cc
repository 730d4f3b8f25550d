#include "pelagos/launch/overlay_options.h"

#include <gtest/gtest.h>

namespace pelagos::launch {
namespace {

TEST(OverlayOptionsTest, WritesOptionsWithTheirSpecialCharactersEscaped) {
  const auto options = MakeOverlayOptions({"/a,b", "/c\\d"}, "/u:p", "/w");
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->options, "lowerdir=/a\\,b:/c\\\\d,upperdir=/u\\:p,workdir=/w");
  EXPECT_EQ(options->folder, "");
}

TEST(OverlayOptionsTest, ManyLayersAreNamedFromTheFolderTheyShare) {
  std::vector<std::string> lowers;
  for (int i = 0; i < 50; ++i) {
    lowers.push_back("/var/lib/pelagos/images/layers/" + std::string(64, 'a') + std::to_string(i));
  }
  const auto options = MakeOverlayOptions(lowers, "/run/upper", "/run/work");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->folder, "/var/lib/pelagos/images/layers/");
  EXPECT_LE(options->options.size(), 4095u);
  EXPECT_EQ(options->options.substr(0, 20), "lowerdir=aaaaaaaaaaa");
  EXPECT_NE(options->options.find(",upperdir=/run/upper,"), std::string::npos);
}

TEST(OverlayOptionsTest, RefusesWhatCannotBeMounted) {
  EXPECT_FALSE(MakeOverlayOptions({}, "/u", "/w").ok());
  EXPECT_FALSE(MakeOverlayOptions({"relative"}, "/u", "/w").ok());
  EXPECT_FALSE(
      MakeOverlayOptions(std::vector<std::string>(100, "/" + std::string(64, 'a')), "", "").ok());
}

TEST(OverlayOptionsTest, FindsTheCommonFolder) {
  EXPECT_EQ(internal::CommonFolder({"/a/b/c", "/a/b/d", "/a/bc/d"}), "/a/");
  EXPECT_EQ(internal::CommonFolder({"/a/b", "/c"}), "/");
  EXPECT_EQ(internal::CommonFolder({"/a/b"}), "/a/");
}

}  // namespace
}  // namespace pelagos::launch
