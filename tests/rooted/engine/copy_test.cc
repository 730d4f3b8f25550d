// `pelagos cp`: Docker's rules, both directions, running and stopped containers, streams; and
// containers that change what is copied meanwhile.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/store/container.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/engine/kept_test.h"
#include "tests/rooted/traced.h"

namespace pelagos::rooted {
namespace {

namespace fs = std::filesystem;

class CopyTest : public KeptTest {
 protected:
  store::Roots Roots() const { return {world_->data_root(), world_->run_root()}; }
  // Where its files are, as the kernel has them.
  std::string RootOfWeb() {
    const auto id = store::FindContainer(Roots(), "web");
    EXPECT_TRUE(id.ok()) << id.status();
    const auto state = store::ReadContainerState(Roots(), *id);
    EXPECT_TRUE(state.ok()) << state.status();
    return absl::StrCat("/proc/", state->init.pid, "/root");
  }
  static std::string Read(const std::string& path) {
    return sys::ReadFile(path, 1 << 20).value_or(absl::StrCat("<no ", path, ">"));
  }
  struct stat Stat(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return info;
  }
  std::string Path(const std::string& name) const { return world_->folder() + "/" + name; }
};

TEST_F(CopyTest, IntoARunningContainerAndOutAgain) {
  StartWeb();
  world_->Write("file", "from the host");
  ASSERT_EQ(::chmod(Path("file").c_str(), 0640), 0);
  ASSERT_EQ(::chown(Path("file").c_str(), 1234, 1234), 0);
  const struct timespec times[2] = {{1000, 0}, {2000, 5}};
  ASSERT_EQ(::utimensat(AT_FDCWD, Path("file").c_str(), times, 0), 0);
  const Outcome in = world_->Pelagos({"cp", "file", "web:/tmp/copied"});
  EXPECT_EQ(in.code, 0) << in.Describe();
  EXPECT_EQ(in.err, "Successfully copied 13B to web:/tmp/copied\n");
  const std::string inside = RootOfWeb() + "/tmp/copied";
  EXPECT_EQ(Read(inside), "from the host");
  EXPECT_EQ(Stat(inside).st_mode, S_IFREG | 0640u);
  EXPECT_EQ(Stat(inside).st_uid, 0u) << "root's, without --archive";
  EXPECT_EQ(Stat(inside).st_mtim.tv_sec, 2000);
  EXPECT_EQ(Stat(inside).st_mtim.tv_nsec, 5);
  Ok({"cp", "-a", "-q", "file", "web:/tmp/archived"});
  EXPECT_EQ(Stat(RootOfWeb() + "/tmp/archived").st_uid, 1234u);

  Ok({"cp", "-q", "web:/tmp/archived", "out"});
  EXPECT_EQ(Read(Path("out")), "from the host");
  EXPECT_EQ(Stat(Path("out")).st_uid, 0u) << "ours";
  Ok({"cp", "-aq", "web:/tmp/archived", "kept"});
  EXPECT_EQ(Stat(Path("kept")).st_uid, 1234u);
}

TEST_F(CopyTest, RulesForWhatIsThereAndWhatIsNot) {
  StartWeb(
      "mkdir -p /d/sub; echo one > /d/one; echo two > /d/sub/two; echo x > /file; "
      "ln -s d /link; ");
  fs::create_directory(Path("there"));
  Ok({"cp", "-q", "web:/file", "new"});
  EXPECT_EQ(Read(Path("new")), "x\n");
  Fails({"cp", "web:/file", "none/"}, "'none/' does not exist");
  Fails({"cp", "web:/file", "none/x"}, "'none' does not exist");
  world_->Write("old", "replaced");
  Ok({"cp", "-q", "web:/file", "old"});
  EXPECT_EQ(Read(Path("old")), "x\n");
  Ok({"cp", "-q", "web:/file", "there"});
  EXPECT_EQ(Read(Path("there/file")), "x\n");
  // A folder: as, into, over.
  Ok({"cp", "-q", "web:/d", "made"});
  EXPECT_EQ(Read(Path("made/sub/two")), "two\n");
  Ok({"cp", "-q", "web:/d", "there"});
  EXPECT_EQ(Read(Path("there/d/one")), "one\n");
  Ok({"cp", "-q", "web:/d/.", "there"});
  EXPECT_EQ(Read(Path("there/one")), "one\n");
  Ok({"cp", "-q", "web:d/sub/", "there/"});
  EXPECT_EQ(Read(Path("there/sub/two")), "two\n");
  Fails({"cp", "web:/d", "old"}, "something else stands in its place");
  Fails({"cp", "web:/file/.", "there"}, "ot a directory");
  Fails({"cp", "web:/nothing", "there"}, "'web:/nothing' does not exist");
  // A link is a link, unless it is followed.
  Ok({"cp", "-q", "web:/link", "there"});
  EXPECT_EQ(fs::read_symlink(Path("there/link")), "d");
  Ok({"cp", "-qL", "web:/link", "followed"});
  EXPECT_EQ(Read(Path("followed/one")), "one\n");
  Fails({"cp", "nothing:/file", "x"}, "no container is named 'nothing'");
  EXPECT_EQ(world_->Pelagos({"cp", "a", "b"}).code, 2);
  EXPECT_EQ(world_->Pelagos({"cp", "web:/a"}).code, 2);
  Fails({"cp", "web:/proc/version", "x"}, "the kernel's");
  // Into it: links there lead to where the container would go.
  Ok({"cp", "-q", "new", "web:/link"});
  EXPECT_EQ(Read(RootOfWeb() + "/d/new"), "x\n");
  Ok({"cp", "-q", "web:/file", "web:/d/by-two"});
  EXPECT_EQ(Read(RootOfWeb() + "/d/by-two"), "x\n");
}

TEST_F(CopyTest, AFileThatIsMountedKeepsBeingMounted) {
  StartWeb();
  world_->Write("hosts", "127.0.0.1 mine\n");
  Ok({"cp", "-q", "hosts", "web:/etc/hosts"});
  EXPECT_EQ(Read(RootOfWeb() + "/etc/hosts"), "127.0.0.1 mine\n");
  Ok({"cp", "-q", "web:/etc/hosts", "again"});
  EXPECT_EQ(Read(Path("again")), "127.0.0.1 mine\n");
}

TEST_F(CopyTest, NothingDangerousComesOut) {
  StartWeb("cp /bin/busybox /tmp/su; chmod 6755 /tmp/su; mknod /tmp/disk b 8 0; mkfifo /tmp/fifo; ",
           {"--cap-add", "mknod"});
  const Outcome out = world_->Pelagos({"cp", "web:/tmp", "out"});
  EXPECT_EQ(out.code, 0) << out.Describe();
  EXPECT_TRUE(absl::StrContains(out.err, "left out: 'out/disk': it is a device")) << out.err;
  EXPECT_EQ(Stat(Path("out/su")).st_mode & 07777u, 0755u);
  EXPECT_FALSE(fs::exists(fs::symlink_status(Path("out/disk"))));
  EXPECT_TRUE(S_ISFIFO(Stat(Path("out/fifo")).st_mode));
}

TEST_F(CopyTest, ExtendedAttributesGoWithTheFile) {
  const std::string capability("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  const auto get = [](const std::string& path, const char* name) {
    std::string value(100, '\0');
    const ssize_t size = ::lgetxattr(path.c_str(), name, value.data(), value.size());
    return size < 0 ? "<none>" : value.substr(0, static_cast<size_t>(size));
  };
  const std::string file = world_->Write("in/program", "x");
  ASSERT_EQ(::setxattr(file.c_str(), "user.kind", "tool", 4, 0), 0);
  ASSERT_EQ(::setxattr(file.c_str(), "trusted.note", "x", 1, 0), 0);
  ASSERT_EQ(::setxattr(file.c_str(), "security.capability", capability.data(), 20, 0), 0);
  StartWeb();
  Ok({"cp", "-q", file, "web:/program"});
  const std::string inside = RootOfWeb() + "/program";
  EXPECT_EQ(get(inside, "user.kind"), "tool");
  EXPECT_EQ(get(inside, "security.capability"), capability);
  EXPECT_EQ(get(inside, "trusted.note"), "<none>");
  Ok({"cp", "-q", "web:/program", "plain"});
  EXPECT_EQ(get(Path("plain"), "user.kind"), "tool");
  EXPECT_EQ(get(Path("plain"), "security.capability"), "<none>") << "no rights come out";
  Ok({"cp", "-q", "-a", "web:/program", "whole"});
  EXPECT_EQ(get(Path("whole"), "security.capability"), capability);
}

TEST_F(CopyTest, StoppedContainers) {
  Ok({"run", "--name", "web", "busybox", "sh", "-c", "cat /srv/in /etc/mine 2> /dev/null || true"});
  world_->Write("in", "put there before it started\n");
  fs::create_directory(Path("srv"));
  fs::rename(Path("in"), Path("srv/in"));
  Ok({"cp", "-q", "srv", "web:/"});
  world_->Write("mine", "mine\n");
  Ok({"cp", "-q", "mine", "web:/etc"});
  Ok({"cp", "-q", "web:/etc/mine", "back"});
  EXPECT_EQ(Read(Path("back")), "mine\n");
  Ok({"restart", "web"});
  Ok({"wait", "web"});
  EXPECT_EQ(Ok({"logs", "web"}), "put there before it started\nmine\n");
  // What it shows of its image is there too, and what it removed is not.
  Ok({"cp", "-q", "web:/bin/busybox", "busybox"});
  EXPECT_GT(Stat(Path("busybox")).st_size, 100000);
  Ok({"rm", "web"});
  Ok({"run", "--name", "web", "busybox", "rm", "/bin/busybox"});
  Fails({"cp", "web:/bin/busybox", "gone"}, "does not exist");
  world_->ExpectNoResidue("copies from and to stopped containers");
}

TEST_F(CopyTest, AStoppedContainersMountsAreNotThere) {
  StartWeb("echo x > /data/file; ", {"-v", "things:/data"});
  Ok({"cp", "-q", "web:/data/.", "out"});
  world_->Write("file", "y");
  Ok({"cp", "-q", "file", "web:/data/other"});
  EXPECT_EQ(Read(world_->data_root() + "/volumes/things/data/other"), "y");
  Ok({"stop", "-t", "0", "web"});
  Fails({"cp", "file", "web:/data/third"}, "is in the mount '/data'");
  Fails({"cp", "web:/data/other", "x"}, "is in the mount '/data'");
}

TEST_F(CopyTest, ReadOnlyRootsStayAsTheyAre) {
  StartWeb("", {"--read-only", "--tmpfs", "/tmp"});
  world_->Write("file", "x");
  Fails({"cp", "file", "web:/srv-file"}, "ead-only");
  Ok({"cp", "-q", "file", "web:/tmp"});
  Ok({"stop", "-t", "0", "web"});
  Fails({"cp", "file", "web:/srv-file"}, "read-only root");
}

TEST_F(CopyTest, IdsOfAUserNamespace) {
  StartWeb("", {"--uidmap", "0:100000:65536", "--gidmap", "0:200000:65536"});
  world_->Write("file", "x");
  Ok({"cp", "-q", "file", "web:/root-owned"});
  ASSERT_EQ(::chown(Path("file").c_str(), 7, 8), 0);
  Ok({"cp", "-aq", "file", "web:/seven"});
  const struct stat root = Stat(RootOfWeb() + "/root-owned");
  const struct stat seven = Stat(RootOfWeb() + "/seven");
  EXPECT_EQ(root.st_uid, 100000u);
  EXPECT_EQ(seven.st_uid, root.st_uid + 7);
  EXPECT_EQ(seven.st_gid, root.st_gid + 8);
  Ok({"cp", "-aq", "web:/seven", "back"});
  EXPECT_EQ(Stat(Path("back")).st_uid, 7u);
  Ok({"stop", "-t", "0", "web"});
  Ok({"cp", "-aq", "web:/seven", "later"});
  EXPECT_EQ(Stat(Path("later")).st_uid, 7u);
  EXPECT_EQ(Stat(Path("later")).st_gid, 8u);
}

TEST_F(CopyTest, Streams) {
  StartWeb("mkdir -p /d/sub; echo two > /d/sub/two; chown 5:6 /d/sub/two; mkdir /to; ");
  const std::string pelagos = Runfile("tools/pelagos");
  const auto shell = [&](const std::string& script) {
    const Outcome outcome = world_->Tool({"sh", "-c", script});
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    return outcome.out;
  };
  EXPECT_EQ(shell(pelagos + " cp web:/d - | tar -tf -"), "d/\nd/sub/\nd/sub/two\n");
  EXPECT_EQ(shell(pelagos + " cp web:/d/. - | tar -tf -"), "./\nsub/\nsub/two\n");
  EXPECT_EQ(shell(pelagos + " cp web:/d/sub/two - | tar -xOf -"), "two\n");
  EXPECT_EQ(shell(pelagos + " cp web:/d - | " + pelagos + " cp -q - web:/to"), "");
  EXPECT_EQ(Read(RootOfWeb() + "/to/d/sub/two"), "two\n");
  EXPECT_EQ(Stat(RootOfWeb() + "/to/d/sub/two").st_uid, 5u) << "as the archive says";
  world_->Write(".wh.name", "no note on a layer");
  shell("tar -czf - .wh.name | " + pelagos + " cp -q - web:/to");
  EXPECT_EQ(Read(RootOfWeb() + "/to/.wh.name"), "no note on a layer");
  // An archive whose names lead elsewhere writes nothing.
  shell("echo x > evil; tar -cPf evil.tar --transform s,evil,../../evil, evil");
  const Outcome evil = world_->Tool({"sh", "-c", pelagos + " cp - web:/to < evil.tar"});
  EXPECT_EQ(evil.code, 1) << evil.Describe();
  const Outcome file = world_->Tool({"sh", "-c", pelagos + " cp - web:/d/sub/two < evil.tar"});
  EXPECT_EQ(file.code, 1) << file.Describe();
  EXPECT_FALSE(fs::exists(RootOfWeb() + "/evil"));
  EXPECT_TRUE(fs::is_empty(world_->data_root() + "/images/ingest"));
}

// Before each system call of the command that looks it up, a folder of the container becomes a link
// to a folder of the host, and back.
class SwappedCopyTest : public CopyTest {
 protected:
  void SetUp() override {
    CopyTest::SetUp();
    if (IsSkipped()) return;
    outside_ = Path("outside");
    fs::create_directories(outside_ + "/sub");
    world_->Write("outside/secret", "SECRET");
    world_->Write("outside/sub/secret", "SECRET");
    for (const char* name : {"/secret", "/sub/secret", "/sub"}) {
      ASSERT_EQ(::setxattr((outside_ + name).c_str(), "user.SECRET", "x", 1, 0), 0);
    }
    StartWeb(
        absl::StrCat("mkdir -p /swapped/sub; echo mine > /swapped/secret; "
                     "echo mine > /swapped/sub/secret; ln -s ",
                     outside_, " /swapped.other; "));
    before_ = State();
  }
  std::string State() {
    std::string state;
    for (const auto& entry : fs::recursive_directory_iterator(outside_)) {
      const struct stat info = Stat(entry.path());
      absl::StrAppend(&state, entry.path().string(), " ", info.st_mode, " ", info.st_uid, " ",
                      info.st_size, " ", info.st_ctim.tv_sec, ".", info.st_ctim.tv_nsec, "\n");
    }
    return state;
  }
  static bool HasSecretAttribute(const std::string& path) {
    if (::lgetxattr(path.c_str(), "user.SECRET", nullptr, 0) >= 0) return true;
    if (!fs::is_directory(path)) return false;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (::lgetxattr(entry.path().c_str(), "user.SECRET", nullptr, 0) >= 0) return true;
    }
    return false;
  }
  void Exchange() {
    const std::string one = RootOfWeb() + "/swapped";
    ASSERT_EQ(
        ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, (one + ".other").c_str(), RENAME_EXCHANGE), 0);
  }
  void SwapEverywhere(const Words& words, const std::string& into) {
    int ran = 0;
    for (const bool link_first : {false, true}) {
      if (link_first) Exchange();
      bool more = true;
      for (int k = 1; more && !HasFailure(); ++k) {
        int looked_up = 0;
        fs::remove_all(Path(into));
        const Trace trace = TracePelagos(
            *world_, words, /*children=*/true,
            [&](const TracedCall& call) {
              if (looked_up < k && call.Names("swapped") && ++looked_up == k) Exchange();
              return AtCall::kGoOn;
            },
            /*leaves_processes=*/true);
        more = looked_up == k;
        if (more) Exchange();
        EXPECT_EQ(State(), before_) << "look-up " << k;
        EXPECT_FALSE(absl::StrContains(trace.outcome.out, "SECRET")) << "look-up " << k;
        if (fs::exists(Path(into))) {
          const Outcome found = world_->Tool({"grep", "-r", "SECRET", Path(into)});
          EXPECT_EQ(found.code, 1) << found.Describe();
          EXPECT_FALSE(HasSecretAttribute(Path(into))) << "look-up " << k;
        }
        ran += trace.outcome.code == 0 ? 1 : 0;
        if (!more) {
          EXPECT_GE(k, 2) << "nothing looked it up";
        }
      }
      if (link_first) Exchange();
    }
    EXPECT_GT(ran, 0);
  }
  std::string outside_, before_;
};

TEST_F(SwappedCopyTest, OutOfIt) {
  SwapEverywhere({"cp", "-q", "web:/swapped/sub", Path("got")}, "got");
}

TEST_F(SwappedCopyTest, OutOfItFromAbove) {
  SwapEverywhere({"cp", "-q", "web:/swapped/secret", Path("got")}, "got");
}

TEST_F(SwappedCopyTest, AsAStream) { SwapEverywhere({"cp", "web:/swapped", "-"}, "got"); }

TEST_F(SwappedCopyTest, IntoIt) {
  world_->Write("payload/sub/secret", "from the host");
  world_->Write("payload/new", "from the host");
  SwapEverywhere({"cp", "-q", Path("payload/."), "web:/swapped"}, "got");
  SwapEverywhere({"cp", "-q", Path("payload/new"), "web:/swapped/sub/secret"}, "got");
}

// The whole root, while a process in the container swaps without pause.
TEST_F(SwappedCopyTest, WhileItSwapsByItself) {
  ASSERT_TRUE(fs::exists(RootOfWeb() + "/swapped.other"));
  Ok({"rm", "-f", "web"});
  StartWeb(absl::StrCat("mkdir -p /d/swapped /d/aside; echo mine > /d/aside/secret; ln -s ",
                        outside_,
                        " /d/link; (while :; do mv -T /d/swapped /d/a; "
                        "mv -T /d/link /d/swapped; mv -T /d/swapped /d/link; "
                        "mv -T /d/a /d/swapped; done) > /dev/null 2>&1 & "));
  world_->Write("payload/swapped/secret", "from the host");
  for (int i = 0; i < 60 && !HasFailure(); ++i) {
    const Outcome out = world_->Pelagos({"cp", "-q", "web:/d", absl::StrCat("got/", i)});
    const Outcome in = world_->Pelagos({"cp", "-q", "payload/.", "web:/d"});
    EXPECT_NE(out.code, 2) << out.Describe();
    EXPECT_NE(in.code, 2) << in.Describe();
    EXPECT_EQ(State(), before_);
    if (i == 0) fs::create_directories(Path("got"));
  }
  const Outcome found = world_->Tool({"grep", "-r", "SECRET", Path("got")});
  EXPECT_EQ(found.code, 1) << found.Describe();
}

}  // namespace
}  // namespace pelagos::rooted
