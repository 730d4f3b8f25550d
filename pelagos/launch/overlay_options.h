// The options of an overlay mount as mount(2) takes them.
//
// Source: Documentation/filesystems/overlayfs.rst; mount(2): a page at most, its end included.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace pelagos::launch {

struct OverlayOptions {
  std::string folder;  // to which the paths in `options` are relative; "" if they are absolute
  std::string options;
};

namespace internal {

// A comma ends an option, a colon a lower folder, a backslash takes either's meaning away.
inline std::string EscapeLayer(absl::string_view path) {
  std::string escaped;
  for (char c : path) {
    if (c == '\\' || c == ',' || c == ':') escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

// The folder, with its slash, that all paths share.
inline std::string CommonFolder(const std::vector<std::string>& paths) {
  std::string common = paths[0].substr(0, paths[0].rfind('/') + 1);
  for (const std::string& path : paths) {
    while (!absl::StartsWith(path, common)) {
      common.pop_back();
      common.resize(common.rfind('/') + 1);
    }
  }
  return common;
}

}  // namespace internal

// `lowers` top first, all absolute. Many layers do not fit with their whole paths: then they are
// named from the folder they share. RESOURCE_EXHAUSTED if even that is too long.
inline absl::StatusOr<OverlayOptions> MakeOverlayOptions(const std::vector<std::string>& lowers,
                                                         const std::string& upper,
                                                         const std::string& work) {
  constexpr size_t kMost = 4095;
  if (lowers.empty()) return absl::InvalidArgumentError("an overlay needs at least one layer");
  for (const std::string& lower : lowers) {
    if (!absl::StartsWith(lower, "/")) {
      return absl::InvalidArgumentError(absl::StrCat("layer '", lower, "' is not absolute"));
    }
  }
  const auto options = [&](const std::string& folder) {
    std::string text = "lowerdir=";
    for (absl::string_view lower : lowers) {
      absl::ConsumePrefix(&lower, folder);
      if (text.back() != '=') text.push_back(':');
      text += internal::EscapeLayer(lower.empty() ? "." : lower);
    }
    if (!upper.empty()) {
      absl::StrAppend(&text, ",upperdir=", internal::EscapeLayer(upper),
                      ",workdir=", internal::EscapeLayer(work));
    }
    return text;
  };
  OverlayOptions result = {"", options("")};
  if (result.options.size() <= kMost) return result;
  result.folder = internal::CommonFolder(lowers);
  result.options = options(result.folder);
  if (result.options.size() <= kMost) return result;
  return absl::ResourceExhaustedError(
      absl::StrCat(lowers.size(), " layers are too many for one overlay mount"));
}

}  // namespace pelagos::launch
