// JSON-RPC 2.0: what a message is, and what is said back. Nothing in a message is trusted: whoever
// looks for a member gets nothing when it is not there, or not of the type.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos::lsp {

using Json = nlohmann::json;

// The numbers of the protocol.
enum class ErrorCode : int {
  kParseError = -32700,
  kInvalidRequest = -32600,
  kMethodNotFound = -32601,
  kInvalidParams = -32602,
  kServerNotInitialized = -32002,
  kRequestFailed = -32803,
};

// nullopt: it is no JSON, nests deeper than 128, or has over a million values.
std::optional<Json> ParseJson(absl::string_view text);

// By the members on the way to it; nullptr: it is not there.
const Json* Find(const Json& value, absl::string_view name);
template <typename... Names>
const Json* Find(const Json& value, absl::string_view name, Names... names) {
  const Json* found = Find(value, name);
  return found == nullptr ? nullptr : Find(*found, names...);
}

// Text, numbers and lists that are there; otherwise what stands for "none".
absl::string_view TextIn(const Json& value, absl::string_view name);
std::optional<int64_t> NumberIn(const Json& value, absl::string_view name);
bool TrueIn(const Json& value, absl::string_view name);
// An empty list when there is none.
const Json& ListIn(const Json& value, absl::string_view name);

// Messages as text. `id` is that of the request.
std::string ResultMessage(const Json& id, Json result);
std::string ErrorMessage(const Json& id, ErrorCode code, absl::string_view message);
std::string NotificationMessage(absl::string_view method, Json params);

}  // namespace pelagos::lsp
