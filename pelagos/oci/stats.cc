#include "pelagos/oci/stats.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/hooked_program.h"

namespace pelagos::oci {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostFile = 1 << 20;

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
  static uint64_t Number(const std::string& path) {
    const auto text = sys::ReadFile(path, kMostFile);
    uint64_t value = 0;
    if (!text.ok()) return 0;
    const absl::string_view plain = absl::StripAsciiWhitespace(*text);
    if (plain == "max") return ~uint64_t{0};
    return absl::SimpleAtoi(plain, &value) ? value : 0;
  }

  // "key number" lines.
  static std::map<std::string, uint64_t> Table(const std::string& path) {
    std::map<std::string, uint64_t> table;
    const auto text = sys::ReadFile(path, kMostFile);
    if (!text.ok()) return table;
    for (absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
      const std::vector<std::string> parts = absl::StrSplit(line, ' ');
      uint64_t value = 0;
      if (parts.size() == 2 && absl::SimpleAtoi(parts[1], &value)) table[parts[0]] = value;
    }
    return table;
  }

 private:
  const CgroupFolders& folders_;
};

uint64_t At(const std::map<std::string, uint64_t>& table, const char* key) {
  const auto found = table.find(key);
  return found == table.end() ? 0 : found->second;
}

Json Cpu(const Counters& counters) {
  constexpr uint64_t kMicro = 1000, kTick = 10'000'000;  // ns
  bool v1 = false;
  Json usage = {{"total", 0}, {"kernel", 0}, {"user", 0}};
  Json throttling = Json::object();
  if (const auto folder = counters.Folder("cpuacct", "cpu", &v1)) {
    if (v1) {
      const auto table = Counters::Table(*folder + "/cpuacct.stat");
      usage = {{"total", Counters::Number(*folder + "/cpuacct.usage")},
               {"kernel", At(table, "system") * kTick},
               {"user", At(table, "user") * kTick}};
    } else {
      const auto table = Counters::Table(*folder + "/cpu.stat");
      usage = {{"total", At(table, "usage_usec") * kMicro},
               {"kernel", At(table, "system_usec") * kMicro},
               {"user", At(table, "user_usec") * kMicro}};
    }
  }
  if (const auto folder = counters.Folder("cpu", "cpu", &v1)) {
    const auto table = Counters::Table(*folder + "/cpu.stat");
    throttling = {
        {"periods", At(table, "nr_periods")},
        {"throttledPeriods", At(table, "nr_throttled")},
        {"throttledTime", v1 ? At(table, "throttled_time") : At(table, "throttled_usec") * kMicro}};
  }
  return {{"usage", usage}, {"throttling", throttling}};
}

Json Memory(const Counters& counters) {
  bool v1 = false;
  const auto folder = counters.Folder("memory", "memory", &v1);
  if (!folder) return Json::object();
  const auto table = Counters::Table(*folder + "/memory.stat");
  const auto entry = [&](const char* usage, const char* limit, const char* most) {
    return Json{{"limit", Counters::Number(*folder + limit)},
                {"usage", Counters::Number(*folder + usage)},
                {"max", Counters::Number(*folder + most)},
                {"failcnt", 0}};
  };
  Json json = {{"cache", v1 ? At(table, "cache") : At(table, "file")}};
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

// "Major:Minor ... key=value" of io.stat, "Major:Minor Op value" of blkio.
Json Io(const Counters& counters) {
  bool v1 = false;
  Json bytes = Json::array(), operations = Json::array();
  const auto folder = counters.Folder("blkio", "io", &v1);
  const auto add = [](Json& list, absl::string_view device, absl::string_view op,
                      absl::string_view number) {
    const std::vector<std::string> parts = absl::StrSplit(device, ':');
    uint64_t major = 0, minor = 0, value = 0;
    if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &major) ||
        !absl::SimpleAtoi(parts[1], &minor) || !absl::SimpleAtoi(number, &value)) {
      return;
    }
    list.push_back({{"major", major}, {"minor", minor}, {"op", std::string(op)}, {"value", value}});
  };
  const auto lines = [&](const char* file) {
    const auto text = sys::ReadFile(*folder + file, kMostFile);
    return text.ok() ? std::vector<std::string>(absl::StrSplit(*text, '\n', absl::SkipEmpty()))
                     : std::vector<std::string>();
  };
  if (folder && v1) {
    for (auto [list, file] : {std::pair(&bytes, "/blkio.throttle.io_service_bytes"),
                              std::pair(&operations, "/blkio.throttle.io_serviced")}) {
      for (const std::string& line : lines(file)) {
        const std::vector<std::string> parts = absl::StrSplit(line, ' ');
        if (parts.size() == 3) add(*list, parts[0], parts[1], parts[2]);
      }
    }
  } else if (folder) {
    for (const std::string& line : lines("/io.stat")) {
      const std::vector<std::string> parts = absl::StrSplit(line, ' ', absl::SkipEmpty());
      for (size_t i = 1; i < parts.size(); ++i) {
        absl::string_view value = parts[i];
        if (absl::ConsumePrefix(&value, "rbytes=")) add(bytes, parts[0], "Read", value);
        if (absl::ConsumePrefix(&value, "wbytes=")) add(bytes, parts[0], "Write", value);
        if (absl::ConsumePrefix(&value, "rios=")) add(operations, parts[0], "Read", value);
        if (absl::ConsumePrefix(&value, "wios=")) add(operations, parts[0], "Write", value);
      }
    }
  }
  return {{"ioServiceBytesRecursive", bytes}, {"ioServicedRecursive", operations}};
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
