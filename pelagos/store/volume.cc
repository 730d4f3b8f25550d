#include "pelagos/store/volume.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::store {
namespace {

constexpr absl::string_view kTemporary = ".new-";  // being made, under the lock
constexpr absl::string_view kGone = ".gone-";      // being removed
constexpr absl::string_view kLock = ".lock";
constexpr size_t kLargestMeta = 1 << 16;

// What the note says; what it does not is empty.
Volume Parse(const std::string& name, const std::string& text) {
  Volume volume;
  volume.name = name;
  const nlohmann::json meta = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto field = [&](const char* key) {
    const bool there = meta.is_object() && meta.contains(key) && meta[key].is_string();
    return there ? meta[key].get<std::string>() : std::string();
  };
  volume.project = field("project");
  volume.file = field("file");
  volume.created = field("created");
  if (meta.is_object() && meta.contains("labels") && meta["labels"].is_object()) {
    for (const auto& [key, value] : meta["labels"].items()) {
      if (value.is_string()) volume.labels[key] = value.get<std::string>();
    }
  }
  return volume;
}

std::string Print(const Volume& volume) {
  nlohmann::json meta = {{"name", volume.name}, {"project", volume.project}, {"file", volume.file}};
  meta["created"] = volume.created.empty()
                        ? absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone())
                        : volume.created;
  if (!volume.labels.empty()) meta["labels"] = volume.labels;
  return meta.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string MetaOf(const Roots& roots, const std::string& name) {
  return absl::StrCat(roots.Volume(name), "/meta.json");
}

std::string UsersOf(const Roots& roots, const std::string& name) {
  return absl::StrCat(roots.Volume(name), "/users");
}

absl::StatusOr<Fd> Lock(const Roots& roots) {
  return sys::LockFile(absl::StrCat(roots.Volumes(), "/", kLock), sys::LockMode::kWait);
}

}  // namespace

bool Volume::anonymous() const {
  constexpr size_t kDigits = 64;
  return name.size() == kDigits && std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
         });
}

absl::StatusOr<bool> CreateVolume(const Roots& roots, const Volume& volume,
                                  const FillVolume& fill) {
  const std::string folder = roots.Volume(volume.name);
  struct stat found;
  if (::stat(MetaOf(roots, volume.name).c_str(), &found) == 0) return false;
  // For us alone, also where others made it: containers leave set-user-id programs in volumes,
  // which no user of the host may find (CVE-2021-41103, CVE-2025-64507). Containers come by a
  // descriptor.
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(roots.Volumes(), 0700));
  if (::chmod(roots.Volumes().c_str(), 0700) != 0) {
    return ErrnoStatus(errno, "chmod", roots.Volumes());
  }
  PELAGOS_ASSIGN_OR_RETURN(Fd lock, Lock(roots));
  const std::string made = absl::StrCat(roots.Volumes(), "/", kTemporary, volume.name);
  // What a killed command left half made under this name is of no use.
  PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(made));
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(absl::StrCat(made, "/data"), 0755));
  if (fill != nullptr) {
    const absl::Status filled = fill(absl::StrCat(made, "/data"));
    if (!filled.ok()) {
      sys::RemoveTree(made).IgnoreError();  // the first failure is the one to tell
      return filled;
    }
  }
  PELAGOS_RETURN_IF_ERROR(
      sys::WriteFileAtomically(absl::StrCat(made, "/meta.json"), Print(volume)));
  if (::rename(made.c_str(), folder.c_str()) != 0) {
    const int error = errno;
    PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(made));
    // Somebody else was first: that is the volume.
    if (error == ENOTEMPTY || error == EEXIST) return false;
    return ErrnoStatus(error, "rename", folder);
  }
  return true;
}

absl::Status EnsureVolume(const Roots& roots, const std::string& name, const std::string& project,
                          const std::string& file) {
  Volume volume;
  volume.name = name;
  volume.project = project;
  volume.file = file;
  return CreateVolume(roots, volume).status();
}

absl::StatusOr<Volume> ReadVolume(const Roots& roots, const std::string& name) {
  const absl::StatusOr<std::string> text = sys::ReadFile(MetaOf(roots, name), kLargestMeta);
  if (FindErrno(text.status()) == ENOENT) {
    return absl::NotFoundError(absl::StrCat("no volume is named '", name, "'"));
  }
  PELAGOS_RETURN_IF_ERROR(text.status());
  return Parse(name, *text);
}

absl::StatusOr<std::vector<Volume>> ListAllVolumes(const Roots& roots) {
  absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(roots.Volumes());
  if (absl::IsNotFound(names.status())) return std::vector<Volume>();
  if (!names.ok()) return names.status();
  std::vector<Volume> all;
  for (const std::string& name : *names) {
    if (absl::StartsWith(name, ".")) continue;
    const absl::StatusOr<std::string> text = sys::ReadFile(MetaOf(roots, name), kLargestMeta);
    if (FindErrno(text.status()) == ENOENT) continue;  // removed meanwhile
    all.push_back(text.ok() ? Parse(name, *text) : Parse(name, ""));
  }
  return all;
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

absl::Status FillIfEmpty(const Roots& roots, const std::string& name, const FillVolume& fill) {
  const std::string data = absl::StrCat(roots.Volume(name), "/data");
  const auto has_something = [&]() -> absl::StatusOr<bool> {
    std::error_code error;
    const bool empty = std::filesystem::is_empty(data, error);
    if (error == std::errc::no_such_file_or_directory) return true;
    if (error) return ErrnoStatus(error.value(), "readdir", data);
    return !empty;
  };
  PELAGOS_ASSIGN_OR_RETURN(bool something, has_something());
  if (something) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(Fd lock, Lock(roots));
  PELAGOS_ASSIGN_OR_RETURN(something, has_something());
  return something ? absl::OkStatus() : fill(data);
}

absl::Status ShareVolume(const Roots& roots, const std::string& name, const std::string& id) {
  struct stat found;
  if (::stat(MetaOf(roots, name).c_str(), &found) != 0) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(Fd lock, Lock(roots));
  const std::string users = UsersOf(roots, name);
  if (::mkdir(users.c_str(), 0700) != 0 && errno != EEXIST) {
    return errno == ENOENT ? absl::OkStatus() : ErrnoStatus(errno, "mkdir", users);
  }
  return sys::OpenFile(absl::StrCat(users, "/", id), O_WRONLY | O_CREAT | O_NOFOLLOW, 0600)
      .status();
}

absl::Status RemoveUnsharedVolume(const Roots& roots, const std::string& name) {
  struct stat found;
  if (::stat(roots.Volumes().c_str(), &found) != 0) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(Fd lock, Lock(roots));
  // What a killed command left half made; nobody else gives it this name.
  PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(absl::StrCat(roots.Volumes(), "/", kTemporary, name)));
  const absl::StatusOr<std::vector<std::string>> users = sys::ListFolder(UsersOf(roots, name));
  if (FindErrno(users.status()) != ENOENT) PELAGOS_RETURN_IF_ERROR(users.status());
  if (users.ok()) {
    for (const std::string& id : *users) {
      if (::stat(roots.KeptContainer(id).c_str(), &found) == 0 ||
          ::stat(roots.Container(id).c_str(), &found) == 0) {
        return absl::OkStatus();
      }
    }
  }
  return RemoveVolume(roots, name);
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
  PELAGOS_ASSIGN_OR_RETURN(std::vector<Volume> all, ListAllVolumes(roots));
  std::vector<std::string> names;
  for (const Volume& volume : all) {
    if (volume.project == project) names.push_back(volume.name);
  }
  return names;
}

absl::StatusOr<std::vector<std::string>> ListProjectsOfVolumes(const Roots& roots,
                                                               const std::string& file) {
  PELAGOS_ASSIGN_OR_RETURN(std::vector<Volume> all, ListAllVolumes(roots));
  std::set<std::string> projects;
  for (const Volume& volume : all) {
    if (volume.file == file) projects.insert(volume.project);
  }
  return std::vector<std::string>(projects.begin(), projects.end());
}

}  // namespace pelagos::store
