#include "pelagos/oci/systemd/messages.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"

namespace pelagos::oci {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <typename Value, typename Fill>
absl::StatusOr<Value> Parse(absl::string_view text, const Fill& fill) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  try {
    Value value;
    fill(json, value);
    return value;
  } catch (const Json::exception&) {
    return absl::InvalidArgumentError("a message that is not understood");
  }
}

}  // namespace

std::string PrintRequest(const SystemdRequest& request) {
  Json properties = Json::array();
  for (const auto& [name, value] : request.properties) {
    properties.push_back({name, value.type, value.json});
  }
  return Dump({{"ask", static_cast<int>(request.ask)},
               {"user", request.user},
               {"patience", request.patience_millis},
               {"unit", request.unit},
               {"properties", std::move(properties)},
               {"pids", request.pids},
               {"below", request.below}});
}

std::string PrintReply(const SystemdReply& reply) {
  return Dump({{"error", reply.error},
               {"others", reply.unit_is_others},
               {"cgroup", reply.cgroup},
               {"version", reply.version}});
}

absl::StatusOr<SystemdRequest> ParseRequest(absl::string_view text) {
  return Parse<SystemdRequest>(text, [](const Json& json, SystemdRequest& request) {
    const int ask = json.at("ask");
    if (ask < 0 || ask > static_cast<int>(SystemdAsk::kStop)) json.at("no such request");
    request.ask = static_cast<SystemdAsk>(ask);
    request.user = json.at("user");
    request.patience_millis = json.at("patience");
    request.unit = json.at("unit");
    for (const Json& property : json.at("properties")) {
      request.properties.push_back({property.at(0), {property.at(1), property.at(2)}});
    }
    request.pids = json.at("pids").get<std::vector<uint32_t>>();
    request.below = json.at("below");
  });
}

absl::StatusOr<SystemdReply> ParseReply(absl::string_view text) {
  return Parse<SystemdReply>(text, [](const Json& json, SystemdReply& reply) {
    reply.error = json.at("error");
    reply.unit_is_others = json.at("others");
    reply.cgroup = json.at("cgroup");
    reply.version = json.at("version");
  });
}

}  // namespace pelagos::oci
