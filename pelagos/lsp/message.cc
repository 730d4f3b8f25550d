#include "pelagos/lsp/message.h"

#include <algorithm>
#include <utility>

namespace pelagos::lsp {
namespace {

// Whether a parser may have it: small texts must not become very large values.
bool Plausible(absl::string_view text) {
  constexpr size_t kDeepest = 128;
  constexpr size_t kMostValues = 1'000'000;
  size_t depth = 0, values = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '"':
        for (++i; i < text.size() && text[i] != '"'; ++i) {
          if (text[i] == '\\') ++i;
        }
        break;
      case '[':
      case '{':
        if (++depth > kDeepest || ++values > kMostValues) return false;
        break;
      case ']':
      case '}':
        if (depth > 0) --depth;
        break;
      case ',':
        if (++values > kMostValues) return false;
        break;
      default:
        break;
    }
  }
  return true;
}

std::string Written(const Json& message) {
  return message.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::optional<Json> ParseJson(absl::string_view text) {
  if (!Plausible(text)) return std::nullopt;
  Json value = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

const Json* Find(const Json& value, absl::string_view name) {
  if (!value.is_object()) return nullptr;
  const auto found = value.find(std::string(name));
  return found == value.end() ? nullptr : &*found;
}

absl::string_view TextIn(const Json& value, absl::string_view name) {
  const Json* found = Find(value, name);
  if (found == nullptr || !found->is_string()) return "";
  return found->get_ref<const std::string&>();
}

std::optional<int64_t> NumberIn(const Json& value, absl::string_view name) {
  const Json* found = Find(value, name);
  if (found == nullptr || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned()) {
    return static_cast<int64_t>(std::min<uint64_t>(found->get<uint64_t>(), INT64_MAX));
  }
  return found->get<int64_t>();
}

bool TrueIn(const Json& value, absl::string_view name) {
  const Json* found = Find(value, name);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

const Json& ListIn(const Json& value, absl::string_view name) {
  static const Json* const none = new Json(Json::array());
  const Json* found = Find(value, name);
  return found != nullptr && found->is_array() ? *found : *none;
}

std::string ResultMessage(const Json& id, Json result) {
  Json message = {{"jsonrpc", "2.0"}, {"id", id}};
  message["result"] = std::move(result);
  return Written(message);
}

std::string ErrorMessage(const Json& id, ErrorCode code, absl::string_view message) {
  return Written(
      {{"jsonrpc", "2.0"},
       {"id", id},
       {"error", {{"code", static_cast<int>(code)}, {"message", std::string(message)}}}});
}

std::string NotificationMessage(absl::string_view method, Json params) {
  Json message = {{"jsonrpc", "2.0"}, {"method", std::string(method)}};
  message["params"] = std::move(params);
  return Written(message);
}

}  // namespace pelagos::lsp
