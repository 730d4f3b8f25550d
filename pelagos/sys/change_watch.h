// Waiting for files to change, by the kernel's word: no clock, no looking again.
//
// Source: inotify(7).
#pragma once

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"

namespace pelagos::sys {

// What happens in a folder that somebody appends to, and replaces files in.
inline constexpr uint32_t kFolderChanges = IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_DELETE_SELF;

// Moves.
class ChangeWatch {
 public:
  static absl::StatusOr<ChangeWatch> Create() {
    Fd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!fd.valid()) return ErrnoStatus(errno, "inotify_init1");
    return ChangeWatch(std::move(fd));
  }

  // Sees what happens at `path` from here on. Once more for the same path: nothing new. NotFound
  // (ENOENT) if there is none.
  absl::Status Add(const std::string& path, uint32_t events) {
    if (::inotify_add_watch(fd_.get(), path.c_str(), events) >= 0) return absl::OkStatus();
    return ErrnoStatus(errno, "inotify_add_watch", path);
  }

  // Readable once something happened.
  const Fd& fd() const { return fd_; }

  // Forgets what happened; the next look comes after.
  void Clear() {
    alignas(inotify_event) char buffer[8192];
    while (::read(fd_.get(), buffer, sizeof(buffer)) > 0) {
    }
  }

 private:
  explicit ChangeWatch(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace pelagos::sys
