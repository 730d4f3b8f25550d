#include "pelagos/cli/container_flags.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/run_command.h"
#include "pelagos/cli/run_devices.h"
#include "pelagos/cli/run_environment.h"
#include "pelagos/cli/run_health.h"
#include "pelagos/cli/run_hosts.h"
#include "pelagos/cli/run_image.h"
#include "pelagos/cli/run_lifecycle.h"
#include "pelagos/cli/run_limits.h"
#include "pelagos/cli/run_mounts.h"
#include "pelagos/cli/run_namespaces.h"
#include "pelagos/cli/run_network.h"
#include "pelagos/cli/run_rights.h"
#include "pelagos/cli/run_security.h"
#include "pelagos/cli/run_streams.h"
#include "pelagos/cli/run_userns.h"

namespace pelagos::cli {

namespace {

using FlagsOf = std::vector<Flag> (*)();

std::vector<Flag> IdentityFlags() {
  return {
      {"name", 0, "NAME", "the container's name (default: one made of its id)"},
      {"hostname", 'h', "NAME", "the hostname (default: the container's name)"},
      {"user", 'u', "USER", "UID[:GID] or NAME[:GROUP] of the image"},
      {"workdir", 'w', "DIR", "the working directory"},
      {"cidfile", 0, "FILE", "write the container's id there; the file must not exist yet"},
  };
}

std::vector<Flag> RootFlags() { return {{"read-only", 0, "", "seal the root file system"}}; }

// In the order of the help.
constexpr FlagsOf kShared[] = {
    StreamFlags,   IdentityFlags, ImageFlags,   CommandFlags,    EnvironmentFlags, LifecycleFlags,
    HealthFlags,   RootFlags,     MountFlags,   DeviceFlags,     LimitFlags,       RightsFlags,
    SecurityFlags, HostsFlags,    NetworkFlags, NamespacesFlags, UsernsFlags};

constexpr Heading kHeadings[] = {
    {"detach", "Streams"}, {"interactive", "Streams"},   {"name", "The container and its program"},
    {"rm", "Its life"},    {"health-cmd", "Its health"}, {"read-only", "Files and devices"},
    {"memory", "Limits"},  {"ulimit", "Rights"},         {"add-host", "Network and namespaces"},
    {"dry-run", "Trying"},
};

void AddTo(std::vector<Flag>& flags, const std::vector<Flag>& more) {
  flags.insert(flags.end(), more.begin(), more.end());
}

}  // namespace

absl::Span<const Heading> FlagHeadings() { return kHeadings; }

std::vector<Flag> ContainerFlags() {
  std::vector<Flag> flags;
  for (const FlagsOf some : kShared) AddTo(flags, some());
  return flags;
}

std::vector<Flag> RunFlags() {
  std::vector<Flag> flags = DetachFlags();
  AddTo(flags, ContainerFlags());
  AddTo(flags, {{"dry-run", 0, "", "print the plan, run nothing"},
                {"timing", 0, "", "print how long each step took, at the end"}});
  return flags;
}

absl::StatusOr<ContainerSpec> SpecFrom(const Arguments& args, uint32_t pid, const Caller& caller) {
  ContainerSpec spec;
  PELAGOS_RETURN_IF_ERROR(ApplyCommand(args, spec));
  spec.name = args.value("name", absl::StrCat("pelagos-", pid));
  spec.hostname = args.value("hostname");
  spec.user = args.value("user");
  spec.workdir = args.value("workdir");
  spec.read_only = args.has("read-only");
  PELAGOS_RETURN_IF_ERROR(ApplyStreams(args, spec));
  PELAGOS_RETURN_IF_ERROR(ApplyEnvironment(args, caller, spec));
  PELAGOS_RETURN_IF_ERROR(ApplyLifecycle(args, caller, spec));
  PELAGOS_RETURN_IF_ERROR(ApplyHealth(args, spec));
  PELAGOS_RETURN_IF_ERROR(ApplyHosts(args, spec));
  PELAGOS_RETURN_IF_ERROR(ApplyLimits(args, spec));
  PELAGOS_RETURN_IF_ERROR(ApplyMounts(args, caller, spec));
  PELAGOS_RETURN_IF_ERROR(ApplyDevices(args, spec));
  PELAGOS_RETURN_IF_ERROR(ApplyRights(args, spec));
  PELAGOS_RETURN_IF_ERROR(ApplySecurity(args, caller, spec));
  PELAGOS_RETURN_IF_ERROR(ApplyNamespaces(args, spec));
  PELAGOS_RETURN_IF_ERROR(ApplyNetwork(args, caller, spec));
  return spec;
}

}  // namespace pelagos::cli
