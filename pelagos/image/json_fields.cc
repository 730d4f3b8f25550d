#include "pelagos/image/json_fields.h"

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/manifest.h"

namespace pelagos::image::fields {
namespace {

// Before a parser makes a tree of it.
bool NestsTooDeep(absl::string_view json) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxJsonDepth) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

absl::Status Wrong(absl::string_view field, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("field '", field, "' must be ", expected));
}

absl::StatusOr<Json> ParseText(absl::string_view text) {
  if (text.size() > kMaxDocumentSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("it is ", text.size(), " bytes of JSON, more than ", kMaxDocumentSize));
  }
  if (NestsTooDeep(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat("its JSON nests more than ", kMaxJsonDepth, " deep"));
  }
  Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("it is not JSON");
  return json;
}

absl::StatusOr<Json> ParseObject(absl::string_view text) {
  PELAGOS_ASSIGN_OR_RETURN(Json json, ParseText(text));
  if (!json.is_object()) return absl::InvalidArgumentError("it is not a JSON object");
  return json;
}

const Json* Find(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

absl::StatusOr<std::string> Text(const Json& object, const char* field) {
  const Json* value = Find(object, field);
  if (value == nullptr) return "";
  if (!value->is_string()) return Wrong(field, "a string");
  std::string text = value->get<std::string>();
  // What goes to execve(2), environments and paths cannot hold one.
  if (text.find('\0') != std::string::npos) return Wrong(field, "text without a NUL byte");
  return text;
}

absl::StatusOr<std::vector<std::string>> Texts(const Json& object, const char* field) {
  std::vector<std::string> texts;
  const Json* list = Find(object, field);
  if (list == nullptr) return texts;
  if (!list->is_array()) return Wrong(field, "a list of strings");
  for (const Json& item : *list) {
    if (!item.is_string()) return Wrong(field, "a list of strings");
    texts.push_back(item.get<std::string>());
    if (texts.back().find('\0') != std::string::npos) {
      return Wrong(field, "text without a NUL byte");
    }
  }
  return texts;
}

absl::StatusOr<const Json*> List(const Json& object, const char* field) {
  const Json* list = Find(object, field);
  if (list == nullptr || !list->is_array()) return Wrong(field, "a list");
  return list;
}

std::string Print(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace pelagos::image::fields
