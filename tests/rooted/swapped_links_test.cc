// A root file system that somebody else changes while a container starts: parts of it become links
// that lead outside, or are links and become what they should be, before each system call of the
// command and of the container's first process that looks them up. Nothing outside is read, written
// or made.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
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

  // Runs, and swaps before the k-th call, from 1, that looks up `swapped`. Returns the outcome, and
  // k; or how many such calls there were, if they were fewer.
  std::pair<Outcome, int> RunSwapped(const std::string& swapped, int k,
                                     const std::vector<std::string>& flags) {
    std::vector<std::string> words = {"run", "--rm", "--rootfs", root_, "--user", "victim"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"/bin/busybox", "cat", "/proc/self/status", "/etc/hostname",
                               "/etc/hosts", "/etc/resolv.conf", "/etc/passwd"});
    const std::string name = swapped.substr(swapped.rfind('/') + 1);
    int looked_up = 0;
    Trace trace = TracePelagos(*world_, words, /*children=*/true, [&](const TracedCall& call) {
      if (looked_up < k && call.Names(name) && ++looked_up == k) Exchange(swapped);
      return AtCall::kGoOn;
    });
    return {std::move(trace.outcome), looked_up};
  }

  // `path` of the root becomes a link to `target` before each call that looks it up, a run for
  // each; and it was one and becomes itself again. Swapped anywhere else, it is found as it is
  // before the next such call: with these all moments are tried. No link of the root leads to it.
  void SwapEverywhere(const std::string& path, const std::string& target,
                      const std::vector<std::string>& flags = {}) {
    const std::string swapped = root_ + path;
    fs::create_symlink(target, swapped + ".other");
    int ran = 0;
    for (const bool link_first : {false, true}) {
      if (link_first) Exchange(swapped);
      bool more = true;
      for (int k = 1; more && !HasFailure(); ++k) {
        SCOPED_TRACE(
            absl::StrCat(path, link_first ? " <- " : " -> ", target, " before look-up ", k));
        const auto [outcome, looked_up] = RunSwapped(swapped, k, flags);
        more = looked_up == k;
        if (more) Exchange(swapped);
        ExpectHarmless(outcome);
        ran += outcome.code == 0 ? 1 : 0;
        if (!more) {
          EXPECT_GE(k, 3) << "hardly anything looked it up";
        }
      }
      if (link_first) Exchange(swapped);
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

TEST_F(SwappedLinksTest, FolderOfTheFiles) { SwapEverywhere("/etc", outside_); }

TEST_F(SwappedLinksTest, FolderOfTheFilesUpwards) {
  SwapEverywhere("/etc", absl::StrCat("../../../../../../../..", outside_));
}

TEST_F(SwappedLinksTest, Users) { SwapEverywhere("/etc/passwd", outside_ + "/passwd"); }

TEST_F(SwappedLinksTest, Groups) { SwapEverywhere("/etc/group", outside_ + "/group"); }

TEST_F(SwappedLinksTest, Hosts) { SwapEverywhere("/etc/hosts", outside_ + "/hosts"); }

TEST_F(SwappedLinksTest, HostnameToWhatIsNotThere) {
  SwapEverywhere("/etc/hostname", outside_ + "/new");
}

TEST_F(SwappedLinksTest, ResolvConfOfASealedRoot) {
  SwapEverywhere("/etc/resolv.conf", outside_ + "/resolv.conf", {"--read-only"});
}

TEST_F(SwappedLinksTest, WorkingFolder) {
  fs::create_directories(root_ + "/work");
  before_ = State();
  SwapEverywhere("/work", outside_, {"--workdir", "/work/here"});
}

}  // namespace
}  // namespace pelagos::rooted
