// Errors of the kernel as absl::Status: "open_tree('/srv/web'): No such file or directory".
#pragma once

#include <cstring>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pelagos {

inline constexpr char kErrnoPayload[] = "pelagos/errno";

// "No such file or directory", in English whatever the locale: strerror(3) would look for
// translations first. Source: strerrordesc_np, glibc 2.32.
inline std::string ErrnoText(int error) {
  const char* const text = ::strerrordesc_np(error);
  return text != nullptr ? text : absl::StrCat("Unknown error ", error);
}

// `call` is the system call as its man page names it; `object` is what it was called on (may be
// empty). The errno travels along as a payload, see FindErrno.
[[gnu::cold]] inline absl::Status ErrnoStatus(int error, absl::string_view call,
                                              absl::string_view object = "") {
  absl::Status status(absl::ErrnoToStatusCode(error),
                      object.empty() ? absl::StrCat(call, ": ", ErrnoText(error))
                                     : absl::StrCat(call, "('", object, "'): ", ErrnoText(error)));
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
