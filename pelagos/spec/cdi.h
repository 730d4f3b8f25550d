// Container Device Interface: devices that a vendor describes in files of the host.
//
// Source: cncf-tags/container-device-interface, SPEC.md, versions 0.3.0 to 0.8.0. JSON only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pelagos/spec/container.h"

namespace pelagos {

struct CdiFile {
  std::string path;  // for messages
  std::string text;
  int priority = 0;  // of its folder: a higher one hides devices of the same name in lower ones
};

// "vendor.com/class=name": what --device takes beside paths.
bool IsCdiName(absl::string_view text);

// Adds what the devices `names` need to the spec. InvalidArgument: a file that is none, two files
// of one priority that describe the same device, hooks (which nothing would run); a name that is in
// no file, with those that are.
absl::Status ApplyCdi(const std::vector<CdiFile>& files, const std::vector<std::string>& names,
                      ContainerSpec& spec);

}  // namespace pelagos
