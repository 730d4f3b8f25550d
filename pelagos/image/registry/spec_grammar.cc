#include "pelagos/image/registry/spec_grammar.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "re2/re2.h"

namespace pelagos::image {
namespace {

// As the specification writes them.
constexpr char kName[] =
    R"([a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*)";
constexpr char kTag[] = "[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}";

bool Matches(absl::string_view text, const re2::RE2& pattern) {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

}  // namespace

bool IsSpecName(absl::string_view name) {
  static const auto* const pattern = new re2::RE2(kName);
  return Matches(name, *pattern);
}

bool IsSpecTag(absl::string_view tag) {
  static const auto* const pattern = new re2::RE2(kTag);
  return Matches(tag, *pattern);
}

absl::Status CheckSpecGrammar(const Reference& reference) {
  if (!IsSpecName(reference.repository)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", absl::CHexEscape(reference.repository), "' is no name of a repository"));
  }
  if (reference.digest.empty() && !IsSpecTag(reference.tag)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", absl::CHexEscape(reference.tag), "' is no tag"));
  }
  return absl::OkStatus();
}

}  // namespace pelagos::image
