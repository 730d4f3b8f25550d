#include "tools/reml/textmate_tokens.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace pelagos {
namespace {

std::string Joined(const std::string& outer, const std::string& name) {
  if (name.empty()) return outer;
  return absl::StrCat(outer, outer.empty() ? "" : " ", absl::StripSuffix(name, ".reml"));
}

std::regex Compiled(const nlohmann::json& pattern) {
  return std::regex(pattern.get<std::string>(), std::regex::ECMAScript);
}

}  // namespace

TextMateTokens::TextMateTokens(const std::string& grammar) {
  const nlohmann::json json = nlohmann::json::parse(grammar);
  repository_ = json.at("repository");
  root_ = Add({{"patterns", json.at("patterns")}});
}

const TextMateTokens::Rule* TextMateTokens::Add(const nlohmann::json& json) {
  if (!json.contains("include")) {
    Rule& rule = rules_.emplace_back();
    Fill(rule, json);
    return &rule;
  }
  const std::string name = json.at("include").get<std::string>().substr(1);  // "#NAME"
  const auto known = named_.find(name);
  if (known != named_.end()) return known->second;
  Rule* const rule = named_[name] = &rules_.emplace_back();
  Fill(*rule, repository_.at(name));
  return rule;
}

void TextMateTokens::Fill(Rule& rule, const nlohmann::json& json) {
  rule.name = json.value("name", "");
  const bool region = json.contains("begin");
  if (region) rule.end = Compiled(json.at("end"));
  if (region || json.contains("match")) rule.match = Compiled(json.at(region ? "begin" : "match"));
  const auto captures = [&](const char* key, std::map<size_t, const Rule*>& to) {
    if (!json.contains(key)) return;
    for (const auto& [text, capture] : json.at(key).items()) {
      size_t number = 0;
      if (absl::SimpleAtoi(text, &number)) to[number] = Add(capture);
    }
  };
  captures(region ? "beginCaptures" : "captures", rule.captures);
  captures("endCaptures", rule.end_captures);
  if (!json.contains("patterns")) return;
  for (const nlohmann::json& pattern : json.at("patterns")) rule.patterns.push_back(Add(pattern));
}

const std::cmatch& TextMateTokens::Search(const char* begin, const char* end,
                                          const std::regex& regex, Matches& matches) {
  const auto [known, is_new] = matches.try_emplace(&regex);
  std::cmatch& match = known->second;
  if (is_new || (!match.empty() && match[0].first < begin)) {
    std::regex_search(begin, end, match, regex);
  }
  return match;
}

// Puts what `rule` matches into `found` when it is further to the left. Groups stand for their
// rules.
void TextMateTokens::Try(const char* begin, const char* end, const Rule& rule, Matches& matches,
                         Found& found) {
  if (!rule.match) {
    for (const Rule* pattern : rule.patterns) Try(begin, end, *pattern, matches, found);
    return;
  }
  const std::cmatch& match = Search(begin, end, *rule.match, matches);
  if (match.empty()) return;
  if (found.match.empty() || match[0].first < found.match[0].first) found = {&rule, false, match};
}

void TextMateTokens::Paint(Line& line, const std::cmatch& match, const std::string& scopes,
                           const std::map<size_t, const Rule*>& captures) const {
  const auto paint = [&line](const std::csub_match& part, const std::string& as) {
    const size_t begin = static_cast<size_t>(part.first - line.text.data());
    const size_t end = static_cast<size_t>(part.second - line.text.data());
    std::fill(line.scopes.begin() + static_cast<ptrdiff_t>(begin),
              line.scopes.begin() + static_cast<ptrdiff_t>(end), as);
    line.begins[begin] = line.begins[end] = true;
    return std::pair(begin, end);
  };
  paint(match[0], scopes);
  for (const auto& [number, rule] : captures) {
    if (number >= match.size() || !match[number].matched) continue;
    const std::string inside = Joined(scopes, rule->name);
    const auto [begin, end] = paint(match[number], inside);
    if (rule->patterns.empty()) continue;
    std::vector<Region> regions = {{rule, inside}};
    Scan(line, begin, end, regions);
  }
}

void TextMateTokens::Scan(Line& line, size_t begin, size_t end,
                          std::vector<Region>& regions) const {
  const char* const text = line.text.data();
  Matches matches;
  for (size_t at = begin; at <= end;) {
    const Region region = regions.back();
    Found found;
    if (region.rule->end) {
      found.match = Search(text + at, text + end, *region.rule->end, matches);
      found.ends = !found.match.empty();
      if (found.ends) found.rule = region.rule;
    }
    for (const Rule* pattern : region.rule->patterns) {
      Try(text + at, text + end, *pattern, matches, found);
    }
    const size_t next =
        found.rule == nullptr ? end : static_cast<size_t>(found.match[0].first - text);
    std::fill(line.scopes.begin() + static_cast<ptrdiff_t>(at),
              line.scopes.begin() + static_cast<ptrdiff_t>(next), region.scopes);
    line.begins[at] = true;
    if (found.rule == nullptr) return;
    at = static_cast<size_t>(found.match[0].second - text);
    if (found.ends) {
      Paint(line, found.match, region.scopes, found.rule->end_captures);
      regions.pop_back();
      continue;
    }
    const std::string scopes = Joined(region.scopes, found.rule->name);
    Paint(line, found.match, scopes, found.rule->captures);
    if (found.rule->end) {
      regions.push_back({found.rule, scopes});
    } else if (found.match.length(0) == 0) {
      ++at;  // no rule of ours matches nothing; a wrong one must not hang the test
    }
  }
}

std::vector<TextMateToken> TextMateTokens::Of(absl::string_view text) const {
  std::vector<TextMateToken> tokens;
  std::vector<Region> regions = {{root_, ""}};
  size_t offset = 0;
  for (absl::string_view content : absl::StrSplit(text, '\n')) {
    Line line{content, std::vector<std::string>(content.size()),
              std::vector<bool>(content.size() + 1)};
    Scan(line, 0, content.size(), regions);
    for (size_t begin = 0; begin < content.size();) {
      size_t end = begin + 1;
      while (end < content.size() && !line.begins[end]) ++end;
      if (content.substr(begin, end - begin).find_first_not_of(" \t\r\f") !=
          absl::string_view::npos) {
        tokens.push_back({offset + begin, offset + end, line.scopes[begin]});
      }
      begin = end;
    }
    offset += content.size() + 1;
  }
  return tokens;
}

}  // namespace pelagos
