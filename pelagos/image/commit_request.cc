#include "pelagos/image/commit_request.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace pelagos::image {
namespace {

using Json = nlohmann::json;

// Texts by their names, for the printer and the parser alike.
template <typename Request, typename Visit>
void VisitTexts(Request& request, Visit visit) {
  visit("reference", request.reference);
  visit("base", request.base);
  visit("upper", request.upper);
  visit("created", request.created);
  visit("author", request.author);
  visit("message", request.message);
  visit("command", request.command);
  visit("workdir", request.workdir);
  visit("user", request.user);
  visit("stopSignal", request.stop_signal);
}

Json RangesToJson(const IdMapRanges& ranges) {
  Json list = Json::array();
  for (const IdMapRange& range : ranges) list.push_back({range.inside, range.host, range.count});
  return list;
}

absl::Status Wrong(absl::string_view field) {
  return absl::InvalidArgumentError(absl::StrCat("commit request: field '", field, "' is wrong"));
}

}  // namespace

std::string PrintCommitRequest(const CommitRequest& request) {
  Json json;
  VisitTexts(request, [&](const char* name, const std::string& text) { json[name] = text; });
  json["uids"] = RangesToJson(request.ids.uids);
  json["gids"] = RangesToJson(request.ids.gids);
  json["env"] = request.env;
  if (request.entrypoint) json["entrypoint"] = *request.entrypoint;
  if (request.cmd) json["cmd"] = *request.cmd;
  json["labels"] = request.labels;
  json["changes"] = request.changes;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<CommitRequest> ParseCommitRequest(absl::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("commit request: not a JSON object");
  CommitRequest request;
  absl::Status status;
  const auto find = [&](const char* name) -> const Json* {
    const auto found = json.find(name);
    return found == json.end() ? nullptr : &*found;
  };
  VisitTexts(request, [&](const char* name, std::string& out) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_string()) {
      status = Wrong(name);
    } else {
      out = value->get<std::string>();
    }
  });
  const auto texts = [&](const char* name, std::vector<std::string>& out) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_array()) {
      status = Wrong(name);
      return;
    }
    for (const Json& item : *value) {
      if (!item.is_string()) {
        status = Wrong(name);
        return;
      }
      out.push_back(item.get<std::string>());
    }
  };
  texts("env", request.env);
  texts("changes", request.changes);
  if (find("entrypoint") != nullptr) texts("entrypoint", request.entrypoint.emplace());
  if (find("cmd") != nullptr) texts("cmd", request.cmd.emplace());
  for (const auto& [name, ranges] :
       {std::pair("uids", &request.ids.uids), std::pair("gids", &request.ids.gids)}) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_array()) return Wrong(name);
    for (const Json& item : *value) {
      if (!item.is_array() || item.size() != 3) return Wrong(name);
      uint32_t numbers[3] = {};
      for (size_t i = 0; i < 3; ++i) {
        if (!item[i].is_number_unsigned() || item[i].get<uint64_t>() > kNoId) return Wrong(name);
        numbers[i] = item[i].get<uint32_t>();
      }
      ranges->push_back({numbers[0], numbers[1], numbers[2]});
    }
  }
  const Json* labels = find("labels");
  if (labels == nullptr || !labels->is_object()) return Wrong("labels");
  for (const auto& [key, value] : labels->items()) {
    if (!value.is_string()) return Wrong("labels");
    request.labels[key] = value.get<std::string>();
  }
  if (!status.ok()) return status;
  return request;
}

}  // namespace pelagos::image
