#include "pelagos/container/container.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

// What must not compile.
template <typename B>
concept Launchable = requires(B b, container::Engine& engine) {
  std::move(b).Launch(engine);
};
template <typename B>
concept TakesImage = requires(B b) {
  std::move(b).Image("x");
};
template <typename B>
concept TakesRootfs = requires(B b) {
  std::move(b).Rootfs("/x");
};
template <typename B>
concept TakesCommand = requires(B b) {
  std::move(b).Command({"x"});
};

using Named = decltype(Container("n"));
using WithImage = decltype(Container("n").Image("busybox"));
using WithRootfs = decltype(Container("n").Rootfs("/r"));
using WithBoth = decltype(Container("n").Rootfs("/r").Command({"true"}));

static_assert(!Launchable<Named>, "no root");
static_assert(Launchable<WithImage>, "an image has a command of its own");
static_assert(!Launchable<WithRootfs>, "a folder has none");
static_assert(Launchable<WithBoth>);
static_assert(!TakesImage<WithImage> && !TakesImage<WithRootfs>, "one root");
static_assert(!TakesRootfs<WithImage>, "one root");
static_assert(!TakesCommand<WithBoth>, "one command");
static_assert(TakesCommand<WithImage>, "an image's command can be replaced");
static_assert(!std::is_copy_constructible_v<container::Running>);

TEST(ContainerTest, CollectsTheSpec) {
  const auto built = Container("web")
                         .Image("busybox")
                         .Command({"httpd", "-f"})
                         .Env("A", "1")
                         .Caps({"net-raw"_cap})
                         .Mounts(MountPlan().Tmpfs("/tmp"_path))
                         .Memory(64_MiB)
                         .User("nobody")
                         .ReadOnly();
  const ContainerSpec& spec = built.spec();
  EXPECT_EQ(spec.name, "web");
  EXPECT_EQ(spec.image, "busybox");
  EXPECT_EQ(spec.command, (std::vector<std::string>{"httpd", "-f"}));
  EXPECT_EQ(spec.env, (std::vector<EnvVariable>{{"A", "1"}}));
  EXPECT_EQ(spec.capabilities, CapabilitySet{Capability::kNetRaw});
  EXPECT_EQ(spec.mounts.mounts().size(), 1u);
  EXPECT_EQ(spec.cgroup.memory_bytes, 64u << 20);
  EXPECT_EQ(spec.user, "nobody");
  EXPECT_TRUE(spec.read_only);
  EXPECT_TRUE(spec.no_new_privileges) << "hardening is the default";
}

}  // namespace
}  // namespace pelagos
