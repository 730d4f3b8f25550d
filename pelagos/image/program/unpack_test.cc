// Layers, honest and hostile. What needs real root (owners, devices, whiteouts, trusted xattrs) is
// in tests/rooted/image_test.cc.

#include "pelagos/image/program/unpack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pelagos/base/fd.h"
#include "pelagos/image/program/unpack_testing.h"

namespace pelagos::image {
namespace {

using ::testing::HasSubstr;

TEST_F(UnpackTest, KeepsContentModesAndTimes) {
  TarBuilder tar;
  tar.Add({.name = "./", .type = '5', .mode = 0750, .mtime = 1234567890})
      .Add({.name = "./bin", .type = '5', .mode = 01777, .mtime = 1111111111})
      .Add({.name = "./bin/su", .content = "program", .mode = 04755, .mtime = 1222222222})
      .Symlink("./sbin", "bin")
      .HardLink("./bin/su2", "./bin/su")
      .Add({.name = "pipe", .type = '6', .mode = 0622});
  Good(tar);
  struct stat info = {};
  ASSERT_EQ(::lstat((layer_ / "bin/su").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode, static_cast<mode_t>(S_IFREG | 04755));
  EXPECT_EQ(info.st_mtime, 1222222222);
  EXPECT_EQ(info.st_nlink, 2u);
  EXPECT_EQ(Read(layer_ / "bin/su2"), "program");
  ASSERT_EQ(::lstat((layer_ / "bin").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode, static_cast<mode_t>(S_IFDIR | 01777));
  EXPECT_EQ(info.st_mtime, 1111111111) << "a folder's time is that of its entry";
  ASSERT_EQ(::lstat(layer_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0750u);
  EXPECT_EQ(info.st_mtime, 1234567890);
  EXPECT_EQ(fs::read_symlink(layer_ / "sbin"), "bin");
  ASSERT_EQ(::lstat((layer_ / "pipe").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode, static_cast<mode_t>(S_IFIFO | 0622));
}

TEST_F(UnpackTest, DigestsAreOfTheBlobAndOfTheTar) {
  const std::string tar = TarBuilder().File("a", std::string(100000, 'a')).Build();
  for (const std::string& blob : {tar, Gzip(tar), Zstd(tar)}) {
    absl::StatusOr<UnpackedLayer> layer = Unpack(blob);
    ASSERT_TRUE(layer.ok()) << layer.status();
    EXPECT_EQ(layer->blob, Sha256Of(blob));
    EXPECT_EQ(layer->size, blob.size());
    EXPECT_EQ(layer->diff_id, Sha256Of(tar));
  }
}

TEST_F(UnpackTest, BytesBehindTheEndCountForTheDigest) {
  const std::string tar = TarBuilder().File("a").Build() + std::string(9000, '\0') + "tail";
  EXPECT_EQ(Unpack(tar)->diff_id, Sha256Of(tar));
  EXPECT_EQ(Unpack(Gzip(tar))->diff_id, Sha256Of(tar));
  EXPECT_EQ(Unpack(Gzip(tar) + std::string(512, '\0'))->diff_id, Sha256Of(tar));
}

TEST_F(UnpackTest, EmptyLayersAreFine) {
  EXPECT_TRUE(Unpack("").ok());
  EXPECT_TRUE(Unpack(std::string(1024, '\0')).ok());
  EXPECT_TRUE(fs::is_empty(layer_));
}

TEST_F(UnpackTest, NamesAreBytes) {
  const std::string decomposed = "a\xcc\x88", composed = "\xc3\xa4", broken = "\xff\xfe";
  TarBuilder tar;
  for (const std::string& name : {decomposed, composed, broken}) {
    tar.File(name, "1").Add({.name = "x", .content = "2", .pax = {{"path", "pax-" + name}}});
  }
  Good(tar);
  for (const std::string& name : {decomposed, composed, broken}) {
    EXPECT_EQ(Read(layer_ / name), "1");
    EXPECT_EQ(Read(layer_ / ("pax-" + name)), "2");
  }
}

TEST_F(UnpackTest, LongNamesAndMissingParents) {
  const std::string path = "a/" + std::string(200, 'b') + "/" + std::string(200, 'c');
  Good(TarBuilder().Add({.name = "x", .content = "deep", .pax = {{"path", path}}}));
  // From an open folder: the whole path may be longer than PATH_MAX.
  const Fd layer(::open(layer_.c_str(), O_PATH | O_CLOEXEC));
  EXPECT_EQ(Read(absl::StrCat("/proc/self/fd/", layer.get(), "/", path)), "deep");
  EXPECT_EQ(fs::status(layer_ / "a").permissions(), fs::perms(0755));
}

TEST_F(UnpackTest, AbsoluteNamesCountFromTheLayer) {
  Good(TarBuilder().File("/etc/passwd", "inside").File("//x//./y", "z"));
  EXPECT_EQ(Read(layer_ / "etc/passwd"), "inside");
  EXPECT_EQ(Read(layer_ / "x/y"), "z");
  // A pax header, since a test's folder may have a longer path than a tar header holds.
  Good(TarBuilder().Add(
      {.name = "x", .content = "stolen", .pax = {{"path", (outside_ / "precious").string()}}}));
  EXPECT_EQ(Read(fs::path(layer_.string() + (outside_ / "precious").string())), "stolen");
}

TEST_F(UnpackTest, RefusesToClimb) {
  EXPECT_THAT(Bad(TarBuilder().File("../outside/precious")), HasSubstr("climbs with '..'"));
  EXPECT_THAT(Bad(TarBuilder().File("a/../../outside/precious")), HasSubstr("climbs"));
  EXPECT_THAT(Bad(TarBuilder().File("a/..")), HasSubstr("climbs"));
  EXPECT_THAT(Bad(TarBuilder().Folder("../outside/new")), HasSubstr("climbs"));
  EXPECT_THAT(Bad(TarBuilder().Symlink("../outside/new", "x")), HasSubstr("climbs"));
  EXPECT_THAT(Bad(TarBuilder().Add({.name = "x", .pax = {{"path", "../outside/precious"}}})),
              HasSubstr("climbs"));
}

TEST_F(UnpackTest, RefusesToWriteThroughALink) {
  EXPECT_THAT(Bad(TarBuilder().Symlink("l", "../outside").File("l/precious")),
              HasSubstr("lies below a symbolic link"));
  EXPECT_THAT(Bad(TarBuilder().Symlink("m", outside_.string()).File("m/new")),
              HasSubstr("lies below a symbolic link"));
  EXPECT_THAT(Bad(TarBuilder().Folder("d").Symlink("d/l", "../../outside").Folder("d/l/new/er")),
              HasSubstr("lies below a symbolic link"));
  EXPECT_THAT(Bad(TarBuilder().Symlink("n", ".").Symlink("n/o", "../outside")),
              HasSubstr("lies below a symbolic link"));
}

TEST_F(UnpackTest, ReplacesALinkInsteadOfFollowingIt) {
  Good(TarBuilder().Symlink("f", "../outside/precious").File("f", "mine"));
  EXPECT_EQ(Read(layer_ / "f"), "mine");
  Good(TarBuilder().Symlink("d", "../outside").Folder("d").File("d/new", "inside"));
  EXPECT_EQ(Read(layer_ / "d/new"), "inside");
}

TEST_F(UnpackTest, RefusesHardLinksToTheOutside) {
  EXPECT_THAT(Bad(TarBuilder().HardLink("h", "../outside/precious")), HasSubstr("climbs"));
  EXPECT_THAT(Bad(TarBuilder().HardLink("h", (outside_ / "precious").string())),
              HasSubstr("which is not in the layer"));
  EXPECT_THAT(Bad(TarBuilder().Symlink("l", "../outside").HardLink("h", "l/precious")),
              HasSubstr("which is not in the layer"));
  EXPECT_THAT(Bad(TarBuilder().Folder("d").HardLink("h", "d")), HasSubstr("link to a folder"));
  EXPECT_THAT(Bad(TarBuilder().HardLink("h", "./")), HasSubstr("link to a folder"));
  EXPECT_THAT(Bad(TarBuilder().HardLink("h", "missing")), HasSubstr("which is not in the layer"));
}

TEST_F(UnpackTest, AHardLinkToALinkIsThatLink) {
  // Writing to "h" afterwards replaces the name, and never opens what it points to.
  Good(TarBuilder().Symlink("l", "../outside/precious").HardLink("h", "l").File("h", "mine"));
  EXPECT_EQ(Read(layer_ / "h"), "mine");
  EXPECT_TRUE(fs::is_symlink(layer_ / "l"));
}

TEST_F(UnpackTest, AHardLinkToItselfChangesNothing) {
  Good(TarBuilder().File("a", "content").HardLink("a", "./a"));
  EXPECT_EQ(Read(layer_ / "a"), "content");
}

TEST_F(UnpackTest, RewritingOneOfTwoLinksLeavesTheOther) {
  Good(TarBuilder().File("a", "old").HardLink("b", "a").File("b", "new"));
  EXPECT_EQ(Read(layer_ / "a"), "old");
  EXPECT_EQ(Read(layer_ / "b"), "new");
}

TEST_F(UnpackTest, RefusesWhiteoutsOutside) {
  EXPECT_THAT(Bad(TarBuilder().File(".wh...")), HasSubstr("whiteout of nothing"));
  EXPECT_THAT(Bad(TarBuilder().File("a/.wh..")), HasSubstr("whiteout of nothing"));
  EXPECT_THAT(Bad(TarBuilder().File(".wh.")), HasSubstr("whiteout of nothing"));
  EXPECT_THAT(Bad(TarBuilder().File("../.wh.outside")), HasSubstr("climbs"));
  EXPECT_THAT(Bad(TarBuilder().Symlink("l", "../outside").File("l/.wh.precious")),
              HasSubstr("lies below a symbolic link"));
  EXPECT_THAT(Bad(TarBuilder().Symlink("l", "../outside").File("l/.wh..wh..opq")),
              HasSubstr("lies below a symbolic link"));
  EXPECT_THAT(Bad(TarBuilder().Symlink(".wh.x", "../outside")), HasSubstr("is a whiteout, but no"));
  EXPECT_THAT(Bad(TarBuilder().File(".wh.x/y")), HasSubstr("lies below a whiteout"));
}

TEST_F(UnpackTest, AWhiteoutSparesWhatTheLayerItselfHas) {
  Good(TarBuilder().File("x", "mine").File(".wh.x", ""));
  EXPECT_EQ(Read(layer_ / "x"), "mine");
}

TEST_F(UnpackTest, LeavesOutTheNotesOfAufs) {
  Good(TarBuilder().Folder(".wh..wh.plnk").File(".wh..wh.plnk/1.2").File(".wh..wh.aufs"));
  EXPECT_TRUE(fs::is_empty(layer_));
}

TEST_F(UnpackTest, RefusesAWhiteoutInDisguise) {
  EXPECT_THAT(Bad(TarBuilder().Add({.name = "x", .type = '3'})), HasSubstr("device 0:0"));
}

TEST_F(UnpackTest, OneKindReplacesAnother) {
  Good(TarBuilder()
           .Folder("a")
           .File("a/b/c", "1")
           .File("a", "file")  // folder, then file
           .File("f")
           .Folder("f")
           .File("f/x", "2")  // file, then folder
           .Folder("g")
           .File("g/x", "3")
           .Folder("g", 0700)  // folder twice
           .Folder("s")
           .File("s/x")
           .Symlink("s", "f")  // folder, then link
           .File("z", "first")
           .File("z", "second"));
  EXPECT_EQ(Read(layer_ / "a"), "file");
  EXPECT_EQ(Read(layer_ / "f/x"), "2");
  EXPECT_EQ(Read(layer_ / "g/x"), "3");
  EXPECT_EQ(fs::status(layer_ / "g").permissions(), fs::perms(0700));
  EXPECT_TRUE(fs::is_symlink(layer_ / "s"));
  EXPECT_EQ(Read(layer_ / "z"), "second");
}

TEST_F(UnpackTest, AFolderThatCameBackIsWrittenTo) {
  // The second a/b is another folder than the one that was open.
  Good(TarBuilder().File("a/b/c", "1").File("a", "file").Folder("a").File("a/b/d", "2"));
  EXPECT_FALSE(fs::exists(layer_ / "a/b/c"));
  EXPECT_EQ(Read(layer_ / "a/b/d"), "2");
}

TEST_F(UnpackTest, RefusesToWriteBelowAFile) {
  EXPECT_THAT(Bad(TarBuilder().File("a").File("a/b")), HasSubstr("lies below a file"));
}

TEST_F(UnpackTest, TheRootStaysAFolder) {
  EXPECT_THAT(Bad(TarBuilder().File(".")), HasSubstr("no name"));
  EXPECT_THAT(Bad(TarBuilder().Symlink(".", "../outside")), HasSubstr("no name"));
}

TEST_F(UnpackTest, RefusesDepthAndLength) {
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "d/";
  EXPECT_THAT(Bad(TarBuilder().Add({.name = "x", .pax = {{"path", deep + "x"}}})),
              HasSubstr("folders deep"));
  EXPECT_THAT(Bad(TarBuilder().Add({.name = "x", .pax = {{"path", std::string(300, 'x')}}})),
              HasSubstr("more than 255 bytes"));
}

TEST_F(UnpackTest, RefusesImpossibleOwners) {
  EXPECT_THAT(Bad(TarBuilder().Add({.name = "x", .pax = {{"uid", "4294967295"}}})),
              HasSubstr("impossible owner"));
  EXPECT_THAT(Bad(TarBuilder().Add({.name = "x", .pax = {{"gid", "99999999999"}}})),
              HasSubstr("impossible owner"));
}

TEST_F(UnpackTest, TakesNoXattrsOfOverlayfs) {
  Good(TarBuilder().Add({.name = "x",
                         .type = '5',
                         .pax = {{"SCHILY.xattr.user.overlay.opaque", "y"},
                                 {"SCHILY.xattr.trusted.overlay.opaque", "y"},
                                 {"SCHILY.xattr.trusted.overlay.redirect", "/"},
                                 {"SCHILY.xattr.security.selinux", "x"},
                                 {"SCHILY.xattr.user.mine", "value"}}}));
  char names[1000];
  const ssize_t size = ::listxattr((layer_ / "x").c_str(), names, sizeof(names));
  EXPECT_EQ(std::string(names, static_cast<size_t>(size)), std::string("user.mine", 10));
}

}  // namespace
}  // namespace pelagos::image
