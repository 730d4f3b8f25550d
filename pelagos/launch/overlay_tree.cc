#include "pelagos/launch/overlay_tree.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/bind_tree.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {
namespace {

absl::Status Configure(const Fd& context, unsigned command, const char* key, const void* value,
                       int auxiliary, absl::string_view name) {
  const sys::Result set = sys::Call(SYS_fsconfig, context.get(), command, key, value, auxiliary);
  if (set.ok()) return absl::OkStatus();
  // What the kernel has to say comes as messages of the context, one a read: "e overlay: ...".
  std::string said;
  char message[1024];
  for (;;) {
    const sys::Result got =
        sys::Call(SYS_read, context.get(), static_cast<char*>(message), sizeof(message));
    if (!got.ok() || got.value == 0) break;
    absl::StrAppend(&said, " (", absl::string_view(message, static_cast<size_t>(got.value)), ")");
  }
  return ErrnoStatus(set.err, absl::StrCat("overlay: ", key), absl::StrCat(name, said));
}

}  // namespace

absl::StatusOr<Fd> MountOverlayTree(const MountOverlayRoot& op) {
  const sys::Result opened = sys::Call(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
  if (!opened.ok()) return ErrnoStatus(opened.err, "fsopen", "overlay");
  const Fd context(static_cast<int>(opened.value));
  PELAGOS_RETURN_IF_ERROR(
      Configure(context, FSCONFIG_SET_STRING, "source", "overlay", 0, "overlay"));
  if (op.user_xattrs) {
    PELAGOS_RETURN_IF_ERROR(Configure(context, FSCONFIG_SET_FLAG, "userxattr", nullptr, 0, ""));
  }
  if (!op.label.empty()) {
    PELAGOS_RETURN_IF_ERROR(
        Configure(context, FSCONFIG_SET_STRING, "context", op.label.c_str(), 0, op.label));
  }
  Fd map;
  if (!op.ids.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(map, MakeIdMap(op.ids), "the id map of the layers");
  }
  // By descriptor: no path is too long, and none has characters that mean something else.
  std::vector<Fd> layers;
  for (const std::string& lower : op.lowers) {
    if (op.ids.empty()) {
      PELAGOS_ASSIGN_OR_RETURN(Fd folder, sys::OpenFile(lower, O_PATH | O_DIRECTORY), "a layer");
      layers.push_back(std::move(folder));
    } else {
      PELAGOS_ASSIGN_OR_RETURN(Fd tree, OpenTree(lower, false), "a layer");
      PELAGOS_RETURN_IF_ERROR(MapIds(tree, map, false, lower), "layer");
      layers.push_back(std::move(tree));
    }
    const absl::Status added =
        Configure(context, FSCONFIG_SET_FD, "lowerdir+", nullptr, layers.back().get(), lower);
    if (FindErrno(added) == EINVAL) {
      return absl::FailedPreconditionError(
          absl::StrCat("this kernel cannot make an overlay of layers whose owners are mapped (",
                       added.message(), ")"));
    }
    PELAGOS_RETURN_IF_ERROR(added);
  }
  for (const auto& [key, path] : {std::pair("upperdir", op.upper), std::pair("workdir", op.work)}) {
    PELAGOS_ASSIGN_OR_RETURN(const Fd folder, sys::OpenFile(path, O_PATH | O_DIRECTORY));
    PELAGOS_RETURN_IF_ERROR(Configure(context, FSCONFIG_SET_FD, key, nullptr, folder.get(), path));
  }
  const absl::Status made =
      Configure(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0, "the root");
  if (FindErrno(made) == EINVAL && !op.ids.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("this kernel cannot make an overlay of layers whose owners are mapped (",
                     made.message(), ")"));
  }
  PELAGOS_RETURN_IF_ERROR(made);
  const sys::Result mounted =
      sys::Call(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
  if (!mounted.ok()) return ErrnoStatus(mounted.err, "fsmount", "overlay");
  return Fd(static_cast<int>(mounted.value));
}

}  // namespace pelagos::launch
