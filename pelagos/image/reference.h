// The name of an image: "redis", "ghcr.io/acme/api:1.2", "busybox@sha256:...".
//
//   reference  = name [":" tag] ["@" digest]
//   name       = [registry "/"] component *("/" component)
//   registry   = host [":" port]        needs a '.', a ':' or an upper-case letter, or is
//   "localhost" component  = a-z0-9, joined by one '.', one or two '_', or any number of '-' tag =
//   [A-Za-z0-9_] then up to 127 of [A-Za-z0-9_.-]
//
// Source: distribution-spec ("Pulling manifests") and the reference grammar of CNCF distribution.
// Checked by hand: the grammar is regular and small, and so every error can name the part at fault.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/digest.h"

namespace pelagos::image {

inline constexpr absl::string_view kDefaultRegistry = "docker.io";
inline constexpr absl::string_view kDefaultTag = "latest";
// A store keeps one file per reference, named by it.
inline constexpr size_t kMaxReferenceSize = 240;

// A checked name, in its canonical parts: registry and tag are filled in, "library/" is put before
// a bare name of docker.io. A digest replaces the tag.
struct Reference {
  std::string registry;    // "docker.io", "localhost:5000"
  std::string repository;  // "library/redis"
  std::string tag;         // empty exactly when there is a digest
  Digest digest;

  std::string Name() const { return absl::StrCat(registry, "/", repository); }
  std::string ToString() const {
    return digest.empty() ? absl::StrCat(Name(), ":", tag)
                          : absl::StrCat(Name(), "@", digest.ToString());
  }

  friend bool operator==(const Reference&, const Reference&) = default;
};

namespace internal {

inline bool IsLowerOrDigit(char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c); }

inline bool IsComponent(absl::string_view text) {
  if (text.empty() || !IsLowerOrDigit(text.front()) || !IsLowerOrDigit(text.back())) return false;
  for (size_t i = 0; i < text.size();) {
    if (IsLowerOrDigit(text[i])) {
      ++i;
      continue;
    }
    const size_t begin = i;
    while (i < text.size() && text[i] == text[begin]) ++i;
    const size_t run = i - begin;
    const bool separator =
        text[begin] == '-' || (text[begin] == '.' && run == 1) || (text[begin] == '_' && run <= 2);
    // The next character ends the separator: two different ones in a row are none.
    if (!separator || !IsLowerOrDigit(text[i])) return false;
  }
  return true;
}

inline bool IsPort(absl::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c); });
}

inline bool IsHostName(absl::string_view text) {
  while (true) {
    const size_t dot = text.find('.');
    const absl::string_view label = text.substr(0, dot);
    if (label.empty() || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '-'; })) {
      return false;
    }
    if (dot == absl::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

inline bool IsRegistry(absl::string_view text) {
  if (absl::StartsWith(text, "[")) {  // [IPv6]:port
    const size_t close = text.find(']');
    if (close == absl::string_view::npos || close < 3) return false;
    const absl::string_view address = text.substr(1, close - 1);
    const absl::string_view rest = text.substr(close + 1);
    return std::all_of(address.begin(), address.end(),
                       [](char c) { return absl::ascii_isxdigit(c) || c == ':'; }) &&
           (rest.empty() || (rest.front() == ':' && IsPort(rest.substr(1))));
  }
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos) return IsHostName(text);
  return IsHostName(text.substr(0, colon)) && IsPort(text.substr(colon + 1));
}

inline bool IsTag(absl::string_view text) {
  constexpr size_t kLongest = 128;
  if (text.empty() || text.size() > kLongest) return false;
  if (text.front() == '.' || text.front() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-';
  });
}

inline bool LooksLikeRegistry(absl::string_view text) {
  return text == "localhost" || text.find('.') != absl::string_view::npos ||
         text.find(':') != absl::string_view::npos ||
         std::any_of(text.begin(), text.end(), [](char c) { return absl::ascii_isupper(c); });
}

inline absl::Status NotAReference(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", absl::CHexEscape(text.substr(0, 100)), "' is not an image name: ", why));
}

}  // namespace internal

// InvalidArgument says which part is wrong and what was expected. Canonical forms parse to
// themselves: ParseReference(r.ToString()) == r. `bare_registry` is where names without any slash
// are from; it must be a registry.
inline absl::StatusOr<Reference> ParseReference(
    absl::string_view text, absl::string_view bare_registry = kDefaultRegistry) {
  using internal::NotAReference;
  constexpr auto kNone = absl::string_view::npos;
  if (text.empty()) return NotAReference(text, "it is empty");
  Reference reference;
  absl::string_view name = text;
  if (const size_t at = name.find('@'); at != kNone) {
    PELAGOS_ASSIGN_OR_RETURN(reference.digest, ParseDigest(name.substr(at + 1)), "'",
                             absl::CHexEscape(text.substr(0, 100)), "' is not an image name");
    name = name.substr(0, at);
  }
  // A colon after the last slash starts the tag; one before it belongs to the registry's port.
  const size_t last_slash = name.rfind('/');
  const size_t colon = name.find(':', last_slash == kNone ? 0 : last_slash);
  if (colon != kNone) {
    const absl::string_view tag = name.substr(colon + 1);
    if (!internal::IsTag(tag)) {
      return NotAReference(text,
                           "a tag is 1 to 128 of A-Z a-z 0-9 _ . - and starts with a letter, "
                           "a digit or _");
    }
    if (reference.digest.empty()) reference.tag = std::string(tag);
    name = name.substr(0, colon);
  } else if (reference.digest.empty()) {
    reference.tag = std::string(kDefaultTag);
  }
  absl::string_view path = name;
  const size_t slash = name.find('/');
  if (slash != kNone && internal::LooksLikeRegistry(name.substr(0, slash))) {
    const absl::string_view registry = name.substr(0, slash);
    if (!internal::IsRegistry(registry)) {
      return NotAReference(text, absl::StrCat("'", absl::CHexEscape(registry),
                                              "' is not the host[:port] of a registry"));
    }
    reference.registry =
        registry == "index.docker.io" ? std::string(kDefaultRegistry) : std::string(registry);
    path = name.substr(slash + 1);
  } else {
    reference.registry = std::string(slash == kNone ? bare_registry : kDefaultRegistry);
  }
  for (absl::string_view rest = path;;) {
    const size_t end = rest.find('/');
    if (const absl::string_view part = rest.substr(0, end); !internal::IsComponent(part)) {
      return NotAReference(
          text, absl::StrCat("its part '", absl::CHexEscape(part),
                             "' must be of a-z and 0-9, joined by one '.', '_' or '__', or '-'"));
    }
    if (end == kNone) break;
    rest.remove_prefix(end + 1);
  }
  const bool bare = path.find('/') == kNone;
  reference.repository = bare && reference.registry == kDefaultRegistry
                             ? absl::StrCat("library/", path)
                             : std::string(path);
  if (bare && slash == kNone && colon == kNone && DigestOfHex(path).ok()) {
    return NotAReference(text, "64 hexadecimal digits are a digest; write NAME@sha256:DIGEST");
  }
  if (reference.ToString().size() > kMaxReferenceSize) {
    return NotAReference(text, absl::StrCat("it is longer than ", kMaxReferenceSize, " bytes"));
  }
  return reference;
}

}  // namespace pelagos::image
