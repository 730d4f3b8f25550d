#include "pelagos/container/claim.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/store/project.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::container {
namespace {

std::string LockOf(const store::Roots& roots, const std::string& id) {
  return absl::StrCat(roots.Container(id), "/.lock");
}

// Makes the folder; one that is there already is fine.
absl::Status MakeFolder(const store::Roots& roots, const std::string& id) {
  const std::string folder = roots.Container(id);
  if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  if (errno != ENOENT) return ErrnoStatus(errno, "mkdir", folder);
  return sys::MakeFolders(folder, 0700);
}

// The whole file; owned by its open description, as with flock(2), but one can ask for it without
// taking it (fcntl_locking(2)): who looks is in nobody's way.
struct flock WholeFile() {
  struct flock whole = {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return whole;
}

// False: somebody holds it.
absl::StatusOr<bool> TryLock(const Fd& file, const std::string& path) {
  const struct flock whole = WholeFile();
  const sys::Result locked = sys::Call(SYS_fcntl, file.get(), F_OFD_SETLK, &whole);
  if (locked.ok()) return true;
  if (locked.err == EAGAIN || locked.err == EACCES) return false;
  return ErrnoStatus(locked.err, "locking", path);
}

// False: it was removed while we waited to be its owner.
bool IsThere(const Fd& file) {
  struct stat info = {};
  return ::fstat(file.get(), &info) == 0 && info.st_nlink > 0;
}

absl::StatusOr<std::vector<std::string>> Unowned(const store::Roots& roots) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> ids, sys::ListFolder(roots.Containers()));
  std::vector<std::string> unowned;
  for (const std::string& id : ids) {
    if (!IsClaimed(roots, id)) unowned.push_back(id);
  }
  return unowned;
}

// A record is written before the folders that it names are made.
absl::StatusOr<std::set<std::string>> OfProjects(const store::Roots& roots) {
  std::set<std::string> ids;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> projects, store::ListProjects(roots));
  for (const std::string& project : projects) {
    const absl::StatusOr<store::ProjectRecord> record = store::ReadProject(roots, project);
    if (absl::IsNotFound(record.status())) continue;  // gone meanwhile, and all that it named
    PELAGOS_RETURN_IF_ERROR(record.status());
    for (const store::ServiceRecord& service : record->services) ids.insert(service.container);
  }
  return ids;
}

absl::Status SweepOne(const store::Roots& roots, const std::string& id,
                      const std::function<absl::Status(const std::string& id)>& clean) {
  const std::string path = LockOf(roots, id);
  const absl::StatusOr<Fd> file = sys::OpenFile(path, O_RDWR | O_NOFOLLOW);
  if (FindErrno(file.status()) == ENOENT) {
    // Whoever is about to lock it makes it again. Not empty: its owner was faster.
    if (::rmdir(roots.Container(id).c_str()) == 0 || errno == ENOENT || errno == ENOTEMPTY) {
      return absl::OkStatus();
    }
    return ErrnoStatus(errno, "rmdir", roots.Container(id));
  }
  PELAGOS_RETURN_IF_ERROR(file.status());
  PELAGOS_ASSIGN_OR_RETURN(const bool locked, TryLock(*file, path));
  if (!locked || !IsThere(*file)) return absl::OkStatus();
  return clean(id);
}

}  // namespace

absl::StatusOr<Fd> Claim(const store::Roots& roots, const std::string& id) {
  const std::string path = LockOf(roots, id);
  bool waited = false;
  for (;;) {
    PELAGOS_RETURN_IF_ERROR(MakeFolder(roots, id));
    absl::StatusOr<Fd> file = sys::OpenFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (FindErrno(file.status()) == ENOENT) continue;  // the empty folder was swept away
    PELAGOS_RETURN_IF_ERROR(file.status());
    PELAGOS_ASSIGN_OR_RETURN(const bool locked, TryLock(*file, path));
    if (locked && IsThere(*file)) return file;
    if (locked) continue;
    if (waited) break;
    waited = true;
    // A sweeper may have it, for as long as it holds its own lock.
    PELAGOS_RETURN_IF_ERROR(sys::LockFile(roots.SweepLock(), sys::LockMode::kWait).status());
  }
  return absl::AlreadyExistsError(
      absl::StrCat("container '", id, "' already exists and is running"));
}

bool IsClaimed(const store::Roots& roots, const std::string& id) {
  const absl::StatusOr<Fd> file = sys::OpenFile(LockOf(roots, id), O_RDWR | O_NOFOLLOW);
  if (!file.ok()) return false;  // nobody made it
  struct flock held = WholeFile();
  return sys::Call(SYS_fcntl, file->get(), F_OFD_GETLK, &held).ok() && held.l_type != F_UNLCK;
}

absl::Status RemoveFolder(const store::Roots& roots, const std::string& id) {
  // What most have, without looking; the lock goes last, when all else is known to be gone.
  const std::string folder = roots.Container(id);
  for (const char* name : {"/hostname", "/hosts", "/resolv.conf"}) {
    ::unlink(absl::StrCat(folder, name).c_str());
  }
  bool empty = true;
  for (const char* name : {"/work/work", "/work", "/upper"}) {
    empty = (::rmdir(absl::StrCat(folder, name).c_str()) == 0 || errno == ENOENT) && empty;
  }
  if (empty) {
    ::unlink(LockOf(roots, id).c_str());
    if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
    // More than most have: ours to remove only as its owner, if nobody was faster.
    const std::string path = LockOf(roots, id);
    const absl::StatusOr<Fd> again = sys::OpenFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (FindErrno(again.status()) == ENOENT) return absl::OkStatus();
    PELAGOS_RETURN_IF_ERROR(again.status());
    PELAGOS_ASSIGN_OR_RETURN(const bool locked, TryLock(*again, path));
    if (!locked) return absl::OkStatus();
    const absl::Status removed = sys::RemoveTree(folder);
    return FindErrno(removed) == ENOTEMPTY ? absl::OkStatus() : removed;
  }
  const absl::Status removed = sys::RemoveTree(folder);
  // Between the lock, which goes last, and the folder somebody made a lock of its own.
  return FindErrno(removed) == ENOTEMPTY ? absl::OkStatus() : removed;
}

absl::Status Sweep(const store::Roots& roots,
                   const std::function<absl::Status(const std::string& id)>& clean) {
  // Each folder has one link from each folder within; file systems that do not count say 1.
  struct stat info = {};
  if (::stat(roots.Containers().c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus() : ErrnoStatus(errno, "stat", roots.Containers());
  }
  if (info.st_nlink == 2) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> unowned, Unowned(roots));
  if (unowned.empty()) return absl::OkStatus();

  const absl::StatusOr<Fd> lock = sys::LockFile(roots.SweepLock(), sys::LockMode::kWait);
  PELAGOS_RETURN_IF_ERROR(lock.status());
  PELAGOS_ASSIGN_OR_RETURN(const std::set<std::string> of_projects, OfProjects(roots));
  absl::Status first;
  for (const std::string& id : unowned) {
    if (of_projects.count(id) != 0) continue;
    const absl::Status swept = SweepOne(roots, id, clean);
    if (first.ok()) first = swept;
  }
  return first;
}

}  // namespace pelagos::container
