// A container runtime whose cgroups systemd makes, beside a bus and a service manager of the test's
// own (fake_systemd.cc).
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/rooted/oci/bundle.h"

namespace pelagos::rooted {

inline constexpr char kSlice[] = "/pelagostest.slice", kInner[] = "/pelagostest-a.slice";
inline constexpr char kCgroupsPath[] = "pelagostest-a.slice:libpod:c1";
inline constexpr char kUnit[] = "libpod-c1.scope";

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

}  // namespace pelagos::rooted
