// What a command leaves for the monitor of a container that it is about to stop: no policy starts
// it again.
//
//   RUN/containers/ID/stopped    an empty file; gone with the next start
//
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/store/paths.h"
#include "pelagos/sys/file.h"

namespace pelagos::container {

inline std::string StopMark(const store::Roots& roots, const std::string& id) {
  return absl::StrCat(roots.Container(id), "/stopped");
}

// Fine if the container has just ended: nobody needs the mark then.
inline absl::Status MarkStopped(const store::Roots& roots, const std::string& id) {
  const absl::Status made =
      sys::OpenFile(StopMark(roots, id), O_WRONLY | O_CREAT | O_NOFOLLOW, 0600).status();
  return FindErrno(made) == ENOENT ? absl::OkStatus() : made;
}

inline bool IsMarkedStopped(const store::Roots& roots, const std::string& id) {
  return ::access(StopMark(roots, id).c_str(), F_OK) == 0;
}

inline void ClearStopMark(const store::Roots& roots, const std::string& id) {
  ::unlink(StopMark(roots, id).c_str());
}

}  // namespace pelagos::container
