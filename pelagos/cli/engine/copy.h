// `pelagos cp`: files between the host and containers, or two containers.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/cli/command.h"

namespace pelagos::cli {

std::vector<Command> CopyCommands();

namespace internal {
// "web:/etc/hosts", "./file:with-colon", "-". A path of the host begins with '/' or '.', or has no
// colon.
struct CopyPlace {
  std::string container;  // empty: the host
  std::string path;
  friend bool operator==(const CopyPlace&, const CopyPlace&) = default;
};
CopyPlace ParseCopyPlace(absl::string_view text);

// The last name of a path, "" of one that has none: "/", ".", "..", "a/.".
std::string LastName(absl::string_view path);
}  // namespace internal

}  // namespace pelagos::cli
