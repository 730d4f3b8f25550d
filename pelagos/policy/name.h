// Names that users give: services, networks, volumes, projects, containers, hosts.
//
// A name becomes a file name, a DNS label and a part of other names, so one rule serves all:
// [a-zA-Z0-9][a-zA-Z0-9_.-]*, bounded. It can neither be "." or ".." nor hold a slash.
#pragma once

#include <cstddef>

#include "absl/strings/string_view.h"

namespace pelagos {

// A DNS label (RFC 1035, 2.3.4): what a service, network, volume or project may have.
inline constexpr size_t kMaxNameLength = 63;

// PROJECT-SERVICE, which is longer; still a file name of NAME_MAX bytes with room for endings.
inline constexpr size_t kMaxContainerNameLength = 2 * kMaxNameLength + 1;

// sethostname(2): HOST_NAME_MAX.
inline constexpr size_t kMaxHostnameLength = 64;

// Why `name` cannot be a name, as the end of a sentence, or "".
constexpr absl::string_view NameProblem(absl::string_view name,
                                        size_t max_length = kMaxNameLength) {
  constexpr auto letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (name.empty()) return "must not be empty";
  if (!letter_or_digit(name[0])) return "must begin with a letter or digit";
  for (char c : name) {
    if (!letter_or_digit(c) && c != '_' && c != '.' && c != '-') {
      return "may have only letters, digits, '_', '.' and '-'";
    }
  }
  if (name.size() > max_length) return "is too long";
  return "";
}

// A name known at compile time: "web"_name; "we b"_name does not compile.
struct StaticName {
  absl::string_view value;
};
void NotAName();  // never defined: having to call it is the compile error
consteval StaticName operator""_name(const char* text, size_t size) {
  if (!NameProblem({text, size}).empty()) NotAName();
  return {{text, size}};
}

}  // namespace pelagos
