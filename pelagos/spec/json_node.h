// An object of JSON as the readers of specs see it. Internal to json*.cc: mistakes are thrown
// there, and caught in json.cc.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pelagos::internal {

using Json = nlohmann::json;

struct Mistake {
  std::string text;
};

// An object and where it stands in the text, for messages.
class Node {
 public:
  Node(const Json& json, std::string path) : json_(json), path_(std::move(path)) {
    if (!json_.is_object()) Fail("is no object");
  }

  std::string String(const char* key) const {
    const Json& value = At(key);
    if (!value.is_string()) Fail(key, "is no string");
    return value.get<std::string>();
  }
  bool Bool(const char* key) const {
    const Json& value = At(key);
    if (!value.is_boolean()) Fail(key, "is no boolean");
    return value.get<bool>();
  }
  uint64_t Number(const char* key, uint64_t most) const {
    const Json& value = At(key);
    if (!value.is_number_unsigned()) Fail(key, "is no unsigned number");
    const uint64_t number = value.get<uint64_t>();
    if (number > most) Fail(key, "is out of range");
    return number;
  }
  std::vector<std::string> Strings(const char* key) const {
    std::vector<std::string> strings;
    for (const Json& item : List(key)) {
      if (!item.is_string()) Fail(key, "holds something that is no string");
      strings.push_back(item.get<std::string>());
    }
    return strings;
  }
  std::vector<uint32_t> Numbers32(const char* key) const {
    std::vector<uint32_t> numbers;
    for (const Json& item : List(key)) {
      if (!item.is_number_unsigned() || item.get<uint64_t>() > UINT32_MAX) {
        Fail(key, "holds something that is no number of 32 bits");
      }
      numbers.push_back(item.get<uint32_t>());
    }
    return numbers;
  }
  template <typename T>
  std::vector<T> All(const char* key, T (*read)(const Node&)) const {
    std::vector<T> items;
    for (const Json& item : List(key)) {
      items.push_back(read(Node(item, absl::StrCat(path_, "/", key, "/", items.size()))));
    }
    return items;
  }
  // A string that names something: `find` is one of the tables' FindX.
  template <typename T>
  T Named(const char* key, std::optional<T> (*find)(absl::string_view)) const {
    return Named(key, String(key), find);
  }
  template <typename T>
  T Named(const char* key, const std::string& name,
          std::optional<T> (*find)(absl::string_view)) const {
    const std::optional<T> found = find(name);
    if (!found) Fail(key, absl::StrCat("holds the unknown name '", name, "'"));
    return *found;
  }
  Node Object(const char* key) const { return Node(At(key), absl::StrCat(path_, "/", key)); }
  // A number that may be negative.
  int64_t Signed(const char* key, int64_t least, int64_t most) const {
    const Json& value = At(key);
    if (!value.is_number_integer()) Fail(key, "is no whole number");
    if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
      Fail(key, "is out of range");
    }
    const int64_t number = value.get<int64_t>();
    if (number < least || number > most) Fail(key, "is out of range");
    return number;
  }
  // The keys of an object.
  std::vector<std::string> Keys() const {
    std::vector<std::string> keys;
    for (const auto& item : json_.items()) keys.push_back(item.key());
    return keys;
  }
  // The value as it is.
  const Json& Raw(const char* key) const { return At(key); }
  bool Has(const char* key) const { return json_.contains(key); }
  // The text of what stands there, if that is an object.
  std::optional<std::string> ObjectText(const char* key) const {
    const Json& value = At(key);
    return value.is_object() ? std::optional(value.dump()) : std::nullopt;
  }

 private:
  const Json& At(const char* key) const {
    const auto it = json_.find(key);
    if (it == json_.end()) Fail(key, "is missing");
    return *it;
  }
  const Json& List(const char* key) const {
    const Json& value = At(key);
    if (!value.is_array()) Fail(key, "is no list");
    return value;
  }
  [[noreturn]] void Fail(absl::string_view problem) const {
    throw Mistake{absl::StrCat(path_.empty() ? "the text" : path_, " ", problem)};
  }
  [[noreturn]] void Fail(const char* key, absl::string_view problem) const {
    throw Mistake{absl::StrCat(path_, "/", key, " ", problem)};
  }

  const Json& json_;
  std::string path_;
};

// The whole of a document by `read`, which throws Mistakes.
template <typename T>
absl::StatusOr<T> ReadValue(const Json& json, T (*read)(const Node&)) {
  try {
    return read(Node(json, ""));
  } catch (const Mistake& mistake) {
    return absl::InvalidArgumentError(mistake.text);
  }
}

template <typename T>
absl::StatusOr<T> ReadText(absl::string_view text, T (*read)(const Node&)) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("the text is no JSON");
  return ReadValue(json, read);
}

}  // namespace pelagos::internal
