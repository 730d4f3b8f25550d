#include "pelagos/launch/failure.h"

#include <errno.h>

#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/search_path.h"

namespace pelagos::launch {
namespace {

absl::Status WordExec(const Exec& exec, int error) {
  const std::string& name = exec.argv[0];
  std::string why = std::strerror(error);
  if (error == ENOENT || error == ENOTDIR) {
    why = absl::StrContains(name, "/")
              ? "no such file in the container, or the interpreter it names is missing"
              : absl::StrCat("not found in PATH (", PathOf(exec.env), ")");
  } else if (error == EACCES) {
    absl::StrAppend(&why, " (not executable by the container's user)");
  } else if (error == ENOEXEC) {
    absl::StrAppend(&why, " (built for another machine, or a script without #!)");
  }
  absl::Status status(absl::ErrnoToStatusCode(error),
                      absl::StrCat("cannot run '", name, "': ", why));
  status.SetPayload(kErrnoPayload, absl::Cord(absl::StrCat(error)));
  return status;
}

// What was tried within a step, "" for the call that the step is about.
std::string Tried(const LaunchPlan& plan, const ChildReport& report) {
  switch (report.part) {
    case Part::kCall:
    case Part::kRights:
      break;
    case Part::kTarget:
      return "its target";
    case Part::kMakeTarget:
      return "making its target";
    case Part::kNullDevice:
      return "/dev/null of the container";
    case Part::kDescriptors:
      return "closing descriptors";
    case Part::kParentDeath:
      return "following the parent";
    case Part::kCgroup:
      return absl::StrCat("joining cgroup ",
                          report.index < plan.cgroup.v1.size() ? plan.cgroup.v1[report.index] : "");
    case Part::kCgroupNamespace:
      return "making the cgroup namespace";
    case Part::kSession:
      return "making the session";
    case Part::kStandardStream:
      return absl::StrCat("standard stream ", report.index);
  }
  return "";
}

bool IsWithinStep(Part part) {
  return part == Part::kCall || part == Part::kRights || part == Part::kTarget ||
         part == Part::kMakeTarget || part == Part::kNullDevice;
}

}  // namespace

absl::Status WordFailure(const LaunchPlan& plan, const ChildReport& report) {
  const std::string tried = Tried(plan, report);
  if (!IsWithinStep(report.part) || report.index >= plan.ops.size()) {
    return ErrnoStatus(report.error, tried.empty() ? "the container's first process" : tried);
  }
  const Op& op = plan.ops[report.index];
  if (const auto* exec = std::get_if<Exec>(&op); exec && report.part == Part::kCall) {
    return WordExec(*exec, report.error);
  }
  const std::string step = absl::StrCat("step ", report.index, ", ", Describe(op));
  return ErrnoStatus(report.error, tried.empty() ? step : absl::StrCat(step, ": ", tried));
}

}  // namespace pelagos::launch
