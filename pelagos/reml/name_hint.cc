#include "pelagos/reml/name_hint.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/base/suggest.h"
#include "pelagos/reml/forms.h"

namespace pelagos::reml {
namespace {

// Whether two short names differ only in the case or the order of their letters.
bool SameLetters(absl::string_view a, absl::string_view b) {
  std::string one = absl::AsciiStrToLower(a), other = absl::AsciiStrToLower(b);
  std::sort(one.begin(), one.end());
  std::sort(other.begin(), other.end());
  return one == other;
}

std::string Nearest(absl::string_view written, absl::Span<const absl::string_view> names,
                    size_t* looked) {
  constexpr size_t kShort = 2;
  std::vector<absl::string_view> candidates;
  const auto consider = [&](absl::string_view name) {
    const size_t difference =
        std::max(name.size(), written.size()) - std::min(name.size(), written.size());
    if (name == written || difference > std::max<size_t>(1, written.size() / 3)) return;
    const bool brief = written.size() <= kShort || name.size() <= kShort;
    if (brief && !SameLetters(name, written)) return;
    candidates.push_back(name);
  };
  for (absl::string_view name : names) consider(name);
  for (const Form& form : SpecialForms()) consider(form.name);
  *looked += candidates.size();
  return Suggest(written, candidates);
}

}  // namespace

std::string UnboundNameHint(absl::string_view written, bool special,
                            const std::function<bool(absl::string_view)>& bound,
                            absl::Span<const absl::string_view> names, size_t* looked) {
  if (special) return absl::StrCat("'", written, "' is a special form, not a procedure");
  if (written == "else" || written == "=>") {
    return absl::StrCat(written, " stands in clauses: of cond, case and guard");
  }
  if (written == "unquote" || written == "unquote-splicing") {
    return "',' stands only inside `(...); items are separated by blanks";
  }
  if (absl::StartsWith(written, "[") || absl::StartsWith(written, "{")) {
    return absl::StrCat("lists have parentheses only; ", written.substr(0, 1),
                        " is a letter of a name");
  }
  if (absl::EndsWith(written, "]") || absl::EndsWith(written, "}")) {
    return absl::StrCat("lists have parentheses only; ", written.substr(written.size() - 1),
                        " is a letter of a name");
  }
  if (!written.empty() && absl::ascii_isdigit(static_cast<unsigned char>(written[0]))) {
    return absl::StrCat("this is no number; a text stands in quotes: \"", written, "\"");
  }
  for (absl::string_view name : kOperators) {
    absl::string_view rest = written;
    if (absl::ConsumePrefix(&rest, name) && bound(rest)) {
      return absl::StrCat("a blank after '", name, "' is missing");
    }
  }
  const std::string near = Nearest(written, names, looked);
  return near.empty() ? "" : absl::StrCat("did you mean '", near, "'?");
}

}  // namespace pelagos::reml
