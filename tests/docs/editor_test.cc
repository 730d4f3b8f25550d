// What tools/editor has of the language is current, and what editors read is as they want it.
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "pelagos/reml/lexer.h"
#include "tests/golden/golden.h"
#include "tools/reml/editor_files.h"
#include "tools/reml/word_groups.h"

namespace pelagos::docs {
namespace {

constexpr char kFolder[] = "tools/editor/";

nlohmann::json Load(absl::string_view name) {
  return nlohmann::json::parse(golden::ReadTestFile(absl::StrCat(kFolder, name)));
}

TEST(EditorTest, FilesAreCheckedInAsTheyAreWritten) {
  EXPECT_EQ(EditorFiles().size(), 3u);
  for (const auto& [name, text] : EditorFiles()) {
    EXPECT_EQ(golden::ReadTestFile(absl::StrCat(kFolder, name)), text)
        << "to renew it: " << kRenewEditorFiles;
  }
}

// Every rule that is named is there, and every one that is there is named.
void CollectIncludes(const nlohmann::json& json, std::set<std::string>& names) {
  if (json.is_object() && json.contains("include")) {
    names.insert(json.at("include").get<std::string>());
  }
  if (!json.is_structured()) return;
  for (const nlohmann::json& inner : json) CollectIncludes(inner, names);
}

TEST(EditorTest, GrammarIsOne) {
  const nlohmann::json grammar = Load("reml.tmLanguage.json");
  EXPECT_EQ(grammar.at("scopeName"), "source.reml");
  EXPECT_EQ(grammar.at("fileTypes"), nlohmann::json({"reml"}));
  std::set<std::string> included, rules;
  CollectIncludes(grammar, included);
  for (const auto& [name, rule] : grammar.at("repository").items()) {
    rules.insert(absl::StrCat("#", name));
  }
  EXPECT_EQ(included, rules);
}

TEST(EditorTest, ExtensionOfVsCodeNamesWhatIsThere) {
  const nlohmann::json package = Load("vscode/package.json");
  const nlohmann::json& contributes = package.at("contributes");
  const nlohmann::json& language = contributes.at("languages").at(0);
  const nlohmann::json& grammar = contributes.at("grammars").at(0);
  EXPECT_EQ(language.at("extensions"), nlohmann::json({".reml"}));
  EXPECT_EQ(grammar.at("language"), language.at("id"));
  const auto file = [](const nlohmann::json& path) {
    return Load(absl::StrCat("vscode/", path.get<std::string>().substr(2)));  // "./PATH"
  };
  EXPECT_EQ(file(grammar.at("path")).at("scopeName"), grammar.at("scopeName"));
  EXPECT_EQ(file(language.at("configuration")).at("comments").at("lineComment"), ";");
}

TEST(EditorTest, WordsEndInVsCodeWhereTheLexerEndsThem) {
  const nlohmann::json configuration = Load("vscode/language-configuration.json");
  const std::regex word(configuration.at("wordPattern").get<std::string>());
  for (int c = 1; c < 128; ++c) {
    const std::string text(1, static_cast<char>(c));
    EXPECT_EQ(std::regex_match(text, word), !reml::EndsWord(text[0])) << c;
  }
}

TEST(EditorTest, IndentsInVsCodeBehindAnOpenList) {
  const nlohmann::json rules = Load("vscode/language-configuration.json").at("indentationRules");
  const std::regex increase(rules.at("increaseIndentPattern").get<std::string>());
  for (const char* line : {"(define (f x)", "  (service \"a\" ; (", "(let ((a \"(\") (b 1))"}) {
    EXPECT_TRUE(std::regex_match(line, increase)) << line;
  }
  for (const char* line : {"(define x 1)", "x", "", "; (a", "(a))"}) {
    EXPECT_FALSE(std::regex_match(line, increase)) << line;
  }
}

}  // namespace
}  // namespace pelagos::docs
