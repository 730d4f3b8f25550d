// The flags of `run` about what is run and how it is kept, as seen from inside and from the record.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/store/container.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

class FlagsTest : public RunTest {
 protected:
  // An image of the machine's busybox with an entrypoint, a command and all that an image says
  // beside them.
  void MakeImage() {
    const std::string root = world_->folder() + "/root";
    std::filesystem::create_directories(root + "/bin");
    Out({"-v", root + ":/out"},
        "cp $(readlink -f /bin/sh) /out/bin/busybox && for name in sh echo cat; do "
        "ln -s busybox /out/bin/$name; done");
    Do({"image", "import", "--change", R"(ENTRYPOINT ["/bin/echo","entry"])", "--change",
        R"(CMD ["cmd"])", "--change", "LABEL of=image both=image", "--change", "EXPOSE 80",
        "--change", "VOLUME /data", "--change", "HEALTHCHECK --interval=7s CMD true", root,
        "mine"});
  }
  Outcome Do(const Words& words) {
    Outcome outcome = world_->Pelagos(words);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    return outcome;
  }
  // What `words` after `run --rm` print.
  std::string Prints(Words words) {
    words.insert(words.begin(), {"run", "--rm"});
    return Do(words).out;
  }
  // The record of a container that is made with these words, and removed.
  store::ContainerRecord Kept(Words words) {
    words.insert(words.begin(), {"run", "-d"});
    std::string id = Do(words).out;
    while (!id.empty() && id.back() == '\n') id.pop_back();
    const auto record = store::ReadContainer({world_->data_root(), world_->run_root()}, id);
    EXPECT_TRUE(record.ok()) << record.status();
    Do({"rm", "-f", id});
    return record.value_or(store::ContainerRecord{});
  }
};

TEST_F(FlagsTest, EntrypointsAndTheWordsBehindThem) {
  MakeImage();
  EXPECT_EQ(Prints({"mine"}), "entry cmd\n");
  EXPECT_EQ(Prints({"mine", "a", "b"}), "entry a b\n");
  EXPECT_EQ(Prints({"--entrypoint", "/bin/echo", "mine"}), "\n");
  EXPECT_EQ(Prints({"--entrypoint", "/bin/echo", "mine", "x"}), "x\n");
  EXPECT_EQ(Prints({"--entrypoint", R"(["/bin/echo","list"])", "mine", "x"}), "list x\n");
  EXPECT_EQ(Prints({"--entrypoint", "", "mine", "/bin/echo", "alone"}), "alone\n");
  const Outcome none = world_->Pelagos({"run", "--rm", "--entrypoint", "", "mine"});
  EXPECT_EQ(none.code, 125) << none.Describe();
  EXPECT_TRUE(absl::StrContains(none.err, "no command is given")) << none.err;
}

TEST_F(FlagsTest, WhatTheImageSaysIsKept) {
  MakeImage();
  const store::ContainerRecord record =
      Kept({"-l", "both=flag", "--label", "own", "--health-retries=9", "mine"});
  EXPECT_EQ(record.image.labels.at("of"), "image");
  EXPECT_EQ(record.image.exposed_ports, Words{"80/tcp"});
  EXPECT_EQ(record.image.volumes, Words{"/data"});
  const auto& labels = record.spec.lifecycle.labels;
  EXPECT_EQ(labels.at("both"), "flag");
  EXPECT_EQ(labels.at("own"), "");
  const auto health = HealthOf(record.spec.lifecycle.health, record.image.health);
  ASSERT_TRUE(health.has_value());
  EXPECT_EQ(health->command, (Words{"/bin/sh", "-c", "true"}));
  EXPECT_EQ(health->interval_ns, int64_t{7} * 1000000000);
  EXPECT_EQ(health->retries, 9u);
  const store::ContainerRecord silent = Kept({"--no-healthcheck", "mine"});
  EXPECT_EQ(HealthOf(silent.spec.lifecycle.health, silent.image.health), std::nullopt);
}

TEST_F(FlagsTest, WhatIsAskedForIsKept) {
  const std::string labels = world_->Write("labels", "file=1\n# none\n");
  const store::ContainerRecord record = Kept({"--restart",
                                              "on-failure:3",
                                              "--stop-signal",
                                              "INT",
                                              "--stop-timeout",
                                              "0",
                                              "--log-opt",
                                              "max-size=1m",
                                              "--log-opt",
                                              "max-file=2",
                                              "--label-file",
                                              labels,
                                              "--health-cmd",
                                              "test -e /ok",
                                              "--health-interval",
                                              "1s",
                                              "--health-timeout",
                                              "2s",
                                              "--health-start-period",
                                              "3s",
                                              "--health-start-interval",
                                              "4s",
                                              "--health-retries",
                                              "5",
                                              "-i",
                                              "busybox",
                                              "sleep",
                                              "1000"});
  const Lifecycle& lifecycle = record.spec.lifecycle;
  EXPECT_EQ(lifecycle.restart, (RestartPolicy{RestartWhen::kOnFailure, 3}));
  EXPECT_EQ(record.spec.stop_signal, 2);
  EXPECT_EQ(record.spec.stop_grace_seconds, 0);
  EXPECT_EQ(lifecycle.log, (LogOptions{false, 1 << 20, 2}));
  EXPECT_EQ(lifecycle.labels.at("file"), "1");
  EXPECT_TRUE(lifecycle.open_stdin);
  constexpr int64_t kSecond = 1000000000;
  EXPECT_EQ(lifecycle.health, (HealthOptions{{{"/bin/sh", "-c", "test -e /ok"}},
                                             1 * kSecond,
                                             2 * kSecond,
                                             3 * kSecond,
                                             4 * kSecond,
                                             5}));
}

TEST_F(FlagsTest, FilesOfVariables) {
  const std::string file = world_->Write("variables", "A=file\n # comment\nB=two words\nHERE\n");
  world_->SetEnv("HERE", "caller");
  EXPECT_EQ(Out({"--env-file", file, "-e", "A=flag"}, "echo $A, $B, $HERE"),
            "flag, two words, caller\n");
  ExpectFails({"--env-file", file + ".gone"}, 2, "--env-file");
}

TEST_F(FlagsTest, LinesOfHosts) {
  const std::string hosts = Out({"--add-host", "db:10.9.8.7", "--add-host=six=[fd00::5]",
                                 "--network=host", "--add-host", "up:host-gateway"},
                                "cat /etc/hosts");
  EXPECT_TRUE(absl::StrContains(hosts, "\n10.9.8.7\tdb\nfd00::5\tsix\n127.0.0.1\tup\n")) << hosts;
  ExpectFails({"--add-host", "up:host-gateway"}, 125, "host-gateway needs a network");
  ExpectFails({"--add-host", "db"}, 2, "--add-host 'db': expected NAME:ADDRESS");
}

TEST_F(FlagsTest, AttachedStreams) {
  const std::string script = "echo out; echo err >&2";
  Outcome outcome = Run({"-a", "stdout"}, script);
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "");
  outcome = Run({"-a", "STDERR"}, script);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "err\n");
  // With a monitor between.
  outcome =
      world_->Pelagos({"run", "--name", "kept", "-a", "stderr", "busybox", "sh", "-c", script});
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "err\n");
  Do({"rm", "kept"});
}

TEST_F(FlagsTest, VolumesOfAnother) {
  const std::string folder = world_->folder() + "/shared";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/file") << "hello\n";
  Do({"run", "-d", "--name", "first", "-v", folder + ":/shared", "busybox", "true"});
  EXPECT_EQ(Out({"--volumes-from", "first:ro"},
                "cat /shared/file; echo no 2>/dev/null >/shared/other || echo read-only"),
            "hello\nread-only\n");
  Do({"rm", "-f", "first"});
  ExpectFails({"--volumes-from", "nobody"}, 2, "--volumes-from 'nobody': ");
}

TEST_F(FlagsTest, Platforms) {
  Out({}, "true");  // the image is there
  ExpectFails({"--platform", "linux/s390x", "--pull", "never"}, 125, "not of linux/s390x");
  ExpectFails({"--platform", "odd"}, 2, "'odd' is no platform");
}

TEST_F(FlagsTest, LimitsAsWellAsItGoes) {
  // No host has it: cgroup v2 has no such file, and v1 none of this kind.
  const Words limit = {"--cgroup-conf", "memory.nothing=1"};
  ExpectFails(limit, 125, "cgroup-conf 'memory.nothing' cannot be set");
  const Outcome outcome =
      Run({"--cgroup-conf", "memory.nothing=1", "--limits", "best-effort"}, "echo ran");
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_EQ(outcome.out, "ran\n");
  EXPECT_TRUE(absl::StrContains(outcome.err,
                                "pelagos: note: limit left out: cgroup-conf 'memory.nothing': "))
      << outcome.err;
}

TEST_F(FlagsTest, WhatExcludesEachOtherIsSaid) {
  const auto fails = [&](Words flags, const std::string& message) {
    flags.insert(flags.begin(), "run");
    flags.insert(flags.end(), {"busybox", "echo", "ran"});
    const Outcome outcome = world_->Pelagos(flags);
    EXPECT_EQ(outcome.code, 2) << outcome.Describe();
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(absl::StrContains(outcome.err, absl::StrCat("run: ", message))) << outcome.err;
  };
  fails({"--rm", "--restart", "always"}, "--rm and --restart always exclude each other");
  fails({"-d", "-a", "stdout"}, "--detach and --attach exclude each other");
  fails({"--no-healthcheck", "--health-cmd", "true"},
        "--no-healthcheck and --health-cmd exclude each other");
  fails({"--log-driver", "none", "--log-opt", "max-size=1m"},
        "--log-driver none and --log-opt exclude each other");
  fails({"--log-driver", "syslog"}, "--log-driver 'syslog': expected none, local");
  fails({"--stop-signal", "NOPE"}, "--stop-signal 'NOPE': expected a signal's name or number");
  fails({"--network", "host", "--network", "front"}, "--network host goes with no other network");
  fails({"--publish", "80:"}, "--publish '80:': expected [ADDRESS:][HOST:]PORT");
}

TEST_F(FlagsTest, HostnamesByTheirLetter) { EXPECT_EQ(Out({"-h", "box"}, "hostname"), "box\n"); }

}  // namespace
}  // namespace pelagos::rooted
