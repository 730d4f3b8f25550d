// Where Pelagos keeps its state: two roots, and what lies below them.
//
// Data (images, volumes) outlives a reboot; run state does not. Tests and users move both, so that
// their worlds do not meet. Names that become parts of paths have passed IsValidName.
#pragma once

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pelagos::store {

struct Roots {
  std::string data = "/var/lib/pelagos";
  std::string run = "/run/pelagos";

  // PELAGOS_ROOT and PELAGOS_RUN_ROOT where they are set.
  static Roots FromEnvironment() {
    Roots roots;
    if (const char* data = std::getenv("PELAGOS_ROOT"); data && *data) roots.data = data;
    if (const char* run = std::getenv("PELAGOS_RUN_ROOT"); run && *run) roots.run = run;
    return roots;
  }

  std::string Volumes() const { return absl::StrCat(data, "/volumes"); }
  std::string Volume(absl::string_view name) const { return absl::StrCat(Volumes(), "/", name); }

  // An empty folder: every container mounts its root on it, in its own mount namespace.
  std::string MountPoint() const { return absl::StrCat(run, "/mnt"); }
  std::string Containers() const { return absl::StrCat(run, "/containers"); }
  std::string Container(absl::string_view id) const { return absl::StrCat(Containers(), "/", id); }
  // Held by who removes what killed commands left of containers.
  std::string SweepLock() const { return absl::StrCat(run, "/sweep.lock"); }
  std::string Projects() const { return absl::StrCat(run, "/projects"); }
  std::string Project(absl::string_view name) const { return absl::StrCat(Projects(), "/", name); }
  // Locks lie beside what they guard: they live on when it is removed.
  std::string ProjectLock(absl::string_view name) const {
    return absl::StrCat(Locks(), "/project-", name);
  }
  std::string Locks() const { return absl::StrCat(run, "/locks"); }
};

}  // namespace pelagos::store
