#include "tests/images/debian.h"

#include <gtest/gtest.h>

namespace pelagos::images {
namespace {

TEST(DebianTest, ArchivesAreReadFromAptsAnswer) {
  EXPECT_EQ(ParsePackageFiles("Reading package lists...\n"
                              "Need to get 3 kB.\n"
                              "'http://x/pool/z/zlib1g_1.2_amd64.deb' zlib1g_1%3a1.2_amd64.deb 9 \n"
                              "'http://x/pool/a/a_1%2b1_all.deb' a_1+1_all.deb 10 MD5Sum:00\n"
                              "'http://x/dists/InRelease' x_InRelease 11 \n"
                              "'broken\n"),
            (std::vector<std::string>{"a_1+1_all.deb", "zlib1g_1%3a1.2_amd64.deb"}));
  EXPECT_TRUE(ParsePackageFiles("").empty());
}

}  // namespace
}  // namespace pelagos::images
