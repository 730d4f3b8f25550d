// Limits of what a container reads from and writes to one block device.
//
// Values. Source: cgroup-v2.rst ("io.max"), cgroup-v1/blkio-controller.rst, docker-run(1).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "pelagos/policy/byte_size.h"

namespace pelagos {

enum class IoLimitKind : uint8_t { kReadBps, kWriteBps, kReadIops, kWriteIops };

struct IoLimitRow {
  IoLimitKind value;
  absl::string_view name;     // Docker's flag
  absl::string_view v2_key;   // in io.max
  absl::string_view v1_file;  // in the blkio hierarchy
  bool bytes;                 // the rate may have a unit: "1m"
};

inline constexpr std::array<IoLimitRow, 4> kIoLimitKinds = {{
    {IoLimitKind::kReadBps, "device-read-bps", "rbps", "blkio.throttle.read_bps_device", true},
    {IoLimitKind::kWriteBps, "device-write-bps", "wbps", "blkio.throttle.write_bps_device", true},
    {IoLimitKind::kReadIops, "device-read-iops", "riops", "blkio.throttle.read_iops_device", false},
    {IoLimitKind::kWriteIops, "device-write-iops", "wiops", "blkio.throttle.write_iops_device",
     false},
}};

constexpr const IoLimitRow& RowOf(IoLimitKind kind) {
  return kIoLimitKinds[static_cast<size_t>(kind)];
}

struct IoLimit {
  IoLimitKind kind = IoLimitKind::kReadBps;
  std::string device;  // a path of the host
  uint64_t rate = 0;   // bytes or operations per second
  friend bool operator==(const IoLimit&, const IoLimit&) = default;
};

// "PATH:RATE" of one kind: "/dev/vda:1m". nullopt unless the path is absolute and the rate
// positive.
inline std::optional<IoLimit> ParseIoLimit(IoLimitKind kind, absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos || text[0] != '/') return std::nullopt;
  const absl::string_view rate_text = text.substr(colon + 1);
  const absl::string_view digits = "0123456789";
  if (!RowOf(kind).bytes && rate_text.find_first_not_of(digits) != absl::string_view::npos) {
    return std::nullopt;
  }
  const std::optional<uint64_t> rate = ParseByteSize(rate_text);
  if (!rate) return std::nullopt;
  return IoLimit{kind, std::string(text.substr(0, colon)), *rate};
}

// "device-read-bps /dev/vda:1048576", which FindIoLimit reads.
inline std::string IoLimitText(const IoLimit& limit) {
  return std::string(RowOf(limit.kind).name) + " " + limit.device + ":" +
         std::to_string(limit.rate);
}
inline std::optional<IoLimit> FindIoLimit(absl::string_view text) {
  const size_t blank = text.find(' ');
  if (blank == absl::string_view::npos) return std::nullopt;
  for (const IoLimitRow& row : kIoLimitKinds) {
    if (row.name == text.substr(0, blank)) return ParseIoLimit(row.value, text.substr(blank + 1));
  }
  return std::nullopt;
}

}  // namespace pelagos
