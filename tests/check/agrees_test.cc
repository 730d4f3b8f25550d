// What the checker refuses, the evaluator refuses: for every procedure of the language, with every
// kind of argument in every place.
#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "pelagos/language/check.h"
#include "pelagos/language/types.h"
#include "pelagos/language/vocabulary.h"
#include "tests/docs/bench.h"

namespace pelagos::language {
namespace {

const std::vector<std::string>& Kinds() {
  static const auto* const kinds = new std::vector<std::string>{
      "1",   "0",    "1.5",      "\"a\"",    "\"\"", "'a", ":a", "#\\a",
      "'()", "'(1)", "'((a 1))", "'(\"a\")", "#(1)", "#t", "#f", "(lambda (x) x)"};
  return *kinds;
}

// One of each type.
const std::vector<std::string>& Types() {
  static const auto* const types = new std::vector<std::string>{
      "1", "1.5", "\"a\"", "'a", ":a", "#\\a", "'()", "'(1)", "#(1)", "#t", "(lambda (x) x)"};
  return *types;
}

// A form of a generated program.
struct Form {
  const Word* word = nullptr;
  std::string text;
  std::vector<std::string> arguments;  // empty: unknown
};

std::string CallOf(const Word& word, const std::vector<std::string>& arguments) {
  return absl::StrCat("(", word.name(), arguments.empty() ? "" : " ", absl::StrJoin(arguments, " "),
                      ")");
}

// The findings of programs of these forms, one a line, by the number of their form.
std::map<size_t, std::vector<Finding>> CheckForms(const std::vector<Form>& forms,
                                                  SourceMap& sources) {
  constexpr size_t kAtOnce = 1000;  // the checker has enough at some point
  std::map<size_t, std::vector<Finding>> found;
  for (size_t first = 0; first < forms.size(); first += kAtOnce) {
    std::string text;
    for (size_t i = first; i < std::min(first + kAtOnce, forms.size()); ++i) {
      absl::StrAppend(&text, forms[i].text, "\n");
    }
    const uint32_t source = sources.Add("t.reml", text);
    for (Finding& finding : Check(sources, source)) {
      if (finding.diagnostic.severity != Severity::kError) continue;
      const int line = sources.Find(source)->Locate(finding.diagnostic.span.begin).line;
      found[first + static_cast<size_t>(line - 1)].push_back(std::move(finding));
    }
  }
  return found;
}

// Real time and sockets.
bool OfTheWorld(const Word& word) { return word.chapter->name == "containers"; }

// One argument is known, nothing is known of the others: whatever they are, the call fails.
TEST(CheckAgreesTest, WhatIsRefusedFailsWithAnyOtherArguments) {
  std::vector<Form> forms;
  for (const Word& word : Vocabulary::Get().words()) {
    if (!word.procedure() || OfTheWorld(word)) continue;
    const auto [least, most] = word.arity;
    const int places = most == reml::Arity::kAny ? least + 2 : most;
    for (int place = 0; place < places; ++place) {
      const int count = std::max(least, place + 1);
      for (const std::string& kind : Types()) {
        Form form{&word, "", std::vector<std::string>(static_cast<size_t>(count))};
        form.arguments[static_cast<size_t>(place)] = kind;
        std::vector<std::string> names, parts;
        for (size_t i = 0; i < form.arguments.size(); ++i) {
          names.push_back(absl::StrCat("u", i));
          parts.push_back(form.arguments[i].empty() ? names.back() : form.arguments[i]);
        }
        form.text =
            absl::StrCat("(lambda (", absl::StrJoin(names, " "), ") ", CallOf(word, parts), ")");
        forms.push_back(std::move(form));
      }
    }
  }
  SourceMap sources;
  const auto found = CheckForms(forms, sources);
  docs::Bench bench;
  std::set<std::string> words;
  for (const auto& [number, findings] : found) {
    const Form& form = forms[number];
    words.insert(form.word->name());
    // All combinations of the others, the last ones of many being the same.
    std::vector<size_t> unknown;
    for (size_t i = 0; i < form.arguments.size(); ++i) {
      if (form.arguments[i].empty()) unknown.push_back(i);
    }
    std::vector<std::string> arguments = form.arguments;
    const size_t kinds = Kinds().size();
    const size_t all = unknown.size() > 1 ? kinds * kinds : (unknown.empty() ? 1 : kinds);
    // Of two unknown arguments some combinations.
    for (size_t n = 0; n<all; n += unknown.size()> 1 ? 3 : 1) {
      for (size_t i = 0; i < unknown.size(); ++i) {
        arguments[unknown[i]] = Kinds()[(i == 0 ? n : n / kinds + i - 1) % kinds];
      }
      const std::string call = CallOf(*form.word, arguments);
      const std::string got = bench.Eval(call);
      ASSERT_TRUE(absl::StartsWith(got, "!! ")) << call << " " << got << "\n"
                                                << Render(sources, findings.front().diagnostic);
    }
  }
  std::cout << forms.size() << " calls of one known argument, " << found.size() << " refused, of "
            << words.size() << " procedures\n";
  EXPECT_GT(words.size(), 200u);
}

// All arguments are known: the checker says what the evaluator says, or nothing; of calls that do
// not fail nothing is said. And values are of the types that the signatures say.
TEST(CheckAgreesTest, KnownCallsFailAsTheyDoWhenTheyRun) {
  const std::vector<std::string> kinds = {"1", "\"a\"", "'a", "'()", "'(1)", "#\\a", "#(1)", "#t"};
  std::vector<Form> forms;
  for (const Word& word : Vocabulary::Get().words()) {
    if (!word.procedure() || OfTheWorld(word)) continue;
    const auto [least, most] = word.arity;
    for (int count = 0; count <= 3; ++count) {
      const bool right = count >= least && (most == reml::Arity::kAny || count <= most);
      size_t all = 1;
      for (int i = 0; i < count && right; ++i) all *= kinds.size();
      for (size_t n = 0; n < all; n += count == 3 ? 7 : 1) {
        Form form{&word, "", {}};
        for (size_t i = 0, rest = n; i < static_cast<size_t>(count); ++i, rest /= kinds.size()) {
          form.arguments.push_back(kinds[rest % kinds.size()]);
        }
        form.text = CallOf(word, form.arguments);
        forms.push_back(std::move(form));
      }
    }
  }
  SourceMap sources;
  const auto found = CheckForms(forms, sources);
  docs::Bench bench;
  size_t failed = 0, seen = 0;
  for (size_t i = 0; i < forms.size(); ++i) {
    const std::string got = bench.Eval(forms[i].text);
    const auto findings = found.find(i);
    if (absl::StartsWith(got, "!! ")) {
      ++failed;
      if (findings == found.end()) continue;
      ++seen;
      // The checker has them in the order of the text.
      const bool same = std::any_of(findings->second.begin(), findings->second.end(),
                                    [&](const Finding& finding) {
                                      return absl::StrCat("!! ", finding.diagnostic.message) == got;
                                    });
      EXPECT_TRUE(same) << forms[i].text << " " << got << "\n"
                        << Render(sources, findings->second.front().diagnostic);
      continue;
    }
    EXPECT_TRUE(findings == found.end()) << forms[i].text << " " << got << "\n"
                                         << Render(sources, findings->second.front().diagnostic);
    const TypeSet result = ParseType(forms[i].word->signature.result);
    const TypeSet type = ParseType(bench.last_type());
    EXPECT_FALSE((type & result).empty()) << forms[i].text << " " << got << ": it is "
                                          << bench.last_type() << ", not " << TypeName(result);
  }
  std::cout << forms.size() << " known calls, " << failed << " fail, " << seen << " seen\n";
  EXPECT_GT(100 * seen, 90 * failed);
}

}  // namespace
}  // namespace pelagos::language
