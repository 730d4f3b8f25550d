// What the kernel says of the calling thread in one file: cheaper than asking for each fact.
//
// Source: proc_pid_status(5).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/octal.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::sys {

// A value. Sets are bits: 1 << capability, 1 << (signal - 1).
struct SelfStatus {
  uint32_t pid = 0;  // of the process, in the pid namespace that /proc is of
  uint32_t umask = 022;
  uint32_t uids[3] = {};  // real, effective, saved
  uint32_t gids[3] = {};
  uint64_t ignored_signals = 0;
  uint64_t permitted = 0, effective = 0, bounding = 0;

  // All three user and group ids are these.
  bool HasIds(uint32_t uid, uint32_t gid) const {
    for (int i = 0; i < 3; ++i) {
      if (uids[i] != uid || gids[i] != gid) return false;
    }
    return true;
  }
};

namespace internal {

inline bool ParseIds(absl::string_view text, uint32_t (&ids)[3]) {
  const std::vector<absl::string_view> fields =
      absl::StrSplit(text, absl::ByAnyChar("\t "), absl::SkipEmpty());
  if (fields.size() < 3) return false;
  for (size_t i = 0; i < 3; ++i) {
    if (!absl::SimpleAtoi(fields[i], &ids[i])) return false;
  }
  return true;
}

}  // namespace internal

// `text` is the content of the file; nullopt if a line that is needed is missing or not understood.
inline std::optional<SelfStatus> ParseSelfStatus(absl::string_view text) {
  SelfStatus status;
  int found = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) continue;
    const absl::string_view key = line.substr(0, colon);
    const absl::string_view value = absl::StripAsciiWhitespace(line.substr(colon + 1));
    bool good = true;
    if (key == "Tgid") {
      good = absl::SimpleAtoi(value, &status.pid);
    } else if (key == "Umask") {
      const std::optional<uint32_t> umask = ParseOctal(value, 0777);
      good = umask.has_value();
      status.umask = umask.value_or(0);
    } else if (key == "Uid") {
      good = internal::ParseIds(value, status.uids);
    } else if (key == "Gid") {
      good = internal::ParseIds(value, status.gids);
    } else if (key == "SigIgn") {
      good = absl::SimpleHexAtoi(value, &status.ignored_signals);
    } else if (key == "CapPrm") {
      good = absl::SimpleHexAtoi(value, &status.permitted);
    } else if (key == "CapEff") {
      good = absl::SimpleHexAtoi(value, &status.effective);
    } else if (key == "CapBnd") {
      good = absl::SimpleHexAtoi(value, &status.bounding);
    } else {
      continue;
    }
    if (!good) return std::nullopt;
    ++found;
  }
  constexpr int kNeeded = 8;
  if (found != kNeeded) return std::nullopt;
  return status;
}

// kOnly: the process has no other thread, and the kernel finds the file faster.
enum class CallingThread : uint8_t { kAny, kOnly };

inline absl::StatusOr<SelfStatus> ReadSelfStatus(CallingThread thread = CallingThread::kAny) {
  const std::string path =
      thread == CallingThread::kOnly ? "/proc/self/status" : "/proc/thread-self/status";
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, ReadFileAtOnce(path, 1 << 20));
  const std::optional<SelfStatus> status = ParseSelfStatus(text);
  if (!status) return absl::InternalError(absl::StrCat(path, " is not understood"));
  return *status;
}

}  // namespace pelagos::sys
