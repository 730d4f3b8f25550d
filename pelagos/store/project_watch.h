// Waits for what another holder of a project's lock does.
//
// Source: inotify(7).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/store/paths.h"

namespace pelagos::store {

class ProjectWatch {
 public:
  // Sees what happens from here on.
  static absl::StatusOr<ProjectWatch> Create(const Roots& roots, absl::string_view project);

  // Returns once the project's lock is free, or its record may have been written or removed since
  // Create or the last Wait: look again. Takes no lock, and makes no file.
  absl::Status Wait();

 private:
  ProjectWatch() = default;

  std::string folder_, lock_;
  Fd inotify_;
  int watched_ = 0;  // the watch of folder_; 0: there was none
};

}  // namespace pelagos::store
