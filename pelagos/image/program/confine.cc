#include "pelagos/image/program/confine.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>

#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::image {
namespace {

// SYS_ADMIN is what trusted.* xattrs ask for, MKNOD what devices and whiteouts do.
constexpr int kNeeded[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER,   CAP_FSETID,
                           CAP_MKNOD, CAP_SETFCAP,      CAP_SYS_ADMIN};

constexpr uint64_t kRead =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr uint64_t kWrite =
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
    LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER;

absl::Status Allow(const Fd& rules, const std::string& path, uint64_t access) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd folder, sys::OpenFile(path, O_PATH));
  struct stat info = {};
  if (::fstat(folder.get(), &info) != 0) return ErrnoStatus(errno, "fstat", path);
  // Rights that only folders have are an error of the call for others.
  if (!S_ISDIR(info.st_mode)) access &= ~uint64_t{LANDLOCK_ACCESS_FS_READ_DIR};
  landlock_path_beneath_attr rule = {};
  rule.allowed_access = access;
  rule.parent_fd = folder.get();
  const sys::Result added =
      sys::Call(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  return added.ok() ? absl::OkStatus() : ErrnoStatus(added.err, "landlock_add_rule", path);
}

absl::Status Landlock(const std::vector<std::string>& writable,
                      const std::vector<std::string>& readable) {
  constexpr long kHasRefer = 2;
  const sys::Result version =
      sys::Call(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (!version.ok() || version.value < kHasRefer) return absl::OkStatus();
  landlock_ruleset_attr handled = {};
  handled.handled_access_fs = kRead | kWrite;
  const sys::Result made =
      sys::Call(SYS_landlock_create_ruleset, &handled, sizeof(handled.handled_access_fs), 0);
  if (!made.ok()) return ErrnoStatus(made.err, "landlock_create_ruleset");
  const Fd rules(static_cast<int>(made.value));
  for (const std::string& path : writable) {
    PELAGOS_RETURN_IF_ERROR(Allow(rules, path, (kRead | kWrite) & ~LANDLOCK_ACCESS_FS_EXECUTE));
  }
  for (const std::string& path : readable) {
    const absl::Status allowed = Allow(rules, path, kRead & ~LANDLOCK_ACCESS_FS_EXECUTE);
    const std::optional<int> error = FindErrno(allowed);
    if (error != ENOENT && error != ENOTDIR) PELAGOS_RETURN_IF_ERROR(allowed);
  }
  const sys::Result restricted = sys::Call(SYS_landlock_restrict_self, rules.get(), 0);
  if (!restricted.ok()) return ErrnoStatus(restricted.err, "landlock_restrict_self");
  return absl::OkStatus();
}

absl::Status DropCapabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (const sys::Result got = sys::Call(SYS_capget, &header, sets); !got.ok()) {
    return ErrnoStatus(got.err, "capget");
  }
  __user_cap_data_struct kept[2] = {};
  for (int needed : kNeeded) {
    const uint32_t bit = uint32_t{1} << (needed % 32);
    kept[needed / 32].permitted |= sets[needed / 32].permitted & bit;
    kept[needed / 32].effective |= sets[needed / 32].permitted & bit;
  }
  const sys::Result dropped = sys::Call(SYS_capset, &header, kept);
  return dropped.ok() ? absl::OkStatus() : ErrnoStatus(dropped.err, "capset");
}

}  // namespace

absl::Status Confine(const std::vector<std::string>& writable,
                     const std::vector<std::string>& readable) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ErrnoStatus(errno, "prctl");
  PELAGOS_RETURN_IF_ERROR(Landlock(writable, readable));
  return DropCapabilities();
}

}  // namespace pelagos::image
