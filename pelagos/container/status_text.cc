#include "pelagos/container/status_text.h"

#include <nlohmann/json.hpp>

#include "absl/strings/cord.h"

namespace pelagos::container {

std::string EncodeStatus(const absl::Status& status, const std::vector<std::string>& warnings) {
  nlohmann::json payloads = nlohmann::json::object();
  status.ForEachPayload([&](absl::string_view key, const absl::Cord& value) {
    payloads[std::string(key)] = std::string(value);
  });
  const nlohmann::json json = {{"code", status.raw_code()},
                               {"message", std::string(status.message())},
                               {"payloads", payloads},
                               {"warnings", warnings}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::Status DecodeStatus(absl::string_view text, std::vector<std::string>* warnings) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text.begin(), text.end());
    absl::Status status(static_cast<absl::StatusCode>(json.at("code").get<int>()),
                        json.at("message").get<std::string>());
    for (const auto& [key, value] : json.at("payloads").items()) {
      status.SetPayload(key, absl::Cord(value.get<std::string>()));
    }
    if (warnings != nullptr) *warnings = json.at("warnings").get<std::vector<std::string>>();
    return status;
  } catch (const nlohmann::json::exception&) {
    return absl::InternalError("the other process ended without a word");
  }
}

}  // namespace pelagos::container
