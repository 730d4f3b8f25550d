#include "pelagos/cli/run_namespaces.h"

#include <gtest/gtest.h>

namespace pelagos::cli {
namespace {

absl::StatusOr<ContainerSpec> SpecOf(const std::vector<std::string>& words,
                                     const std::string& hostname = "") {
  const absl::StatusOr<Arguments> args = ParseFlags(NamespacesFlags(), words, true);
  if (!args.ok()) return args.status();
  ContainerSpec spec;
  spec.hostname = hostname;
  if (absl::Status status = ApplyNamespaces(*args, spec); !status.ok()) return status;
  return spec;
}

TEST(RunNamespacesTest, OwnHostOrJoined) {
  EXPECT_EQ(SpecOf({}).value(), ContainerSpec{});
  EXPECT_EQ(SpecOf({"--pid", "private"}).value(), ContainerSpec{});
  const ContainerSpec spec = SpecOf({"--pid=host", "--ipc=ns:/proc/1/ns/ipc", "--init"}).value();
  EXPECT_FALSE(spec.namespaces.contains(Namespace::kPid));
  EXPECT_FALSE(spec.namespaces.contains(Namespace::kIpc));
  EXPECT_TRUE(spec.namespaces.contains(Namespace::kUts));
  EXPECT_EQ(spec.joins, (NamespaceJoins{{Namespace::kIpc, "/proc/1/ns/ipc"}}));
  EXPECT_TRUE(spec.init);
}

TEST(RunNamespacesTest, OfAnotherContainer) {
  const ContainerSpec spec = SpecOf({"--pid", "container:web", "--ipc", "container:web"}).value();
  EXPECT_EQ(spec.joins,
            (NamespaceJoins{{Namespace::kPid, "", "web"}, {Namespace::kIpc, "", "web"}}));
  EXPECT_FALSE(spec.namespaces.contains(Namespace::kPid));
}

TEST(RunNamespacesTest, Clocks) {
  const ContainerSpec spec =
      SpecOf({"--time-offset", "monotonic=1h", "--time-offset", "boottime=-1.5"}).value();
  EXPECT_TRUE(spec.namespaces.contains(Namespace::kTime));
  EXPECT_EQ(spec.time, (TimeOffsets{TimeOffset{3600, 0}, TimeOffset{-2, 500000000}}));
  for (const char* text : {"", "monotonic", "monotonic=", "realtime=1", "monotonic=x"}) {
    EXPECT_EQ(SpecOf({"--time-offset", text}).status().message().substr(0, 15), "--time-offset '");
  }
}

TEST(RunNamespacesTest, TheHostsByTheOriginalsNames) {
  const ContainerSpec spec = SpecOf({"--no-pid-ns", "--no-ipc-ns"}).value();
  EXPECT_EQ(spec, SpecOf({"--pid=host", "--ipc=host"}).value());
  EXPECT_EQ(SpecOf({"--no-pid-ns", "--pid", "host"}).value(), SpecOf({"--pid=host"}).value());
  EXPECT_EQ(SpecOf({"--no-ipc-ns", "--ipc", "private"}).status().message(),
            "--no-ipc-ns is --ipc=host: leave out one of them");
}

TEST(RunNamespacesTest, Mistakes) {
  EXPECT_EQ(SpecOf({"--pid", "hosts"}).status().message(),
            "--pid 'hosts': expected private, host, container:NAME or ns:/PATH");
  EXPECT_EQ(SpecOf({"--uts", "host"}, "name").status().message(),
            "--hostname needs a uts namespace of its own: leave --uts out");
}

}  // namespace
}  // namespace pelagos::cli
