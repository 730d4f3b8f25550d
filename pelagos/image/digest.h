// A content digest, "sha256:" and 64 lower-case hexadecimal digits.
//
// Source: image-spec, descriptor.md ("Digests"). sha512 is registered there too; no tool writes it,
// so that it is refused by name instead of being half supported.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pelagos::image {

// A value. Always whole: only ParseDigest and DigestOfHex make one that is not empty.
class Digest {
 public:
  Digest() = default;

  bool empty() const { return hex_.empty(); }
  const std::string& hex() const { return hex_; }                         // 64 digits
  std::string ToString() const { return absl::StrCat("sha256:", hex_); }  // as in JSON

  friend bool operator==(const Digest&, const Digest&) = default;
  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  friend absl::StatusOr<Digest> DigestOfHex(absl::string_view hex);
  explicit Digest(std::string hex) : hex_(std::move(hex)) {}
  std::string hex_;
};

// InvalidArgument unless `hex` is 64 lower-case hexadecimal digits.
inline absl::StatusOr<Digest> DigestOfHex(absl::string_view hex) {
  constexpr size_t kDigits = 64;
  const bool good = hex.size() == kDigits && std::all_of(hex.begin(), hex.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                    });
  if (!good) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", hex.substr(0, 80), "' is not a sha256 digest: expected 64 digits 0-9a-f"));
  }
  return Digest(std::string(hex));
}

// InvalidArgument unless `text` is "sha256:HEX".
inline absl::StatusOr<Digest> ParseDigest(absl::string_view text) {
  constexpr absl::string_view kPrefix = "sha256:";
  if (!absl::StartsWith(text, kPrefix)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", text.substr(0, 80), "' is not a digest: expected 'sha256:' and 64 digits"));
  }
  return DigestOfHex(text.substr(kPrefix.size()));
}

}  // namespace pelagos::image
