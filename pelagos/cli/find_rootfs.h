// `--rootfs NAME`: a root folder that has a name, see store/rootfs.h.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/spec/container.h"
#include "pelagos/store/paths.h"
#include "pelagos/store/rootfs.h"

namespace pelagos::cli {

// What has no slash and is such a name becomes the folder's path; all else stays as it is.
inline absl::Status FindRootfs(const store::Roots& roots, ContainerSpec& spec) {
  if (spec.rootfs.empty() || spec.rootfs.find('/') != std::string::npos) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<std::string> named,
                           store::FindRootFolder(roots, spec.rootfs));
  if (named) spec.rootfs = *named;
  return absl::OkStatus();
}

}  // namespace pelagos::cli
