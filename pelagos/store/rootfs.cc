#include "pelagos/store/rootfs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/policy/name.h"
#include "pelagos/sys/file.h"

namespace pelagos::store {
namespace {

constexpr absl::string_view kTemporary = ".new-";

bool IsFolder(const std::string& path) {
  struct stat info = {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

absl::Status CheckName(absl::string_view name) {
  const absl::string_view problem = NameProblem(name);
  if (problem.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the name '", name, "' ", problem));
}

}  // namespace

absl::Status NameRootFolder(const Roots& roots, const std::string& name, const std::string& path) {
  PELAGOS_RETURN_IF_ERROR(CheckName(name));
  if (!absl::StartsWith(path, "/")) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is no absolute path"));
  }
  if (!IsFolder(path)) return ErrnoStatus(ENOTDIR, "rootfs", path);
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(roots.RootFolders(), 0755));
  // Others' attempts of the same moment have other pids.
  const std::string made = absl::StrCat(roots.RootFolders(), "/", kTemporary, ::getpid());
  if (::unlink(made.c_str()) != 0 && errno != ENOENT) return ErrnoStatus(errno, "unlink", made);
  if (::symlink(path.c_str(), made.c_str()) != 0) return ErrnoStatus(errno, "symlink", made);
  if (::rename(made.c_str(), roots.RootFolder(name).c_str()) != 0) {
    return ErrnoStatus(errno, "rename", roots.RootFolder(name));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> FindRootFolder(const Roots& roots,
                                                          absl::string_view name) {
  if (!NameProblem(name).empty()) return std::nullopt;
  const std::string link = roots.RootFolder(name);
  std::string target(4096, '\0');
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  if (size < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (size < 0) return ErrnoStatus(errno, "readlink", link);
  target.resize(static_cast<size_t>(size));
  return target;
}

absl::StatusOr<std::vector<RootFolder>> ListRootFolders(const Roots& roots) {
  std::vector<RootFolder> folders;
  const absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(roots.RootFolders());
  if (FindErrno(names.status()) == ENOENT) return folders;
  PELAGOS_RETURN_IF_ERROR(names.status());
  for (const std::string& name : *names) {
    PELAGOS_ASSIGN_OR_RETURN(const std::optional<std::string> path, FindRootFolder(roots, name));
    if (path) folders.push_back({name, *path, IsFolder(*path)});
  }
  return folders;
}

absl::Status ForgetRootFolder(const Roots& roots, const std::string& name) {
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<std::string> path, FindRootFolder(roots, name));
  if (!path) return absl::NotFoundError(absl::StrCat("no root folder is named '", name, "'"));
  if (::unlink(roots.RootFolder(name).c_str()) != 0 && errno != ENOENT) {
    return ErrnoStatus(errno, "unlink", roots.RootFolder(name));
  }
  return absl::OkStatus();
}

}  // namespace pelagos::store
