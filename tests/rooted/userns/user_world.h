// The world of an ordinary user: one whom the machine does not know. /etc of the test's own mount
// namespace is an overlay in which the user, its ranges of ids and nothing else are added; the
// programs are copied to where the user may read them.
#pragma once

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {

inline constexpr uid_t kUser = 54321;         // and the group of that number
inline constexpr uint32_t kFirstId = 700000;  // of the user's own ranges
inline constexpr uint32_t kIds = 65536;

// Once per test program: the user is there from then on, in this mount namespace.
inline void AddUser() {
  static bool added = false;
  if (std::exchange(added, true)) return;
  { const World leaves_the_machines_mounts; }
  std::string folder = "/dev/shm/pelagos-etc-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  ASSERT_EQ(::mount("tmpfs", folder.c_str(), "tmpfs", 0, "mode=755"), 0) << strerror(errno);
  for (const char* name : {"/upper", "/work"}) {
    ASSERT_TRUE(sys::MakeFolders(folder + name, 0755).ok());
  }
  const std::string options =
      absl::StrCat("lowerdir=/etc,upperdir=", folder, "/upper,workdir=", folder, "/work");
  ASSERT_EQ(::mount("overlay", "/etc", "overlay", 0, options.c_str()), 0) << strerror(errno);
  // The overlay holds on to it; what is left on the machine is nothing.
  ASSERT_EQ(::umount2(folder.c_str(), MNT_DETACH), 0);
  ASSERT_EQ(::rmdir(folder.c_str()), 0);
  const auto append = [](const std::string& file, const std::string& line) {
    const std::string before = sys::ReadFile(file, 1 << 20).value_or("");
    ASSERT_TRUE(sys::WriteFileAtomically(file, absl::StrCat(before, line, "\n"), 0644).ok());
    ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  };
  append("/etc/passwd", absl::StrCat("pelagostest:x:", kUser, ":", kUser, "::/:/bin/sh"));
  append("/etc/group", absl::StrCat("pelagostest:x:", kUser, ":"));
  append("/etc/subuid", absl::StrCat("pelagostest:", kFirstId, ":", kIds));
  append("/etc/subgid", absl::StrCat("pelagostest:", kFirstId, ":", kIds));
}

// By path: the shell of a guest prefers busybox's, which can do less.
inline std::string Setpriv() {
  return std::filesystem::exists("/usr/bin/setpriv") ? "/usr/bin/setpriv" : "/usr/sbin/setpriv";
}

class UserTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (IsSkipped()) return;
    AddUser();
    world_ = std::make_unique<World>();
    namespace fs = std::filesystem;
    fs::permissions(fs::path(world_->folder()).parent_path(), fs::perms(0755));
    for (const char* name :
         {"pelagos", "pelagos-image", "pelagos-init", "busybox-image.tar", "pelagos-dns",
          "pelagos-proxy"}) {
      fs::create_directories(world_->folder() + "/programs");
      fs::copy_file(Runfile(absl::StrCat("tools/", name)), Path("programs/") + name);
    }
    for (const std::string& folder : {Path("home"), world_->run_root()}) {
      fs::create_directories(folder);
      ASSERT_EQ(::chown(folder.c_str(), kUser, kUser), 0);
      ASSERT_EQ(::chmod(folder.c_str(), 0700), 0);
    }
  }

  std::string Path(const std::string& name) const {
    return absl::StrCat(world_->folder(), "/", name);
  }

  // A root folder that belongs to the user.
  std::string MakeRoot() {
    const std::string root = Path("root");
    for (const char* name : {"/bin", "/etc", "/tmp"}) {
      EXPECT_TRUE(sys::MakeFolders(root + name, 0755).ok());
    }
    std::filesystem::copy_file("/bin/busybox", root + "/bin/busybox");
    for (const char* applet : {"sh", "cat", "ls", "id", "stat", "chown", "touch", "mount", "umount",
                               "readlink", "mknod", "grep", "sleep", "hostname", "cut", "tr"}) {
      std::filesystem::create_symlink("busybox", absl::StrCat(root, "/bin/", applet));
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      EXPECT_EQ(::lchown(entry.path().c_str(), kUser, kUser), 0);
    }
    EXPECT_EQ(::lchown(root.c_str(), kUser, kUser), 0);
    return root;
  }

  // Command words that run `argv` as the user, with its environment and `more` of it.
  Words AsUser(Words argv, const Words& more = {}) const {
    Words words = {Setpriv(),
                   absl::StrCat("--reuid=", kUser),
                   absl::StrCat("--regid=", kUser),
                   "--clear-groups",
                   "env",
                   "-i",
                   absl::StrCat("PATH=", kPath),
                   absl::StrCat("HOME=", Path("home")),
                   absl::StrCat("PELAGOS_RUN_ROOT=", world_->run_root())};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), argv.begin(), argv.end());
    return words;
  }
  Words PelagosWords(Words args) const {
    args.insert(args.begin(), Path("programs/pelagos"));
    return args;
  }
  Outcome Pelagos(Words args, const Words& env = {}) {
    return world_->Tool(AsUser(PelagosWords(std::move(args)), env));
  }
  static Words RunWords(const Words& flags, const std::string& script) {
    Words words = {"run", "--rm"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"busybox", "sh", "-c", script});
    return words;
  }
  Outcome Run(const Words& flags, const std::string& script, const Words& env = {}) {
    return Pelagos(RunWords(flags, script), env);
  }
  // What a script that must succeed prints.
  std::string Out(const Words& flags, const std::string& script, const Words& env = {}) {
    const Outcome outcome = Run(flags, script, env);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    EXPECT_EQ(outcome.err, "") << outcome.Describe();
    return outcome.out;
  }
  void ExpectFails(const Words& flags, int code, const std::string& message,
                   const Words& env = {}) {
    const Outcome outcome = Run(flags, "echo ran", env);
    EXPECT_EQ(outcome.code, code) << outcome.Describe();
    EXPECT_TRUE(absl::StrContains(outcome.err, message)) << outcome.Describe();
    EXPECT_EQ(outcome.out, "");
  }

  std::unique_ptr<World> world_;
};

}  // namespace pelagos::rooted
