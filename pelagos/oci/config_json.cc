#include "pelagos/oci/config_json.h"

#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "pelagos/oci/config_fields.h"

namespace pelagos::oci {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
concept Number = std::integral<T> && !std::same_as<T, bool>;

// RFC 6901
std::string Pointer(absl::string_view above, absl::string_view key) {
  return absl::StrCat(above, "/", absl::StrReplaceAll(key, {{"~", "~0"}, {"/", "~1"}}));
}

class Reader {
 public:
  Reader(const Json& json, std::string at, std::vector<std::string>& mistakes)
      : json_(json), at_(std::move(at)), mistakes_(mistakes) {}

  template <typename T>
  void Field(const char* key, T& value) {
    Find(key, value);
  }
  template <typename T>
  void Always(const char* key, T& value) {
    Find(key, value);
  }
  template <typename T>
  void Needed(const char* key, T& value) {
    if (!Find(key, value)) mistakes_.push_back(Pointer(at_, key) + ": is missing");
  }

  // The value itself.
  template <typename T>
  void Read(T& value) {
    ReadAs(value);
  }

 private:
  template <typename T>
  bool Find(const char* key, T& value) {
    auto found = json_.find(key);
    if (found == json_.end()) found = FindAsGoDoes(key);
    if (found == json_.end() || found->is_null()) return false;
    Reader(*found, Pointer(at_, key), mistakes_).ReadAs(value);
    return true;
  }

  // Documents that runc reads are not always in the spec's spelling: for encoding/json of Go
  // "pagesize" is pageSize, where there is none that is spelt so.
  Json::const_iterator FindAsGoDoes(absl::string_view key) const {
    auto it = json_.begin();
    while (it != json_.end() && !absl::EqualsIgnoreCase(it.key(), key)) ++it;
    return it;
  }

  bool Mistake(absl::string_view expected) {
    mistakes_.push_back(absl::StrCat(at_.empty() ? "/" : at_, ": must be ", expected));
    return false;
  }
  bool Must(bool fits, absl::string_view expected) { return fits || Mistake(expected); }

  void ReadAs(std::string& value) {
    if (!Must(json_.is_string(), "a text")) return;
    value = json_.get<std::string>();
    if (value.find('\0') != std::string::npos) Mistake("a text without NUL");
  }
  void ReadAs(bool& value) {
    if (Must(json_.is_boolean(), "true or false")) value = json_.get<bool>();
  }
  void ReadAs(RawJson& value) {
    if (Must(json_.is_object(), "an object")) value.text = json_.dump();
  }
  template <Number T>
  void ReadAs(T& value) {
    const std::string expected = absl::StrCat("a whole number from ", std::numeric_limits<T>::min(),
                                              " to ", std::numeric_limits<T>::max());
    bool fits = json_.is_number_integer();
    if (fits && json_.is_number_unsigned()) {
      fits = std::in_range<T>(json_.get<uint64_t>());
      if (fits) value = static_cast<T>(json_.get<uint64_t>());
    } else if (fits) {
      fits = std::in_range<T>(json_.get<int64_t>());
      if (fits) value = static_cast<T>(json_.get<int64_t>());
    }
    Must(fits, expected);
  }
  template <typename T>
  void ReadAs(std::optional<T>& value) {
    ReadAs(value.emplace());
  }
  template <typename T>
  void ReadAs(std::vector<T>& value) {
    if (!Must(json_.is_array(), "a list")) return;
    value.clear();
    for (size_t i = 0; i < json_.size(); ++i) {
      Reader(json_[i], absl::StrCat(at_, "/", i), mistakes_).ReadAs(value.emplace_back());
    }
  }
  template <typename T>
  void ReadAs(std::map<std::string, T>& value) {
    if (!Must(json_.is_object(), "an object")) return;
    for (const auto& [key, item] : json_.items()) {
      Reader(item, Pointer(at_, key), mistakes_).ReadAs(value[key]);
    }
  }
  template <typename T>
  requires(std::is_class_v<T>) void ReadAs(T& value) {
    if (Must(json_.is_object(), "an object")) internal::Visit(*this, value);
  }

  const Json& json_;
  std::string at_;
  std::vector<std::string>& mistakes_;
};

class Writer {
 public:
  template <typename T>
  void Field(const char* key, const T& value) {
    if (value != T()) json_[key] = Write(value);
  }
  template <typename T>
  void Field(const char* key, const std::optional<T>& value) {
    if (value) json_[key] = Write(*value);
  }
  template <typename T>
  void Always(const char* key, const T& value) {
    json_[key] = Write(value);
  }
  template <typename T>
  void Needed(const char* key, const T& value) {
    json_[key] = Write(value);
  }

  static Json Write(const std::string& value) { return value; }
  static Json Write(const bool& value) { return value; }
  static Json Write(const RawJson& value) { return Json::parse(value.text, nullptr, false); }
  template <Number T>
  static Json Write(const T& value) {
    return value;
  }
  template <typename T>
  static Json Write(const std::vector<T>& value) {
    Json list = Json::array();
    for (const T& item : value) list.push_back(Write(item));
    return list;
  }
  template <typename T>
  static Json Write(const std::map<std::string, T>& value) {
    Json object = Json::object();
    for (const auto& [key, item] : value) object[key] = Write(item);
    return object;
  }
  template <typename T>
  requires(std::is_class_v<T>) static Json Write(const T& value) {
    Writer writer;
    internal::Visit(writer, value);
    return std::move(writer.json_);
  }

 private:
  Json json_ = Json::object();
};

template <typename T>
absl::StatusOr<T> ReadText(absl::string_view text) {
  if (text.size() > kMostConfigText) return absl::InvalidArgumentError("the document is too long");
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("the document is no JSON");
  T value;
  std::vector<std::string> mistakes;
  Reader(json, "", mistakes).Read(value);
  if (!mistakes.empty()) return absl::InvalidArgumentError(absl::StrJoin(mistakes, "\n"));
  return value;
}

// Texts of JSON are UTF-8; other bytes of a host's names are replaced.
std::string Dump(const Json& json) {
  return json.dump(1, '\t', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

absl::StatusOr<Config> ReadConfig(absl::string_view text) { return ReadText<Config>(text); }
absl::StatusOr<Process> ReadProcess(absl::string_view text) { return ReadText<Process>(text); }
absl::StatusOr<Resources> ReadResources(absl::string_view text) {
  return ReadText<Resources>(text);
}

std::string WriteConfig(const Config& config) { return Dump(Writer::Write(config)); }
std::string WriteResources(const Resources& resources) { return Dump(Writer::Write(resources)); }

}  // namespace pelagos::oci
