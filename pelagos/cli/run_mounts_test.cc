#include "pelagos/cli/run_mounts.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <climits>
#include <string>

namespace pelagos::cli {
namespace {

absl::StatusOr<ContainerSpec> Apply(const std::vector<std::string>& words) {
  absl::StatusOr<Arguments> args = ParseFlags(MountFlags(), words, true);
  if (!args.ok()) return args.status();
  ContainerSpec spec;
  absl::Status status = ApplyMounts(*args, {}, spec);
  if (!status.ok()) return status;
  return spec;
}

TEST(RunMountsTest, EachFlag) {
  const auto spec =
      Apply({"-v", "/a:/b", "--mount=type=bind,src=/c,dst=/d", "--tmpfs", "/e", "--shm-size=128m"});
  ASSERT_TRUE(spec.ok()) << spec.status();
  ASSERT_EQ(spec->mounts.mounts().size(), 3u);
  EXPECT_EQ(spec->mounts.mounts()[0].target, "/b");
  EXPECT_EQ(spec->mounts.mounts()[1].target, "/d");
  EXPECT_EQ(spec->mounts.mounts()[2].target, "/e");
  EXPECT_EQ(spec->shm_bytes, 128u << 20);
}

TEST(RunMountsTest, VolumesOfAnother) {
  Caller caller;
  caller.container = [](const std::string& name) -> absl::StatusOr<ContainerSpec> {
    if (name != "db") return absl::NotFoundError("no container is named '" + name + "'");
    ContainerSpec other;
    other.mounts =
        MountPlan().Bind("/s", "/b"_path, true).Volume("data", "/v"_path).Tmpfs("/t"_path);
    return other;
  };
  const auto apply = [&](const std::vector<std::string>& words, const Caller& asked) {
    ContainerSpec spec;
    const absl::Status status = ApplyMounts(*ParseFlags(MountFlags(), words, true), asked, spec);
    return std::pair(std::string(status.message()), spec.mounts);
  };
  EXPECT_EQ(apply({"--volumes-from", "db"}, caller).second,
            MountPlan().Bind("/s", "/b"_path, true).Volume("data", "/v"_path));
  // One's own come first.
  const MountPlan mixed = apply({"-v", "mine:/v", "--volumes-from=db"}, caller).second;
  ASSERT_EQ(mixed.mounts().size(), 2u);
  EXPECT_EQ(mixed.mounts()[0].source, "mine");
  EXPECT_EQ(mixed.mounts()[1].source, "/s");
  EXPECT_TRUE(apply({"--volumes-from=db:ro"}, caller).second.mounts().at(1).read_only);
  EXPECT_EQ(apply({"--volumes-from", "x"}, caller).first,
            "--volumes-from 'x': no container is named 'x'");
  EXPECT_EQ(apply({"--volumes-from", "db:z"}, caller).first,
            "--volumes-from 'db:z': expected CONTAINER, CONTAINER:ro or CONTAINER:rw");
  EXPECT_EQ(apply({"--volumes-from", "db"}, {}).first,
            "--volumes-from 'db': other containers are not known here");
}

TEST(RunMountsTest, RelativeSourcesCountFromHere) {
  char here[PATH_MAX];
  ASSERT_NE(::getcwd(here, sizeof(here)), nullptr);
  const auto spec = Apply({"-v", "./x/y:/a", "-v", ".:/b", "-v", "../z:/c", "-v", "name:/d"});
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->mounts.mounts()[0].source, std::string(here) + "/x/y");
  EXPECT_EQ(spec->mounts.mounts()[1].source, here);
  EXPECT_EQ(spec->mounts.mounts()[2].source, std::string(here) + "/../z");
  EXPECT_EQ(spec->mounts.mounts()[3].source, "name");
}

TEST(RunMountsTest, BindsOfTheHost) {
  const auto spec = Apply({"--bind", "/a:/b", "--bind-ro", "/c:/d"});
  ASSERT_TRUE(spec.ok()) << spec.status();
  const Mount& bind = spec->mounts.mounts()[0];
  EXPECT_EQ(bind.kind, MountKind::kBind);
  EXPECT_EQ(bind.source, "/a");
  EXPECT_EQ(bind.target, "/b");
  EXPECT_FALSE(bind.read_only);
  EXPECT_FALSE(bind.options.make_source);
  EXPECT_TRUE(spec->mounts.mounts()[1].read_only);
  char here[PATH_MAX];
  ASSERT_NE(::getcwd(here, sizeof(here)), nullptr);
  EXPECT_EQ(Apply({"--bind", "data:/b"})->mounts.mounts()[0].source, std::string(here) + "/data");
  for (const char* text : {"", "/a", ":/a", "/a:/b:ro"}) {
    EXPECT_EQ(Apply({"--bind-ro", text}).status().message(),
              "--bind-ro '" + std::string(text) + "': expected SOURCE:TARGET");
  }
  EXPECT_EQ(Apply({"--bind", "/a:b"}).status().message(),
            "--bind '/a:b': the target 'b' must be an absolute path");
}

TEST(RunMountsTest, MistakesNameTheFlag) {
  EXPECT_EQ(Apply({"-v", "a"}).status().message().substr(0, 14), "--volume 'a': ");
  EXPECT_EQ(Apply({"--tmpfs", "x"}).status().message(),
            "--tmpfs 'x': the target 'x' must be an absolute path");
  EXPECT_EQ(Apply({"--shm-size", "x"}).status().message(),
            "--shm-size 'x': expected a size such as 128m");
  EXPECT_EQ(Apply({"--shm-size", "100"}).status().message(),
            "--shm-size '100': expected a size such as 128m");
}

}  // namespace
}  // namespace pelagos::cli
