// linux.intelRdt: groups of resctrl(7), which share caches and memory bandwidth out.
//
// Source: OCI runtime-spec config-linux.md ("IntelRdt"); Documentation/arch/x86/resctrl.rst.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pelagos/oci/config.h"
#include "pelagos/oci/mistakes.h"

namespace pelagos::oci {

// What is done for one container. Nothing, where `group` is empty.
struct ResctrlSteps {
  std::string group;        // the folder whose `tasks` the container's process is written into
  bool must_exist = false;  // somebody else has made it, with its shares
  std::string schemata;     // its shares; "": as they are
  std::string monitor;      // a folder below it that counts this container alone; "": none
  bool owned = false;       // the group is the container's own, and goes with it
  friend bool operator==(const ResctrlSteps&, const ResctrlSteps&) = default;
};

// Where the host has the file system mounted, of proc_pid_mountinfo(5); "": nowhere.
std::string FindResctrl(absl::string_view mountinfo);

// `mount` as above.
ResctrlSteps PlanResctrl(const IntelRdt& rdt, const std::string& id, const std::string& mount,
                         Mistakes& mistakes);

// Makes what is missing, and nothing is left of that when it fails. A group that is there with
// other shares is an error.
absl::Status MakeResctrl(const ResctrlSteps& steps);

// Puts a process into the group, and all that it will start.
absl::Status JoinResctrl(const ResctrlSteps& steps, pid_t pid);

absl::Status RemoveResctrl(const ResctrlSteps& steps);

}  // namespace pelagos::oci
