#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "tests/rooted/image_test/hostile_archives.h"

namespace pelagos::rooted {
namespace {

using image::Gzip;
using image::TarBuilder;
using image::Zstd;

constexpr size_t kHeader = 512;

// The header at `header` with other bytes in it, and its check sum right again.
std::string Patched(std::string tar, size_t header, size_t at, const std::string& bytes) {
  tar.replace(header + at, bytes.size(), bytes);
  char* const sum = tar.data() + header + 148;
  std::memset(sum, ' ', 8);
  unsigned total = 0;
  for (size_t i = 0; i < kHeader; ++i) total += static_cast<unsigned char>(tar[header + i]);
  std::snprintf(sum, 8, "%06o", total);
  return tar;
}

// A name of GNU tar's long form ('L') or target of a link ('K'), then a member.
std::string WithLong(char type, const std::string& text, const TarBuilder::Member& member) {
  return TarBuilder()
      .Add({.name = "././@LongLink", .type = type, .content = text + '\0'})
      .Add(member)
      .Build();
}

// A pax header of these bytes, as they are.
std::string WithPax(const std::string& records) {
  return TarBuilder().Add({.name = "pax", .type = 'x', .content = records}).File("file").Build();
}

std::string WithXattr(const std::string& name, const std::string& value) {
  return TarBuilder().Add({.name = "x", .pax = {{"SCHILY.xattr." + name, value}}}).Build();
}

std::string Sparse(std::vector<std::pair<std::string, std::string>> records) {
  return TarBuilder().Add({.name = "s", .content = "x", .pax = std::move(records)}).Build();
}

// GNU's old form: a header of type 'S' with its map.
std::string OldSparse(const std::string& offset, const std::string& size,
                      const std::string& real_size) {
  const std::string tar = TarBuilder().Add({.name = "s", .type = 'S', .content = "x"}).Build();
  std::string patched = Patched(tar, 0, 257, std::string("ustar  \0", 8));
  patched = Patched(patched, 0, 386, offset);
  patched = Patched(patched, 0, 398, size);
  return Patched(patched, 0, 483, real_size);
}

std::string Flipped(std::string bytes, size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  return bytes;
}

constexpr char kClimbs[] = "climbs with '..'";
constexpr char kBelowLink[] = "lies below a symbolic link of the same layer";
constexpr char kNotThere[] = "which is not in the layer";
constexpr char kDamaged[] = "the archive is damaged";

void AddEscapes(const Outside& outside, std::vector<HostileLayer>& all) {
  const std::string &up = outside.relative, &absolute = outside.absolute;
  const std::string victim = up + "/precious";
  all.insert(
      all.end(),
      {
          {"a name with ..", kClimbs, TarBuilder().File(victim).Build()},
          {"a name with .. within", kClimbs, TarBuilder().File("a/../../../x").Build()},
          {"a name that ends with ..", kClimbs, TarBuilder().File("a/..").Build()},
          {"a folder with ..", kClimbs, TarBuilder().Folder(up + "/new").Build()},
          {"a symbolic link with ..", kClimbs, TarBuilder().Symlink(up + "/new", "x").Build()},
          {"a device with ..", kClimbs,
           TarBuilder().Add({.name = up + "/null", .type = '3', .major = 1, .minor = 3}).Build()},
          {"a pax path with ..", kClimbs,
           TarBuilder().Add({.name = "x", .pax = {{"path", victim}}}).Build()},
          {"a long name of GNU's with ..", kClimbs, WithLong('L', victim, {.name = "x"})},
          {"an absolute name",
           "",
           TarBuilder().File(absolute + "/precious").Build(),
           "",
           {},
           "",
           true},
          {"a file below a relative link", kBelowLink,
           TarBuilder().Symlink("l", up).File("l/precious").Build()},
          {"a file below an absolute link", kBelowLink,
           TarBuilder().Symlink("l", absolute).File("l/precious").Build()},
          {"a file below a pax link", kBelowLink,
           TarBuilder()
               .Add({.name = "l", .type = '2', .link = "x", .pax = {{"linkpath", absolute}}})
               .File("l/precious")
               .Build()},
          {"a file below a long link of GNU's", kBelowLink,
           TarBuilder()
               .Add({.name = "././@LongLink", .type = 'K', .content = absolute + '\0'})
               .Symlink("l", "x")
               .File("l/precious")
               .Build()},
          {"a folder below a link", kBelowLink,
           TarBuilder().Symlink("l", up).Folder("l/new/er").Build()},
          {"a device below a link", kBelowLink,
           TarBuilder().Symlink("l", up).Add({.name = "l/n", .type = '3', .major = 1}).Build()},
          {"a link below a link to itself", kBelowLink,
           TarBuilder().Symlink("l", ".").Symlink("l/m", up).Build()},
          {"a file below a link to a link", kBelowLink,
           TarBuilder().Symlink("a", up).Symlink("b", "a").File("b/precious").Build()},
          {"a folder that becomes a link", kBelowLink,
           TarBuilder().Folder("d").File("d/x").Symlink("d", absolute).File("d/precious").Build()},
          {"a file that replaces a link to outside",
           "",
           TarBuilder().Symlink("f", absolute + "/precious").File("f", "mine").Build(),
           "",
           {},
           "",
           true},
          {"a folder that replaces a link to outside",
           "",
           TarBuilder().Symlink("d", absolute).Folder("d", 0700).File("d/precious").Build(),
           "",
           {},
           "",
           true},
          {"a symbolic link to nothing", "is a symbolic link to nothing",
           TarBuilder().Symlink("l", "").Build()},
          {"a symbolic link to too much", "symlinkat",
           TarBuilder()
               .Add({.name = "l",
                     .type = '2',
                     .link = "x",
                     .pax = {{"linkpath", std::string(5000, 'x')}}})
               .Build()},
          {"a hard link with ..", kClimbs, TarBuilder().HardLink("h", victim).Build()},
          {"an absolute hard link", kNotThere,
           TarBuilder().HardLink("h", absolute + "/precious").Build()},
          {"a hard link through a link", kNotThere,
           TarBuilder().Symlink("l", absolute).HardLink("h", "l/precious").Build()},
          {"a pax hard link with ..", kClimbs,
           TarBuilder()
               .Add({.name = "h", .type = '1', .link = "x", .pax = {{"linkpath", victim}}})
               .Build()},
          {"a hard link of GNU's with ..", kClimbs,
           WithLong('K', victim, {.name = "h", .type = '1', .link = "x"})},
          {"a hard link below a link", kBelowLink,
           TarBuilder().File("f").Symlink("l", absolute).HardLink("l/h", "f").Build()},
          {"a hard link to a link to outside, written to",
           "",
           TarBuilder()
               .Symlink("l", absolute + "/precious")
               .HardLink("h", "l")
               .File("h", "mine")
               .Build(),
           "",
           {},
           "",
           true},
          {"a hard link to a folder", "is a hard link to a folder",
           TarBuilder().Folder("d").HardLink("h", "d").Build()},
          {"a hard link to the root", "is a hard link to a folder",
           TarBuilder().HardLink("h", "./").Build()},
          {"a hard link to nothing", kNotThere, TarBuilder().HardLink("h", "missing").Build()},
          {"a hard link to a whiteout", kNotThere,
           TarBuilder().File(".wh.x", "").HardLink("h", "x").Build()},
      });
}

void AddWhiteoutsAndShapes(const Outside& outside, std::vector<HostileLayer>& all) {
  const std::string &up = outside.relative, &absolute = outside.absolute;
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "d/";
  all.insert(
      all.end(),
      {
          {"a whiteout of ..", "is a whiteout of nothing", TarBuilder().File(".wh...").Build()},
          {"a whiteout of .", "is a whiteout of nothing", TarBuilder().File("a/.wh..").Build()},
          {"a whiteout of nothing", "is a whiteout of nothing", TarBuilder().File(".wh.").Build()},
          {"a whiteout outside", kClimbs, TarBuilder().File(up + "/.wh.precious").Build()},
          {"a whiteout below a link", kBelowLink,
           TarBuilder().Symlink("l", absolute).File("l/.wh.precious", "").Build()},
          {"an opaque folder below a link", kBelowLink,
           TarBuilder().Symlink("l", absolute).File("l/.wh..wh..opq", "").Build()},
          {"a whiteout that is a link", "is a whiteout, but no file",
           TarBuilder().Symlink(".wh.x", absolute).Build()},
          {"a whiteout that is a device", "is a whiteout, but no file",
           TarBuilder().Add({.name = ".wh.x", .type = '3', .major = 1}).Build()},
          {"a file below a whiteout", "lies below a whiteout",
           TarBuilder().File(".wh.x/y").Build()},
          {"a device that is a whiteout", "is a device 0:0",
           TarBuilder().Add({.name = "x", .type = '3'}).Build()},
          {"marks of overlayfs",
           "",
           TarBuilder()
               .Add({.name = "d",
                     .type = '5',
                     .pax = {{"SCHILY.xattr.trusted.overlay.opaque", "y"},
                             {"SCHILY.xattr.trusted.overlay.redirect", "/"},
                             {"SCHILY.xattr.user.overlay.redirect", "/"}}})
               .Build(),
           "",
           {},
           "",
           true},
          {"a file below a file", "lies below a file of the same layer",
           TarBuilder().File("a").File("a/b").Build()},
          {"a root that is a file", "has no name", TarBuilder().File(".").Build()},
          {"a root that is a link", "has no name", TarBuilder().Symlink(".", absolute).Build()},
          {"no name", "has no name",
           Patched(TarBuilder().File("x").Build(), 0, 0, std::string(1, '\0'))},
          {"too deep", "folders deep",
           TarBuilder().Add({.name = "x", .pax = {{"path", deep + "x"}}}).Build()},
          {"too long a name", "more than 255 bytes",
           TarBuilder().Add({.name = "x", .pax = {{"path", std::string(300, 'x')}}}).Build()},
          {"an owner of all ones", "has an impossible owner",
           TarBuilder().Add({.name = "x", .pax = {{"uid", "4294967295"}}}).Build()},
          {"an owner too large", "has an impossible owner",
           TarBuilder().Add({.name = "x", .pax = {{"gid", "99999999999"}}}).Build()},
          {"an owner below 0", "has an impossible owner",
           Patched(TarBuilder().File("x").Build(), 0, 108, std::string(8, '\xff'))},
          {"a capability that is none", "fsetxattr(security.capability)",
           WithXattr("security.capability", "all of them")},
          {"an attribute with too long a name", "fsetxattr(user.",
           WithXattr("user." + std::string(300, 'x'), "1")},
          {"an attribute that is too large", "fsetxattr(user.x)",
           WithXattr("user.x", std::string(100000, 'x'))},
      });
}

void AddLies(std::vector<HostileLayer>& all) {
  const std::string file = TarBuilder().File("a", std::string(5000, 'a')).Build();
  const std::string huge = "9000000000000000000";
  all.insert(
      all.end(),
      {
          {"larger than it is", kDamaged,
           TarBuilder().Add({.name = "a", .content = "abc", .claimed_size = 1 << 20}).Build()},
          {"smaller than it is", kDamaged,
           TarBuilder()
               .Add({.name = "a", .content = std::string(5000, 'a'), .claimed_size = 10})
               .Build()},
          {"a size below 0", kDamaged, Patched(file, 0, 124, std::string(12, '\xff'))},
          {"a pax size without end", "says that it has",
           TarBuilder().Add({.name = "x", .pax = {{"size", huge}}}).Build()},
          {"a pax size below 0", kDamaged,
           TarBuilder().Add({.name = "x", .pax = {{"size", "-1"}}}).Build()},
          {"a pax record longer than the header", kDamaged, WithPax("9999 path=x\n")},
          {"a pax record without a length", kDamaged, WithPax("path=x\n")},
          {"a pax record without its end", kDamaged, WithPax("10 path=xy")},
          {"a pax header of 2 GiB", kDamaged,
           TarBuilder().Add({.name = "p", .type = 'x', .claimed_size = int64_t{1} << 31}).Build()},
          {"a long name of 2 GiB", kDamaged,
           TarBuilder().Add({.name = "l", .type = 'L', .claimed_size = int64_t{1} << 31}).Build()},
          {"a long link of 2 GiB", kDamaged,
           TarBuilder().Add({.name = "l", .type = 'K', .claimed_size = int64_t{1} << 31}).Build()},
          {"a sparse file without end", "says that it has",
           Sparse({{"GNU.sparse.size", huge},
                   {"GNU.sparse.numblocks", "1"},
                   {"GNU.sparse.offset", "0"},
                   {"GNU.sparse.numbytes", "1"}})},
          {"a sparse file of holes beyond the limit",
           "says that it has",
           Sparse({{"GNU.sparse.size", "100000000"},
                   {"GNU.sparse.numblocks", "1"},
                   {"GNU.sparse.offset", "0"},
                   {"GNU.sparse.numbytes", "1"}}),
           "",
           {"--max-bytes", "1000000"}},
          {"a sparse map that is no list of numbers", kDamaged,
           Sparse({{"GNU.sparse.size", "1000"}, {"GNU.sparse.map", "0,x,-5,1"}})},
          {"a sparse piece behind the end of its file", kDamaged,
           Sparse({{"GNU.sparse.size", "1000"},
                   {"GNU.sparse.numblocks", "1"},
                   {"GNU.sparse.offset", "5000"},
                   {"GNU.sparse.numbytes", "1"}})},
          {"an old sparse file of 8 GiB",
           "says that it has",
           OldSparse("00000000000", "00000000001", "77777777777"),
           "",
           {"--max-bytes", "1000000"}},
          {"an old sparse piece behind the end of its file", kDamaged,
           OldSparse("00000700000", "00000000001", "00000000010")},
          {"a check sum that is wrong",
           kDamaged,
           Flipped(file, 3),
           "",
           {},
           "is not in the archive"},
          {"no tar", kDamaged, std::string(10000, 'x'), "", {}, "is not in the archive"},
          {"another kind of archive",
           kDamaged,
           "PK\x03\x04" + std::string(2000, 'z'),
           "",
           {},
           "is not in the archive"},
          {"cut in its header", kDamaged, file.substr(0, 300), "", {}, "is not in the archive"},
          {"cut in its file", kDamaged, file.substr(0, 3000)},
          {"a gzip that is cut", kDamaged, file, Gzip(file).substr(0, Gzip(file).size() - 9)},
          {"a zstd that is cut", kDamaged, file, Zstd(file).substr(0, Zstd(file).size() - 3)},
          // What is trusted is the digest.
          {"a gzip with a wrong sum",
           "",
           file,
           Flipped(Gzip(file), Gzip(file).size() - 6),
           {},
           "",
           true},
          {"a gzip that is none", kDamaged, file, "\x1f\x8b\x08 and then nothing of the kind"},
          {"a zstd that is none", kDamaged, file, "\x28\xb5\x2f\xfd and then nothing of the kind"},
      });
  const std::string zeros = TarBuilder().File("a", std::string(10 << 20, '\0')).Build();
  TarBuilder many, pieces;
  for (int i = 0; i < 20; ++i) pieces.File(absl::StrCat("p", i), std::string(600000, '\0'));
  for (int i = 0; i < 300; ++i) many.File(absl::StrCat("f", i), "");
  const std::vector<std::string> bytes = {"--max-bytes", "1000000"};
  all.insert(
      all.end(),
      {
          {"a bomb in gzip", "bytes, more than 1000000 (--max-bytes)", zeros, Gzip(zeros), bytes},
          {"a bomb of many files in gzip", "unpacks to more than 1000000 bytes (--max-bytes)",
           pieces.Build(), Gzip(pieces.Build()), bytes},
          {"a bomb of many files in zstd", "unpacks to more than 1000000 bytes (--max-bytes)",
           pieces.Build(), Zstd(pieces.Build()), bytes},
          {"a bomb behind the end of the tar", "(--max-bytes)",
           TarBuilder().File("a").Build() + std::string(10 << 20, '\0'),
           Gzip(TarBuilder().File("a").Build() + std::string(10 << 20, '\0')), bytes},
          {"too many files",
           "has more than 100 entries (--max-entries)",
           many.Build(),
           "",
           {"--max-entries", "100"}},
      });
}

}  // namespace

std::vector<HostileLayer> HostileLayers(const Outside& outside) {
  std::vector<HostileLayer> all;
  AddEscapes(outside, all);
  AddWhiteoutsAndShapes(outside, all);
  AddLies(all);
  return all;
}

}  // namespace pelagos::rooted
