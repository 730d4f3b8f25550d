#include "tools/reml/textmate.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/reml/lexer.h"

namespace pelagos {
namespace {

using Json = nlohmann::ordered_json;

// A character as it is written in a regular expression, also between [ and ].
std::string Escaped(char c) {
  switch (c) {
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    case '\n':
      return "\\n";
    case '\f':
      return "\\f";
    default:
      return absl::StrContains("\\^$.|?*+()[]{}", absl::string_view(&c, 1))
                 ? absl::StrCat("\\", absl::string_view(&c, 1))
                 : std::string(1, c);
  }
}

// One character of a word.
std::string WordCharacter() {
  std::string ends;
  for (int c = 0; c < 128; ++c) {
    if (reml::EndsWord(static_cast<char>(c))) ends += Escaped(static_cast<char>(c));
  }
  return absl::StrCat("[^", ends, "]");
}

// The rules as text with $NAME in it would be hard to read: they are put together from these.
struct Pieces {
  std::string character = WordCharacter();
  std::string word = absl::StrCat("(?!#[(;|\\\\])", character, "+");  // #( #; #| #\ are none
  std::string end = absl::StrCat("(?!", character, ")");              // of a word
  std::string named_character = absl::StrCat("#\\\\(?:.", character, "*)?");
  std::string blanks = "[ \\t]*";
  std::string gap = "[ \\t]+";

  std::string OneOf(const WordGroups::Words& words) const {
    std::string pattern;
    for (absl::string_view word : words) {
      pattern += pattern.empty() ? "(?:" : "|";
      for (char c : word) pattern += Escaped(c);
    }
    return absl::StrCat(pattern, ")", end);
  }
};

Json Include(absl::string_view name) { return {{"include", absl::StrCat("#", name)}}; }
Json Includes(const std::vector<absl::string_view>& names) {
  Json patterns = Json::array();
  for (absl::string_view name : names) patterns.push_back(Include(name));
  return patterns;
}
Json Group(Json patterns) { return {{"patterns", std::move(patterns)}}; }

std::string Scope(absl::string_view name) { return absl::StrCat(name, ".reml"); }
Json Named(absl::string_view name) { return {{"name", Scope(name)}}; }

Json Match(absl::string_view scope, std::string pattern) {
  return {{"name", Scope(scope)}, {"match", std::move(pattern)}};
}

// What the parentheses of a pattern, counted from 1, are.
Json Captures(const std::vector<Json>& captures) {
  Json numbered = Json::object();
  for (size_t i = 0; i < captures.size(); ++i) numbered[absl::StrCat(i + 1)] = captures[i];
  return numbered;
}

Json Matching(std::string pattern, const std::vector<Json>& captures) {
  return {{"match", std::move(pattern)}, {"captures", Captures(captures)}};
}

const Json& Open() {
  static const Json& open = *new Json(Named("punctuation.section.list.begin"));
  return open;
}

// From `begin` to the ')' that ends it.
Json List(std::string begin, const std::vector<Json>& captures,
          const std::vector<absl::string_view>& inside) {
  return {{"begin", std::move(begin)},
          {"beginCaptures", Captures(captures)},
          {"end", "\\)"},
          {"endCaptures", {{"0", Named("punctuation.section.list.end")}}},
          {"patterns", Includes(inside)}};
}

Json Comments() {
  Json line = {{"name", Scope("comment.line.semicolon")},
               {"match", "(;).*$"},
               {"captures", Captures({Named("punctuation.definition.comment")})}};
  return Group({line, Include("block-comment"), Include("datum-comment")});
}

Json BlockComment() {
  return {{"name", Scope("comment.block")},
          {"begin", "#\\|"},
          {"end", "\\|#"},
          {"patterns", Includes({"block-comment"})}};
}

// #; and the datum behind it, when that begins on the same line.
Json DatumComment(const Pieces& re) {
  const std::string mark = "(#;)(?:[ \\t'`]|,@?)*";
  const Json captures = Captures({Named("punctuation.definition.comment")});
  const std::string scope = Scope("comment.block.datum");
  Json list = {{"name", scope},
               {"begin", absl::StrCat(mark, "#?\\(")},
               {"beginCaptures", captures},
               {"end", "\\)"},
               {"patterns", Includes({"left-out"})}};
  Json text = {{"name", scope},
               {"begin", absl::StrCat(mark, "\"")},
               {"beginCaptures", captures},
               {"end", "\""},
               {"patterns", Json::array({{{"match", "\\\\."}}})}};
  Json atom = {{"name", scope},
               {"match", absl::StrCat(mark, "(?:", re.named_character, "|", re.word, ")")},
               {"captures", captures}};
  return Group({list, text, atom, Match("punctuation.definition.comment", "#;")});
}

// Inside of a list that is left out: no more than what its end depends on.
Json LeftOut(const Pieces& re) {
  Json list = {{"begin", "\\("}, {"end", "\\)"}, {"patterns", Includes({"left-out"})}};
  Json text = {{"begin", "\""}, {"end", "\""}, {"patterns", Json::array({{{"match", "\\\\."}}})}};
  return Group({Include("block-comment"),
                {{"match", "#;"}},
                {{"match", ";.*$"}},
                {{"match", re.named_character}},
                {{"match", re.word}},
                text,
                list});
}

Json String() {
  return {{"name", Scope("string.quoted.double")},
          {"begin", "\""},
          {"beginCaptures", {{"0", Named("punctuation.definition.string.begin")}}},
          {"end", "\""},
          {"endCaptures", {{"0", Named("punctuation.definition.string.end")}}},
          {"patterns", Json::array({Match("constant.character.escape",
                                          "\\\\(?:[ntr\"\\\\]|x[0-9A-Fa-f]{1,8};)")})}};
}

Json Constants(const Pieces& re) {
  const std::string exponent = "(?:[eE][+-]?[0-9]+)?";
  return Group({Match("constant.character", re.named_character),
                Match("constant.numeric.integer", absl::StrCat("[+-]?[0-9]+", re.end)),
                Match("constant.numeric.float",
                      absl::StrCat("[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)", exponent, re.end)),
                Match("constant.language.boolean", absl::StrCat("#(?:true|false|t|f)", re.end)),
                Match("punctuation.separator.pair", absl::StrCat("\\.", re.end)),
                Match("constant.other.keyword", absl::StrCat(":", re.character, "+"))});
}

Json Prefixes() {
  return Group({Match("keyword.operator.quote", "'"), Match("keyword.operator.quasiquote", "`"),
                Match("keyword.operator.unquote-splicing", ",@"),
                Match("keyword.operator.unquote", ",")});
}

// '(port 8080 80), `(port ,port 80), 'port
Json Quoted(const Pieces& re, const WordGroups& groups) {
  const Json option = Named("support.type.property-name.option");
  const std::string options = re.OneOf(groups.options);
  return Group(
      {List(absl::StrCat("(')", re.blanks, "(\\()(?:", re.blanks, "(", options, "))?"),
            {Named("keyword.operator.quote"), Open(), option}, {"datum"}),
       List(absl::StrCat("(`)", re.blanks, "(\\()", re.blanks, "(", options, ")"),
            {Named("keyword.operator.quasiquote"), Open(), option}, {"expression"}),
       Matching(absl::StrCat("(')", re.blanks, "(", re.word, ")"),
                {Named("keyword.operator.quote"),
                 Group({Include("constant"),
                        {{"name", Scope("support.type.property-name.option")}, {"match", options}},
                        Include("symbol")})})});
}

// The name that is defined, and parameters. The word before it is coloured by its group.
Json Definitions(const Pieces& re, const WordGroups& groups) {
  const Json words = Group(Includes({"words"}));
  const Json function = Named("entity.name.function");
  const std::string name = absl::StrCat(re.gap, "(", re.word, ")");
  const auto word = [&re](const WordGroups::Words& of) {
    return absl::StrCat("(", re.OneOf(of), ")");
  };
  return Group(
      {List(absl::StrCat(word(groups.heads), re.gap, "(\\()", re.blanks, "(", re.word, ")"),
            {words, Open(), function}, {"parameters"}),
       List(absl::StrCat(word(groups.names_with_formals), name, re.gap, "(\\()"),
            {words, function, Open()}, {"parameters"}),
       List(absl::StrCat(word(groups.formals), re.gap, "(\\()"), {words, Open()}, {"parameters"}),
       Matching(absl::StrCat(word(groups.names), name, "(?=", re.blanks, "\\(", re.blanks,
                             re.OneOf(groups.formals), ")"),
                {words, function}),
       Matching(absl::StrCat(word(groups.names), name), {words, Named("entity.name.variable")}),
       Matching(absl::StrCat(word(groups.loops), name), {words, function})});
}

Json Parameters(const Pieces& re) {
  return Group({Include("comment"), Include("string"), Include("constant"),
                List("(\\()", {Open()}, {"parameters"}), Match("variable.parameter", re.word)});
}

// (define-service web "web" :image "nginx"): its keywords are options.
Json Service(const Pieces& re, const WordGroups& groups) {
  return List(absl::StrCat("(\\()", re.blanks, "(", re.OneOf(groups.services), ")(?:", re.gap, "(",
                           re.word, "))?"),
              {Open(), Group(Includes({"words"})), Named("entity.name.variable")},
              {"option-keyword", "expression"});
}

Json Words(const Pieces& re, const WordGroups& groups) {
  return Group({Match("keyword.control", re.OneOf(groups.special_forms)),
                Match("keyword.other.definition", re.OneOf(groups.definitions)),
                Match("keyword.control.macro", re.OneOf(groups.macros)),
                Match("keyword.control.mark", re.OneOf(groups.marks)),
                Match("support.function.builtin", re.OneOf(groups.procedures))});
}

}  // namespace

std::string TextMateGrammar(const WordGroups& groups) {
  const Pieces re;
  Json rules = Json::object();
  rules["expression"] =
      Group(Includes({"comment", "quoted", "prefix", "string", "vector", "service", "list",
                      "constant", "definition", "words", "word"}));
  rules["datum"] = Group(
      Includes({"comment", "prefix", "string", "vector", "datum-list", "constant", "symbol"}));
  rules["comment"] = Comments();
  rules["block-comment"] = BlockComment();
  rules["datum-comment"] = DatumComment(re);
  rules["left-out"] = LeftOut(re);
  rules["quoted"] = Quoted(re, groups);
  rules["prefix"] = Prefixes();
  rules["string"] = String();
  rules["constant"] = Constants(re);
  rules["vector"] = List("(#\\()", {Named("punctuation.section.vector.begin")}, {"datum"});
  rules["service"] = Service(re, groups);
  rules["list"] = List("(\\()", {Open()}, {"expression"});
  rules["datum-list"] = List("(\\()", {Open()}, {"datum"});
  rules["definition"] = Definitions(re, groups);
  rules["parameters"] = Parameters(re);
  rules["words"] = Words(re, groups);
  rules["option-keyword"] =
      Match("entity.other.attribute-name.option", absl::StrCat(":", re.OneOf(groups.options)));
  rules["symbol"] = Match("constant.other.symbol", re.word);
  rules["word"] = Match("meta.symbol", re.word);

  Json stray = Match("invalid.illegal.stray-close", "\\)");
  const Json grammar = {
      {"$schema", "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json"},
      {"comment", absl::StrCat("Written by `", kRenewEditorFiles, "`; not to be edited.")},
      {"name", "reml"},
      {"scopeName", "source.reml"},
      {"fileTypes", {"reml"}},
      {"patterns", Json::array({Include("expression"), std::move(stray)})},
      {"repository", std::move(rules)}};
  return grammar.dump(2) + "\n";
}

}  // namespace pelagos
