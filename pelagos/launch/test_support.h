// For the tests that launch: a root made of busybox, a plan with full isolation, and its outcome.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/abi/mount_flag.h"
#include "pelagos/launch/launcher.h"
#include "pelagos/launch/wait.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/sys/file.h"

namespace pelagos::launch {

struct Outcome {
  absl::Status status;  // of Launch and Start
  ExitStatus exit;
  std::string out;  // standard output and error
};

// A folder with an image of busybox in `image`, removed at the end.
class LaunchFixture : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(::testing::TempDir(), "/launch_XXXXXX");
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
    ASSERT_TRUE(sys::MakeFolders(folder_ + "/mnt", 0755).ok());
    for (const char* name : {"/bin", "/etc", "/tmp", "/usr/bin"}) {
      ASSERT_TRUE(sys::MakeFolders(image() + name, 0755).ok());
    }
    constexpr char kBusybox[] = "/bin/busybox";
    const absl::StatusOr<std::string> busybox = sys::ReadFile(kBusybox, 64u << 20);
    ASSERT_TRUE(busybox.ok()) << busybox.status() << "; install busybox-static";
    ASSERT_TRUE(sys::WriteFileAtomically(image() + kBusybox, *busybox, 0755).ok());
    for (const char* applet :
         {"sh",       "cat",  "ls",   "true",  "false", "sleep", "echo", "id",
          "hostname", "ps",   "grep", "mount", "touch", "mkdir", "stat", "readlink",
          "dd",       "kill", "wc",   "ip",    "head",  "tail"}) {
      ASSERT_EQ(::symlink("busybox", absl::StrCat(image(), "/bin/", applet).c_str()), 0);
    }
    WriteFile("image/etc/hosts", "");
  }
  void TearDown() override {
    const absl::Status removed = sys::RemoveTree(folder_);
    EXPECT_TRUE(removed.ok()) << removed;
  }

  std::string image() const { return folder_ + "/image"; }
  const std::string& folder() const { return folder_; }
  void WriteFile(const std::string& name, absl::string_view text) {
    const absl::Status written = sys::WriteFileAtomically(folder_ + "/" + name, text, 0644);
    ASSERT_TRUE(written.ok()) << written;
  }

  static std::vector<Op> KernelMounts() {
    constexpr uint64_t kInert = kMountNoSuid | kMountNoDev | kMountNoExec;
    std::vector<Op> ops = {
        MountFilesystem{"proc", "proc", "/proc", kInert, ""},
        MountFilesystem{"tmpfs", "tmpfs", "/dev", kMountNoSuid, "mode=755"},
        MakeDevice{"/dev/null", 1, 3, 0666},
        MakeDevice{"/dev/zero", 1, 5, 0666},
        MakeSymlink{"/proc/self/fd", "/dev/fd"},
        MountFilesystem{"tmpfs", "shm", "/dev/shm", kInert, "mode=1777"},
        MountFilesystem{"sysfs", "sysfs", "/sys", kInert | kMountReadOnly, ""},
    };
    return ops;
  }

  // `extra` comes after the kernel's mounts, `last` before the capabilities are dropped.
  LaunchPlan Plan(std::vector<std::string> argv, std::vector<Op> extra = {},
                  std::vector<Op> last = {}) const {
    LaunchPlan plan;
    plan.id = "test";
    plan.namespaces = kDefaultNamespaces;
    plan.folders = {folder_ + "/upper", folder_ + "/work"};
    plan.ops = {
        MakeMountsPrivate{},
        MountOverlayRoot{{image()}, folder_ + "/upper", folder_ + "/work", folder_ + "/mnt"}};
    const auto append = [&plan](std::vector<Op> ops) {
      for (Op& op : ops) plan.ops.push_back(std::move(op));
    };
    append(KernelMounts());
    append(std::move(extra));
    append({PivotRoot{}, LoopbackUp{}, SetHostname{"inside"}, AwaitStart{}, ChangeFolder{"/"}});
    append(std::move(last));
    append({LimitCapabilities{kDefaultCapabilities}, SetNoNewPrivileges{},
            InstallSeccomp{SeccompProfile::kDefault},
            Exec{std::move(argv), {"PATH=/usr/bin:/bin", "WORD=hello"}}});
    return plan;
  }
  LaunchPlan Shell(const std::string& script, std::vector<Op> extra = {},
                   std::vector<Op> last = {}) const {
    return Plan({"sh", "-c", script}, std::move(extra), std::move(last));
  }

  static Outcome Run(const LaunchPlan& plan) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Fd reader(ends[0]);
    Fd writer(ends[1]);
    Outcome outcome;
    absl::StatusOr<Starting> starting = Launch(plan, {-1, writer.get(), writer.get()});
    if (!starting.ok()) {
      outcome.status = starting.status();
      return outcome;
    }
    absl::StatusOr<Launched> launched = std::move(*starting).Start();
    writer.reset();
    outcome.out = *sys::ReadAll(reader, 1u << 20, "the container's output");
    if (!launched.ok()) {
      outcome.status = launched.status();
      return outcome;
    }
    absl::StatusOr<ExitStatus> exit = WaitForExit(launched->pidfd);
    if (exit.ok()) outcome.exit = *exit;
    outcome.status = exit.status();
    return outcome;
  }

  // The whole output of a script that must succeed.
  std::string Output(const LaunchPlan& plan) const {
    const Outcome outcome = Run(plan);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(outcome.exit.code(), 0) << outcome.out;
    return outcome.out;
  }

 private:
  std::string folder_;
};

}  // namespace pelagos::launch
