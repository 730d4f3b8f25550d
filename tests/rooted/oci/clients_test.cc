// Real clients drive Pelagos as their OCI runtime: Podman, Buildah, containerd, with an image that
// is made here. Each test is one session in a mount and a network namespace of its own: clients
// keep mounts and network namespaces between their commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/rooted/oci/bundle.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;

class ClientsTest : public OciTest {
 protected:
  void SetUp() override {
    OciTest::SetUp();
    if (IsSkipped()) return;
    // Found by its name, as an administrator would install it.
    ASSERT_EQ(::symlink(Runfile("tools/pelagos").c_str(), Runtime().c_str()), 0);
    world_->Write("containers.conf", absl::StrCat(R"([containers]
default_ulimits = ["nofile=1000:1000", "nproc=1000:1000"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime_supports_nocgroup = ["pelagos-oci"]
[engine.runtimes]
pelagos-oci = [")",
                                                  Runtime(), "\"]\n"));
    world_->Write("policy.json", R"({"default": [{"type": "insecureAcceptAnything"}]})");
  }
  void TearDown() override {
    if (world_ == nullptr) return;
    // Podman makes it, and leaves it.
    for (const std::string& mount : CgroupMounts()) ::rmdir((mount + "/libpod_parent").c_str());
    OciTest::TearDown();
  }
  std::string Runtime() const { return world_->folder() + "/pelagos-oci"; }

  // A script for sh -e. $PODMAN, $BUILDAH, $RUNTIME are set; `image` is localhost/bb:1.
  Outcome Session(const std::string& script) {
    const std::string whole = absl::StrReplaceAll(
        R"(set -e
export CONTAINERS_CONF=FOLDER/containers.conf HOME=FOLDER XDG_RUNTIME_DIR=FOLDER/xdg
mkdir -p FOLDER/xdg
STORE="--root FOLDER/store --runroot FOLDER/storerun --storage-driver vfs"
RUNTIME=FOLDER/pelagos-oci
PODMAN="podman $STORE --tmpdir FOLDER/tmp --runtime $RUNTIME"
BUILDAH="buildah $STORE"
tar -C FOLDER/bundle/rootfs -c . | $PODMAN import - bb:1 >/dev/null 2>&1
)",
        {{"FOLDER", world_->folder()}});
    world_->Write("session.sh", whole + script);
    return world_->Tool({"unshare", "--mount", "sh", world_->folder() + "/session.sh"});
  }
  void ExpectSession(const std::string& script, const std::string& output) {
    const Outcome outcome = Session(script);
    EXPECT_EQ(outcome.out, output) << outcome.Describe();
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  }
};

TEST_F(ClientsTest, PodmanRuns) {
  ExpectSession(R"(
$PODMAN run --rm --network none bb:1 echo hello
$PODMAN run --rm --network none bb:1 sh -c 'exit 42' || echo $?
$PODMAN run --rm --network none bb:1 nosuch 2>/dev/null || echo $?
$PODMAN run --rm --network none bb:1 /bin 2>/dev/null || echo $?
$PODMAN run --rm --network none --user 5:6 --workdir /bin --env A=b bb:1 sh -c 'id -u; pwd; echo $A'
$PODMAN run --rm --network none --read-only --tmpfs /t bb:1 sh -c 'touch /t/x && touch /x' 2>/dev/null || echo sealed
$PODMAN run --rm --network none --cap-drop all bb:1 grep CapEff /proc/self/status
$PODMAN run --rm --network none --pids-limit 77 bb:1 true
$PODMAN run --rm --network none --cgroups disabled bb:1 echo no cgroups
$PODMAN run --rm --network none --pid host --ipc host --uts host bb:1 echo shared
$PODMAN run --rm --network none --privileged bb:1 echo privileged
$PODMAN run --rm --network none --sysctl net.ipv4.ip_forward=1 bb:1 cat /proc/sys/net/ipv4/ip_forward
echo typed | $PODMAN run --rm -i --network none bb:1 cat
)",
                "hello\n42\n127\n126\n5\n/bin\nb\nsealed\nCapEff:\t0000000000000000\nno cgroups\n"
                "shared\nprivileged\n1\ntyped\n");
}

TEST_F(ClientsTest, PodmanLooksAfterAContainer) {
  ExpectSession(R"(
$PODMAN run -d --name d1 --network none bb:1 sh -c 'echo begun; exec sleep 1000' >/dev/null
$PODMAN exec d1 echo inside
$PODMAN exec d1 sh -c 'exit 7' || echo $?
$PODMAN exec d1 nosuch 2>/dev/null || echo $?
$PODMAN exec --user 3 d1 id -u
$PODMAN pause d1 >/dev/null
$PODMAN inspect --format '{{.State.Status}}' d1
$PODMAN unpause d1 >/dev/null
$PODMAN top d1 args | tail -1
$PODMAN update --pids-limit 60 d1 >/dev/null 2>&1 || $PODMAN update --memory 64m d1 >/dev/null
$PODMAN stop -t 0 d1 >/dev/null 2>&1
$PODMAN inspect --format '{{.State.Status}}' d1
$PODMAN start d1 >/dev/null
$PODMAN inspect --format '{{.State.Status}}' d1
$PODMAN kill d1 >/dev/null
$PODMAN wait d1
$PODMAN logs d1
$PODMAN rm d1 >/dev/null
)",
                "inside\n7\n127\n3\npaused\nsleep 1000 \nexited\nrunning\n137\nbegun\nbegun\n");
}

TEST_F(ClientsTest, PodmanMapsIds) {
  ExpectSession(R"(
MAPS="--uidmap 0:100000:1000 --gidmap 0:200000:1000"
$PODMAN run --rm --network none $MAPS bb:1 cat /proc/self/uid_map /proc/self/gid_map
$PODMAN run --rm --network none $MAPS bb:1 sh -c 'touch /x && stat -c %u /x; echo x > /dev/null && echo null'
$PODMAN run -d --name u1 --network none $MAPS bb:1 sleep 1000 >/dev/null
$PODMAN exec u1 cat /proc/self/uid_map
$PODMAN exec --user 5 u1 id -u
$PODMAN kill u1 >/dev/null
$PODMAN wait u1
)",
                "         0     100000       1000\n         0     200000       1000\n0\nnull\n"
                "         0     100000       1000\n5\n137\n");
}

TEST_F(ClientsTest, PodmanHasTerminalsPodsAndHealthChecks) {
  const Outcome outcome = Session(R"(
script -qec "$PODMAN run --rm -t --network none bb:1 tty" /dev/null
$PODMAN pod create --name p1 --network none >/dev/null
$PODMAN run --rm --pod p1 bb:1 echo in the pod
$PODMAN pod rm -f -t 0 p1 >/dev/null
$PODMAN run -d --name h1 --network none --health-cmd true bb:1 sleep 1000 >/dev/null 2>&1
$PODMAN healthcheck run h1 && echo healthy
$PODMAN rm -f -t 0 h1 >/dev/null 2>&1
)");
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_THAT(outcome.out, HasSubstr("/dev/pts/0"));
  EXPECT_THAT(outcome.out, HasSubstr("in the pod\n"));
  EXPECT_THAT(outcome.out, HasSubstr("healthy\n"));
}

TEST_F(ClientsTest, BuildahAndPodmanBuild) {
  ExpectSession(R"(
C=$($BUILDAH from localhost/bb:1)
$BUILDAH run --runtime $RUNTIME --isolation oci --network none $C -- sh -c 'echo made > /made'
$BUILDAH commit $C bb:2 >/dev/null 2>&1
$PODMAN run --rm --network none bb:2 cat /made
mkdir build
printf 'FROM localhost/bb:1\nRUN echo built > /built\n' > build/Dockerfile
$PODMAN build --network none --isolation oci -t bb:3 build >/dev/null 2>&1
$PODMAN run --rm --network none bb:3 cat /built
)",
                "made\nbuilt\n");
}

TEST_F(ClientsTest, ContainerdRuns) {
  const std::string script = absl::StrReplaceAll(R"(
$PODMAN save -o FOLDER/bb.tar bb:1 >/dev/null 2>&1
D=FOLDER/ctd
mkdir -p $D
cat > $D/config.toml <<X
version = 2
root = "$D/root"
state = "$D/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "$D/c.sock"
X
containerd --config $D/config.toml > $D/log 2>&1 &
SERVER=$!
CTR="ctr -a $D/c.sock"
for i in $(seq 100); do $CTR version >/dev/null 2>&1 && break; done
$CTR images import FOLDER/bb.tar >/dev/null
RUN="$CTR run --snapshotter native --runc-binary $RUNTIME --env PATH=/bin"
$RUN --rm localhost/bb:1 t1 echo hello
$RUN --rm localhost/bb:1 t1 sh -c 'exit 5' || echo $?
$RUN --rm localhost/bb:1 t1 nosuch 2>&1 | grep -o 'executable file not found in $PATH'
$RUN -d --memory-limit 50000000 localhost/bb:1 t2 sleep 1000
$CTR tasks ls | grep -o RUNNING
$CTR tasks exec --exec-id e1 t2 echo inside
$CTR tasks pause t2
$CTR tasks ls | grep -o PAUSED
$CTR tasks resume t2
$CTR tasks metrics t2 | grep -c memory.usage_in_bytes
terminal() { script -qec "$*" /dev/null </dev/null | tr -d '\r' | grep -o '/dev/pts/[0-9]*'; }
terminal $CTR tasks exec -t --exec-id e2 t2 tty
terminal $RUN --rm -t localhost/bb:1 t3 tty
$CTR tasks kill -s KILL t2
$CTR tasks rm -f t2 >/dev/null 2>&1 || true
$CTR containers rm t2
kill $SERVER
wait $SERVER || true
)",
                                                 {{"FOLDER", world_->folder()}});
  ExpectSession(script,
                "hello\n5\nexecutable file not found in $PATH\nRUNNING\ninside\nPAUSED\n1\n/dev/pts/0\n/dev/pts/0\n");
}

}  // namespace
}  // namespace pelagos::rooted
