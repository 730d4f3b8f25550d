// A root file system that somebody else changes while a container starts: parts of it become links
// that lead outside, or are links and become what they should be, before each system call of the
// command and of the container's first process. Nothing outside is read, written or made.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/traced.h"

namespace pelagos::rooted {
namespace {

namespace fs = std::filesystem;

constexpr char kUsers[] = "root:x:0:0::/root:/bin/sh\nvictim:x:1000:1000::/:/bin/sh\n";
constexpr char kOtherUsers[] =
    "root:x:0:0::/root:/bin/sh\nvictim:x:3999888777:3999888777::/:/bin/sh\n";

class SwappedLinksTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (IsSkipped()) return;
    world_ = std::make_unique<World>();
    root_ = world_->folder() + "/root";
    outside_ = world_->folder() + "/outside";
    for (const char* folder : {"/etc", "/bin", "/proc", "/dev", "/sys"}) {
      fs::create_directories(root_ + folder);
    }
    fs::copy_file("/bin/busybox", root_ + "/bin/busybox");
    fs::create_symlink("busybox", root_ + "/bin/sh");
    for (const char* name : {"hostname", "hosts", "resolv.conf", "group"}) {
      world_->Write(absl::StrCat("root/etc/", name), "root:x:0:\n");
      world_->Write(absl::StrCat("outside/", name), "other:x:3999888777:\n");
    }
    world_->Write("root/etc/passwd", kUsers);
    world_->Write("outside/passwd", kOtherUsers);
    before_ = State();
  }

  // All of outside: names, modes, owners, times of change, contents.
  std::string State() {
    std::string state;
    for (const char* name : {"", "/group", "/hostname", "/hosts", "/passwd", "/resolv.conf"}) {
      struct stat info = {};
      EXPECT_EQ(::lstat((outside_ + name).c_str(), &info), 0) << name;
      absl::StrAppend(&state, name, " ", info.st_mode, " ", info.st_uid, " ", info.st_size, " ",
                      info.st_ctim.tv_sec, ".", info.st_ctim.tv_nsec, "\n");
    }
    const auto names = sys::ListFolder(outside_);
    for (const std::string& name : names.value()) absl::StrAppend(&state, name, "\n");
    return state;
  }

  // `swapped` and what is beside it change places.
  void Exchange(const std::string& swapped) {
    const std::string other = swapped + ".other";
    ASSERT_EQ(::renameat2(AT_FDCWD, swapped.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE), 0)
        << swapped;
  }

  Trace Start(const std::vector<std::string>& flags, const std::function<AtCall(int)>& at_call) {
    std::vector<std::string> words = {"run", "--rootfs", root_, "--user", "victim"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"/bin/busybox", "cat", "/proc/self/status", "/etc/hostname",
                               "/etc/hosts", "/etc/resolv.conf", "/etc/passwd"});
    return TracePelagos(*world_, words, /*children=*/true, at_call);
  }

  // `path` of the root becomes a link to `target` before call 1, 1 + stride, ...; and it was one
  // and becomes itself again.
  void SwapEverywhere(const std::string& path, const std::string& target, int stride,
                      const std::vector<std::string>& flags = {}) {
    const std::string swapped = root_ + path;
    fs::create_symlink(target, swapped + ".other");
    const int calls = Start(flags, [](int) { return AtCall::kGoOn; }).calls;
    ASSERT_GT(calls, 100);
    int ran = 0;
    for (int at = 1; at <= calls && !HasFailure(); at += stride) {
      SCOPED_TRACE(absl::StrCat(path, " -> ", target, " before call ", at, " of ", calls));
      for (int direction = 0; direction < 2; ++direction) {
        const Trace trace = Start(flags, [&](int n) {
          if (n == at) Exchange(swapped);
          return AtCall::kGoOn;
        });
        if (trace.calls < at) Exchange(swapped);  // it ended sooner
        ExpectHarmless(trace.outcome);
        ran += trace.outcome.code == 0 ? 1 : 0;
      }
    }
    EXPECT_GT(ran, 0);
    EXPECT_TRUE(fs::is_symlink(swapped + ".other"));
    fs::remove(swapped + ".other");
    world_->ExpectNoResidue("containers whose root was changed meanwhile");
  }

  // It ran as it should, or did not run and says why.
  void ExpectHarmless(const Outcome& outcome) {
    EXPECT_EQ(State(), before_);
    EXPECT_FALSE(absl::StrContains(outcome.out, "3999888777")) << outcome.Describe();
    if (outcome.code == 0) {
      EXPECT_TRUE(absl::StrContains(outcome.out, "\nUid:\t1000\t1000\t1000\t1000\n"))
          << outcome.Describe();
    } else if (outcome.code != 1) {  // of cat
      EXPECT_EQ(outcome.code, 125) << outcome.Describe();
      EXPECT_TRUE(absl::StartsWith(outcome.err, "pelagos: error: ")) << outcome.Describe();
    }
  }

  std::unique_ptr<World> world_;
  std::string root_, outside_, before_;
};

TEST_F(SwappedLinksTest, FolderOfTheFiles) { SwapEverywhere("/etc", outside_, 3); }

TEST_F(SwappedLinksTest, FolderOfTheFilesUpwards) {
  SwapEverywhere("/etc", absl::StrCat("../../../../../../../..", outside_), 11);
}

TEST_F(SwappedLinksTest, Users) { SwapEverywhere("/etc/passwd", outside_ + "/passwd", 3); }

TEST_F(SwappedLinksTest, Groups) { SwapEverywhere("/etc/group", outside_ + "/group", 11); }

TEST_F(SwappedLinksTest, Hosts) { SwapEverywhere("/etc/hosts", outside_ + "/hosts", 7); }

TEST_F(SwappedLinksTest, HostnameToWhatIsNotThere) {
  SwapEverywhere("/etc/hostname", outside_ + "/new", 7);
}

TEST_F(SwappedLinksTest, ResolvConfOfASealedRoot) {
  SwapEverywhere("/etc/resolv.conf", outside_ + "/resolv.conf", 7, {"--read-only"});
}

TEST_F(SwappedLinksTest, WorkingFolder) {
  fs::create_directories(root_ + "/work");
  before_ = State();
  SwapEverywhere("/work", outside_, 7, {"--workdir", "/work/here"});
}

}  // namespace
}  // namespace pelagos::rooted
