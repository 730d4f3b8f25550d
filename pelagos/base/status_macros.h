// Errors carry the road they came:
//
//   PELAGOS_ASSIGN_OR_RETURN(Fd tree, sys::OpenTree(path), "rootfs of '", name, "'");
//   PELAGOS_RETURN_IF_ERROR(sys::SetReadOnly(tree), "sealing ", path);
//
// The context (any arguments of absl::StrCat, or none) is built only on failure; code and payloads
// of the status stay.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace pelagos::internal {

// Cold: the way to it is laid out apart from what a function does when nothing fails.
template <typename... Context>
[[gnu::cold]] absl::Status WithContext(const absl::Status& status, const Context&... context) {
  if constexpr (sizeof...(context) == 0) {
    return status;
  } else {
    absl::Status result(status.code(), absl::StrCat(context..., ": ", status.message()));
    status.ForEachPayload(
        [&](absl::string_view url, const absl::Cord& payload) { result.SetPayload(url, payload); });
    return result;
  }
}

}  // namespace pelagos::internal

#define PELAGOS_RETURN_IF_ERROR(expression, ...)                                          \
  do {                                                                                    \
    if (absl::Status pelagos_status = (expression); !pelagos_status.ok()) {               \
      return ::pelagos::internal::WithContext(pelagos_status __VA_OPT__(, ) __VA_ARGS__); \
    }                                                                                     \
  } while (false)

#define PELAGOS_ASSIGN_OR_RETURN(lhs, expression, ...)                               \
  PELAGOS_ASSIGN_OR_RETURN_IMPL_(PELAGOS_CONCAT_(pelagos_status_or_, __LINE__), lhs, \
                                 expression __VA_OPT__(, ) __VA_ARGS__)

#define PELAGOS_ASSIGN_OR_RETURN_IMPL_(result, lhs, expression, ...)                     \
  auto result = (expression);                                                            \
  if (!result.ok()) {                                                                    \
    return ::pelagos::internal::WithContext(result.status() __VA_OPT__(, ) __VA_ARGS__); \
  }                                                                                      \
  lhs = *std::move(result)

#define PELAGOS_CONCAT_(a, b) PELAGOS_CONCAT_INNER_(a, b)
#define PELAGOS_CONCAT_INNER_(a, b) a##b
