#include "pelagos/cli/run_rights.h"

#include <gtest/gtest.h>

namespace pelagos::cli {
namespace {

using Words = std::vector<std::string>;

absl::StatusOr<ContainerSpec> SpecOf(const Words& words) {
  const absl::StatusOr<Arguments> args = ParseFlags(RightsFlags(), words, true);
  if (!args.ok()) return args.status();
  ContainerSpec spec;
  if (absl::Status status = ApplyRights(*args, spec); !status.ok()) return status;
  return spec;
}

ContainerSpec Spec(const Words& words) {
  const absl::StatusOr<ContainerSpec> spec = SpecOf(words);
  EXPECT_TRUE(spec.ok()) << spec.status();
  return spec.value_or(ContainerSpec{});
}

std::string Error(const Words& words) { return std::string(SpecOf(words).status().message()); }

TEST(RunRightsTest, NothingIsTheDefault) { EXPECT_EQ(Spec({}), ContainerSpec{}); }

TEST(RunRightsTest, Limits) {
  const ContainerSpec spec =
      Spec({"--ulimit", "nofile=5:9", "--ulimit=core=0", "--oom-score-adj", "-5", "--sysctl",
            "net.ipv4.ip_forward=1", "--umask", "027", "--domainname", "d", "--group-add", "audio",
            "--group-add", "7"});
  EXPECT_EQ(spec.rlimits, (Rlimits().Set<Rlimit::kNofile, 5, 9>().Set<Rlimit::kCore, 0>()));
  EXPECT_EQ(spec.oom_score_adj, -5);
  EXPECT_EQ(spec.sysctls, (Sysctls{{"net.ipv4.ip_forward", "1"}}));
  EXPECT_EQ(spec.umask, 027u);
  EXPECT_EQ(spec.domainname, "d");
  EXPECT_EQ(spec.groups, (Words{"audio", "7"}));
}

TEST(RunRightsTest, WrongValuesSayWhatWasExpected) {
  EXPECT_EQ(Error({"--ulimit", "nofiles=5"}),
            "--ulimit 'nofiles=5': there is no limit 'nofiles'; did you mean 'nofile'?");
  const std::string expected = "expected NAME=SOFT[:HARD], numbers or unlimited, SOFT at most HARD";
  EXPECT_EQ(Error({"--ulimit", "nofile"}), "--ulimit 'nofile': " + expected);
  EXPECT_EQ(Error({"--ulimit", "nofile=9:5"}), "--ulimit 'nofile=9:5': " + expected);
  EXPECT_EQ(Error({"--oom-score-adj", "2000"}),
            "--oom-score-adj '2000': expected a whole number from -1000 to 1000");
  EXPECT_EQ(Error({"--sysctl", "x"}),
            "--sysctl 'x': expected NAME=VALUE, as net.ipv4.ip_forward=1");
  for (const char* mode : {"", "8", "01000", "00022", "-1", "0x1"}) {
    EXPECT_EQ(Error({"--umask", mode}),
              "--umask '" + std::string(mode) + "': expected an octal mode such as 0027");
  }
  EXPECT_EQ(Error({"--group-add", ""}), "--group-add '': expected a group's name or number");
  EXPECT_EQ(Error({"--cap-add", "net-admim"}),
            "--cap-add 'net-admim': there is no such capability; did you mean 'net-admin'?");
}

// Docker's rule, whatever the order of the flags.
TEST(RunRightsTest, Capabilities) {
  const auto caps = [](const Words& words) { return Spec(words).capabilities; };
  const CapabilitySet net_admin = {Capability::kNetAdmin};
  const CapabilitySet chown = {Capability::kChown};
  EXPECT_EQ(caps({}), kDefaultCapabilities);
  EXPECT_EQ(caps({"--cap-add", "NET_ADMIN", "--cap-drop", "CAP_CHOWN"}),
            (kDefaultCapabilities - chown) | net_admin);
  EXPECT_EQ(caps({"--cap-drop", "chown", "--cap-add", "chown"}), kDefaultCapabilities);
  EXPECT_EQ(caps({"--cap-drop", "all"}), CapabilitySet());
  EXPECT_EQ(caps({"--cap-drop", "ALL", "--cap-add", "net-admin"}), net_admin);
  EXPECT_EQ(caps({"--cap-add", "net-admin", "--cap-drop", "ALL"}), net_admin);
  EXPECT_EQ(caps({"--cap-add", "ALL"}), CapabilitySet::All());
  EXPECT_EQ(caps({"--cap-add", "ALL", "--cap-drop", "chown"}), CapabilitySet::All() - chown);
  EXPECT_EQ(caps({"--cap-add", "ALL", "--cap-drop", "ALL"}), CapabilitySet::All());
  EXPECT_TRUE(Spec({"--cap-ambient"}).ambient_capabilities);
}

TEST(RunRightsTest, Privileged) {
  const ContainerSpec spec = Spec({"--privileged", "--cap-drop", "chown"});
  EXPECT_TRUE(spec.privileged);
  EXPECT_FALSE(spec.no_new_privileges);
  EXPECT_EQ(spec.capabilities, CapabilitySet::All());
  EXPECT_EQ(spec.seccomp.profile, SeccompProfile::kUnconfined);
}

}  // namespace
}  // namespace pelagos::cli
