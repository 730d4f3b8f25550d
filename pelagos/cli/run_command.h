// What `run` runs: --rootfs, --entrypoint, and the words behind the flags.
//
// As docker-run(1) has it: the words after the image stand in for its CMD, behind its ENTRYPOINT.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> CommandFlags();

// InvalidArgument names what is missing.
absl::Status ApplyCommand(const Arguments& args, ContainerSpec& spec);

// The words of a JSON list of strings, which Podman and image configs write; nullopt: it is none.
std::optional<std::vector<std::string>> WordsOfJson(absl::string_view text);

}  // namespace pelagos::cli
