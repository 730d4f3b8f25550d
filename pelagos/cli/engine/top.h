// `pelagos top`: the processes of a container, as the host sees them. Needs no program of the
// host's or the container's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/listing.h"
#include "pelagos/container/processes.h"

namespace pelagos::cli {

// What a row needs beside its process.
struct TopFacts {
  absl::Time now;
  absl::Time boot;                        // the machine's start
  uint64_t ticks_per_second = 100;        // of ProcessInfo
  uint64_t machine_bytes = 0;             // its memory
  std::map<uint32_t, std::string> users;  // of the host's passwd(5)
  absl::TimeZone zone;
};

// The columns that ps(1)'s options, or plain names, ask for: "", "-ef", "aux", "-o pid,args",
// "pid user". InvalidArgument names what there is.
absl::StatusOr<std::vector<Column>> TopColumns(const std::vector<std::string>& words);

// Requires: columns of TopColumns.
std::vector<std::string> TopCells(const container::ProcessInfo& process,
                                  const std::vector<Column>& columns, const TopFacts& facts);

std::vector<Command> TopCommands();

}  // namespace pelagos::cli
