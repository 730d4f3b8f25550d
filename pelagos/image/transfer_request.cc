#include "pelagos/image/transfer_request.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/status_macros.h"

namespace pelagos::image {
namespace {

using Json = nlohmann::json;

constexpr std::pair<ProgressMode, absl::string_view> kModes[] = {
    {ProgressMode::kAuto, "auto"}, {ProgressMode::kTty, "tty"},     {ProgressMode::kPlain, "plain"},
    {ProgressMode::kJson, "json"}, {ProgressMode::kQuiet, "quiet"},
};

absl::Status Wrong(absl::string_view field) {
  return absl::InvalidArgumentError(absl::StrCat("request: field '", field, "'"));
}

// Passwords may be any bytes; JSON only carries text.
absl::Status Read(const Json& json, const char* field, std::string& out) {
  const auto found = json.find(field);
  if (found == json.end()) return absl::OkStatus();
  if (!found->is_string()) return Wrong(field);
  out = found->get<std::string>();
  return absl::OkStatus();
}
absl::Status Read(const Json& json, const char* field, bool& out) {
  const auto found = json.find(field);
  if (found == json.end()) return absl::OkStatus();
  if (!found->is_boolean()) return Wrong(field);
  out = found->get<bool>();
  return absl::OkStatus();
}
absl::Status Read(const Json& json, const char* field, uint32_t& out) {
  const auto found = json.find(field);
  if (found == json.end()) return absl::OkStatus();
  if (!found->is_number_unsigned() || found->get<uint64_t>() > UINT32_MAX) return Wrong(field);
  out = found->get<uint32_t>();
  return absl::OkStatus();
}

Json ToJson(const Endpoint& endpoint) {
  return {{"registry", endpoint.registry},
          {"url", endpoint.url},
          {"prefix", endpoint.prefix},
          {"username", endpoint.credentials.username},
          {"password", endpoint.credentials.password},
          {"identityToken", endpoint.credentials.identity_token},
          {"anyCertificate", endpoint.any_certificate},
          {"plainHttp", endpoint.plain_http},
          {"caFile", endpoint.ca_file}};
}

absl::StatusOr<Endpoint> EndpointFrom(const Json& json) {
  if (!json.is_object()) return Wrong("endpoints");
  Endpoint endpoint;
  PELAGOS_RETURN_IF_ERROR(Read(json, "registry", endpoint.registry));
  PELAGOS_RETURN_IF_ERROR(Read(json, "url", endpoint.url));
  PELAGOS_RETURN_IF_ERROR(Read(json, "prefix", endpoint.prefix));
  PELAGOS_RETURN_IF_ERROR(Read(json, "username", endpoint.credentials.username));
  PELAGOS_RETURN_IF_ERROR(Read(json, "password", endpoint.credentials.password));
  PELAGOS_RETURN_IF_ERROR(Read(json, "identityToken", endpoint.credentials.identity_token));
  PELAGOS_RETURN_IF_ERROR(Read(json, "anyCertificate", endpoint.any_certificate));
  PELAGOS_RETURN_IF_ERROR(Read(json, "plainHttp", endpoint.plain_http));
  PELAGOS_RETURN_IF_ERROR(Read(json, "caFile", endpoint.ca_file));
  return endpoint;
}

}  // namespace

absl::StatusOr<ProgressMode> ParseProgressMode(absl::string_view word) {
  for (const auto& [mode, name] : kModes) {
    if (name == word) return mode;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", word,
                   "' is no way to show progress: expected auto, tty, plain, json or "
                   "quiet"));
}

absl::string_view ProgressWord(ProgressMode mode) {
  for (const auto& [known, name] : kModes) {
    if (known == mode) return name;
  }
  return "auto";
}

std::string PrintTransferRequest(const TransferRequest& request) {
  Json endpoints = Json::array();
  for (const Endpoint& endpoint : request.endpoints) endpoints.push_back(ToJson(endpoint));
  const Json json = {{"reference", request.reference},
                     {"remote", request.remote},
                     {"endpoints", endpoints},
                     {"platform", request.platform},
                     {"progress", std::string(ProgressWord(request.progress))},
                     {"parallel", request.parallel},
                     {"attempts", request.attempts},
                     {"stallSeconds", request.stall_seconds},
                     {"backoffMillis", request.backoff_millis}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<TransferRequest> ParseTransferRequest(absl::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("request: not a JSON object");
  TransferRequest request;
  std::string progress = "auto";
  PELAGOS_RETURN_IF_ERROR(Read(json, "reference", request.reference));
  PELAGOS_RETURN_IF_ERROR(Read(json, "remote", request.remote));
  PELAGOS_RETURN_IF_ERROR(Read(json, "platform", request.platform));
  PELAGOS_RETURN_IF_ERROR(Read(json, "progress", progress));
  PELAGOS_RETURN_IF_ERROR(Read(json, "parallel", request.parallel));
  PELAGOS_RETURN_IF_ERROR(Read(json, "attempts", request.attempts));
  PELAGOS_RETURN_IF_ERROR(Read(json, "stallSeconds", request.stall_seconds));
  PELAGOS_RETURN_IF_ERROR(Read(json, "backoffMillis", request.backoff_millis));
  PELAGOS_ASSIGN_OR_RETURN(request.progress, ParseProgressMode(progress));
  const auto endpoints = json.find("endpoints");
  if (endpoints == json.end() || !endpoints->is_array()) return Wrong("endpoints");
  for (const Json& item : *endpoints) {
    PELAGOS_ASSIGN_OR_RETURN(Endpoint endpoint, EndpointFrom(item));
    request.endpoints.push_back(std::move(endpoint));
  }
  if (request.endpoints.empty()) return Wrong("endpoints");
  return request;
}

}  // namespace pelagos::image
