// Layers as root unpacks them, and what overlayfs makes of them.

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "pelagos/image/user.h"
#include "tests/rooted/image_test/store_world.h"

namespace pelagos::rooted {
namespace {

using image::LayoutForTests;
using image::TarBuilder;

class LayersTest : public ImageTest {
 protected:
  // The image "x" of these tars, bottom first.
  void Load(const std::vector<std::string>& tars) {
    const auto images = LoadText(LayoutForTests(tars, tars, "x").Pack());
    ASSERT_TRUE(images.ok()) << images.status();
  }
  std::string TopLayer() { return store_->Find("x")->layers.at(0); }
};

std::string Xattr(const std::string& path, const char* name) {
  char value[256];
  const ssize_t size = ::lgetxattr(path.c_str(), name, value, sizeof(value));
  return size < 0 ? "none" : std::string(value, static_cast<size_t>(size));
}

TEST_F(LayersTest, OwnersDevicesAndCapabilities) {
  // cap_net_raw+ep, revision 2: capabilities(7), struct vfs_cap_data.
  const std::string capability("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  TarBuilder tar;
  tar.Add({.name = "home", .type = '5', .mode = 0700, .uid = 1000, .gid = 1001})
      .Add({.name = "home/su", .content = "x", .mode = 06755, .uid = 1000, .gid = 1001})
      .Add({.name = "home/link", .type = '2', .link = "su", .uid = 1000, .gid = 1001})
      .Add({.name = "ping",
            .pax = {{"SCHILY.xattr.security.capability", capability},
                    {"SCHILY.xattr.trusted.mine", "x"}}})
      .Add({.name = "null", .type = '3', .mode = 0666, .major = 1, .minor = 3})
      .Add({.name = "disk", .type = '4', .mode = 0660, .gid = 6, .major = 8, .minor = 1});
  Load({tar.Build()});
  const std::string layer = TopLayer();
  struct stat info = {};
  ASSERT_EQ(::lstat((layer + "/home/su").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode, static_cast<mode_t>(S_IFREG | 06755));
  EXPECT_EQ(info.st_uid, 1000u);
  EXPECT_EQ(info.st_gid, 1001u);
  ASSERT_EQ(::lstat((layer + "/home/link").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 1000u);
  EXPECT_EQ(Xattr(layer + "/ping", "security.capability"), capability);
  EXPECT_EQ(Xattr(layer + "/ping", "trusted.mine"), "none");
  ASSERT_EQ(::lstat((layer + "/null").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode, static_cast<mode_t>(S_IFCHR | 0666));
  EXPECT_EQ(info.st_rdev, makedev(1, 3));
  ASSERT_EQ(::lstat((layer + "/disk").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode, static_cast<mode_t>(S_IFBLK | 0660));
  EXPECT_EQ(info.st_rdev, makedev(8, 1));
  // None of it is within reach of other users of the machine.
  ASSERT_EQ(::lstat(store_->folder().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(LayersTest, OverlayfsTakesTheWhiteouts) {
  TarBuilder base;
  base.Folder("d")
      .File("d/old")
      .Folder("gone")
      .File("gone/x")
      .File("file")
      .File("kept")
      .Folder("back")
      .File("back/old")
      .Folder("deep")
      .Folder("deep/er")
      .File("deep/er/old");
  TarBuilder top;
  top.Folder("d")
      .File("d/.wh..wh..opq", "")
      .File("d/new")  // opaque, then filled
      .File(".wh.gone", "")
      .File(".wh.file", "")  // a folder and a file removed
      .File(".wh.back", "")
      .Folder("back")
      .File("back/new")  // removed and made anew
      .File("deep/.wh.er", "")
      .File("deep/er/new");  // likewise, without its own entry
  Load({base.Build(), top.Build()});
  EXPECT_EQ(InImage("x", "find . -mindepth 1 | LC_ALL=C sort"),
            "./back\n./back/new\n./d\n./d/new\n./deep\n./deep/er\n./deep/er/new\n./kept\n");
  struct stat info = {};
  ASSERT_EQ(::lstat((TopLayer() + "/gone").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & S_IFMT, static_cast<mode_t>(S_IFCHR));
  EXPECT_EQ(info.st_rdev, 0u);
  EXPECT_EQ(Xattr(TopLayer() + "/d", "trusted.overlay.opaque"), "y");
}

TEST_F(LayersTest, OrderWithinALayerDoesNotMatter) {
  TarBuilder base, top;
  base.Folder("d").File("d/old").File("f", "old");
  // The layer's own content first, then what it removes below.
  top.Folder("d").File("d/new").File(".wh.d", "").File("f", "new").File(".wh.f", "");
  Load({base.Build(), top.Build()});
  EXPECT_EQ(InImage("x", "find d | LC_ALL=C sort; cat f"), "d\nd/new\nnew");
}

TEST_F(LayersTest, AnOpaqueRootEndsTheImage) {
  TarBuilder base, top;
  base.File("old");
  top.File(".wh..wh..opq", "").File("new");
  Load({base.Build(), top.Build()});
  EXPECT_EQ(store_->Find("x")->layers.size(), 1u);
  EXPECT_EQ(InImage("x", "ls"), "new\n");
}

TEST_F(LayersTest, UsersAreThoseThatOverlayfsShows) {
  TarBuilder base, top;
  base.Folder("etc")
      .File("etc/passwd", "app:x:7:8::/app:/bin/sh\n")
      .File("etc/group", "app:x:8:\n");
  Load({base.Build()});
  absl::StatusOr<ResolvedUser> user = image::FindUser(store_->Find("x")->layers, "app");
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(user->uid, 7u);
  EXPECT_EQ(user->home, "/app");

  Load({base.Build(), TarBuilder().Folder("etc").File("etc/.wh.passwd", "").Build()});
  user = image::FindUser(store_->Find("x")->layers, "app");
  EXPECT_TRUE(absl::StrContains(user.status().message(), "'app' is not in /etc/passwd"))
      << user.status();
  Load({base.Build(), TarBuilder().Folder("etc").File("etc/.wh..wh..opq", "").Build()});
  EXPECT_FALSE(image::FindUser(store_->Find("x")->layers, "app").ok());
  Load({base.Build(), TarBuilder().File(".wh.etc", "").Build()});
  EXPECT_FALSE(image::FindUser(store_->Find("x")->layers, "app").ok());
}

TEST_F(LayersTest, AFolderGoesThroughImportAsItIs) {
  const std::string source = folder_ + "/source";
  const Outcome made = rooted::Run({"sh", "-ec",
                                    absl::StrCat("mkdir -p ", source, "/dev; cd ", source,
                                                 "; mknod dev/null c 1 3; echo x > f; chown "
                                                 "12:34 f; chmod 4711 f; ln f g")});
  ASSERT_EQ(made.code, 0) << made.Describe();
  const auto image = image::ImportFolder(data_root(), source, "x", {}, options_);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(InImage("x", "stat -c '%n %F %a %u:%g %h' f g dev/null"),
            "f regular file 4711 12:34 2\ng regular file 4711 12:34 2\n"
            "dev/null character special file 644 0:0 1\n");
}

TEST_F(LayersTest, MountsBelowAFolderStayOutOfItsImage) {
  const std::string source = folder_ + "/source";
  ASSERT_TRUE(sys::MakeFolders(source + "/mnt", 0755).ok());
  const Outcome outcome =
      rooted::Run({"unshare", "--mount", "sh", "-ec",
                   absl::StrCat("mount -t tmpfs tmpfs ", source, "/mnt; touch ", source,
                                "/mnt/secret; ", options_.program, " import --data-root ",
                                data_root(), " --reference x --folder ", source)});
  ASSERT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_EQ(InImage("x", "find . | LC_ALL=C sort"), ".\n./mnt\n");
}

}  // namespace
}  // namespace pelagos::rooted
