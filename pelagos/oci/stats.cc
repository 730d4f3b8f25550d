#include "pelagos/oci/stats.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/cgroup_counters.h"
#include "pelagos/sys/hooked_program.h"

namespace pelagos::oci {
namespace {

using Json = nlohmann::ordered_json;

class Counters {
 public:
  explicit Counters(const CgroupFolders& folders) : folders_(folders) {}

  // The folder of a controller, v1's first; nullopt where nobody counts.
  std::optional<std::string> Folder(const char* v1, const char* v2, bool* in_v1) const {
    const auto found = folders_.v1.find(v1);
    *in_v1 = found != folders_.v1.end();
    if (*in_v1) return found->second;
    if (!folders_.v2.empty() && folders_.v2_controllers.count(v2) != 0) return folders_.v2;
    return std::nullopt;
  }

  // A number; "max" is the largest.
  static uint64_t Number(const std::string& path) { return sys::ReadCounter(path).value_or(0); }

 private:
  const CgroupFolders& folders_;
};

Json Cpu(const Counters& counters) {
  constexpr uint64_t kMicro = 1000, kTick = 10'000'000;  // ns
  bool v1 = false;
  Json usage = {{"total", 0}, {"kernel", 0}, {"user", 0}};
  Json throttling = Json::object();
  if (const auto folder = counters.Folder("cpuacct", "cpu", &v1)) {
    if (v1) {
      const auto table = sys::ReadCounterTable(*folder + "/cpuacct.stat");
      usage = {{"total", Counters::Number(*folder + "/cpuacct.usage")},
               {"kernel", sys::CounterOf(table, "system") * kTick},
               {"user", sys::CounterOf(table, "user") * kTick}};
    } else {
      const auto table = sys::ReadCounterTable(*folder + "/cpu.stat");
      usage = {{"total", sys::CounterOf(table, "usage_usec") * kMicro},
               {"kernel", sys::CounterOf(table, "system_usec") * kMicro},
               {"user", sys::CounterOf(table, "user_usec") * kMicro}};
    }
  }
  if (const auto folder = counters.Folder("cpu", "cpu", &v1)) {
    const auto table = sys::ReadCounterTable(*folder + "/cpu.stat");
    throttling = {{"periods", sys::CounterOf(table, "nr_periods")},
                  {"throttledPeriods", sys::CounterOf(table, "nr_throttled")},
                  {"throttledTime", v1 ? sys::CounterOf(table, "throttled_time")
                                       : sys::CounterOf(table, "throttled_usec") * kMicro}};
  }
  return {{"usage", usage}, {"throttling", throttling}};
}

Json Memory(const Counters& counters) {
  bool v1 = false;
  const auto folder = counters.Folder("memory", "memory", &v1);
  if (!folder) return Json::object();
  const auto table = sys::ReadCounterTable(*folder + "/memory.stat");
  const auto entry = [&](const char* usage, const char* limit, const char* most) {
    return Json{{"limit", Counters::Number(*folder + limit)},
                {"usage", Counters::Number(*folder + usage)},
                {"max", Counters::Number(*folder + most)},
                {"failcnt", 0}};
  };
  Json json = {{"cache", v1 ? sys::CounterOf(table, "cache") : sys::CounterOf(table, "file")}};
  if (v1) {
    json["usage"] =
        entry("/memory.usage_in_bytes", "/memory.limit_in_bytes", "/memory.max_usage_in_bytes");
    json["swap"] = entry("/memory.memsw.usage_in_bytes", "/memory.memsw.limit_in_bytes",
                         "/memory.memsw.max_usage_in_bytes");
  } else {
    json["usage"] = entry("/memory.current", "/memory.max", "/memory.peak");
    json["swap"] = entry("/memory.swap.current", "/memory.swap.max", "/memory.swap.peak");
  }
  json["raw"] = table;
  return json;
}

Json Pids(const Counters& counters) {
  bool v1 = false;
  const auto folder = counters.Folder("pids", "pids", &v1);
  if (!folder) return Json::object();
  const uint64_t limit = Counters::Number(*folder + "/pids.max");
  return {{"current", Counters::Number(*folder + "/pids.current")},
          {"limit", limit == ~uint64_t{0} ? 0 : limit}};
}

Json Io(const Counters& counters) {
  bool v1 = false;
  sys::DeviceCounts counts;
  if (const auto folder = counters.Folder("blkio", "io", &v1)) {
    counts = v1 ? sys::ReadDeviceCounts1(*folder) : sys::ReadDeviceCounts2(*folder);
  }
  const auto list = [](const std::vector<sys::DeviceCount>& all) {
    Json json = Json::array();
    for (const sys::DeviceCount& one : all) {
      json.push_back(
          {{"major", one.major}, {"minor", one.minor}, {"op", one.op}, {"value", one.value}});
    }
    return json;
  };
  return {{"ioServiceBytesRecursive", list(counts.bytes)},
          {"ioServicedRecursive", list(counts.operations)}};
}

}  // namespace

absl::StatusOr<std::string> StatsJson(const Record& record) {
  const Counters counters(record.cgroups);
  const Json json = {{"type", "stats"},
                     {"id", record.id},
                     {"data",
                      {{"cpu", Cpu(counters)},
                       {"memory", Memory(counters)},
                       {"pids", Pids(counters)},
                       {"blkio", Io(counters)},
                       {"hugetlb", Json::object()},
                       {"intel_rdt", Json::object()},
                       {"network_interfaces", nullptr}}}};
  return json.dump();
}

absl::StatusOr<std::string> HostPs(const std::vector<std::string>& options,
                                   const std::vector<pid_t>& pids) {
  sys::HookedProgram program;
  for (const char* path : {"/usr/bin/ps", "/bin/ps"}) {
    if (::access(path, X_OK) == 0) program.path = path;
  }
  if (program.path.empty()) return absl::NotFoundError("this host has no ps(1)");
  program.argv = {"ps"};
  program.most_output = 64 << 20;
  program.argv.insert(program.argv.end(), options.begin(), options.end());
  PELAGOS_ASSIGN_OR_RETURN(const sys::HookedResult result, sys::RunHooked(program));
  if (result.code != 0)
    return absl::AbortedError(absl::StrCat("ps: ", result.errors, result.output));
  const std::vector<std::string> lines = absl::StrSplit(result.output, '\n', absl::SkipEmpty());
  if (lines.empty()) return absl::InternalError("ps printed nothing");
  const std::vector<std::string> heading =
      absl::StrSplit(lines[0], absl::ByAnyChar(" \t"), absl::SkipEmpty());
  const auto column = std::find(heading.begin(), heading.end(), "PID");
  if (column == heading.end())
    return absl::InvalidArgumentError("couldn't find PID field in ps output");
  const size_t at = static_cast<size_t>(column - heading.begin());
  std::string text = lines[0] + "\n";
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> fields =
        absl::StrSplit(lines[i], absl::ByAnyChar(" \t"), absl::SkipEmpty());
    pid_t pid = 0;
    if (at >= fields.size() || !absl::SimpleAtoi(fields[at], &pid)) continue;
    if (std::binary_search(pids.begin(), pids.end(), pid)) absl::StrAppend(&text, lines[i], "\n");
  }
  return text;
}

}  // namespace pelagos::oci
