#include "pelagos/cli/run_hosts.h"

#include <gtest/gtest.h>

#include "absl/status/statusor.h"

namespace pelagos::cli {
namespace {

absl::StatusOr<std::vector<ExtraHost>> HostsOf(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> args = ParseFlags(HostsFlags(), words, true);
  if (!args.ok()) return args.status();
  ContainerSpec spec;
  if (absl::Status applied = ApplyHosts(*args, spec); !applied.ok()) return applied;
  return spec.extra_hosts;
}

TEST(RunHostsTest, Hosts) {
  EXPECT_TRUE(HostsOf({})->empty());
  EXPECT_EQ(*HostsOf({"--add-host", "db:10.0.0.5", "--add-host=db6:fd00::5"}),
            (std::vector<ExtraHost>{{"db", "10.0.0.5"}, {"db6", "fd00::5"}}));
}

TEST(RunHostsTest, MistakesNameTheFlagAndWhatWasExpected) {
  EXPECT_EQ(HostsOf({"--add-host", "db"}).status().message(),
            "--add-host 'db': expected NAME:ADDRESS, such as db:10.0.0.5, db:[fd00::5] or "
            "up:host-gateway");
  EXPECT_EQ(HostsOf({"--add-host", "db:1.2.3"}).status().message(),
            "--add-host 'db:1.2.3': '1.2.3' is no address: expected IPv4, IPv6 or host-gateway");
  EXPECT_EQ(HostsOf({"--add-host", "d b:1.2.3.4"}).status().message(),
            "--add-host 'd b:1.2.3.4': the name 'd b' may have only letters, digits, '_', '.' and "
            "'-'");
}

}  // namespace
}  // namespace pelagos::cli
