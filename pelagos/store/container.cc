#include "pelagos/store/container.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/policy/name.h"
#include "pelagos/store/container_json.h"
#include "pelagos/store/own_volumes.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::store {
namespace {

constexpr size_t kLargestRecord = 16 << 20;
constexpr size_t kIdBytes = 32;
constexpr size_t kIdLength = 2 * kIdBytes;

std::string RecordFile(const Roots& roots, absl::string_view id) {
  return absl::StrCat(roots.KeptContainer(id), "/container.json");
}
std::string RemovingFile(const Roots& roots, absl::string_view id) {
  return absl::StrCat(roots.KeptContainer(id), "/removing.json");
}
std::string StateFile(const Roots& roots, absl::string_view id) {
  return absl::StrCat(roots.KeptContainer(id), "/state.json");
}
std::string NameLink(const Roots& roots, absl::string_view name) {
  return absl::StrCat(roots.ContainerNames(), "/", name);
}

bool IsId(absl::string_view text) {
  return text.size() == kIdLength &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isxdigit(c); });
}

bool IsThere(const Roots& roots, absl::string_view id) {
  struct stat info = {};
  return ::stat(RecordFile(roots, id).c_str(), &info) == 0;
}

// Who has the name; nullopt: nobody.
absl::StatusOr<std::optional<std::string>> OwnerOf(const Roots& roots, const std::string& name) {
  char id[kIdLength + 1];
  const ssize_t length = ::readlink(NameLink(roots, name).c_str(), id, sizeof(id));
  if (length < 0) {
    if (errno == ENOENT) return std::nullopt;
    return ErrnoStatus(errno, "readlink", NameLink(roots, name));
  }
  return std::string(id, static_cast<size_t>(length));
}

absl::StatusOr<Fd> LockNames(const Roots& roots) {
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(roots.ContainerNames(), 0700));
  return sys::LockFile(roots.ContainerNamesLock(), sys::LockMode::kWait);
}

absl::Status NameInUse(absl::string_view name, absl::string_view owner) {
  return absl::AlreadyExistsError(
      absl::StrCat("the name '", name, "' is in use by container ", owner.substr(0, 12),
                   "; remove or rename that one, or choose another name"));
}

// With the lock held. A link that a killed command left, to nothing, is taken over.
absl::Status TakeName(const Roots& roots, const std::string& name, const std::string& id) {
  const std::string link = NameLink(roots, name);
  if (::symlink(id.c_str(), link.c_str()) == 0) return absl::OkStatus();
  if (errno != EEXIST) return ErrnoStatus(errno, "symlink", link);
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<std::string> owner, OwnerOf(roots, name));
  if (owner == id) return absl::OkStatus();
  if (owner && IsThere(roots, *owner)) return NameInUse(name, *owner);
  const std::string temporary = absl::StrCat(roots.ContainerNames(), "/.new.", ::getpid());
  if (::symlink(id.c_str(), temporary.c_str()) != 0) {
    return ErrnoStatus(errno, "symlink", temporary);
  }
  if (::rename(temporary.c_str(), link.c_str()) != 0) return ErrnoStatus(errno, "rename", link);
  return absl::OkStatus();
}

// The link goes only if it is this container's.
absl::Status FreeName(const Roots& roots, const std::string& name, const std::string& id) {
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<std::string> owner, OwnerOf(roots, name));
  if (owner != id) return absl::OkStatus();
  if (::unlink(NameLink(roots, name).c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, "unlink", NameLink(roots, name));
}

// Readers see the old content or the new. Not fsync(2)ed: what a crash of the machine takes away,
// the crash has made untrue as well.
absl::Status Replace(const std::string& path, absl::string_view content) {
  const std::string temporary = absl::StrCat(path, ".new.", ::getpid());
  PELAGOS_ASSIGN_OR_RETURN(
      const Fd fd, sys::OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
  absl::Status status = sys::WriteAll(fd, content, temporary);
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = ErrnoStatus(errno, "rename", path);
  }
  if (!status.ok()) ::unlink(temporary.c_str());
  return status;
}

absl::Status NoContainer(absl::string_view word) {
  return absl::NotFoundError(absl::StrCat("no container is named '", word, "'"));
}

absl::StatusOr<ContainerRecord> ReadRecordFile(const std::string& file, const std::string& id) {
  absl::StatusOr<std::string> text = sys::ReadFileAtOnce(file, kLargestRecord);
  if (FindErrno(text.status()) == ENOENT) return NoContainer(id);
  PELAGOS_RETURN_IF_ERROR(text.status());
  absl::StatusOr<ContainerRecord> record = ContainerRecordFromJson(*text);
  if (!record.ok()) {
    return absl::DataLossError(absl::StrCat(file, ": ", record.status().message()));
  }
  return record;
}

// All names that were taken for it: whoever took one may have been killed before he wrote which.
absl::Status FreeNames(const Roots& roots, const std::string& id) {
  const absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(roots.ContainerNames());
  PELAGOS_RETURN_IF_ERROR(names.status());
  for (const std::string& name : *names) PELAGOS_RETURN_IF_ERROR(FreeName(roots, name, id));
  return absl::OkStatus();
}

// What removing.json says is to be done; with the lock held.
absl::Status EndRemoval(const Roots& roots, const std::string& id) {
  const auto record = ReadRecordFile(RemovingFile(roots, id), id);
  PELAGOS_RETURN_IF_ERROR(record.ok() ? FreeName(roots, record->spec.name, id)
                                      : FreeNames(roots, id));
  return sys::RemoveTree(roots.KeptContainer(id));
}

}  // namespace

absl::StatusOr<std::string> NewContainerId() {
  char bytes[kIdBytes];
  if (::getrandom(bytes, sizeof(bytes), 0) != static_cast<ssize_t>(sizeof(bytes))) {
    return ErrnoStatus(errno, "getrandom");
  }
  return absl::BytesToHexString(absl::string_view(bytes, sizeof(bytes)));
}

absl::Status CheckNameIsFree(const Roots& roots, const std::string& name) {
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<std::string> owner, OwnerOf(roots, name));
  return owner && IsThere(roots, *owner) ? NameInUse(name, *owner) : absl::OkStatus();
}

absl::Status CreateContainer(const Roots& roots, const ContainerRecord& record) {
  const std::string& name = record.spec.name;
  if (const absl::string_view problem = NameProblem(name, kMaxContainerNameLength);
      !problem.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the container's name '", name, "' ", problem));
  }
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, LockNames(roots));
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(roots.KeptContainer(record.id), 0700));
  absl::Status status = TakeName(roots, name, record.id);
  if (status.ok()) status = WriteContainer(roots, record);
  if (!status.ok()) {
    // The first failure is the one to report; what stays is swept.
    FreeName(roots, name, record.id).IgnoreError();
    sys::RemoveTree(roots.KeptContainer(record.id)).IgnoreError();
  }
  return status;
}

absl::StatusOr<ContainerRecord> ReadContainer(const Roots& roots, const std::string& id) {
  return ReadRecordFile(RecordFile(roots, id), id);
}

absl::Status WriteContainer(const Roots& roots, const ContainerRecord& record) {
  return sys::WriteFileAtomically(RecordFile(roots, record.id), ToJson(record));
}

absl::StatusOr<ContainerState> ReadContainerState(const Roots& roots, const std::string& id) {
  const std::string file = StateFile(roots, id);
  const absl::StatusOr<std::string> text = sys::ReadFileAtOnce(file, kLargestRecord);
  if (FindErrno(text.status()) == ENOENT) return ContainerState();
  PELAGOS_RETURN_IF_ERROR(text.status());
  absl::StatusOr<ContainerState> state = ContainerStateFromJson(*text);
  if (state.ok()) return state;
  // Half written when the machine lost its power: it ran, and nobody knows how it ended.
  ContainerState lost;
  lost.phase = ContainerPhase::kRunning;
  return lost;
}

absl::Status WriteContainerState(const Roots& roots, const std::string& id,
                                 const ContainerState& state) {
  return Replace(StateFile(roots, id), ToJson(state));
}

absl::StatusOr<std::string> FindContainer(const Roots& roots, const std::string& word) {
  if (NameProblem(word, kMaxContainerNameLength).empty()) {
    PELAGOS_ASSIGN_OR_RETURN(const std::optional<std::string> owner, OwnerOf(roots, word));
    if (owner && IsThere(roots, *owner)) return *owner;
    if (IsId(word) && IsThere(roots, word)) return word;
  }
  std::vector<std::string> found;
  if (!word.empty() &&
      std::all_of(word.begin(), word.end(), [](char c) { return absl::ascii_isxdigit(c); })) {
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> ids, ListContainers(roots));
    for (const std::string& id : ids) {
      if (absl::StartsWith(id, word)) found.push_back(id);
    }
  }
  if (found.empty()) return NoContainer(word);
  if (found.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("'", word, "' begins the ids of ", found.size(),
                                                   " containers; give more of it, or a name"));
  }
  return found.front();
}

absl::StatusOr<std::vector<std::string>> ListContainers(const Roots& roots) {
  absl::StatusOr<std::vector<std::string>> ids = sys::ListFolder(roots.KeptContainers());
  if (FindErrno(ids.status()) == ENOENT) return std::vector<std::string>();
  PELAGOS_RETURN_IF_ERROR(ids.status());
  ids->erase(
      std::remove_if(ids->begin(), ids->end(), [](const std::string& name) { return !IsId(name); }),
      ids->end());
  return ids;
}

absl::Status RenameContainer(const Roots& roots, const std::string& id, const std::string& name) {
  if (const absl::string_view problem = NameProblem(name, kMaxContainerNameLength);
      !problem.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the container's name '", name, "' ", problem));
  }
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, LockNames(roots));
  PELAGOS_ASSIGN_OR_RETURN(ContainerRecord record, ReadContainer(roots, id));
  const std::string before = record.spec.name;
  if (before == name) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(TakeName(roots, name, id));
  record.spec.name = name;
  if (absl::Status written = WriteContainer(roots, record); !written.ok()) {
    FreeName(roots, name, id).IgnoreError();
    return written;
  }
  return FreeName(roots, before, id);
}

absl::Status RemoveContainer(const Roots& roots, const std::string& id) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, LockNames(roots));
  // From here on nobody sees it.
  const std::string file = RecordFile(roots, id);
  if (::rename(file.c_str(), RemovingFile(roots, id).c_str()) != 0 && errno != ENOENT) {
    return ErrnoStatus(errno, "rename", file);
  }
  return EndRemoval(roots, id);
}

absl::StatusOr<bool> SettleContainer(const Roots& roots, const std::string& id) {
  struct stat info = {};
  if (!IsId(id) || ::stat(roots.KeptContainer(id).c_str(), &info) != 0) return true;
  const absl::StatusOr<ContainerRecord> record = ReadContainer(roots, id);
  if (record.ok() && !record->spec.lifecycle.remove) return false;
  if (!record.ok() && !absl::IsNotFound(record.status())) return false;  // for people to look at
  if (record.ok()) PELAGOS_RETURN_IF_ERROR(RemoveOwnVolumes(roots, record->spec.mounts));
  PELAGOS_RETURN_IF_ERROR(RemoveContainer(roots, id));
  return true;
}

std::string ToJson(const ContainerRecord& record) { return DumpRecord(WriteRecord(record)); }
std::string ToJson(const ContainerState& state) { return DumpRecord(WriteState(state)); }

}  // namespace pelagos::store
