// Podman as it is on hosts with systemd: its cgroup manager is systemd, and our runtime is asked
// for the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/rooted/oci/bundle.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;

class SystemdPodmanTest : public OciTest {
 protected:
  void SetUp() override {
    OciTest::SetUp();
    ASSERT_EQ(::symlink(Runfile("tools/pelagos").c_str(), Runtime().c_str()), 0);
    world_->Write("containers.conf", absl::StrReplaceAll(R"([containers]
default_ulimits = ["nofile=1000:1000", "nproc=1000:1000"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "systemd"
events_logger = "file"
conmon_path = ["CONMON"]
runtime = "pelagos-oci"
[engine.runtimes]
pelagos-oci = ["RUNTIME"]
)",
                                                         {{"CONMON", Runfile("tests/vm/conmon")},
                                                          {"RUNTIME", Runtime()}}));
    ASSERT_TRUE(sys::MakeFolders("/etc/containers", 0755).ok());
    ASSERT_TRUE(sys::WriteFileAtomically("/etc/containers/policy.json",
                                         R"({"default": [{"type": "insecureAcceptAnything"}]})",
                                         0644)
                    .ok());
  }
  std::string Runtime() const { return world_->folder() + "/pelagos-oci"; }
};

TEST_F(SystemdPodmanTest, RunsAndLooksAfterContainers) {
  const std::string script = absl::StrReplaceAll(
      R"(set -e
export CONTAINERS_CONF=FOLDER/containers.conf HOME=FOLDER XDG_RUNTIME_DIR=FOLDER/xdg
mkdir -p FOLDER/xdg
PODMAN="PROGRAM --root FOLDER/store --runroot FOLDER/storerun --storage-driver vfs --tmpdir FOLDER/tmp"
tar -C FOLDER/bundle/rootfs -c . | $PODMAN import - bb:1 >/dev/null
$PODMAN info --format '{{.Host.CgroupManager}}'
$PODMAN run --rm --network none bb:1 echo hello
$PODMAN run --rm --network none bb:1 sh -c 'exit 42' || echo $?
$PODMAN run -d --name d1 --network none --pids-limit 77 --memory 64m bb:1 sleep 1000 >/dev/null
ID=$($PODMAN inspect --format '{{.Id}}' d1)
systemctl show --value -p TasksMax,MemoryMax,Slice libpod-$ID.scope | sort
cat /sys/fs/cgroup/machine.slice/libpod-$ID.scope/pids.max
$PODMAN exec d1 cat /proc/self/cgroup
$PODMAN pause d1 >/dev/null
$PODMAN inspect --format '{{.State.Status}}' d1
$PODMAN unpause d1 >/dev/null
$PODMAN stop -t 0 d1 >/dev/null 2>&1
systemctl show --value -p LoadState libpod-$ID.scope
$PODMAN start d1 >/dev/null
$PODMAN kill d1 >/dev/null
$PODMAN wait d1
$PODMAN rm d1 >/dev/null
$PODMAN pod create --infra=false --name p1 >/dev/null
$PODMAN run --rm --pod p1 --network none bb:1 echo in the pod
$PODMAN pod rm -f -t 0 p1 >/dev/null
systemctl list-units --all --no-legend --plain 'libpod*' | grep -v conmon || true
)",
      {{"FOLDER", world_->folder()}, {"PROGRAM", Runfile("tests/vm/podman")}});
  world_->Write("session.sh", script);
  Program session({"sh", world_->folder() + "/session.sh"},
                  {world_->Environment(), world_->folder(), -1});
  const Outcome outcome = session.Wait(absl::Minutes(4));
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();
  EXPECT_EQ(outcome.out,
            "systemd\nhello\n42\n67108864\n77\nmachine.slice\n77\n0::/\npaused\nnot-found\n137\n"
            "in the pod\n")
      << outcome.Describe();
}

}  // namespace
}  // namespace pelagos::rooted
