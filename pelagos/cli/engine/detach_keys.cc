#include "pelagos/cli/engine/detach_keys.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace pelagos::cli {
namespace {

constexpr absl::string_view kCtrl = "ctrl-";
constexpr char kDelete = 0x7f;

std::optional<char> ParseKey(absl::string_view key) {
  if (key.size() == 1 && absl::ascii_isascii(static_cast<unsigned char>(key[0]))) return key[0];
  if (absl::EqualsIgnoreCase(key, "DEL")) return kDelete;
  if (key.size() != kCtrl.size() + 1 || !absl::StartsWithIgnoreCase(key, kCtrl)) {
    return std::nullopt;
  }
  // ascii(7): '@' to '_' are 64 above what they are with Ctrl.
  const char letter = absl::ascii_toupper(static_cast<unsigned char>(key.back()));
  if (letter < '@' || letter > '_') return std::nullopt;
  return static_cast<char>(letter - '@');
}

}  // namespace

absl::StatusOr<std::string> ParseDetachKeys(absl::string_view list) {
  std::string keys;
  if (list.empty()) return keys;
  for (const absl::string_view word : absl::StrSplit(list, ',')) {
    const std::optional<char> key = ParseKey(word);
    if (!key) {
      return absl::InvalidArgumentError(
          absl::StrCat("detach keys '", list, "': '", word,
                       "' is no key; expected a character or ctrl-LETTER, as in 'ctrl-p,ctrl-q'"));
    }
    keys.push_back(*key);
  }
  return keys;
}

DetachKeys::Result DetachKeys::Feed(absl::string_view typed) {
  Result result;
  if (keys_.empty()) {
    result.forward = std::string(typed);
    return result;
  }
  for (const char c : typed) {
    const std::string seen =
        absl::StrCat(absl::string_view(keys_).substr(0, held_), absl::string_view(&c, 1));
    // The longest end of it that the keys begin with.
    held_ = seen.size();
    while (!absl::StartsWith(keys_, absl::string_view(seen).substr(seen.size() - held_))) --held_;
    result.forward.append(seen, 0, seen.size() - held_);
    if (held_ == keys_.size()) {
      held_ = 0;
      result.detached = true;
      return result;
    }
  }
  return result;
}

std::string DetachKeys::Flush() {
  std::string rest = keys_.substr(0, held_);
  held_ = 0;
  return rest;
}

}  // namespace pelagos::cli
