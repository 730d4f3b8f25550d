#include "pelagos/store/volume.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::store {
namespace {

constexpr absl::string_view kTemporary = ".new-";
constexpr size_t kLargestMeta = 1 << 16;

}  // namespace

absl::Status EnsureVolume(const Roots& roots, const std::string& name, const std::string& project) {
  const std::string folder = roots.Volume(name);
  struct stat found;
  if (::stat(absl::StrCat(folder, "/meta.json").c_str(), &found) == 0) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(roots.Volumes(), 0711));
  const std::string lock_file = absl::StrCat(roots.Volumes(), "/.lock");
  PELAGOS_ASSIGN_OR_RETURN(Fd lock, sys::LockFile(lock_file, sys::LockMode::kWait));
  const std::string made = absl::StrCat(roots.Volumes(), "/", kTemporary, name);
  // What a killed command left half made under this name is of no use.
  PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(made));
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(absl::StrCat(made, "/data"), 0755));
  PELAGOS_RETURN_IF_ERROR(
      sys::WriteFileAtomically(absl::StrCat(made, "/meta.json"),
                               nlohmann::json({{"name", name}, {"project", project}}).dump()));
  if (::rename(made.c_str(), folder.c_str()) != 0) {
    const int error = errno;
    PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(made));
    // Somebody else was first: that is the volume.
    if (error != ENOTEMPTY && error != EEXIST) return ErrnoStatus(error, "rename", folder);
  }
  return absl::OkStatus();
}

absl::Status RemoveVolume(const Roots& roots, const std::string& name) {
  return sys::RemoveTree(roots.Volume(name));
}

absl::StatusOr<std::vector<std::string>> ListVolumes(const Roots& roots,
                                                     const std::string& project) {
  absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(roots.Volumes());
  if (absl::IsNotFound(names.status())) return std::vector<std::string>();
  if (!names.ok()) return names.status();
  std::vector<std::string> volumes;
  for (const std::string& name : *names) {
    if (absl::StartsWith(name, ".")) continue;
    const std::string file = absl::StrCat(roots.Volume(name), "/meta.json");
    PELAGOS_ASSIGN_OR_RETURN(std::string text, sys::ReadFile(file, kLargestMeta));
    const nlohmann::json meta = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (meta.is_object() && meta.value("project", "") == project) volumes.push_back(name);
  }
  std::sort(volumes.begin(), volumes.end());
  return volumes;
}

}  // namespace pelagos::store
