#include "pelagos/lsp/format_edits.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_replace.h"
#include "pelagos/reml/lexer.h"

namespace pelagos::lsp {
namespace {

// The edits of the space between tokens; nullopt: the tokens are not the same.
std::optional<std::vector<TextEdit>> EditSpace(absl::string_view before, absl::string_view after) {
  reml::Lexer old_lexer(before), new_lexer(after);
  std::vector<TextEdit> edits;
  uint32_t old_end = 0, new_end = 0;
  for (;;) {
    const reml::Token old_token = old_lexer.Next(), new_token = new_lexer.Next();
    if (old_token.kind != new_token.kind ||
        before.substr(old_token.begin, old_token.end - old_token.begin) !=
            after.substr(new_token.begin, new_token.end - new_token.begin)) {
      return std::nullopt;
    }
    const absl::string_view space = after.substr(new_end, new_token.begin - new_end);
    if (before.substr(old_end, old_token.begin - old_end) != space) {
      edits.push_back({{old_end, old_token.begin}, std::string(space)});
    }
    if (old_token.kind == reml::TokenKind::kEnd) return edits;
    old_end = old_token.end;
    new_end = new_token.end;
  }
}

bool Continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::vector<TextEdit> EditsBetween(absl::string_view before, absl::string_view after) {
  std::string with_returns;
  const size_t line_end = before.find('\n');
  if (line_end != absl::string_view::npos && line_end > 0 && before[line_end - 1] == '\r' &&
      after.find('\r') == absl::string_view::npos) {
    with_returns = absl::StrReplaceAll(after, {{"\n", "\r\n"}});
    after = with_returns;
  }
  if (before == after) return {};
  if (auto edits = EditSpace(before, after)) return *std::move(edits);
  const size_t shorter = std::min(before.size(), after.size());
  size_t same = 0;
  while (same < shorter && before[same] == after[same]) ++same;
  while (same > 0 && same < before.size() && Continues(before[same])) --same;
  size_t tail = 0;
  while (tail < shorter - same &&
         before[before.size() - tail - 1] == after[after.size() - tail - 1]) {
    ++tail;
  }
  while (tail > 0 && Continues(before[before.size() - tail])) --tail;
  return {{{static_cast<uint32_t>(same), static_cast<uint32_t>(before.size() - tail)},
           std::string(after.substr(same, after.size() - tail - same))}};
}

}  // namespace pelagos::lsp
