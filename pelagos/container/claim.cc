#include "pelagos/container/claim.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/store/project.h"
#include "pelagos/sys/await_events.h"
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

// What a sweeper holds: nobody but the owner of an id has its lock while we have this one.
absl::StatusOr<Fd> LockSweep(const store::Roots& roots) {
  return sys::LockFile(roots.SweepLock(), sys::LockMode::kWait);
}

// One try for the lock: empty while somebody else has it.
absl::StatusOr<std::optional<Fd>> TryClaim(const store::Roots& roots, const std::string& id) {
  const std::string path = LockOf(roots, id);
  for (;;) {
    PELAGOS_RETURN_IF_ERROR(MakeFolder(roots, id));
    absl::StatusOr<Fd> file = sys::OpenFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (FindErrno(file.status()) == ENOENT) continue;  // the empty folder was swept away
    PELAGOS_RETURN_IF_ERROR(file.status());
    PELAGOS_ASSIGN_OR_RETURN(const bool locked, TryLock(*file, path));
    if (!IsThere(*file)) continue;
    if (locked) return *std::move(file);
    return std::nullopt;
  }
}

// Removes what most containers have, by its owner. False: there is more, or a namesake has begun,
// and the id is nobody's or its new owner's.
absl::StatusOr<bool> RemoveUsual(const store::Roots& roots, const std::string& id) {
  // Without looking; the lock goes last, when all else is known to be gone.
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
    return ::rmdir(folder.c_str()) == 0 || errno == ENOENT;
  }
  const absl::Status removed = sys::RemoveTree(folder);
  // Between the lock, which goes last, and the folder somebody made a lock of its own.
  if (FindErrno(removed) == ENOTEMPTY) return true;
  PELAGOS_RETURN_IF_ERROR(removed);
  return true;
}

// With the sweep's lock held, so that nobody who claims takes us for an owner.
absl::Status RemoveRest(const store::Roots& roots, const std::string& id) {
  const std::string path = LockOf(roots, id);
  const absl::StatusOr<Fd> again = sys::OpenFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  if (FindErrno(again.status()) == ENOENT) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(again.status());
  PELAGOS_ASSIGN_OR_RETURN(const bool locked, TryLock(*again, path));
  if (!locked) return absl::OkStatus();
  const absl::Status removed = sys::RemoveTree(roots.Container(id));
  return FindErrno(removed) == ENOTEMPTY ? absl::OkStatus() : removed;
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
  PELAGOS_RETURN_IF_ERROR(clean(id));
  PELAGOS_ASSIGN_OR_RETURN(const bool removed, RemoveUsual(roots, id));
  return removed ? absl::OkStatus() : RemoveRest(roots, id);
}

}  // namespace

absl::StatusOr<Fd> Claim(const store::Roots& roots, const std::string& id) {
  PELAGOS_ASSIGN_OR_RETURN(std::optional<Fd> claimed, TryClaim(roots, id));
  if (claimed.has_value()) return *std::move(claimed);
  // A sweeper may have it: not while we are in its place.
  PELAGOS_ASSIGN_OR_RETURN(const Fd sweep, LockSweep(roots));
  PELAGOS_ASSIGN_OR_RETURN(claimed, TryClaim(roots, id));
  if (claimed.has_value()) return *std::move(claimed);
  return absl::AlreadyExistsError(
      absl::StrCat("container '", id, "' already exists and is running"));
}

bool IsClaimed(const store::Roots& roots, const std::string& id) {
  // To read: closing it is no event for those who wait for its owner to close it.
  const absl::StatusOr<Fd> file = sys::OpenFile(LockOf(roots, id), O_RDONLY | O_NOFOLLOW);
  if (!file.ok()) return false;  // nobody made it
  struct flock held = WholeFile();
  return sys::Call(SYS_fcntl, file->get(), F_OFD_GETLK, &held).ok() && held.l_type != F_UNLCK;
}

absl::Status AwaitUnclaimed(const store::Roots& roots, const std::string& id,
                            absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  const Fd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify.valid()) return ErrnoStatus(errno, "inotify_init1");
  // The owner closes its lock, also when it is killed; at last the folder goes.
  const std::string folder = roots.Container(id);
  if (::inotify_add_watch(inotify.get(), folder.c_str(), IN_CLOSE_WRITE | IN_DELETE_SELF) < 0 &&
      errno != ENOENT) {
    return ErrnoStatus(errno, "inotify_add_watch", folder);
  }
  while (IsClaimed(roots, id)) {
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    if (left <= 0) return absl::DeadlineExceededError("its monitor does not end");
    PELAGOS_RETURN_IF_ERROR(
        sys::AwaitEvents(inotify, POLLIN, static_cast<int>(left) + 1, "its monitor does not end"));
    alignas(inotify_event) char events[4096];
    while (::read(inotify.get(), events, sizeof(events)) > 0) {
    }
  }
  return absl::OkStatus();
}

absl::Status RemoveFolder(const store::Roots& roots, const std::string& id) {
  PELAGOS_ASSIGN_OR_RETURN(const bool removed, RemoveUsual(roots, id));
  if (removed) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const Fd sweep, LockSweep(roots));
  return RemoveRest(roots, id);
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

  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, LockSweep(roots));
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
