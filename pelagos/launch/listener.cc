#include "pelagos/launch/listener.h"

#include <sys/syscall.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"
#include "pelagos/sys/unix_socket.h"

namespace pelagos::launch {
namespace {

constexpr char kOciVersion[] = "1.1.0";

std::string ContainerProcessState(const LaunchPlan& plan, const InstallSeccomp& op, pid_t pid) {
  const std::string folder = !plan.bundle.empty()   ? plan.bundle
                             : plan.folders.empty() ? "/"
                                                    : sys::FolderOf(plan.folders[0]);
  nlohmann::ordered_json state = {{"ociVersion", kOciVersion},
                                  {"fds", {"seccompFd"}},
                                  {"pid", pid},
                                  {"metadata", op.listener_metadata},
                                  {"state",
                                   {{"ociVersion", kOciVersion},
                                    {"id", plan.id},
                                    {"status", "creating"},
                                    {"pid", pid},
                                    {"bundle", folder}}}};
  if (!plan.annotations.empty()) state["state"]["annotations"] = plan.annotations;
  return state.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

absl::Status HandOverListener(const LaunchPlan& plan, const InstallSeccomp& op, pid_t pid,
                              const Fd& pidfd, int number) {
  const sys::Result taken = sys::Call(SYS_pidfd_getfd, pidfd.get(), number, 0);
  if (!taken.ok()) return ErrnoStatus(taken.err, "pidfd_getfd", "the listener of seccomp");
  const Fd listener(static_cast<int>(taken.value));
  PELAGOS_ASSIGN_OR_RETURN(const Fd socket, sys::ConnectUnix(op.listener_path),
                           "failed to connect with seccomp agent '", op.listener_path, "'");
  PELAGOS_RETURN_IF_ERROR(
      sys::SendWithDescriptor(socket, ContainerProcessState(plan, op, pid), listener.get()),
      "failed to give seccomp agent '", op.listener_path, "' its listener");
  return absl::OkStatus();
}

}  // namespace pelagos::launch
