#include "pelagos/lsp/uri.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace pelagos::lsp {
namespace {

constexpr absl::string_view kScheme = "file:";
constexpr char kHex[] = "0123456789ABCDEF";

std::optional<int> HexDigit(char c) {
  const size_t digit =
      absl::string_view(kHex).find(absl::ascii_toupper(static_cast<unsigned char>(c)));
  if (digit == absl::string_view::npos) return std::nullopt;
  return static_cast<int>(digit);
}

// A '%' that begins no code stands for itself.
std::string Decoded(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = HexDigit(text[i + 1]), low = HexDigit(text[i + 2]);
      if (high && low) {
        decoded.push_back(static_cast<char>(*high * 16 + *low));
        i += 2;
        continue;
      }
    }
    decoded.push_back(text[i]);
  }
  return decoded;
}

}  // namespace

std::optional<std::string> PathOfUri(absl::string_view uri) {
  if (!absl::StartsWithIgnoreCase(uri, kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  if (absl::StartsWith(uri, "//")) {
    uri.remove_prefix(2);
    const absl::string_view host = uri.substr(0, uri.find('/'));
    if (!host.empty() && !absl::EqualsIgnoreCase(host, "localhost")) return std::nullopt;
    uri.remove_prefix(host.size());
  }
  uri = uri.substr(0, uri.find_first_of("?#"));
  if (!absl::StartsWith(uri, "/")) return std::nullopt;
  std::string path = Decoded(uri);
  if (path.find('\0') != std::string::npos) return std::nullopt;
  return path;
}

std::string UriOfPath(absl::string_view path) {
  std::string uri = "file://";
  for (const char c : path) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || absl::StrContains("-._~/", absl::string_view(&c, 1))) {
      uri.push_back(c);
    } else {
      absl::StrAppend(&uri, "%", absl::string_view(&kHex[byte / 16], 1),
                      absl::string_view(&kHex[byte % 16], 1));
    }
  }
  return uri;
}

std::string NormalPath(absl::string_view path) {
  std::vector<absl::string_view> parts;
  for (absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return absl::StrCat("/", absl::StrJoin(parts, "/"));
}

}  // namespace pelagos::lsp
