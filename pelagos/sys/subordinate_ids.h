// The ids of the host that are an ordinary user's to give away: /etc/subuid and /etc/subgid.
//
// Source: subuid(5), subgid(5), passwd(5). Only the files are asked, no other source of names.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::sys {

struct SubordinateRange {
  uint32_t first = 0, count = 0;
  friend bool operator==(const SubordinateRange&, const SubordinateRange&) = default;
};

// The ranges in `text` that belong to the user, in order. Lines "NAME:FIRST:COUNT", the user by
// name or number; others are skipped, as newuidmap(1) does.
inline std::vector<SubordinateRange> ParseSubordinateIds(absl::string_view text,
                                                         absl::string_view name, uid_t uid) {
  const std::string number = absl::StrCat(uid);
  std::vector<SubordinateRange> ranges;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
    if (fields.size() != 3 || (fields[0] != number && (name.empty() || fields[0] != name))) {
      continue;
    }
    SubordinateRange range;
    if (absl::SimpleAtoi(fields[1], &range.first) && absl::SimpleAtoi(fields[2], &range.count) &&
        range.count != 0) {
      ranges.push_back(range);
    }
  }
  return ranges;
}

// The name of a user in the text of /etc/passwd; "" if it has none.
inline std::string ParseUserName(absl::string_view passwd, uid_t uid) {
  for (absl::string_view line : absl::StrSplit(passwd, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
    uid_t other = 0;
    if (fields.size() >= 3 && absl::SimpleAtoi(fields[2], &other) && other == uid) {
      return std::string(fields[0]);
    }
  }
  return "";
}

namespace internal {

// A file that is not there is empty.
inline absl::StatusOr<std::string> ReadTable(const std::string& path) {
  constexpr size_t kMost = 16 << 20;
  absl::StatusOr<std::string> text = ReadFile(path, kMost);
  if (FindErrno(text.status()) == ENOENT) return std::string();
  return text;
}

}  // namespace internal

inline absl::StatusOr<std::string> UserName(uid_t uid) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string passwd, internal::ReadTable("/etc/passwd"));
  return ParseUserName(passwd, uid);
}

struct SubordinateIds {
  std::vector<SubordinateRange> uids, gids;
};

inline absl::StatusOr<SubordinateIds> ReadSubordinateIds(absl::string_view name, uid_t uid) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string uids, internal::ReadTable("/etc/subuid"));
  PELAGOS_ASSIGN_OR_RETURN(const std::string gids, internal::ReadTable("/etc/subgid"));
  return SubordinateIds{ParseSubordinateIds(uids, name, uid), ParseSubordinateIds(gids, name, uid)};
}

}  // namespace pelagos::sys
