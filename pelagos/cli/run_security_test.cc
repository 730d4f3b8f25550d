#include "pelagos/cli/run_security.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace pelagos::cli {
namespace {

using Words = std::vector<std::string>;

absl::StatusOr<ContainerSpec> SpecOf(const Words& words) {
  const absl::StatusOr<Arguments> args = ParseFlags(SecurityFlags(), words, true);
  if (!args.ok()) return args.status();
  ContainerSpec spec;
  if (absl::Status status = ApplySecurity(*args, {}, spec); !status.ok()) return status;
  return spec;
}

ContainerSpec Option(const Words& options) {
  Words words;
  for (const std::string& option : options) words.push_back("--security-opt=" + option);
  const absl::StatusOr<ContainerSpec> spec = SpecOf(words);
  EXPECT_TRUE(spec.ok()) << spec.status();
  return spec.value_or(ContainerSpec{});
}

std::string Error(const Words& words) { return std::string(SpecOf(words).status().message()); }

TEST(RunSecurityTest, NothingIsTheDefault) { EXPECT_EQ(Option({}), ContainerSpec{}); }

TEST(RunSecurityTest, NoNewPrivileges) {
  EXPECT_TRUE(Option({"no-new-privileges"}).no_new_privileges);
  EXPECT_FALSE(Option({"no-new-privileges=false"}).no_new_privileges);
  EXPECT_FALSE(Option({"no-new-privileges:false"}).no_new_privileges);
  EXPECT_EQ(Error({"--security-opt", "no-new-privileges=no"}),
            "--security-opt 'no-new-privileges=no': expected true or false");
}

TEST(RunSecurityTest, Labels) {
  EXPECT_EQ(Option({"apparmor=docker-default"}).labels.apparmor, "docker-default");
  EXPECT_EQ(Option({"apparmor=unconfined"}).labels.apparmor, "");
  const SecurityLabels labels = Option({"label=type:svirt_t", "label=level:s0:c1,c2"}).labels;
  EXPECT_EQ(labels.selinux, "system_u:system_r:svirt_t:s0:c1,c2");
  EXPECT_EQ(labels.selinux_mount, "system_u:object_r:container_file_t:s0:c1,c2");
  EXPECT_TRUE(Option({"label=type:svirt_t", "label=disable"}).labels.empty());
  EXPECT_EQ(Error({"--security-opt", "label=colour:red"}),
            "--security-opt 'label=colour:red': expected disable, or user:, role:, type:, level: "
            "or filetype: with a value");
  EXPECT_EQ(Error({"--security-opt", "apparmor=a b"}),
            "--security-opt 'apparmor=a b': the profile's name must not contain blanks");
}

TEST(RunSecurityTest, ByTheOriginalsNames) {
  EXPECT_EQ(SpecOf({"--apparmor-profile", "docker-default"}).value(),
            Option({"apparmor=docker-default"}));
  EXPECT_EQ(SpecOf({"--selinux-label", "u:r:t:s0:c1"})->labels.selinux, "u:r:t:s0:c1");
  EXPECT_EQ(SpecOf({"--masked-path", "/sys/kernel", "--masked-path", "/a:b"})->masked_paths,
            (Words{"/sys/kernel", "/a:b"}));
  EXPECT_EQ(Option({"mask=/a:/b", "mask=/c"}).masked_paths, (Words{"/a", "/b", "/c"}));
  EXPECT_EQ(Error({"--apparmor-profile", "a b"}),
            "--apparmor-profile 'a b': the profile's name must not contain blanks");
  EXPECT_EQ(Error({"--selinux-label", ""}), "--selinux-label '': expected USER:ROLE:TYPE[:LEVEL]");
  EXPECT_EQ(Error({"--masked-path", "x"}),
            "--masked-path 'x': the path 'x' must be an absolute path");
  EXPECT_EQ(Error({"--security-opt", "mask=/a:b"}),
            "--security-opt 'mask=/a:b': the path 'b' must be an absolute path");
}

TEST(RunSecurityTest, ProfilesByName) {
  EXPECT_EQ(Option({"seccomp="}), ContainerSpec{});
  EXPECT_EQ(Option({"seccomp=builtin"}), ContainerSpec{});
  EXPECT_EQ(Option({"seccomp=none"}), Option({"seccomp=unconfined"}));
  const ContainerSpec minimal = Option({"seccomp=minimal"});
  EXPECT_EQ(minimal.seccomp.profile, SeccompProfile::kCustom);
  EXPECT_NE(minimal, Option({"seccomp=iouring"}));
  EXPECT_EQ(Option({"seccomp=io-uring"}), Option({"seccomp=iouring"}));
}

std::string FileWith(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::ofstream(path) << text;
  return path;
}

TEST(RunSecurityTest, SystemCalls) {
  EXPECT_EQ(Option({"seccomp=unconfined"}).seccomp.profile, SeccompProfile::kUnconfined);
  for (const char* same : {"seccomp=default", "seccomp=builtin", "seccomp:default"}) {
    EXPECT_EQ(Option({"seccomp=unconfined", same}).seccomp, kDefaultSeccomp);
  }
  const std::string good = FileWith("good.json", R"({"defaultAction": "SCMP_ACT_LOG"})");
  const SeccompPolicy custom = Option({"seccomp=" + good}).seccomp;
  ASSERT_EQ(custom.profile, SeccompProfile::kCustom);
  EXPECT_EQ(custom.filter->otherwise.act, SeccompAct::kLog);

  const std::string wrong = FileWith("wrong.json", R"({"defaultAction": "SCMP_ACT_LOG", "x": 1})");
  EXPECT_EQ(
      Error({"--security-opt", "seccomp=" + wrong}),
      "--security-opt 'seccomp=" + wrong + "': the profile is wrong:\n  /x: means nothing here");
  EXPECT_EQ(Error({"--security-opt", "seccomp"}),
            "--security-opt 'seccomp': expected a profile's file, default, minimal, iouring or "
            "unconfined after =");
  EXPECT_NE(Error({"--security-opt", "seccomp=/nowhere/p.json"}).find("No such file"),
            std::string::npos);
}

TEST(RunSecurityTest, UnknownOptions) {
  EXPECT_EQ(Error({"--security-opt", "aparmor=x"}),
            "--security-opt 'aparmor=x': unknown option 'aparmor'; did you mean 'apparmor'?");
  EXPECT_EQ(Error({"--security-opt", "zzz"}),
            "--security-opt 'zzz': unknown option 'zzz'; there are apparmor, label, mask, "
            "no-new-privileges, seccomp and systempaths");
}

TEST(RunSecurityTest, Landlock) {
  const absl::StatusOr<ContainerSpec> spec =
      SpecOf({"--landlock", "rx:/", "--landlock", "rwx:/tmp"});
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->landlock,
            (LandlockRules{{"/", {true, false, true}}, {"/tmp", {true, true, true}}}));
  EXPECT_EQ(Error({"--landlock", "ro:tmp"}),
            "--landlock 'ro:tmp': expected ACCESS:PATH, ACCESS one of ro rw rx rwx wo wx x, PATH "
            "absolute");
}

}  // namespace
}  // namespace pelagos::cli
