#include "pelagos/container/copy_attributes.h"

#include <sys/xattr.h>

#include <cerrno>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::container {
namespace {

constexpr size_t kLargest = 65536;  // of a value, and of the list of names: XATTR_SIZE_MAX

// "a\0b\0", or none where the file system has no attributes.
absl::StatusOr<std::string> ListNames(int fd, absl::string_view path) {
  std::string names(1024, '\0');
  ssize_t size = ::flistxattr(fd, names.data(), names.size());
  if (size < 0 && errno == ERANGE) {
    names.resize(kLargest);
    size = ::flistxattr(fd, names.data(), names.size());
  }
  if (size < 0 && errno == EOPNOTSUPP) return std::string();
  if (size < 0) return ErrnoStatus(errno, "flistxattr", path);
  names.resize(static_cast<size_t>(size));
  return names;
}

}  // namespace

bool IsCopied(absl::string_view name, const AttributeRules& rules) {
  if (absl::StartsWith(name, "user.")) return !absl::StartsWith(name, "user.overlay.");
  if (name == "security.capability") return rules.capabilities;
  return rules.access_lists && absl::StartsWith(name, "system.posix_acl_");
}

absl::StatusOr<std::vector<std::string>> CopyAttributes(int from, int to,
                                                        const AttributeRules& rules,
                                                        absl::string_view path) {
  std::vector<std::string> refused;
  PELAGOS_ASSIGN_OR_RETURN(const std::string names, ListNames(from, path));
  std::string value;
  for (const absl::string_view part : absl::StrSplit(names, '\0', absl::SkipEmpty())) {
    if (!IsCopied(part, rules)) continue;
    const std::string name(part);
    value.resize(kLargest);
    const ssize_t size = ::fgetxattr(from, name.c_str(), value.data(), value.size());
    if (size < 0 && errno == ENODATA) continue;  // taken away meanwhile
    if (size < 0) return ErrnoStatus(errno, absl::StrCat("fgetxattr ", name), path);
    if (::fsetxattr(to, name.c_str(), value.data(), static_cast<size_t>(size), 0) == 0) continue;
    if (errno != EOPNOTSUPP && errno != EPERM) {
      return ErrnoStatus(errno, absl::StrCat("fsetxattr ", name), path);
    }
    refused.push_back(name);
  }
  return refused;
}

}  // namespace pelagos::container
