// What pelagos asks of pelagos-image for `commit`: all decided, as a value that goes over its
// standard input as JSON.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/policy/id_map.h"

namespace pelagos::image {

struct CommitRequest {
  std::string reference;  // of the new image, canonical
  std::string base;       // the manifest of the container's image, "sha256:..."
  std::string upper;      // the container's writable layer, a folder of the host
  IdMap ids;              // of the container's user namespace
  std::string created;    // RFC 3339, UTC
  std::string author, message;
  std::string command;  // that the container ran: what the image's history says
  // What the container was run with, instead of the image's; in the order of the history's words.
  std::vector<std::string> env;  // KEY=VALUE, all of them
  std::optional<std::vector<std::string>> entrypoint, cmd;
  std::string workdir, user, stop_signal;  // empty: the image's
  std::map<std::string, std::string> labels;
  std::vector<std::string> changes;  // instructions of a Dockerfile

  friend bool operator==(const CommitRequest&, const CommitRequest&) = default;
};

std::string PrintCommitRequest(const CommitRequest& request);
// InvalidArgument names the field.
absl::StatusOr<CommitRequest> ParseCommitRequest(absl::string_view json);

}  // namespace pelagos::image
