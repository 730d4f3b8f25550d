#include "pelagos/oci/systemd/program/append.h"

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::oci {
namespace {

using Json = nlohmann::json;

absl::Status Checked(int result) {
  return result < 0 ? ErrnoStatus(-result, "building a message of D-Bus") : absl::OkStatus();
}

// The length of the complete type that `types` begins with; they were parsed once
// (variant_text.h), and sd-bus looks at them again.
size_t TypeSize(absl::string_view types) {
  if (types.empty()) return 0;
  if (types[0] == 'a') return 1 + TypeSize(types.substr(1));
  if (types[0] != '(') return 1;
  size_t depth = 0;
  for (size_t i = 0; i < types.size(); ++i) {
    if (types[i] == '(') ++depth;
    if (types[i] == ')' && --depth == 0) return i + 1;
  }
  return types.size();
}

template <typename Value>
absl::Status AppendNumber(const Json& json, char type, sd_bus_message* message) {
  const Value value = json.get<Value>();
  return Checked(sd_bus_message_append_basic(message, type, &value));
}

// Throws what nlohmann throws where the JSON is of another kind.
absl::Status Append(const Json& json, absl::string_view type, sd_bus_message* message) {
  switch (type.empty() ? '\0' : type[0]) {
    case 'b': {
      const int value = json.get<bool>() ? 1 : 0;
      return Checked(sd_bus_message_append_basic(message, 'b', &value));
    }
    case 'y':
      return AppendNumber<uint8_t>(json, 'y', message);
    case 'n':
      return AppendNumber<int16_t>(json, 'n', message);
    case 'q':
      return AppendNumber<uint16_t>(json, 'q', message);
    case 'i':
      return AppendNumber<int32_t>(json, 'i', message);
    case 'u':
      return AppendNumber<uint32_t>(json, 'u', message);
    case 'x':
      return AppendNumber<int64_t>(json, 'x', message);
    case 't':
      return AppendNumber<uint64_t>(json, 't', message);
    case 'd':
      return AppendNumber<double>(json, 'd', message);
    case 's':
    case 'o':
    case 'g':
      return Checked(
          sd_bus_message_append_basic(message, type[0], json.get<std::string>().c_str()));
    case 'a': {
      const std::string element(type.substr(1));
      PELAGOS_RETURN_IF_ERROR(
          Checked(sd_bus_message_open_container(message, 'a', element.c_str())));
      for (const Json& item : json) PELAGOS_RETURN_IF_ERROR(Append(item, element, message));
      return Checked(sd_bus_message_close_container(message));
    }
    case '(': {
      absl::string_view members = type.substr(1, type.size() - 2);
      PELAGOS_RETURN_IF_ERROR(
          Checked(sd_bus_message_open_container(message, 'r', std::string(members).c_str())));
      for (size_t i = 0; !members.empty(); ++i) {
        const size_t size = TypeSize(members);
        PELAGOS_RETURN_IF_ERROR(Append(json.at(i), members.substr(0, size), message));
        members.remove_prefix(size);
      }
      return Checked(sd_bus_message_close_container(message));
    }
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("no values of the type '", type, "' are known"));
  }
}

}  // namespace

absl::Status AppendVariant(const DbusValue& value, sd_bus_message* message) {
  PELAGOS_RETURN_IF_ERROR(Checked(sd_bus_message_open_container(message, 'v', value.type.c_str())));
  try {
    PELAGOS_RETURN_IF_ERROR(Append(Json::parse(value.json), value.type, message));
  } catch (const Json::exception&) {
    return absl::InvalidArgumentError(
        absl::StrCat(value.json, " is no value of the type ", value.type));
  }
  return Checked(sd_bus_message_close_container(message));
}

absl::Status AppendProperties(const UnitProperties& properties, sd_bus_message* message) {
  PELAGOS_RETURN_IF_ERROR(Checked(sd_bus_message_open_container(message, 'a', "(sv)")));
  for (const auto& [name, value] : properties) {
    PELAGOS_RETURN_IF_ERROR(Checked(sd_bus_message_open_container(message, 'r', "sv")));
    PELAGOS_RETURN_IF_ERROR(Checked(sd_bus_message_append_basic(message, 's', name.c_str())));
    PELAGOS_RETURN_IF_ERROR(AppendVariant(value, message), "property ", name);
    PELAGOS_RETURN_IF_ERROR(Checked(sd_bus_message_close_container(message)));
  }
  return Checked(sd_bus_message_close_container(message));
}

}  // namespace pelagos::oci
