// Down: see project.h.

#include <poll.h>

#include <csignal>
#include <optional>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/compose/project.h"
#include "pelagos/compose/supervisor.h"
#include "pelagos/store/project_watch.h"
#include "pelagos/store/volume.h"

namespace pelagos::compose {
namespace {

// Signals the process and waits for its end; at once if it is gone.
absl::Status StopAndWait(const sys::ProcessIdentity& process) {
  const absl::StatusOr<Fd> pidfd = sys::OpenPidfd(process);
  if (!pidfd.ok()) return absl::OkStatus();
  if (absl::Status status = sys::Signal(*pidfd, SIGTERM); !status.ok()) {
    return absl::IsNotFound(status) ? absl::OkStatus() : status;
  }
  pollfd wait = {pidfd->get(), POLLIN, 0};
  while (::poll(&wait, 1, -1) < 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "poll");
  }
  return absl::OkStatus();
}

// The project's lock, once whoever holds it has let go: the supervisor or an `up` is told to.
absl::StatusOr<Fd> TakeLock(const store::Roots& roots, const std::string& project) {
  std::optional<store::ProjectWatch> watch;
  for (;;) {
    absl::StatusOr<Fd> lock = store::TryLockProject(roots, project);
    if (!absl::IsUnavailable(lock.status())) return lock;
    const auto record = store::ReadProject(roots, project);
    if (record.ok() && sys::IsAlive(record->supervisor)) {
      PELAGOS_RETURN_IF_ERROR(StopAndWait(record->supervisor));
    } else if (watch) {
      // The holder is about to write its record, or about to let go.
      PELAGOS_RETURN_IF_ERROR(watch->Wait());
    } else {
      PELAGOS_ASSIGN_OR_RETURN(watch, store::ProjectWatch::Create(roots, project));
    }
  }
}

}  // namespace

absl::Status Down(container::Engine& engine, const std::string& project, bool volumes,
                  std::ostream& out) {
  const store::Roots& roots = engine.roots();
  // Nothing of that name may be locked into being: look before.
  const bool existed = store::ReadProject(roots, project).ok();
  PELAGOS_ASSIGN_OR_RETURN(Fd lock, TakeLock(roots, project));
  bool found = existed;
  // What a supervisor that was killed could not do, or did not manage to.
  absl::StatusOr<store::ProjectRecord> record = store::ReadProject(roots, project);
  if (record.ok()) {
    found = true;
    PELAGOS_RETURN_IF_ERROR(Reap(engine, *record), "project '", project, "'");
  } else if (!absl::IsNotFound(record.status())) {
    return record.status();
  }
  if (volumes) {
    PELAGOS_RETURN_IF_ERROR(store::SweepVolumes(roots));
    PELAGOS_ASSIGN_OR_RETURN(std::vector<std::string> names, store::ListVolumes(roots, project));
    for (const std::string& name : names) {
      PELAGOS_RETURN_IF_ERROR(store::RemoveVolume(roots, name), "volume '", name, "'");
      out << "Removed volume '" << name << "'\n";
      found = true;
    }
  }
  PELAGOS_RETURN_IF_ERROR(store::RemoveProjectLock(roots, project));
  if (!found) return absl::NotFoundError(absl::StrCat("no running project '", project, "' found"));
  out << "Project '" << project << "' stopped and removed\n";
  return absl::OkStatus();
}

}  // namespace pelagos::compose
