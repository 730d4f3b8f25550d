#include "pelagos/store/project_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/lock_waiter.h"

namespace pelagos::store {

absl::StatusOr<ProjectWatch> ProjectWatch::Create(const Roots& roots, absl::string_view project) {
  ProjectWatch watch;
  watch.folder_ = roots.Project(project);
  watch.lock_ = roots.ProjectLock(project);
  watch.inotify_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch.inotify_.valid()) return ErrnoStatus(errno, "inotify_init1");
  // Where the project's folder comes to be.
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(roots.Projects(), 0700));
  if (::inotify_add_watch(watch.inotify_.get(), roots.Projects().c_str(),
                          IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
    return ErrnoStatus(errno, "inotify_add_watch", roots.Projects());
  }
  return watch;
}

absl::Status ProjectWatch::Wait() {
  // The record is renamed to where it belongs.
  const int watched =
      ::inotify_add_watch(inotify_.get(), folder_.c_str(), IN_MOVED_TO | IN_DELETE | IN_ONLYDIR);
  if (watched < 0 && errno != ENOENT) return ErrnoStatus(errno, "inotify_add_watch", folder_);
  if (watched > 0 && watched != watched_) {  // what it holds already was not seen
    watched_ = watched;
    return absl::OkStatus();
  }
  // Not made: whoever removes a project takes its lock's file away.
  const absl::StatusOr<Fd> lock = sys::OpenFile(lock_, O_RDWR | O_NOFOLLOW);
  if (absl::IsNotFound(lock.status())) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(lock.status());
  PELAGOS_ASSIGN_OR_RETURN(const sys::LockWaiter waiter, sys::LockWaiter::Start(*lock));
  std::array<pollfd, 2> polled = {
      {{inotify_.get(), POLLIN, 0}, {waiter.locked().get(), POLLIN, 0}}};
  while (::poll(polled.data(), polled.size(), -1) < 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "poll");
  }
  alignas(inotify_event) std::array<char, 4096> events;
  while (::read(inotify_.get(), events.data(), events.size()) > 0) continue;
  return absl::OkStatus();
}

}  // namespace pelagos::store
