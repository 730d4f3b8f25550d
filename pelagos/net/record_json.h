// What the JSON of networking's records has in common. Only their .cc files include this.
#pragma once

#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/policy/net_plan.h"

namespace pelagos::net::internal {

using Json = nlohmann::ordered_json;

inline std::string Print(const Json& json) { return json.dump(2) + "\n"; }

// Runs `read` on the parsed text; what it throws is a record that we did not write.
template <typename Record, typename Read>
absl::StatusOr<Record> Parse(absl::string_view text, const char* what, Read read) {
  try {
    Record record;
    absl::Status status = read(Json::parse(text.begin(), text.end()), record);
    if (status.ok()) return record;
    return absl::DataLossError(absl::StrCat(what, " record: ", status.message()));
  } catch (const std::exception& error) {
    return absl::DataLossError(absl::StrCat(what, " record: ", error.what()));
  }
}

// The value that `find` knows by the name below `key`.
template <typename Value, typename Find>
absl::Status ReadNamed(const Json& json, const char* key, Find find, Value& value) {
  const std::string name = json.at(key).get<std::string>();
  const std::optional<Value> found = find(name);
  if (!found) return absl::DataLossError(absl::StrCat(key, " '", name, "' is unknown"));
  value = *found;
  return absl::OkStatus();
}

inline absl::Status ReadDriver(const Json& json, NetworkDriver& driver) {
  return ReadNamed(json, "driver", FindNetworkDriver, driver);
}

}  // namespace pelagos::net::internal
