// Devices of the host that a container has too: the nodes. Which of them may be used, and how, is
// the device rules' part.
//
// Values. Source: docker-run(1), --device; mknod(2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/policy/mount_plan.h"

namespace pelagos {

struct Device {
  std::string source;          // a device of the host, or a folder: all devices below it
  std::string target;          // below /dev
  std::string access = "rwm";  // read, write, mknod
  std::optional<uint32_t> mode = {}, uid = {}, gid = {};  // else the host's
  friend bool operator==(const Device&, const Device&) = default;
};

// One node, as the host has it.
struct HostDevice {
  std::string below;  // of the source, where that is a folder: "/controlC0"; else ""
  bool block = false;
  uint32_t major = 0, minor = 0;
  uint32_t mode = 0600, uid = 0, gid = 0;
  friend bool operator==(const HostDevice&, const HostDevice&) = default;
};

// As the end of a sentence, or "".
constexpr absl::string_view DeviceTargetProblem(absl::string_view target) {
  constexpr absl::string_view kDev = "/dev/";
  if (target.substr(0, kDev.size()) != kDev) return "must be below /dev";
  return TargetProblem(target);
}

// Letters of "rwm", each at most once, at least one.
constexpr bool IsDeviceAccess(absl::string_view text) {
  if (text.empty()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != 'r' && text[i] != 'w' && text[i] != 'm') return false;
    if (text.substr(0, i).find(text[i]) != absl::string_view::npos) return false;
  }
  return true;
}

// "HOST[:INSIDE][:ACCESS]"; nullopt unless HOST and INSIDE are absolute.
inline std::optional<Device> ParseDevice(absl::string_view text) {
  std::vector<absl::string_view> parts;
  for (size_t begin = 0;;) {
    const size_t colon = text.find(':', begin);
    parts.push_back(text.substr(begin, colon - begin));
    if (colon == absl::string_view::npos) break;
    begin = colon + 1;
  }
  Device device;
  if (parts.size() > 1 && IsDeviceAccess(parts.back())) {
    device.access = std::string(parts.back());
    parts.pop_back();
  }
  if (parts.size() > 2) return std::nullopt;
  for (absl::string_view path : parts) {
    if (path.empty() || path[0] != '/') return std::nullopt;
  }
  device.source = std::string(parts[0]);
  device.target = std::string(parts.back());
  return device;
}

}  // namespace pelagos
