#include "pelagos/cli/run_devices.h"

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/policy/device.h"
#include "pelagos/spec/cdi.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

constexpr size_t kLargestCdiFile = 4 << 20;

// Of rising priority.
constexpr const char* kCdiFolders[] = {"/etc/cdi", "/var/run/cdi"};

absl::StatusOr<std::vector<CdiFile>> ReadCdiFiles() {
  std::vector<CdiFile> files;
  int priority = 0;
  for (const char* folder : kCdiFolders) {
    const absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(folder);
    if (!names.ok() && !absl::IsNotFound(names.status())) return names.status();
    if (names.ok()) {
      for (const std::string& name : *names) {
        const std::string path = absl::StrCat(folder, "/", name);
        if (absl::EndsWith(name, ".yaml") || absl::EndsWith(name, ".yml")) {
          return absl::InvalidArgumentError(
              absl::StrCat("CDI file '", path, "': only JSON is read, no YAML"));
        }
        if (!absl::EndsWith(name, ".json")) continue;
        PELAGOS_ASSIGN_OR_RETURN(std::string text, sys::ReadFile(path, kLargestCdiFile));
        files.push_back({path, std::move(text), priority});
      }
    }
    ++priority;
  }
  return files;
}

}  // namespace

std::vector<Flag> DeviceFlags() {
  return {{"device", 0, "HOST[:INSIDE][:rwm]",
           "a device of the host, all of a folder, or VENDOR/CLASS=NAME of CDI"}};
}

absl::Status ApplyDevices(const Arguments& args, ContainerSpec& spec) {
  std::vector<std::string> cdi;
  for (const std::string& text : args.values("device")) {
    if (IsCdiName(text)) {
      cdi.push_back(text);
      continue;
    }
    std::optional<Device> device = ParseDevice(text);
    if (!device) {
      return absl::InvalidArgumentError(
          absl::StrCat("--device '", text,
                       "': expected HOST[:INSIDE][:ACCESS], absolute paths and letters of rwm, or "
                       "VENDOR/CLASS=NAME"));
    }
    spec.devices.push_back(*std::move(device));
  }
  if (cdi.empty()) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<CdiFile> files, ReadCdiFiles());
  return ApplyCdi(files, cdi, spec);
}

}  // namespace pelagos::cli
