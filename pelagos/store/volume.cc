#include "pelagos/store/volume.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::store {
namespace {

constexpr absl::string_view kTemporary = ".new-";  // being made, under the lock
constexpr absl::string_view kGone = ".gone-";      // being removed
constexpr absl::string_view kLock = ".lock";
constexpr size_t kLargestMeta = 1 << 16;

struct Meta {
  std::string name, project, file;
};

// Sorted by name. A volume whose note cannot be read belongs to nobody.
absl::StatusOr<std::vector<Meta>> ReadAllMeta(const Roots& roots) {
  absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(roots.Volumes());
  if (absl::IsNotFound(names.status())) return std::vector<Meta>();
  if (!names.ok()) return names.status();
  std::vector<Meta> all;
  for (const std::string& name : *names) {
    if (absl::StartsWith(name, ".")) continue;
    const std::string file = absl::StrCat(roots.Volume(name), "/meta.json");
    const auto text = sys::ReadFile(file, kLargestMeta);
    if (!text.ok()) continue;
    const nlohmann::json meta = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
    const auto field = [&](const char* key) {
      const bool there = meta.is_object() && meta.contains(key) && meta[key].is_string();
      return there ? meta[key].get<std::string>() : std::string();
    };
    all.push_back({name, field("project"), field("file")});
  }
  return all;
}

absl::StatusOr<Fd> Lock(const Roots& roots) {
  return sys::LockFile(absl::StrCat(roots.Volumes(), "/", kLock), sys::LockMode::kWait);
}

}  // namespace

absl::Status EnsureVolume(const Roots& roots, const std::string& name, const std::string& project,
                          const std::string& file) {
  const std::string folder = roots.Volume(name);
  struct stat found;
  if (::stat(absl::StrCat(folder, "/meta.json").c_str(), &found) == 0) return absl::OkStatus();
  // For us alone, also where others made it: containers leave set-user-id programs in volumes,
  // which no user of the host may find (CVE-2021-41103, CVE-2025-64507). Containers come by a
  // descriptor.
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(roots.Volumes(), 0700));
  if (::chmod(roots.Volumes().c_str(), 0700) != 0) {
    return ErrnoStatus(errno, "chmod", roots.Volumes());
  }
  PELAGOS_ASSIGN_OR_RETURN(Fd lock, Lock(roots));
  const std::string made = absl::StrCat(roots.Volumes(), "/", kTemporary, name);
  // What a killed command left half made under this name is of no use.
  PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(made));
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(absl::StrCat(made, "/data"), 0755));
  const nlohmann::json meta = {{"name", name}, {"project", project}, {"file", file}};
  PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(
      absl::StrCat(made, "/meta.json"),
      meta.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
  if (::rename(made.c_str(), folder.c_str()) != 0) {
    const int error = errno;
    PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(made));
    // Somebody else was first: that is the volume.
    if (error != ENOTEMPTY && error != EEXIST) return ErrnoStatus(error, "rename", folder);
  }
  return absl::OkStatus();
}

absl::Status RemoveVolume(const Roots& roots, const std::string& name) {
  const std::string folder = roots.Volume(name);
  const std::string gone = absl::StrCat(roots.Volumes(), "/", kGone, name);
  PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(gone));
  // At once no volume any more: one that was half removed would lose its note, and be nobody's.
  if (::rename(folder.c_str(), gone.c_str()) != 0) {
    return errno == ENOENT ? absl::OkStatus() : ErrnoStatus(errno, "rename", folder);
  }
  return sys::RemoveTree(gone);
}

absl::Status SweepVolumes(const Roots& roots) {
  absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(roots.Volumes());
  if (absl::IsNotFound(names.status())) return absl::OkStatus();
  if (!names.ok()) return names.status();
  PELAGOS_ASSIGN_OR_RETURN(Fd lock, Lock(roots));
  for (const std::string& name : *names) {
    if (absl::StartsWith(name, kTemporary) || absl::StartsWith(name, kGone)) {
      PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(roots.Volume(name)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ListVolumes(const Roots& roots,
                                                     const std::string& project) {
  PELAGOS_ASSIGN_OR_RETURN(std::vector<Meta> all, ReadAllMeta(roots));
  std::vector<std::string> names;
  for (const Meta& meta : all) {
    if (meta.project == project) names.push_back(meta.name);
  }
  return names;
}

absl::StatusOr<std::vector<std::string>> ListProjectsOfVolumes(const Roots& roots,
                                                               const std::string& file) {
  PELAGOS_ASSIGN_OR_RETURN(std::vector<Meta> all, ReadAllMeta(roots));
  std::set<std::string> projects;
  for (const Meta& meta : all) {
    if (meta.file == file) projects.insert(meta.project);
  }
  return std::vector<std::string>(projects.begin(), projects.end());
}

}  // namespace pelagos::store
