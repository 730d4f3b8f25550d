// Podman as an ordinary user, with Pelagos as its runtime.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/rooted/userns/user_world.h"

namespace pelagos::rooted {
namespace {

class RootlessTest : public UserTest {
 protected:
  void SetUp() override {
    UserTest::SetUp();
    if (IsSkipped()) return;
    namespace fs = std::filesystem;
    fs::create_symlink("pelagos", Path("programs/pelagos-oci"));
    const std::string root = MakeRoot();
    const Outcome packed = world_->Tool({"tar", "-C", root, "-cf", Path("home/bb.tar"), "."});
    ASSERT_EQ(packed.code, 0) << packed.Describe();
    fs::create_directories(Path("home/xdg"));
    fs::permissions(Path("home/xdg"), fs::perms(0700));
    Write("home/containers.conf", R"([containers]
default_ulimits = ["nofile=1000:1000", "nproc=1000:1000"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
)");
    Write("home/policy.json", R"({"default": [{"type": "insecureAcceptAnything"}]})");
    ASSERT_EQ(world_->Tool({"chown", "-R", absl::StrCat(kUser, ":", kUser), Path("home")}).code, 0);
  }

  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(sys::WriteFileAtomically(Path(name), text, 0644).ok());
  }

  // A script for sh -e, as the user; $PODMAN is set, the image is localhost/bb:1. Everything is
  // given back at its end.
  Outcome Session(const std::string& script) {
    const std::string whole = absl::StrReplaceAll(
        R"(set -e
cd HOME
export CONTAINERS_CONF=HOME/containers.conf XDG_RUNTIME_DIR=HOME/xdg
PODMAN="podman --root HOME/store --runroot HOME/run --storage-driver vfs --tmpdir HOME/xdg/tmp \
  --runtime PROGRAMS/pelagos-oci"
trap '$PODMAN rm -f -a -t 0 >/dev/null 2>&1; podman unshare rm -rf HOME/store HOME/run' EXIT
$PODMAN import bb.tar bb:1 >/dev/null 2>&1
)",
        {{"HOME", Path("home")}, {"PROGRAMS", Path("programs")}});
    Write("session.sh", whole + script);
    return world_->Tool(AsUser({"setsid", "--wait", "sh", Path("session.sh")}));
  }
};

TEST_F(RootlessTest, PodmanRuns) {
  const Outcome outcome = Session(R"(
$PODMAN run --rm --network none bb:1 sh -c 'id -u; tr -s " " < /proc/self/uid_map | cut -d " " -f 2,4'
$PODMAN run --rm --network none bb:1 sh -c 'exit 42' || echo $?
$PODMAN run --rm --network none bb:1 nosuch 2>/dev/null || echo $?
$PODMAN run --rm --network none --user 5:6 bb:1 id -u
$PODMAN run --rm --network none --userns keep-id bb:1 id -u
$PODMAN run --rm --network host --pid host bb:1 sh -c 'echo shared'
$PODMAN run --rm --network none --read-only --tmpfs /t bb:1 sh -c 'touch /t/x && touch /x' 2>/dev/null || echo sealed
)");
  EXPECT_EQ(outcome.out,
            absl::StrCat("0\n0 1\n1 ", kIds, "\n42\n127\n5\n", kUser, "\nshared\nsealed\n"))
      << outcome.Describe();
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
}

TEST_F(RootlessTest, PodmanLooksAfterAContainer) {
  const Outcome outcome = Session(R"(
$PODMAN run -d --name d1 --network none bb:1 sh -c 'echo begun; exec sleep 1000' >/dev/null
$PODMAN exec d1 sh -c 'echo inside'
$PODMAN exec d1 sh -c 'exit 7' || echo $?
$PODMAN exec --user 3 d1 id -u
$PODMAN run --rm --network none --pid container:d1 bb:1 grep -c sleep /proc/1/cmdline
$PODMAN stop -t 0 d1 >/dev/null 2>&1
$PODMAN inspect --format '{{.State.Status}}' d1
$PODMAN start d1 >/dev/null
$PODMAN kill d1 >/dev/null
$PODMAN wait d1
$PODMAN logs d1
$PODMAN rm d1 >/dev/null
$PODMAN ps -a -q
)");
  EXPECT_EQ(outcome.out, "inside\n7\n3\n1\nexited\n137\nbegun\nbegun\n") << outcome.Describe();
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
}

}  // namespace
}  // namespace pelagos::rooted
