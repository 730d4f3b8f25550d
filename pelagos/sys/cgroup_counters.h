// What the files of a cgroup count: single numbers, "key number" lines, bytes and operations of
// devices.
//
// Source: cgroup-v2.rst; cgroup-v1/ (cpuacct.rst, memory.rst, blkio-controller.rst). A file that is
// not there, or is not understood, counts nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "pelagos/sys/file.h"

namespace pelagos::sys {

inline constexpr size_t kMostCounters = 1 << 20;

// "max" is the largest number there is.
inline std::optional<uint64_t> ReadCounter(const std::string& path) {
  const auto text = ReadFile(path, kMostCounters);
  uint64_t value = 0;
  if (!text.ok()) return std::nullopt;
  const absl::string_view plain = absl::StripAsciiWhitespace(*text);
  if (plain == "max") return ~uint64_t{0};
  if (!absl::SimpleAtoi(plain, &value)) return std::nullopt;
  return value;
}

using CounterTable = std::map<std::string, uint64_t>;

inline CounterTable ReadCounterTable(const std::string& path) {
  CounterTable table;
  const auto text = ReadFile(path, kMostCounters);
  if (!text.ok()) return table;
  for (absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(line, ' ');
    uint64_t value = 0;
    if (parts.size() == 2 && absl::SimpleAtoi(parts[1], &value)) table[parts[0]] = value;
  }
  return table;
}

// 0 for what is not in the table.
inline uint64_t CounterOf(const CounterTable& table, const char* key) {
  const auto found = table.find(key);
  return found == table.end() ? 0 : found->second;
}

struct DeviceCount {
  uint64_t major = 0, minor = 0;
  std::string op;  // "Read", "Write"; v1 has more
  uint64_t value = 0;
};

struct DeviceCounts {
  std::vector<DeviceCount> bytes, operations;
};

namespace internal {

inline void AddDeviceCount(std::vector<DeviceCount>& list, absl::string_view device,
                           absl::string_view op, absl::string_view number) {
  const std::vector<std::string> parts = absl::StrSplit(device, ':');
  DeviceCount count;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &count.major) ||
      !absl::SimpleAtoi(parts[1], &count.minor) || !absl::SimpleAtoi(number, &count.value)) {
    return;
  }
  count.op = std::string(op);
  list.push_back(std::move(count));
}

inline std::vector<std::string> ReadLines(const std::string& path) {
  const auto text = ReadFile(path, kMostCounters);
  if (!text.ok()) return {};
  return absl::StrSplit(*text, '\n', absl::SkipEmpty());
}

}  // namespace internal

// Of io.stat of a folder of v2: "MAJOR:MINOR rbytes=N wbytes=N rios=N ...".
inline DeviceCounts ReadDeviceCounts2(const std::string& folder) {
  DeviceCounts counts;
  for (const std::string& line : internal::ReadLines(folder + "/io.stat")) {
    const std::vector<std::string> parts = absl::StrSplit(line, ' ', absl::SkipEmpty());
    for (size_t i = 1; i < parts.size(); ++i) {
      absl::string_view value = parts[i];
      const auto add = [&](std::vector<DeviceCount>& list, const char* op) {
        internal::AddDeviceCount(list, parts[0], op, value);
      };
      if (absl::ConsumePrefix(&value, "rbytes=")) add(counts.bytes, "Read");
      if (absl::ConsumePrefix(&value, "wbytes=")) add(counts.bytes, "Write");
      if (absl::ConsumePrefix(&value, "rios=")) add(counts.operations, "Read");
      if (absl::ConsumePrefix(&value, "wios=")) add(counts.operations, "Write");
    }
  }
  return counts;
}

// Of the throttling files of a folder of v1's blkio: "MAJOR:MINOR OP N".
inline DeviceCounts ReadDeviceCounts1(const std::string& folder) {
  DeviceCounts counts;
  for (auto [list, file] : {std::pair(&counts.bytes, "/blkio.throttle.io_service_bytes"),
                            std::pair(&counts.operations, "/blkio.throttle.io_serviced")}) {
    for (const std::string& line : internal::ReadLines(folder + file)) {
      const std::vector<std::string> parts = absl::StrSplit(line, ' ');
      if (parts.size() == 3) internal::AddDeviceCount(*list, parts[0], parts[1], parts[2]);
    }
  }
  return counts;
}

}  // namespace pelagos::sys
