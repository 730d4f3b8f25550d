#include "pelagos/launch/failure.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/between.h"
#include "pelagos/launch/search_path.h"

namespace pelagos::launch {
namespace {

constexpr char kExecPayload[] = "pelagos/exec";
constexpr char kExecve[] = "execve";  // it was execve(2) that failed

// getrlimit(2), proc_sys_fs(5). Our own limits are those that the child began with.
std::string WhyNoRlimit(const SetRlimit& op) {
  rlimit64 own = {};
  if (::prlimit64(0, static_cast<__rlimit_resource>(op.limit), nullptr, &own) != 0) return "";
  if (op.pair.hard > own.rlim_max) {
    return absl::StrCat("raising the hard limit of ", NameOf(op.limit), " to ",
                        RlimitValueText(op.pair.hard), " needs CAP_SYS_RESOURCE; at most ",
                        RlimitValueText(own.rlim_max), " is allowed");
  }
  return op.limit == Rlimit::kNofile ? "no more than fs.nr_open allows" : "";
}

absl::Status WithErrno(std::string message, int error) {
  absl::Status status(absl::ErrnoToStatusCode(error), message);
  status.SetPayload(kErrnoPayload, absl::Cord(absl::StrCat(error)));
  return status;
}

absl::Status WordExec(const LaunchPlan& plan, const Exec& exec, int error, bool is_execve) {
  const std::string& name = exec.argv[0];
  std::string why = std::strerror(error);
  if (error == ENOENT || error == ENOTDIR) {
    why = absl::StrContains(name, "/")
              ? "no such file in the container, or the interpreter it names is missing"
              : absl::StrCat("not found in PATH (", PathOf(exec.env), ")");
  } else if (error == EACCES) {
    const bool restricted = std::any_of(plan.ops.begin(), plan.ops.end(), [](const Op& op) {
      return std::holds_alternative<RestrictPaths>(op);
    });
    absl::StrAppend(&why, restricted ? " (not executable by the container's user, or no landlock "
                                       "rule allows to read and execute it and its libraries)"
                                     : " (not executable by the container's user)");
  } else if (error == EAGAIN) {
    absl::StrAppend(&why, " (the user has as many processes as its limit nproc allows)");
  } else if (error == ELOOP) {
    absl::StrAppend(&why, " (a link of /proc leads out of the container, or links in a circle)");
  } else if (error == ENOEXEC) {
    absl::StrAppend(&why, " (built for another machine, or a script without #!)");
  }
  absl::Status status = WithErrno(absl::StrCat("cannot run '", name, "': ", why), error);
  status.SetPayload(kExecPayload, absl::Cord(is_execve ? kExecve : ""));
  return status;
}

// Why the kernel refuses what is only a number, as far as it can be said; "" if not.
std::string Why(const Op& op, const ChildReport& report) {
  if (const auto* limit = std::get_if<SetRlimit>(&op); limit && report.error == EPERM) {
    return WhyNoRlimit(*limit);
  }
  constexpr uint32_t kDeadline = 6;  // SCHED_DEADLINE
  if (const auto* scheduler = std::get_if<SetScheduler>(&op);
      scheduler && report.error == EPERM && scheduler->traits.policy == kDeadline) {
    return "process scheduler can't be used together with AllowedCPUs: it needs all of them "
           "(sched_setattr(2))";
  }
  if (std::holds_alternative<SetOomScoreAdj>(op) && report.error == EACCES) {
    return "lowering it needs CAP_SYS_RESOURCE";
  }
  if (report.error == ELOOP && (report.part == Part::kTarget || report.part == Part::kMakeTarget)) {
    return std::holds_alternative<MountFilesystem>(op)
               ? "it is a link in the image, or lies behind one, and must be mounted on ordinary "
                 "directory"
               : "its target lies behind a link of /proc, which leads out of the container, or "
                 "links in a circle";
  }
  if (std::holds_alternative<MountOverlayRoot>(op) && report.error == EINVAL) {
    return "the kernel takes no such layers (in a user namespace: none with mounts below them)";
  }
  if (std::holds_alternative<BindMount>(op) && report.part == Part::kCall &&
      (report.error == EINVAL || report.error == ENOTDIR)) {
    return "a folder can be bound only to a folder, a file only to what is none";
  }
  if (const auto* sysctl = std::get_if<WriteSysctl>(&op)) {
    if (report.part == Part::kTarget && report.error == ENOENT) {
      return "this kernel has no such setting for a namespace of its own";
    }
    if (report.part == Part::kTarget && report.error == EXDEV) {
      return "something is mounted over it";
    }
    if (report.part == Part::kCall) {
      return absl::StrCat("the kernel does not take the value '", sysctl->value, "'");
    }
  }
  if (const auto* device = std::get_if<MakeDevice>(&op); device && report.error == EEXIST) {
    if (report.part == Part::kCall) return absl::StrCat(device->target, " has incorrect ftype");
    return absl::StrCat(device->target, " has incorrect major:minor: ", major(report.item), ":",
                        minor(report.item), " doesn't match expected ", device->major, ":",
                        device->minor);
  }
  if (std::holds_alternative<SetExecLabel>(op)) {
    if (report.error == ENOENT && report.part == Part::kCall) return "no such profile is loaded";
    if (report.error == EINVAL) return "the kernel knows no such label";
  }
  if (std::holds_alternative<RestrictPaths>(op) && report.part == Part::kCall) {
    if (report.error == EOPNOTSUPP) return "Landlock is switched off";
    if (report.error == ENOSYS) return "this kernel has no Landlock";
  }
  return "";
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
    case Part::kItem: {
      const auto* devices = report.index < plan.ops.size()
                                ? std::get_if<MakeHostDevices>(&plan.ops[report.index])
                                : nullptr;
      if (devices != nullptr && report.item < devices->nodes.size()) {
        return absl::StrCat("/dev", devices->nodes[report.item].below);
      }
      const auto* paths = report.index < plan.ops.size()
                              ? std::get_if<RestrictPaths>(&plan.ops[report.index])
                              : nullptr;
      return paths != nullptr && report.item < paths->rules.size()
                 ? absl::StrCat("path ", paths->rules[report.item].path)
                 : "";
    }
    case Part::kProc:
      return "/proc/sys of the container is no proc file system";
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
    case Part::kJoin: {
      const NamespaceJoins joins = ChildJoins(plan);
      return report.index < joins.size()
                 ? absl::StrCat("joining the ", RowOf(joins[report.index].kind).name, " namespace ",
                                JoinText(joins[report.index]))
                 : "";
    }
    case Part::kClocks:
      return "setting the clocks of the time namespace";
    case Part::kBetween:
      return "the process between";
    case Part::kClone:
      return "making the container's namespaces";
    case Part::kSession:
      return "making the session";
    case Part::kStandardStream:
      return absl::StrCat("standard stream ", report.index);
    case Part::kListener:
      return "handing over its listener";
    case Part::kCopy:
      return "copying into it what was there";
    case Part::kProgram:
      return "the program";
  }
  return "";
}

bool IsWithinStep(Part part) {
  return part == Part::kCall || part == Part::kRights || part == Part::kTarget ||
         part == Part::kMakeTarget || part == Part::kNullDevice || part == Part::kItem ||
         part == Part::kProc || part == Part::kListener || part == Part::kCopy;
}

}  // namespace

absl::Status WordFailure(const LaunchPlan& plan, const ChildReport& report) {
  if (report.part == Part::kProgram && !plan.ops.empty()) {
    if (const auto* exec = std::get_if<Exec>(&plan.ops.back())) {
      return WordExec(plan, *exec, report.error, /*is_execve=*/false);
    }
  }
  const std::string tried = Tried(plan, report);
  if (report.part == Part::kClocks && report.error == ERANGE) {
    return WithErrno(
        "setting the clocks of the time namespace: an offset would make a clock "
        "negative, or go beyond what the kernel counts",
        ERANGE);
  }
  if (report.part == Part::kJoin && report.error == EINVAL) {
    // setns(2): of a user namespace only this can be meant.
    return WithErrno(absl::StrCat(tried, ": it is the one that the launcher is in"), EINVAL);
  }
  if (!IsWithinStep(report.part) || report.index >= plan.ops.size()) {
    return ErrnoStatus(report.error, tried.empty() ? "the container's first process" : tried);
  }
  const Op& op = plan.ops[report.index];
  if (const auto* exec = std::get_if<Exec>(&op); exec && report.part == Part::kCall) {
    return WordExec(plan, *exec, report.error, /*is_execve=*/true);
  }
  const std::string step = absl::StrCat("step ", report.index, ", ", Describe(op));
  if (const std::string why = Why(op, report); !why.empty()) {
    return WithErrno(absl::StrCat(step, ": ", std::strerror(report.error), ": ", why),
                     report.error);
  }
  return ErrnoStatus(report.error, tried.empty() ? step : absl::StrCat(step, ": ", tried));
}

bool IsExecFailure(const absl::Status& status) {
  return status.GetPayload(kExecPayload).has_value();
}

bool IsExecveFailure(const absl::Status& status) {
  return status.GetPayload(kExecPayload) == absl::Cord(kExecve);
}

int ExitCodeFor(const absl::Status& status) {
  constexpr int kRuntimeFailed = 125, kCannotInvoke = 126, kNotFound = 127;
  // Only the step that runs the program has codes of its own, whatever errno another one gave.
  if (!IsExecFailure(status)) return kRuntimeFailed;
  const int error = FindErrno(status).value_or(0);
  return error == ENOENT || error == ENOTDIR ? kNotFound : kCannotInvoke;
}

}  // namespace pelagos::launch
