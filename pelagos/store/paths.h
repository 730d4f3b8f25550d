// Where Pelagos keeps its state: two roots, and what lies below them.
//
// Data (images, volumes) outlives a reboot; run state does not. Tests and users move both, so that
// their worlds do not meet. Names that become parts of paths have passed IsValidName.
#pragma once

#include <sys/auxv.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pelagos::store {

struct Roots {
  std::string data = "/var/lib/pelagos";
  std::string run = "/run/pelagos";

  // Where an ordinary user's state is.
  static Roots OfUser(uid_t uid) {
    const auto value = [](const char* name) -> std::string {
      const char* text = std::getenv(name);
      return text != nullptr && text[0] == '/' ? text : "";
    };
    const std::string home = value("HOME"), data = value("XDG_DATA_HOME"),
                      run = value("XDG_RUNTIME_DIR");
    Roots roots;
    roots.data =
        absl::StrCat(data.empty() ? absl::StrCat(home, "/.local/share") : data, "/pelagos");
    roots.run = run.empty() ? absl::StrCat("/tmp/pelagos-", uid) : absl::StrCat(run, "/pelagos");
    return roots;
  }

  // PELAGOS_ROOT and PELAGOS_RUN_ROOT where they are set.
  static Roots FromEnvironment() {
    Roots roots;
    // getauxval(3): as the program was started.
    if (const auto uid = static_cast<uid_t>(::getauxval(AT_EUID)); uid != 0) roots = OfUser(uid);
    if (const char* data = std::getenv("PELAGOS_ROOT"); data && *data) roots.data = data;
    if (const char* run = std::getenv("PELAGOS_RUN_ROOT"); run && *run) roots.run = run;
    return roots;
  }

  std::string Volumes() const { return absl::StrCat(data, "/volumes"); }
  std::string Volume(absl::string_view name) const { return absl::StrCat(Volumes(), "/", name); }

  // A link for each root folder that has a name, to where it is.
  std::string RootFolders() const { return absl::StrCat(data, "/rootfs"); }
  std::string RootFolder(absl::string_view name) const {
    return absl::StrCat(RootFolders(), "/", name);
  }

  std::string Containers() const { return absl::StrCat(run, "/containers"); }
  std::string Container(absl::string_view id) const { return absl::StrCat(Containers(), "/", id); }
  // What is kept of containers: records, writable layers, logs.
  std::string KeptContainers() const { return absl::StrCat(data, "/containers"); }
  std::string KeptContainer(absl::string_view id) const {
    return absl::StrCat(KeptContainers(), "/", id);
  }
  // A link for each name, to the id that has it.
  std::string ContainerNames() const { return absl::StrCat(data, "/names"); }
  // Held by who gives names and ids, or takes them away.
  std::string ContainerNamesLock() const { return absl::StrCat(data, "/names.lock"); }
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
