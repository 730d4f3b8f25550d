// What a server asks for before it answers: the WWW-Authenticate header as values.
//
//   challenge  = scheme [ 1*SP ( token68 / param *( "," param ) ) ]
//   param      = token "=" ( token / quoted-string )
//
// Source: RFC 9110, 11.6.1 and 5.6; the parameters of Bearer are those of the distribution
// project's token authentication ("realm", "service", "scope"). Strangers write these: whatever the
// text is, the parser ends, and gives what it understood up to the first error.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace pelagos::image {

// Headers above this are cut, in bytes.
inline constexpr size_t kMaxChallengeSize = 16384;

struct AuthChallenge {
  std::string scheme;                         // lower case: "bearer", "basic"
  std::map<std::string, std::string> params;  // names in lower case; of equal names the first

  // Empty if it is not there.
  std::string Param(const std::string& name) const {
    const auto found = params.find(name);
    return found == params.end() ? std::string() : found->second;
  }

  friend bool operator==(const AuthChallenge&, const AuthChallenge&) = default;
};

namespace internal {

// RFC 9110, 5.6.2.
inline bool IsTokenChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("!#$%&'*+-.^_`|~").find(c) != absl::string_view::npos;
}

// Reads from the front of a text.
class HeaderReader {
 public:
  explicit HeaderReader(absl::string_view text) : left_(text) {}

  bool AtEnd() const { return left_.empty(); }
  absl::string_view left() const { return left_; }
  void Reset(absl::string_view left) { left_ = left; }

  void SkipBlanks() {
    while (!left_.empty() && (left_[0] == ' ' || left_[0] == '\t')) left_.remove_prefix(1);
  }
  void SkipBlanksAndCommas() {
    while (!left_.empty() && (left_[0] == ' ' || left_[0] == '\t' || left_[0] == ',')) {
      left_.remove_prefix(1);
    }
  }
  bool Take(char c) {
    if (left_.empty() || left_[0] != c) return false;
    left_.remove_prefix(1);
    return true;
  }
  absl::string_view Token() {
    size_t size = 0;
    while (size < left_.size() && IsTokenChar(left_[size])) ++size;
    const absl::string_view token = left_.substr(0, size);
    left_.remove_prefix(size);
    return token;
  }
  // After the opening quote; false if there is no closing one.
  bool Quoted(std::string& out) {
    while (!left_.empty()) {
      char c = left_[0];
      left_.remove_prefix(1);
      if (c == '"') return true;
      if (c == '\\') {
        if (left_.empty()) return false;
        c = left_[0];
        left_.remove_prefix(1);
      }
      out.push_back(c);
    }
    return false;
  }

 private:
  absl::string_view left_;
};

// A parameter at the reader's place. False, and nothing is read, if there is none.
inline bool ReadParam(HeaderReader& reader, std::pair<std::string, std::string>& param) {
  const absl::string_view before = reader.left();
  const absl::string_view name = reader.Token();
  reader.SkipBlanks();
  if (name.empty() || !reader.Take('=')) {
    reader.Reset(before);
    return false;
  }
  reader.SkipBlanks();
  std::string value;
  if (reader.Take('"')) {
    if (!reader.Quoted(value)) {
      reader.Reset(before);
      return false;
    }
  } else {
    value = std::string(reader.Token());
  }
  param = {absl::AsciiStrToLower(name), std::move(value)};
  return true;
}

}  // namespace internal

// The challenges in order. Several headers of the name are one with ", " between.
inline std::vector<AuthChallenge> ParseAuthChallenges(absl::string_view header) {
  internal::HeaderReader reader(header.substr(0, kMaxChallengeSize));
  std::vector<AuthChallenge> challenges;
  for (;;) {
    reader.SkipBlanksAndCommas();
    const absl::string_view scheme = reader.Token();
    if (scheme.empty()) return challenges;
    AuthChallenge& challenge = challenges.emplace_back();
    challenge.scheme = absl::AsciiStrToLower(scheme);
    for (;;) {
      reader.SkipBlanksAndCommas();
      std::pair<std::string, std::string> param;
      if (!internal::ReadParam(reader, param)) break;
      challenge.params.insert(std::move(param));
    }
  }
}

}  // namespace pelagos::image
