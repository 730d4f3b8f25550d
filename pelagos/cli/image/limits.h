// The flags of commands that unpack images: what an image may unpack to.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/cli/command.h"
#include "pelagos/image/ingest.h"

namespace pelagos::cli {

inline constexpr Flag kMaxBytes = {"max-bytes", 0, "N",
                                   "refuse what unpacks to more (default 64 GiB)"};
inline constexpr Flag kMaxEntries = {"max-entries", 0, "N",
                                     "refuse more files than that (default 4 Mi)"};

// Fills in the limits; false after it has said what is wrong.
inline bool ReadLimits(const Arguments& args, image::IngestOptions& options) {
  const std::pair<const Flag*, uint64_t*> limits[] = {{&kMaxBytes, &options.max_bytes},
                                                      {&kMaxEntries, &options.max_entries}};
  for (const auto& [flag, limit] : limits) {
    if (!args.has(flag->name)) continue;
    const std::string value = args.value(flag->name);
    if (!absl::SimpleAtoi(value, limit) || *limit == 0) {
      Fail(absl::StrCat("--", flag->name, ": '", value, "' is not a number above 0"));
      return false;
    }
  }
  return true;
}

}  // namespace pelagos::cli
