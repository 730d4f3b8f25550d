#include "pelagos/cli/run_lifecycle.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "absl/status/statusor.h"

namespace pelagos::cli {
namespace {

std::string Folder() {
  std::string folder = ::testing::TempDir();
  while (folder.back() == '/') folder.pop_back();
  return folder;
}

absl::StatusOr<ContainerSpec> SpecOf(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> args = ParseFlags(LifecycleFlags(), words, true);
  if (!args.ok()) return args.status();
  Caller caller;
  caller.folder = Folder();
  ContainerSpec spec;
  if (absl::Status applied = ApplyLifecycle(*args, caller, spec); !applied.ok()) return applied;
  return spec;
}

TEST(RunLifecycleTest, NothingSaid) { EXPECT_EQ(*SpecOf({}), ContainerSpec{}); }

TEST(RunLifecycleTest, RestartAndRemoval) {
  EXPECT_TRUE(SpecOf({"--rm"})->lifecycle.remove);
  EXPECT_TRUE(SpecOf({"--rm", "--restart", "no"})->lifecycle.remove);
  EXPECT_EQ(SpecOf({"--restart", "on-failure:3"})->lifecycle.restart,
            (RestartPolicy{RestartWhen::kOnFailure, 3}));
  EXPECT_EQ(SpecOf({"--restart=unless-stopped"})->lifecycle.restart,
            (RestartPolicy{RestartWhen::kUnlessStopped, 0}));
}

TEST(RunLifecycleTest, Labels) {
  std::ofstream(Folder() + "/labels") << "a=file\n# none\nb\n";
  const std::map<std::string, std::string> expected = {
      {"a", "flag"}, {"b", ""}, {"c", "d=e"}, {"f", ""}};
  EXPECT_EQ(SpecOf({"-l", "a=flag", "--label", "c=d=e", "-l", "f", "--label-file", "labels"})
                ->lifecycle.labels,
            expected);
}

TEST(RunLifecycleTest, Logs) {
  const auto log = [](const std::vector<std::string>& words) {
    return SpecOf(words)->lifecycle.log;
  };
  EXPECT_EQ(log({"--log-opt", "max-size=10m", "--log-opt", "max-file=3"}),
            (LogOptions{false, 10 << 20, 3}));
  EXPECT_EQ(log({"--log-driver", "none"}), (LogOptions{true, 0, 1}));
  for (const char* driver : {"local", "json-file", "k8s-file"}) {
    EXPECT_EQ(log({"--log-driver", driver, "--log-opt=max-size=-1"}), LogOptions{}) << driver;
  }
}

TEST(RunLifecycleTest, Stopping) {
  EXPECT_EQ(SpecOf({"--stop-signal", "int"})->stop_signal, 2);
  EXPECT_EQ(SpecOf({"--stop-signal", "SIGRTMIN+3"})->stop_signal, 37);
  EXPECT_EQ(SpecOf({"--stop-timeout", "0"})->stop_grace_seconds, 0);
  EXPECT_EQ(SpecOf({"--stop-timeout", "-1"})->stop_grace_seconds, 2147483647);
}

TEST(RunLifecycleTest, MistakesNameTheFlagAndWhatWasExpected) {
  struct Row {
    std::vector<std::string> words;
    std::string message;
  };
  const Row rows[] = {
      {{"--restart", "often"},
       "--restart 'often': expected no, on-failure, on-failure:MOST, always or unless-stopped"},
      {{"--restart", "always:3"},
       "--restart 'always:3': expected no, on-failure, on-failure:MOST, always or unless-stopped"},
      {{"--rm", "--restart", "always"}, "--rm and --restart always exclude each other"},
      {{"--label", ""}, "--label '': expected KEY=VALUE or KEY"},
      {{"--label", "=x"}, "--label '=x': expected KEY=VALUE or KEY"},
      {{"--log-driver", "syslog"},
       "--log-driver 'syslog': expected none, local, json-file or k8s-file; logs are kept in files "
       "and sent nowhere"},
      {{"--log-driver", "none", "--log-opt", "max-size=1m"},
       "--log-driver none and --log-opt exclude each other"},
      {{"--log-opt", "max-size=big"},
       "--log-opt 'max-size=big': expected max-size=SIZE, such as 10m, or -1 for no bound"},
      {{"--log-opt", "max-size=0"},
       "--log-opt 'max-size=0': expected max-size=SIZE, such as 10m, or -1 for no bound"},
      {{"--log-opt", "max-size=1m", "--log-opt", "max-file=0"},
       "--log-opt 'max-file=0': expected max-file=NUMBER, at least 1"},
      {{"--log-opt", "max-file=2"},
       "--log-opt max-file needs --log-opt max-size: without a size no second file is begun"},
      {{"--log-opt", "tag"}, "--log-opt 'tag': expected max-size=SIZE or max-file=NUMBER"},
      {{"--stop-signal", "SIGNOPE"},
       "--stop-signal 'SIGNOPE': expected a signal's name or number, such as SIGINT or 2"},
      {{"--stop-timeout", "-2"},
       "--stop-timeout '-2': expected a number of seconds, or -1 to wait for ever"},
  };
  for (const Row& row : rows) {
    const auto spec = SpecOf(row.words);
    ASSERT_FALSE(spec.ok()) << row.message;
    EXPECT_EQ(spec.status().message(), row.message);
  }
  const auto missing = SpecOf({"--label-file", "gone"});
  EXPECT_NE(missing.status().message().find("--label-file 'gone': "), std::string::npos);
}

}  // namespace
}  // namespace pelagos::cli
