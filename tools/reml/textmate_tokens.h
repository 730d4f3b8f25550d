// What an editor makes of a text with a TextMate grammar, for tests: the part of the format that
// tools/reml/textmate.h uses, with std::regex as the engine.
//
// Rules are tried in the order of the grammar; the leftmost match wins, and of those at one place
// the first, the end of the innermost region before all others. Lines are looked at one by one.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos {

struct TextMateToken {
  size_t begin = 0, end = 0;  // bytes of the text
  std::string scopes;         // from the outermost, with blanks between; without ".reml"
};

class TextMateTokens {
 public:
  // Throws std::regex_error for a pattern that is none, nlohmann::json::exception for a grammar
  // that is not as it should be.
  explicit TextMateTokens(const std::string& grammar);

  // No token goes over the end of a line, and none is of white space only.
  std::vector<TextMateToken> Of(absl::string_view text) const;

  size_t rules() const { return rules_.size(); }

 private:
  struct Rule {
    std::string name;
    std::optional<std::regex> match;  // or the begin of a region; a group has none
    std::optional<std::regex> end;    // of a region
    std::map<size_t, const Rule*> captures, end_captures;
    std::vector<const Rule*> patterns;
  };
  struct Region {
    const Rule* rule = nullptr;
    std::string scopes;  // of what is inside
  };
  // A line, and what its bytes are.
  struct Line {
    absl::string_view text;
    std::vector<std::string> scopes;
    std::vector<bool> begins;  // a token, at the byte
  };
  struct Found {
    const Rule* rule = nullptr;
    bool ends = false;  // the innermost region
    std::cmatch match;
  };

  // What was found behind a place of a line: it is the same behind the next places, up to there.
  using Matches = std::map<const std::regex*, std::cmatch>;

  const Rule* Add(const nlohmann::json& json);
  void Fill(Rule& rule, const nlohmann::json& json);
  void Scan(Line& line, size_t begin, size_t end, std::vector<Region>& regions) const;
  static const std::cmatch& Search(const char* begin, const char* end, const std::regex& regex,
                                   Matches& matches);
  static void Try(const char* begin, const char* end, const Rule& rule, Matches& matches,
                  Found& found);
  void Paint(Line& line, const std::cmatch& match, const std::string& scopes,
             const std::map<size_t, const Rule*>& captures) const;

  nlohmann::json repository_;
  std::deque<Rule> rules_;
  std::map<std::string, Rule*> named_;
  const Rule* root_ = nullptr;
};

}  // namespace pelagos
