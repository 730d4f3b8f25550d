// Containers whose cgroups systemd makes: against a bus and a service manager of our own
// (fake_systemd.cc), good ones and bad ones. tests/vm has the real systemd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/fd.h"
#include "pelagos/oci/systemd/messages.h"
#include "tests/rooted/oci/bundle.h"
#include "tests/rooted/traced.h"

namespace pelagos::rooted {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSlice[] = "/pelagostest.slice", kInner[] = "/pelagostest-a.slice";
constexpr char kCgroupsPath[] = "pelagostest-a.slice:libpod:c1";
constexpr char kUnit[] = "libpod-c1.scope";

class SystemdTest : public OciTest {
 protected:
  void SetUp() override {
    OciTest::SetUp();
    if (IsSkipped()) return;
    socket_ = world_->folder() + "/bus";
    world_->SetEnv("DBUS_SYSTEM_BUS_ADDRESS", absl::StrCat("unix:path=", socket_));
  }
  void TearDown() override {
    if (world_ == nullptr) return;
    OciTest::TearDown();
    fake_.reset();
    bus_.reset();
    for (const std::string& mount : CgroupMounts()) {
      const std::string slice = mount + kSlice;
      for (const std::string& unit : {absl::StrCat(kInner, "/", kUnit), std::string("/x.scope")}) {
        EXPECT_NE(::access((slice + unit).c_str(), F_OK), 0) << slice << unit;
      }
      ::rmdir((slice + kInner + "/" + kUnit).c_str());
      ::rmdir((slice + kInner).c_str());
      ::rmdir(slice.c_str());
    }
  }

  std::unique_ptr<Program> Other(Words argv) {
    return std::make_unique<Program>(
        std::move(argv),
        ProgramOptions{{absl::StrCat("PATH=", kPath),
                        absl::StrCat("DBUS_SYSTEM_BUS_ADDRESS=unix:path=", socket_)},
                       world_->folder(),
                       -1});
  }
  void StartBus() {
    const std::string config = world_->Write("bus.conf", absl::StrCat(R"(<busconfig>
<listen>unix:path=)",
                                                                      socket_, R"(</listen>
<auth>EXTERNAL</auth>
<policy context="default">
<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/>
</policy></busconfig>)"));
    bus_ =
        Other({Runfile("tests/rooted/systemd/dbus-daemon"), absl::StrCat("--config-file=", config),
               "--nofork", "--nopidfile", "--print-address=1"});
    ASSERT_TRUE(bus_->AwaitLine("unix:path="));
  }
  void StartFake(const std::string& mode) {
    fake_ = Other({Runfile("tests/rooted/systemd/fake_systemd"), mode});
    ASSERT_TRUE(fake_->AwaitLine("ready"));
  }
  void StartSystemd(const std::string& mode = "good") {
    StartBus();
    StartFake(mode);
  }
  std::string Heard() { return fake_->NextLine().value_or("(nothing)"); }

  Words Create() { return {"--systemd-cgroup", "create", "--bundle", bundle(), "c1"}; }
  static void AddCgroupNamespace(Json& config) {
    Json& namespaces = config["linux"]["namespaces"];
    for (const Json& entry : namespaces) {
      if (entry["type"] == "cgroup") return;
    }
    namespaces.push_back({{"type", "cgroup"}});
  }
  void WriteUnit(const std::string& script, const std::function<void(Json&)>& change = {}) {
    Write(script, [&](Json& config) {
      config["linux"]["cgroupsPath"] = kCgroupsPath;
      AddCgroupNamespace(config);
      if (change) change(config);
    });
  }
  std::string CgroupsOf(int pid) {
    return sys::ReadFile(absl::StrCat("/proc/", pid, "/cgroup"), 1 << 16).value_or("");
  }
  // Where the controller of v1 has the container's, or v2's where it has it.
  std::string Folder(const std::string& controller) {
    const std::string path = absl::StrCat(kSlice, kInner, "/", kUnit);
    const std::string v1 = absl::StrCat("/sys/fs/cgroup/", controller);
    return (::access(v1.c_str(), F_OK) == 0 ? v1 : "/sys/fs/cgroup") + path;
  }
  std::string Setting(const std::string& controller, const std::string& file) {
    return sys::ReadFile(absl::StrCat(Folder(controller), "/", file), 4096).value_or("none");
  }
  void ExpectNothingLeft() {
    EXPECT_EQ(StatusOf("c1"), "none");
    for (const std::string& mount : CgroupMounts()) {
      const std::string path = absl::StrCat(mount, kSlice, kInner, "/", kUnit);
      EXPECT_NE(::access(path.c_str(), F_OK), 0) << path;
    }
    for (pid_t pid : Descendants()) {
      if ((bus_ != nullptr && pid == bus_->pid()) || (fake_ != nullptr && pid == fake_->pid())) {
        continue;
      }
      EXPECT_TRUE(AwaitEnd(pid)) << pid;
    }
  }

  std::string socket_;
  std::unique_ptr<Program> bus_, fake_;
};

TEST_F(SystemdTest, ALifeInAScope) {
  StartSystemd();
  WriteUnit("exec sleep 1000", [](Json& config) {
    config["annotations"]["org.systemd.property.TimeoutStopUSec"] = "uint64 5000000";
    config["linux"]["resources"]["memory"]["limit"] = 64 << 20;
    config["linux"]["resources"]["pids"]["limit"] = 50;
    config["linux"]["resources"]["cpu"] = {{"quota", 25000}, {"period", 50000}, {"shares", 512}};
  });
  Detached(Create());
  EXPECT_THAT(
      Heard(),
      AllOf(HasSubstr("start libpod-c1.scope Description=Pelagos container c1 "
                      "Slice=pelagostest-a.slice Delegate=yes DefaultDependencies=no "
                      "CollectMode=inactive-or-failed CPUAccounting=yes"),
            HasSubstr("CPUQuotaPeriodUSec=50000 CPUQuotaPerSecUSec=500000 TasksMax=50"),
            HasSubstr("DevicePolicy=strict DeviceAllow=a(ss)"),
            HasSubstr("TimeoutStopUSec=5000000"), HasSubstr("=67108864 "), HasSubstr("PIDs=1")));
  const int pid = Json::parse(Out({"state", "c1"})).at("pid");
  for (absl::string_view line : absl::StrSplit(CgroupsOf(pid), '\n', absl::SkipEmpty())) {
    EXPECT_TRUE(absl::EndsWith(line, absl::StrCat(kSlice, kInner, "/", kUnit))) << line;
  }
  EXPECT_EQ(Setting("pids", "pids.max"), "50\n");
  Out({"start", "c1"});
  EXPECT_EQ(StatusOf("c1"), "running");
  // A cgroup namespace of its own begins where systemd put it.
  for (absl::string_view line :
       absl::StrSplit(Out({"exec", "c1", "cat", "/proc/self/cgroup"}), '\n', absl::SkipEmpty())) {
    EXPECT_TRUE(absl::EndsWith(line, ":/")) << line;
  }
  EXPECT_THAT(Out({"ps", "--format", "json", "c1"}), HasSubstr(absl::StrCat(pid)));
  EXPECT_EQ(Json::parse(Out({"events", "--stats", "c1"}))["data"]["pids"]["limit"], 50);
  Out({"pause", "c1"});
  EXPECT_EQ(StatusOf("c1"), "paused");
  Out({"resume", "c1"});
  Out({"update", "--pids-limit", "60", "c1"});
  EXPECT_EQ(Heard(), "set libpod-c1.scope TasksMax=60");
  EXPECT_EQ(Setting("pids", "pids.max"), "60\n");
  // Paused, and killed by force.
  Out({"pause", "c1"});
  Out({"delete", "--force", "c1"});
  EXPECT_EQ(Heard(), "kill libpod-c1.scope all 9");
  EXPECT_EQ(Heard(), "stop libpod-c1.scope");
  ExpectNothingLeft();
}

TEST_F(SystemdTest, WithoutAPathTheNameIsOurs) {
  StartSystemd();
  Write("echo inside; cat /proc/self/cgroup");
  const std::string out = Out({"--cgroup-manager", "systemd", "run", "--bundle", bundle(), "c1"});
  EXPECT_THAT(out, HasSubstr("inside\n"));
  EXPECT_THAT(Heard(), HasSubstr("start pelagos-c1.scope Description=Pelagos container c1 "
                                 "Slice=system.slice"));
  EXPECT_EQ(Heard(), "kill pelagos-c1.scope all 9");
  for (const std::string& mount : CgroupMounts()) ::rmdir((mount + "/system.slice").c_str());
}

TEST_F(SystemdTest, InAUserNamespace) {
  StartSystemd();
  WriteUnit("cat /proc/self/cgroup /proc/self/uid_map", [](Json& config) {
    config["linux"]["namespaces"].push_back({{"type", "user"}});
    for (const char* kind : {"uidMappings", "gidMappings"}) {
      config["linux"][kind] = {{{"containerID", 0}, {"hostID", 100000}, {"size", 1000}}};
    }
  });
  world_->Tool({"chown", "-R", "100000:100000", bundle() + "/rootfs"});
  const std::string out = Out({"--systemd-cgroup", "run", "--bundle", bundle(), "c1"});
  EXPECT_THAT(out, HasSubstr("0::/\n"));
  EXPECT_THAT(out, HasSubstr("100000"));
  EXPECT_THAT(Heard(), HasSubstr("PIDs=1"));
}

TEST_F(SystemdTest, TheHostsCgroupNamespaceShowsTheScope) {
  StartSystemd();
  WriteUnit("cat /proc/self/cgroup; ls /sys/fs/cgroup", [](Json& config) {
    Json others = Json::array();
    for (const Json& entry : config["linux"]["namespaces"]) {
      if (entry["type"] != "cgroup") others.push_back(entry);
    }
    config["linux"]["namespaces"] = others;
    config["mounts"].push_back({{"destination", "/sys/fs/cgroup"},
                                {"type", "cgroup"},
                                {"source", "cgroup"},
                                {"options", {"nosuid", "noexec", "nodev", "ro"}}});
  });
  const std::string out = Out({"--systemd-cgroup", "run", "--bundle", bundle(), "c1"});
  EXPECT_THAT(out, HasSubstr(absl::StrCat("0::", kSlice, kInner, "/", kUnit, "\n")));
  if (::access("/sys/fs/cgroup/systemd", F_OK) == 0) {
    EXPECT_THAT(out, HasSubstr("systemd\n"));
  }
}

TEST_F(SystemdTest, ASliceHasNoProcessesOfSystemds) {
  StartSystemd();
  Write("cat /proc/self/cgroup", [](Json& config) {
    config["linux"]["cgroupsPath"] = "::pelagostest-a.slice";
    AddCgroupNamespace(config);
  });
  const std::string out = Out({"--systemd-cgroup", "run", "--bundle", bundle(), "c1"});
  EXPECT_THAT(out, HasSubstr("0::/\n"));
  EXPECT_THAT(Heard(), AllOf(HasSubstr("start pelagostest-a.slice"), HasSubstr("Wants=as"),
                             Not(HasSubstr("PIDs")), Not(HasSubstr("Delegate"))));
}

TEST_F(SystemdTest, TheMistakesOfADocumentComeFirst) {
  StartSystemd();
  WriteUnit("true", [](Json& config) {
    config["linux"]["cgroupsPath"] = "/a/b";
    config["annotations"]["org.systemd.property.KillMode"] = "mixed";
  });
  ExpectFails(Create(), "expected cgroupsPath to be of format \\\"slice:prefix:name\\\"");
  WriteUnit("true",
            [](Json& config) { config["annotations"]["org.systemd.property.KillMode"] = "mixed"; });
  ExpectFails(Create(), "property.KillMode: 'mixed' is not GVariant text");
  const Outcome plan = Oci({"--systemd-cgroup", "plan", bundle()});
  EXPECT_EQ(plan.code, 1) << plan.Describe();
  WriteUnit("true");
  EXPECT_THAT(Out({"--systemd-cgroup", "plan", bundle()}),
              HasSubstr("by systemd, unit libpod-c1.scope in pelagostest-a.slice\n"));
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ABusThatIsNotThere) {
  WriteUnit("true");
  ExpectFails(Create(), "systemd cannot be reached: ");
  ExpectFails(Create(), "--cgroup-manager cgroupfs");
  // A bus without a systemd.
  StartBus();
  ExpectFails(Create(), "there is a bus, but no systemd on it");
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ASystemdThatRefuses) {
  StartSystemd("refuse");
  WriteUnit("true");
  ExpectFails(Create(), "systemd, StartTransientUnit: permission denied");
  ExpectNothingLeft();
}

TEST_F(SystemdTest, AJobThatFails) {
  StartSystemd("failed");
  WriteUnit("true");
  ExpectFails(Create(), "the job of libpod-c1.scope ended with 'failed'");
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ASystemdThatGoesAway) {
  StartSystemd("close");
  WriteUnit("true");
  ExpectFails(Create(), "systemd, StartTransientUnit: Message recipient disconnected");
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ABusThatGoesAway) {
  StartSystemd("silent");
  WriteUnit("true");
  const auto create = [&] {
    Words words = {"oci", "--root", root_};
    for (const std::string& word : Create()) words.push_back(word);
    return world_->Start(words);
  }();
  EXPECT_THAT(Heard(), HasSubstr("start"));
  bus_->Signal(SIGKILL);
  const Outcome outcome = create->Wait();
  EXPECT_EQ(outcome.code, 1) << outcome.Describe();
  EXPECT_THAT(outcome.err, HasSubstr("StartTransientUnit")) << outcome.Describe();
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ACgroupThatIsElsewhere) {
  StartSystemd("elsewhere");
  WriteUnit("true");
  ExpectFails(Create(),
              "systemd made the cgroup /pelagostest.slice/pelagostest-a.slice/"
              "libpod-c1.scope/elsewhere");
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ANamesakeIsLeftAlone) {
  StartSystemd("exists");
  WriteUnit("true");
  ExpectFails(Create(), "libpod-c1.scope was already loaded");
  EXPECT_THAT(Heard(), HasSubstr("start"));
  EXPECT_EQ(Heard(), "reset libpod-c1.scope");
  EXPECT_THAT(Heard(), HasSubstr("start"));
  // Nothing of the other's is ended.
  EXPECT_EQ(Oci({"delete", "--force", "c1"}).code, 0);
  fake_->Signal(SIGKILL);
  EXPECT_EQ(fake_->NextLine(), std::nullopt);
  ExpectNothingLeft();
}

TEST_F(SystemdTest, ANamesakeThatFailedIsForgotten) {
  StartSystemd("exists-once");
  WriteUnit("echo fine");
  EXPECT_EQ(Out({"--systemd-cgroup", "run", "--bundle", bundle(), "c1"}), "fine\n");
}

TEST_F(SystemdTest, WithoutSystemdAContainerCanBeDeletedAllTheSame) {
  StartSystemd();
  WriteUnit("exec sleep 1000");
  Detached(Create());
  fake_->Signal(SIGKILL);
  fake_->Wait();
  const Outcome outcome = Oci({"delete", "--force", "c1"});
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_THAT(outcome.err, HasSubstr("no systemd on it")) << outcome.Describe();
  ExpectNothingLeft();
}

// Before any of its system calls: what is left `delete` takes away, and nobody waits for anything.
TEST_F(SystemdTest, CreateKilledAnywhere) {
  StartSystemd();
  WriteUnit("true");
  Words words = {"oci", "--root", root_};
  for (const std::string& word : Create()) words.push_back(word);
  const auto up_to = [&](int last) {
    return TracePelagos(
        *world_, words, /*children=*/false,
        [last](const TracedCall& call) { return call.n == last ? AtCall::kKill : AtCall::kGoOn; },
        /*leaves_processes=*/true);
  };
  const int calls = up_to(-1).calls;
  ASSERT_GT(calls, 100);
  Out({"delete", "--force", "c1"});
  constexpr int kStride = 5;
  int records = 0;
  for (int last = 1; last <= calls && !HasFailure(); last += kStride) {
    SCOPED_TRACE(absl::StrCat("killed before its call ", last, " of ", calls));
    up_to(last);
    records += ::access((root_ + "/c1").c_str(), F_OK) == 0 ? 1 : 0;
    Out({"delete", "--force", "c1"});
    ExpectNothingLeft();
  }
  EXPECT_GT(records, 5);
}

// pelagos-systemd itself, with little patience.
class SystemdProgramTest : public SystemdTest {
 protected:
  oci::SystemdReply Ask(oci::SystemdRequest request) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    Fd ours(ends[0]), theirs(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
    std::string name = "pelagos-systemd", bus = "DBUS_SYSTEM_BUS_ADDRESS=unix:path=" + socket_;
    char* argv[] = {name.data(), nullptr};
    char* envp[] = {bus.data(), nullptr};
    pid_t pid = -1;
    EXPECT_EQ(::posix_spawn(&pid, Runfile("tools/pelagos-systemd").c_str(), &actions, nullptr, argv,
                            envp),
              0);
    ::posix_spawn_file_actions_destroy(&actions);
    theirs.reset();
    const std::string text = oci::PrintRequest(request);
    EXPECT_GT(::send(ours.get(), text.data(), text.size(), MSG_NOSIGNAL), 0);
    std::string answer(1 << 16, '\0');
    const ssize_t size = ::recv(ours.get(), answer.data(), answer.size(), 0);
    EXPECT_GT(size, 0);
    // It ends when nobody asks any more.
    ours.reset();
    int status = -1;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
    if (size <= 0) return {};
    const auto reply = oci::ParseReply({answer.data(), static_cast<size_t>(size)});
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.value_or(oci::SystemdReply());
  }
  oci::SystemdRequest Start() {
    oci::SystemdRequest request;
    request.ask = oci::SystemdAsk::kStart;
    request.unit = "x.scope";
    request.patience_millis = 300;
    request.properties = {{"Slice", {"s", "\"pelagostest.slice\""}}};
    return request;
  }
};

TEST_F(SystemdProgramTest, DoesNotWaitWithoutAnEnd) {
  StartSystemd("silent");
  EXPECT_EQ(Ask(Start()).error, "systemd did not answer in time: StartTransientUnit");
  fake_.reset();
  StartFake("no-job");
  EXPECT_EQ(Ask(Start()).error,
            "systemd did not answer in time: the job of x.scope, StartTransientUnit");
  for (const std::string& mount : CgroupMounts()) {
    ::rmdir(absl::StrCat(mount, kSlice, "/x.scope").c_str());
  }
}

TEST_F(SystemdProgramTest, ABusThatSaysNothing) {
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  ASSERT_LT(socket_.size(), sizeof(address.sun_path));
  socket_.copy(address.sun_path, socket_.size());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener.get(), 5), 0);
  EXPECT_EQ(Ask(Start()).error, "systemd did not answer in time: connecting to its bus");
}

TEST_F(SystemdProgramTest, TakesOnlyWhatIsAValue) {
  StartSystemd();
  oci::SystemdRequest request = Start();
  request.properties = {{"TasksMax", {"t", "\"many\""}}};
  EXPECT_THAT(Ask(request).error, HasSubstr("\"many\" is no value of the type t"));
  request.properties = {{"TasksMax", {"a", "[]"}}};
  EXPECT_NE(Ask(request).error, "");
  request.properties = {{"TasksMax", {"", "1"}}};
  EXPECT_NE(Ask(request).error, "");
}

}  // namespace
}  // namespace pelagos::rooted
