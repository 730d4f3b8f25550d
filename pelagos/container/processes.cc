#include "pelagos/container/processes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/freezer.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"

namespace pelagos::container {
namespace {

constexpr size_t kMostProcFile = 4 << 20;

absl::Status NotRunning(const Found& found) {
  return absl::FailedPreconditionError(absl::StrCat("container '", found.name, "' does not run"));
}

// "/a/pelagos-ID" of "/a/pelagos-ID/b"; "" if the container has no folder there.
std::string OwnPart(absl::string_view path, absl::string_view id) {
  const std::string end = absl::StrCat("-", id);
  std::string own;
  for (absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    absl::StrAppend(&own, "/", part);
    if (absl::StartsWith(part, "pelagos-") && absl::EndsWith(part, end)) return own;
  }
  return "";
}

bool SameNamespace(pid_t a, absl::string_view b, const char* kind) {
  struct stat of_a, of_b;
  return ::stat(absl::StrCat("/proc/", a, "/ns/", kind).c_str(), &of_a) == 0 &&
         ::stat(absl::StrCat("/proc/", b, "/ns/", kind).c_str(), &of_b) == 0 &&
         of_a.st_ino == of_b.st_ino && of_a.st_dev == of_b.st_dev;
}

absl::StatusOr<std::vector<pid_t>> InPidNamespaceOf(const Found& found) {
  const pid_t init = found.state.init.pid;
  if (SameNamespace(init, "self", "pid")) {
    return absl::FailedPreconditionError(
        absl::StrCat("container '", found.name,
                     "' has neither a cgroup nor a pid namespace of its own: its processes cannot "
                     "be told from the host's"));
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names, sys::ListFolder("/proc"));
  std::vector<pid_t> pids;
  for (const std::string& name : names) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(name, &pid) && SameNamespace(init, name, "pid")) pids.push_back(pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

// The value of "Key:\t..." in a status file.
std::vector<absl::string_view> StatusLine(absl::string_view status, absl::string_view key) {
  for (absl::string_view line : absl::StrSplit(status, '\n')) {
    if (absl::ConsumePrefix(&line, key) && absl::ConsumePrefix(&line, ":")) {
      return absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    }
  }
  return {};
}

}  // namespace

OwnCgroups ParseOwnCgroups(absl::string_view text, absl::string_view id,
                           const sys::CgroupMounts& mounts) {
  OwnCgroups own;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    const std::string path = OwnPart(fields[2], id);
    if (path.empty()) continue;
    if (fields[1].empty()) {
      if (!mounts.v2_mount.empty()) own.v2 = mounts.v2_mount + path;
      continue;
    }
    for (absl::string_view controller : absl::StrSplit(fields[1], ',')) {
      const auto mount = mounts.v1_mounts.find(std::string(controller));
      if (mount != mounts.v1_mounts.end()) own.v1[mount->first] = mount->second + path;
    }
  }
  return own;
}

absl::StatusOr<OwnCgroups> FindOwnCgroups(const Found& found, const sys::CgroupMounts& mounts) {
  if (!found.running()) return NotRunning(found);
  const auto text =
      sys::ReadFile(absl::StrCat("/proc/", found.state.init.pid, "/cgroup"), kMostProcFile);
  // What was read is the container's if its first process is there still.
  if (!text.ok() || !sys::IsAlive(found.state.init)) return NotRunning(found);
  return ParseOwnCgroups(*text, found.id, mounts);
}

absl::StatusOr<std::vector<pid_t>> ProcessesOf(const Found& found, const OwnCgroups& cgroups) {
  std::string folder = cgroups.v2;
  if (folder.empty() && !cgroups.v1.empty()) folder = cgroups.v1.begin()->second;
  absl::StatusOr<std::vector<pid_t>> pids =
      folder.empty() ? InPidNamespaceOf(found) : launch::ProcessesBelow(folder);
  if (!sys::IsAlive(found.state.init)) return NotRunning(found);
  return pids;
}

std::optional<ProcessInfo> ParseProcess(absl::string_view stat, absl::string_view status,
                                        absl::string_view cmdline, uint64_t page) {
  // Fields by their numbers in the man page; from `state` on, behind the name, which may hold
  // anything.
  constexpr size_t kState = 3, kRss = 24;
  const size_t name_begin = stat.find('('), name_end = stat.rfind(')');
  if (name_begin == absl::string_view::npos || name_end == absl::string_view::npos ||
      name_end < name_begin) {
    return std::nullopt;
  }
  const std::vector<absl::string_view> fields =
      absl::StrSplit(stat.substr(name_end + 1), absl::ByAnyChar(" \n"), absl::SkipEmpty());
  if (fields.size() <= kRss - kState || fields[0].size() != 1) return std::nullopt;
  ProcessInfo info;
  bool ok = true;
  const auto number = [&](size_t field, auto* value) {
    ok = absl::SimpleAtoi(fields[field - kState], value) && ok;
  };
  ok = absl::SimpleAtoi(absl::StripAsciiWhitespace(stat.substr(0, name_begin)), &info.pid);
  info.name = std::string(stat.substr(name_begin + 1, name_end - name_begin - 1));
  info.state = fields[0][0];
  number(4, &info.parent);
  number(5, &info.group);
  number(6, &info.session);
  number(7, &info.terminal);
  number(14, &info.user_ticks);
  number(15, &info.system_ticks);
  number(19, &info.nice);
  number(20, &info.threads);
  number(22, &info.start_ticks);
  number(23, &info.virtual_bytes);
  uint64_t pages = 0;
  number(kRss, &pages);
  info.resident_bytes = pages * page;
  const std::vector<absl::string_view> uids = StatusLine(status, "Uid"),
                                       gids = StatusLine(status, "Gid"),
                                       inside = StatusLine(status, "NSpid");
  constexpr size_t kEffective = 1;
  if (!ok || uids.size() <= kEffective || gids.size() <= kEffective ||
      !absl::SimpleAtoi(uids[kEffective], &info.uid) ||
      !absl::SimpleAtoi(gids[kEffective], &info.gid)) {
    return std::nullopt;
  }
  if (inside.empty() || !absl::SimpleAtoi(inside.back(), &info.inside)) info.inside = info.pid;
  info.command = std::string(absl::StripSuffix(cmdline, absl::string_view("\0", 1)));
  std::replace(info.command.begin(), info.command.end(), '\0', ' ');
  if (info.command.empty()) info.command = absl::StrCat("[", info.name, "]");
  return info;
}

absl::StatusOr<std::vector<ProcessInfo>> ReadProcessesOf(const Found& found,
                                                         const OwnCgroups& cgroups) {
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<pid_t> before, ProcessesOf(found, cgroups));
  std::vector<ProcessInfo> all;
  for (const pid_t pid : before) {
    const std::string folder = absl::StrCat("/proc/", pid, "/");
    const auto stat = sys::ReadFile(folder + "stat", kMostProcFile);
    const auto status = sys::ReadFile(folder + "status", kMostProcFile);
    const auto cmdline = sys::ReadFile(folder + "cmdline", kMostProcFile);
    if (!stat.ok() || !status.ok() || !cmdline.ok()) continue;  // it has ended
    std::optional<ProcessInfo> info = ParseProcess(*stat, *status, *cmdline, page);
    if (info) all.push_back(*std::move(info));
  }
  // A pid that somebody else has by now is not among them any more.
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<pid_t> after, ProcessesOf(found, cgroups));
  all.erase(std::remove_if(all.begin(), all.end(),
                           [&](const ProcessInfo& info) {
                             return !std::binary_search(after.begin(), after.end(), info.pid);
                           }),
            all.end());
  return all;
}

}  // namespace pelagos::container
