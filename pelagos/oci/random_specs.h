// Random ContainerSpecs for property tests: a generator for each policy. What they hold breaks no
// rule of the planner, so that they can be carried out.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/policy/byte_size.h"
#include "pelagos/spec/container.h"
#include "pelagos/spec/resolved_image.h"

namespace pelagos::oci {

class RandomSpecs {
 public:
  explicit RandomSpecs(uint64_t seed) : random_(seed) {}

  // The host and the image that a spec needs to be lowered.
  struct World {
    ResolvedImage image;
    ResolvedUser user;
    HostFacts facts;
  };
  static World WorldOf(const ContainerSpec& spec) {
    World world;
    world.image.layers = {"/l"};
    world.user.uid = spec.user.empty() ? 0 : 1000;
    world.facts.cgroups.v2_mount = "/sys/fs/cgroup";
    world.facts.block_devices["/dev/vda"] = {254, 0};
    world.facts.devices["/dev/fuse"] = {{"", false, 10, 229, 0666, 0, 0}};
    world.facts.init_program = "/p/init";
    return world;
  }

  ContainerSpec Make() {
    ContainerSpec spec;
    spec.name = absl::StrCat("c", Number(1000));
    Identity(spec);
    Mounts(spec);
    Limits(spec);
    Rights(spec);
    Networks(spec);
    return spec;
  }

 private:
  bool Coin() { return random_() % 2 == 0; }
  uint64_t Number(uint64_t below) { return random_() % below; }

  void Identity(ContainerSpec& spec) {
    if (Coin()) spec.hostname = "host";
    Coin() ? spec.image = "busybox:1" : spec.rootfs = "/srv/root";
    spec.command = {"sh"};
    if (Coin()) spec.command.push_back("-c 'a \"b\"'\n");
    if (Coin()) spec.env = {{"A", "1"}, {"B", absl::StrCat(Number(9))}, {"A", ""}};
    if (Coin()) spec.workdir = "/w";
    if (Coin()) spec.user = "1000:5";
    if (Coin()) spec.groups = {"44", "audio"};
    if (Coin()) spec.domainname = "example";
    if (Coin()) spec.umask = 027;
    spec.terminal = Coin();
    spec.read_only = Coin();
    spec.stop_grace_seconds = static_cast<int>(Number(100));
  }

  void Mounts(ContainerSpec& spec) {
    if (Coin()) {
      pelagos::Mount mount = {MountKind::kBind, "/s", "/bound", Coin()};
      mount.options.propagation = static_cast<Propagation>(Number(3));
      mount.options.recursion = static_cast<BindRecursion>(Number(4));
      if (Coin()) mount.options.nosuid = Coin();
      if (Coin()) mount.options.noexec = Coin();
      if (Coin()) mount.options.subpath = "a/b";
      if (Coin()) mount.options.ids = {{{0, 1000, 10}}, {{0, 5, 1}, {7, 8, 9}}};
      spec.mounts.push_back(mount);
    }
    if (Coin()) spec.mounts.push_back({MountKind::kVolume, "data", "/vol/x", Coin()});
    if (Coin()) {
      pelagos::Mount mount = {MountKind::kTmpfs, "", "/tmp", Coin()};
      if (Coin()) mount.options.tmpfs = {1 << 20, 7, 0700, 5, 6};
      spec.mounts.push_back(mount);
    }
    if (Coin()) spec.shm_bytes = 1_MiB;
    spec.mask_paths = Coin();
    if (Coin()) spec.masked_paths = {"/sys/kernel", "/etc/secret"};
    if (Coin()) spec.devices = {{"/dev/fuse", "/dev/fuse", "rw"}};
  }

  void Limits(ContainerSpec& spec) {
    CgroupPlan& plan = spec.cgroup;
    if (Coin()) plan.memory_bytes = 64_MiB + Number(1 << 20);
    if (Coin()) plan.memory_reservation_bytes = 32_MiB;
    if (plan.memory_bytes != 0 && Coin()) {
      plan.memory_swap_bytes = Coin() ? CgroupPlan::kUnlimited : int64_t{1} << 30;
    }
    if (Coin()) plan.cpu_quota_microseconds = 1000 + Number(100000);
    if (Coin()) plan.cpu_period_microseconds = 50000;
    if (Coin()) plan.cpu_shares = 2 + Number(262142);
    if (Coin()) plan.pids = 1 + Number(1000);
    if (Coin()) plan.cpus = {{0, 0}};
    if (Coin()) plan.memory_nodes = {{0, 0}};
    if (Coin()) plan.io_weight = 10 + Number(990);
    if (Coin()) plan.io = {{static_cast<IoLimitKind>(Number(4)), "/dev/vda", 1 + Number(1000)}};
    if (Coin()) plan.hugetlb = {{2_MiB, Number(3) << 21}};
    if (Coin()) plan.settings = {{"memory.high", "5"}};
    if (Coin()) plan.device_rules = {{DeviceType::kBlock, 8, DeviceRule::kAny, kDeviceRead}};
    if (Coin()) plan.parent = "a/b";
  }

  void Rights(ContainerSpec& spec) {
    spec.no_new_privileges = Coin();
    spec.init = false;
    if (Coin()) spec.capabilities = CapabilitySet::FromBits(random_());
    if (Coin()) {
      const CapabilitySet set = CapabilitySet::FromBits(random_()) & spec.capabilities;
      spec.process_capabilities = ProcessCapabilities::Ambient(set);
    }
    spec.ambient_capabilities = Coin();
    if (Coin()) spec.seccomp.profile = SeccompProfile::kUnconfined;
    if (Coin()) {
      SeccompFilter filter;
      filter.rules.push_back({{"mkdir"}, {SeccompAct::kErrno, 1}});
      spec.seccomp = CustomSeccomp(filter);
    }
    spec.privileged = Coin();
    if (Coin()) spec.rlimits = Rlimits().Set<pelagos::Rlimit::kNofile, 10, kRlimitUnlimited>();
    if (Coin()) spec.oom_score_adj = static_cast<int>(Number(1000));
    if (Coin()) spec.sysctls = {{"net.ipv4.ip_forward", "1"}, {"kernel.sem", "1 2 3 4"}};
    if (Coin()) spec.landlock = {{"/usr", {true, false, true}}};
  }

  void Networks(ContainerSpec& spec) {
    if (!spec.sysctls.empty()) return;
    switch (Number(3)) {
      case 0:
        spec.net.mode = NetMode::kHost;
        break;
      case 1:
        spec.net = NetPlanBuilder().Join("n", {"web"}).Publish<8080, 80>().Build();
        break;
      default:
        break;
    }
  }

  std::mt19937_64 random_;
};

}  // namespace pelagos::oci
