#include "pelagos/oci/resctrl.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::oci {
namespace {

constexpr char kAt[] = "/linux/intelRdt";
constexpr size_t kMostSchemata = 1 << 16;

// The lines as the kernel takes them. A line for memory in l3CacheSchema counts only without
// memBwSchema.
std::vector<std::string> LinesOf(const IntelRdt& rdt) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(rdt.l3_cache_schema, '\n', absl::SkipEmpty())) {
    if (rdt.mem_bw_schema.empty() || !absl::StartsWith(line, "MB:")) lines.emplace_back(line);
  }
  if (!rdt.mem_bw_schema.empty()) lines.push_back(rdt.mem_bw_schema);
  lines.insert(lines.end(), rdt.schemata.begin(), rdt.schemata.end());
  return lines;
}

// "  L3:0=7f0;1=1f" and "L3:0=7f0;1=1f" are the same.
std::set<std::string> SharesOf(absl::string_view text) {
  std::set<std::string> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipWhitespace())) {
    lines.insert(std::string(absl::StripAsciiWhitespace(line)));
  }
  return lines;
}

absl::Status CheckShares(const ResctrlSteps& steps) {
  if (steps.schemata.empty()) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const std::string text,
                           sys::ReadFile(steps.group + "/schemata", kMostSchemata));
  const std::set<std::string> are = SharesOf(text);
  for (const std::string& line : SharesOf(steps.schemata)) {
    if (are.count(line) != 0) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(kAt, ": '", steps.group, "' is there with other shares than '", line, "'"));
  }
  return absl::OkStatus();
}

// False: it was there.
absl::StatusOr<bool> MakeGroup(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0755) == 0) return true;
  if (errno == EEXIST) return false;
  return ErrnoStatus(errno, "mkdir", folder);
}

absl::Status RemoveGroup(const std::string& folder) {
  if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, "rmdir", folder);
}

}  // namespace

std::string FindResctrl(absl::string_view mountinfo) {
  for (absl::string_view line : absl::StrSplit(mountinfo, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    constexpr size_t kPoint = 4;
    if (fields.size() > kPoint && fields.end() - dash > 1 && *(dash + 1) == "resctrl") {
      return std::string(fields[kPoint]);
    }
  }
  return "";
}

ResctrlSteps PlanResctrl(const IntelRdt& rdt, const std::string& id, const std::string& mount,
                         Mistakes& mistakes) {
  if (mount.empty()) {
    mistakes.Add(kAt,
                 "intelRdt is specified in config, but Intel RDT is not supported or enabled: no "
                 "resctrl file system is mounted on this host");
  }
  const bool is_root = rdt.clos_id == "/";
  if (!is_root &&
      (absl::StrContains(rdt.clos_id, '/') || rdt.clos_id == "." || rdt.clos_id == "..")) {
    mistakes.Add(absl::StrCat(kAt, "/closID"), "must be the name of a folder");
  }
  if (absl::StrContains(rdt.mem_bw_schema, '\n') ||
      (!rdt.mem_bw_schema.empty() && !absl::StartsWith(rdt.mem_bw_schema, "MB:"))) {
    mistakes.Add(absl::StrCat(kAt, "/memBwSchema"), "must be one line that begins with MB:");
  }
  for (size_t i = 0; i < rdt.schemata.size(); ++i) {
    if (absl::StrContains(rdt.schemata[i], '\n')) {
      mistakes.Add(absl::StrCat(kAt, "/schemata/", i), "must be one line");
    }
  }
  ResctrlSteps steps;
  const std::vector<std::string> lines = LinesOf(rdt);
  if (!lines.empty()) steps.schemata = absl::StrJoin(lines, "\n") + "\n";
  steps.group = is_root ? mount : absl::StrCat(mount, "/", rdt.clos_id.empty() ? id : rdt.clos_id);
  steps.owned = rdt.clos_id.empty();
  steps.must_exist = !rdt.clos_id.empty() && lines.empty();
  if (rdt.enable_monitoring || rdt.enable_cmt || rdt.enable_mbm) {
    steps.monitor = absl::StrCat(steps.group, "/mon_groups/", id);
  }
  return steps;
}

absl::Status MakeResctrl(const ResctrlSteps& steps) {
  if (steps.group.empty()) return absl::OkStatus();
  const bool there = ::access(steps.group.c_str(), F_OK) == 0;
  if (!there && steps.must_exist) {
    return absl::FailedPreconditionError(
        absl::StrCat(kAt, "/closID: '", steps.group, "' is not there, and has no schema"));
  }
  bool made = false;
  if (!there) {
    PELAGOS_ASSIGN_OR_RETURN(made, MakeGroup(steps.group));
  }
  const auto finish = [&]() -> absl::Status {
    if (!made) {
      PELAGOS_RETURN_IF_ERROR(CheckShares(steps));
    } else if (!steps.schemata.empty()) {
      PELAGOS_RETURN_IF_ERROR(sys::WriteKernelFile(steps.group + "/schemata", steps.schemata));
    }
    return steps.monitor.empty() ? absl::OkStatus() : MakeGroup(steps.monitor).status();
  };
  const absl::Status finished = finish();
  if (!finished.ok() && made) RemoveGroup(steps.group).IgnoreError();
  return finished;
}

absl::Status JoinResctrl(const ResctrlSteps& steps, pid_t pid) {
  if (steps.group.empty()) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(sys::WriteKernelFile(steps.group + "/tasks", absl::StrCat(pid)));
  if (steps.monitor.empty()) return absl::OkStatus();
  return sys::WriteKernelFile(steps.monitor + "/tasks", absl::StrCat(pid));
}

absl::Status RemoveResctrl(const ResctrlSteps& steps) {
  if (!steps.monitor.empty()) PELAGOS_RETURN_IF_ERROR(RemoveGroup(steps.monitor));
  return steps.owned ? RemoveGroup(steps.group) : absl::OkStatus();
}

}  // namespace pelagos::oci
