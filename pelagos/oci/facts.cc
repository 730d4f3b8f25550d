#include "pelagos/oci/facts.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/abi/kernel_version.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/user.h"
#include "pelagos/oci/resctrl.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/security.h"

namespace pelagos::oci {

absl::StatusOr<HostFacts> ReadHost(const Process& process, const std::string& mount_label) {
  HostFacts host;
  struct utsname names = {};
  if (::uname(&names) != 0) return ErrnoStatus(errno, "uname");
  host.kernel = ParseKernelVersion(names.release).value_or(KernelVersion{});
  PELAGOS_ASSIGN_OR_RETURN(const uint64_t capabilities, sys::PermittedCapabilities());
  host.capabilities = CapabilitySet::FromBits(capabilities);
  host.in_user_namespace = !sys::InInitialUserNamespace();
  if (!process.apparmor_profile.empty()) host.apparmor = sys::AppArmorIsOn();
  if (!process.selinux_label.empty() || !mount_label.empty()) host.selinux = sys::SelinuxIsOn();
  return host;
}

std::string HomeOf(const Process& process, const std::string& rootfs) {
  // The last one counts; one that is empty says nothing.
  const auto given = std::find_if(process.env.rbegin(), process.env.rend(),
                                  [](const auto& item) { return absl::StartsWith(item, "HOME="); });
  if (given != process.env.rend() && *given != "HOME=") return "";
  const auto user = image::FindUser({rootfs}, absl::StrCat(process.user.uid));
  return user.ok() ? user->home : "";
}

absl::StatusOr<BundleFacts> ReadFacts(const std::string& id, const std::string& bundle,
                                      const Config& config, bool by_systemd) {
  BundleFacts facts;
  facts.id = id;
  facts.bundle = bundle;
  const Process none;
  const Process& process = config.process ? *config.process : none;
  PELAGOS_ASSIGN_OR_RETURN(
      facts.host, ReadHost(process, config.linux_part ? config.linux_part->mount_label : ""));
  PELAGOS_ASSIGN_OR_RETURN(facts.cgroups, sys::ReadCgroupMounts());
  if (by_systemd) {
    // Where there is no v2, or beside it, systemd keeps its units in a hierarchy without
    // controllers.
    const std::string own = sys::FindUsualCgroup1("systemd");
    if (!own.empty()) facts.cgroups.v1_mounts["name=systemd"] = own;
  }
  facts.host_cgroups = facts.cgroups;
  // Root of a user namespace may not make cgroups, as a rule: then there are none, and only a limit
  // that is asked for is an error.
  const auto closed = [](const std::string& mount) { return ::access(mount.c_str(), W_OK) != 0; };
  sys::CgroupMounts& cgroups = facts.cgroups;
  if (!by_systemd && !cgroups.v2_mount.empty() && closed(cgroups.v2_mount)) {
    cgroups.v2_mount.clear();
    cgroups.v2_controllers.clear();
  }
  for (auto it = cgroups.v1_mounts.begin(); it != cgroups.v1_mounts.end();) {
    it = closed(it->second) ? cgroups.v1_mounts.erase(it) : std::next(it);
  }
  if (config.linux_part && config.linux_part->intel_rdt) {
    constexpr size_t kMostMountinfo = 64 << 20;
    PELAGOS_ASSIGN_OR_RETURN(const std::string text,
                             sys::ReadFile("/proc/self/mountinfo", kMostMountinfo));
    facts.resctrl = FindResctrl(text);
  }
  if (config.root && !config.root->path.empty()) {
    const std::string& path = config.root->path;
    facts.home = HomeOf(process, path[0] == '/' ? path : absl::StrCat(bundle, "/", path));
  }
  return facts;
}

}  // namespace pelagos::oci
