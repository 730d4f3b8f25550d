// Errors of the kernel as absl::Status: "open_tree('/srv/web'): No such file or directory".
#pragma once

#include <cstring>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pelagos {

inline constexpr char kErrnoPayload[] = "pelagos/errno";

// `call` is the system call as its man page names it; `object` is what it was called on (may be
// empty). The errno travels along as a payload, see FindErrno.
inline absl::Status ErrnoStatus(int error, absl::string_view call, absl::string_view object = "") {
  absl::Status status(absl::ErrnoToStatusCode(error),
                      object.empty()
                          ? absl::StrCat(call, ": ", std::strerror(error))
                          : absl::StrCat(call, "('", object, "'): ", std::strerror(error)));
  status.SetPayload(kErrnoPayload, absl::Cord(absl::StrCat(error)));
  return status;
}

// The errno that ErrnoStatus put in, also after context was added on the way.
inline std::optional<int> FindErrno(const absl::Status& status) {
  auto payload = status.GetPayload(kErrnoPayload);
  int error = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &error)) return std::nullopt;
  return error;
}

}  // namespace pelagos
