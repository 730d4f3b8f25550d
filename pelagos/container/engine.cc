#include "pelagos/container/engine.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/builtin.h"
#include "pelagos/image/store.h"
#include "pelagos/image/user.h"
#include "pelagos/launch/cgroup.h"
#include "pelagos/launch/wait.h"
#include "pelagos/plan/make_plan.h"
#include "pelagos/sys/cgroup_fs.h"
#include "pelagos/sys/file.h"

namespace pelagos::container {
namespace {

// The files of /etc that the runtime provides; the plan binds them into the container.
constexpr const char* kEtcFiles[] = {"hostname", "hosts", "resolv.conf"};

std::string HostnameOf(const LaunchPlan& plan) {
  for (const Op& op : plan.ops) {
    if (const auto* hostname = std::get_if<SetHostname>(&op)) return hostname->name;
  }
  return plan.id;
}

// Written in place: the container sees this very file.
absl::Status WriteEtcFile(const std::string& folder, const std::string& name,
                          absl::string_view content) {
  const std::string path = absl::StrCat(folder, "/", name);
  PELAGOS_ASSIGN_OR_RETURN(
      Fd file, sys::OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644));
  // The umask of the caller is not the container's.
  if (::fchmod(file.get(), 0644) != 0) return ErrnoStatus(errno, "fchmod", path);
  return sys::WriteAll(file, content, path);
}

}  // namespace
