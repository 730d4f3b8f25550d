#include "pelagos/launch/filesystem_tree.h"

#include <linux/mount.h>
#include <sys/syscall.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/abi/mount_attribute.h"
#include "pelagos/abi/mount_flag.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/bind_tree.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {
namespace {

// A flag of mount(2): of the mount, or of the file system itself (an option then).
struct FlagRow {
  uint64_t flag, attribute;
  const char* option;
};

constexpr FlagRow kRows[] = {
    {kMountReadOnly, kAttrReadOnly, nullptr},
    {kMountNoSuid, kAttrNoSuid, nullptr},
    {kMountNoDev, kAttrNoDev, nullptr},
    {kMountNoExec, kAttrNoExec, nullptr},
    {kMountStrictAtime, kAttrStrictAtime, nullptr},
    {0x100, kAttrNoSymFollow, nullptr},
    {0x400, kAttrNoAtime, nullptr},
    {0x800, kAttrNoDirAtime, nullptr},
    {0x10, 0, "sync"},
    {0x40, 0, "mand"},
    {0x80, 0, "dirsync"},
    {0x2000000, 0, "lazytime"},
};

absl::Status Configure(const Fd& context, unsigned command, const char* key, const char* value) {
  const sys::Result set = sys::Call(SYS_fsconfig, context.get(), command, key, value, 0);
  return set.ok() ? absl::OkStatus()
                  : ErrnoStatus(set.err, "fsconfig", key == nullptr ? "creating it" : key);
}

// The attributes of the mount that `flags` ask for.
absl::StatusOr<uint64_t> SetFlags(const Fd& context, uint64_t flags) {
  uint64_t attributes = 0;
  for (const FlagRow& row : kRows) {
    if ((flags & row.flag) == 0) continue;
    attributes |= row.attribute;
    if (row.option == nullptr) continue;
    PELAGOS_RETURN_IF_ERROR(Configure(context, FSCONFIG_SET_FLAG, row.option, nullptr));
  }
  return attributes;
}

}  // namespace

absl::StatusOr<Fd> MakeFilesystemTree(const MountFilesystem& op) {
  const sys::Result opened = sys::Call(SYS_fsopen, op.type.c_str(), FSOPEN_CLOEXEC);
  if (!opened.ok()) return ErrnoStatus(opened.err, "fsopen", op.type);
  const Fd context(static_cast<int>(opened.value));
  PELAGOS_RETURN_IF_ERROR(Configure(context, FSCONFIG_SET_STRING, "source", op.source.c_str()));
  for (const absl::string_view option : absl::StrSplit(op.data, ',', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(option, absl::MaxSplits('=', 1));
    const bool has_value = parts.size() == 2;
    PELAGOS_RETURN_IF_ERROR(Configure(context, has_value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
                                      parts[0].c_str(), has_value ? parts[1].c_str() : nullptr));
  }
  PELAGOS_ASSIGN_OR_RETURN(const uint64_t attributes, SetFlags(context, op.flags));
  PELAGOS_RETURN_IF_ERROR(Configure(context, FSCONFIG_CMD_CREATE, nullptr, nullptr));
  const sys::Result mounted = sys::Call(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, attributes);
  if (!mounted.ok()) return ErrnoStatus(mounted.err, "fsmount", op.type);
  Fd tree(static_cast<int>(mounted.value));
  if (op.ids.empty()) return tree;
  PELAGOS_ASSIGN_OR_RETURN(const Fd map, MakeIdMap(op.ids), "the id map of '", op.target, "'");
  PELAGOS_RETURN_IF_ERROR(MapIds(tree, map, false, op.type));
  return tree;
}

}  // namespace pelagos::launch
