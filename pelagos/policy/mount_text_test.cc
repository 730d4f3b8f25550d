#include "pelagos/policy/mount_text.h"

#include <gtest/gtest.h>

#include <string>

namespace pelagos {
namespace {

template <typename T>
std::string ErrorOf(const absl::StatusOr<T>& result) {
  return std::string(result.status().message());
}

TEST(VolumeFlagTest, PathsAndNames) {
  Mount expected = {MountKind::kBind, "/srv", "/data", false};
  expected.options.make_source = true;
  EXPECT_EQ(*ParseVolumeFlag("/srv:/data"), expected);
  expected.source = "./x";
  expected.read_only = true;
  expected.options.propagation = Propagation::kSlave;
  expected.options.noexec = true;
  EXPECT_EQ(*ParseVolumeFlag("./x:/data:ro,rslave,noexec"), expected);
  expected = {MountKind::kVolume, "db", "/var/db", false};
  EXPECT_EQ(*ParseVolumeFlag("db:/var/db"), expected);
  expected.options.no_copy = true;
  EXPECT_EQ(*ParseVolumeFlag("db:/var/db:nocopy"), expected);
  EXPECT_TRUE(ParseVolumeFlag("/srv:/data:Z")->options.relabel);
}

TEST(VolumeFlagTest, WithoutASourceItIsTheContainersOwn) {
  Mount expected = {MountKind::kVolume, "", "/data", false};
  expected.options.own = true;
  EXPECT_EQ(*ParseVolumeFlag("/data"), expected);
  EXPECT_EQ(*ParseMountFlag("type=volume,target=/data"), expected);
  EXPECT_EQ(*ParseMountFlag("dst=/data"), expected);
  expected.read_only = expected.options.no_copy = true;
  EXPECT_EQ(*ParseMountFlag("type=volume,target=/data,ro,volume-nocopy"), expected);
  EXPECT_EQ(ErrorOf(ParseVolumeFlag("data")), "the target 'data' must be an absolute path");
}

TEST(VolumeFlagTest, Mistakes) {
  EXPECT_EQ(ErrorOf(ParseVolumeFlag(":/data")), "expected [SOURCE:]TARGET[:OPTIONS]");
  EXPECT_EQ(ErrorOf(ParseVolumeFlag("/a:/b:ro:rw")), "expected [SOURCE:]TARGET[:OPTIONS]");
  EXPECT_EQ(ErrorOf(ParseVolumeFlag("a/b:/c")),
            "'a/b' is no name of a volume; a path begins with '/' or './'");
  EXPECT_EQ(ErrorOf(ParseVolumeFlag("/a:b")), "the target 'b' must be an absolute path");
  EXPECT_EQ(ErrorOf(ParseVolumeFlag("/a:/b/../..")),
            "the target '/b/../..' must not contain '.' or '..'");
  EXPECT_EQ(ErrorOf(ParseVolumeFlag("/a:/")), "the target '/' cannot be the root itself");
  EXPECT_EQ(ErrorOf(ParseVolumeFlag("/a:/proc/x")),
            "the target '/proc/x' is in /proc, which is the container's own");
  EXPECT_EQ(ErrorOf(ParseVolumeFlag("/a:/b:rslavee")),
            "there is no option 'rslavee'; did you mean 'rslave'?");
  EXPECT_EQ(ErrorOf(ParseVolumeFlag("/a:/b:nocopy")).substr(0, 27), "there is no option 'nocopy'");
}

TEST(MountFlagTest, EveryKey) {
  Mount expected = {MountKind::kBind, "/s", "/t", true};
  expected.options.propagation = Propagation::kShared;
  expected.options.recursion = BindRecursion::kWritable;
  expected.options.subpath = "a/b";
  expected.options.ids = {{{0, 1000, 10}}, {{0, 1000, 10}}};
  expected.options.nosuid = true;
  EXPECT_EQ(*ParseMountFlag("type=bind,src=/s,dst=/t,ro,bind-propagation=rshared,"
                            "bind-recursive=writable,subpath=a/b,idmap=0-1000-10,nosuid"),
            expected);
  EXPECT_EQ(*ParseMountFlag("source=db,destination=/t,volume-nocopy=false"),
            (Mount{MountKind::kVolume, "db", "/t", false}));
  EXPECT_EQ(ParseMountFlag("type=bind,source=/s,target=/t,bind-nonrecursive")->options.recursion,
            BindRecursion::kDisabled);
  EXPECT_FALSE(ParseMountFlag("type=bind,source=/s,target=/t,readonly=false")->read_only);
}

TEST(MountFlagTest, Tmpfs) {
  Mount expected = {MountKind::kTmpfs, "", "/t", false};
  expected.options.noexec = true;
  expected.options.tmpfs.size_bytes = 1 << 20;
  expected.options.tmpfs.mode = 0700;
  EXPECT_EQ(*ParseMountFlag("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=0700"), expected);
}

TEST(MountFlagTest, Mistakes) {
  const std::string bind = "type=bind,source=/s,target=/t,";
  EXPECT_EQ(ErrorOf(ParseMountFlag("type=npipe,target=/t")), "expected type=bind, volume or tmpfs");
  EXPECT_EQ(ErrorOf(ParseMountFlag("type=bind,source=/s")), "expected target=PATH");
  EXPECT_EQ(ErrorOf(ParseMountFlag("type=bind,target=/s")), "expected source=");
  EXPECT_EQ(ErrorOf(ParseMountFlag("type=tmpfs,target=/t,source=/s")),
            "'source' is not for mounts of type tmpfs");
  EXPECT_EQ(ErrorOf(ParseMountFlag(bind + "tmpfs-size=1m")),
            "'tmpfs-size' is not for mounts of type bind");
  EXPECT_EQ(ErrorOf(ParseMountFlag(bind + "bind-propagatoin=shared")),
            "there is no option 'bind-propagatoin'; did you mean 'bind-propagation'?");
  EXPECT_EQ(ErrorOf(ParseMountFlag(bind + "ro=maybe")), "expected true or false after ro=");
  EXPECT_EQ(ErrorOf(ParseMountFlag(bind + "bind-recursive=readonly")),
            "bind-recursive=readonly needs readonly");
  EXPECT_EQ(ErrorOf(ParseMountFlag(bind + "ro,bind-recursive=readonly,bind-propagation=slave")),
            "bind-recursive=readonly needs bind-propagation=rprivate");
}

TEST(TmpfsFlagTest, Options) {
  Mount expected = {MountKind::kTmpfs, "", "/t", true};
  expected.options.noexec = false;
  expected.options.tmpfs = {64 << 20, 100, 01777, 5, 6};
  EXPECT_EQ(*ParseTmpfsFlag("/t:ro,exec,size=64m,nr_inodes=100,mode=1777,uid=5,gid=6"), expected);
  EXPECT_EQ(ErrorOf(ParseTmpfsFlag("/t:size=x")), "expected a size such as 64m");
  EXPECT_EQ(ErrorOf(ParseTmpfsFlag("/t:mode=8")), "expected an octal mode such as 1777");
  EXPECT_EQ(ErrorOf(ParseTmpfsFlag("/t:uid=-1")), "expected a number after uid=");
  EXPECT_EQ(ErrorOf(ParseTmpfsFlag("/t:context=x")), "there is no option 'context'");
  // Nothing gets past the words that are known into the kernel's option list.
  EXPECT_EQ(ErrorOf(ParseTmpfsFlag("/t:size=1m,huge=always")), "there is no option 'huge'");
}

TEST(IdMapTest, RangesAndTheirMistakes) {
  EXPECT_EQ(*ParseMountIdMap("uids=0-1000-10#20-3000-1;gids=0-5-1"),
            (MountIdMap{{{0, 1000, 10}, {20, 3000, 1}}, {{0, 5, 1}}}));
  EXPECT_EQ(ErrorOf(ParseMountIdMap("0-1000")),
            "expected FILES-SHOWN-COUNT, numbers, as 0-1000-10");
  EXPECT_EQ(ErrorOf(ParseMountIdMap("uids=0-0-1")), "the map needs user ids and group ids");
  EXPECT_EQ(ErrorOf(ParseMountIdMap("0-0-0")), "the map has an empty range");
  EXPECT_EQ(ErrorOf(ParseMountIdMap("0-0-10#5-100-1")), "the map has ranges that overlap");
  EXPECT_EQ(ErrorOf(ParseMountIdMap("0-10-10#100-15-1")), "the map has ranges that overlap");
  EXPECT_EQ(ErrorOf(ParseMountIdMap("4294967294-0-2")), "the map has ids over 4294967294");
}

}  // namespace
}  // namespace pelagos
