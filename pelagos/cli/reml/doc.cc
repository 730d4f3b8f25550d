#include "pelagos/cli/reml/doc.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/cli/reml/columns.h"
#include "pelagos/language/vocabulary.h"

namespace pelagos::cli {
namespace {

using language::Vocabulary;
using language::Word;

constexpr size_t kWidth = 80;
constexpr size_t kIndent = 2;

absl::string_view KindName(Word::Kind kind) {
  switch (kind) {
    case Word::Kind::kForm:
      return "form";
    case Word::Kind::kMacro:
      return "macro";
    case Word::Kind::kProcedure:
      return "procedure";
    case Word::Kind::kOption:
      break;
  }
  return "option of a service";
}

std::vector<std::string> Lines(absl::string_view text) {
  if (text.empty()) return {};
  return absl::StrSplit(text, '\n');
}

// "EXPRESSION => VALUE" so that it can be typed as it stands.
std::string Example(absl::string_view line) {
  const size_t at = std::max(line.rfind(" => ") + 1, line.rfind(" !! ") + 1);
  if (at == 0) return std::string(line);
  return absl::StrCat(line.substr(0, at - 1), "  ; ", line.substr(at));
}

std::string ChapterOf(const Word& word) {
  return word.chapter->sections.size() == 1 || word.section->title.empty()
             ? word.chapter->title
             : absl::StrCat(word.chapter->title, ": ", word.section->title);
}

std::string Printed(const Word& word, size_t width) {
  std::string text = absl::StrCat(word.name(), ": ", KindName(word.kind()), "\n");
  const std::string indent(kIndent, ' ');
  const std::vector<std::string> ways = Lines(word.entry->usage);
  for (size_t i = 0; i < ways.size(); ++i) {
    const bool result = i + 1 == ways.size() && !word.entry->result.empty();
    absl::StrAppend(&text, indent, ways[i], result ? " -> " : "", result ? word.entry->result : "",
                    "\n");
  }
  absl::StrAppend(&text, "\n", Wrapped(word.entry->doc, width, kIndent));
  const std::vector<std::string> examples = Lines(word.entry->example);
  if (!examples.empty()) absl::StrAppend(&text, "\n");
  for (const std::string& example : examples) {
    absl::StrAppend(&text, indent, Example(example), "\n");
  }
  const std::string since =
      word.entry->since > 0 ? absl::StrCat("since reml ", word.entry->since) : "as in the original";
  absl::StrAppend(&text, "\n", Wrapped(absl::StrCat(ChapterOf(word), "; ", since), width, kIndent));
  return text;
}

// What a name means; empty: nothing.
std::vector<const Word*> Meanings(absl::string_view name) {
  const Vocabulary& vocabulary = Vocabulary::Get();
  std::vector<const Word*> words;
  const bool keyword = absl::ConsumePrefix(&name, ":");
  if (const Word* word = keyword ? nullptr : vocabulary.Find(name)) words.push_back(word);
  if (const Word* option = vocabulary.FindOption(name)) words.push_back(option);
  return words;
}

absl::Status Unknown(absl::string_view name) {
  const Vocabulary& vocabulary = Vocabulary::Get();
  const bool keyword = absl::StartsWith(name, ":");
  std::string near = keyword ? vocabulary.NearestOption(name.substr(1)) : vocabulary.Nearest(name);
  if (near.empty() && !keyword) near = vocabulary.NearestOption(name);
  return absl::NotFoundError(absl::StrCat(
      "nothing is called '", absl::Utf8SafeCEscape(name), "'",
      near.empty() ? "" : absl::StrCat("; did you mean '", keyword ? ":" : "", near, "'?")));
}

std::vector<const Word*> AllWords() {
  std::vector<const Word*> words;
  for (const Word& word : Vocabulary::Get().words()) words.push_back(&word);
  for (const Word& option : Vocabulary::Get().options()) words.push_back(&option);
  return words;
}

std::vector<const Word*> Found(absl::string_view text) {
  const std::string wanted = absl::AsciiStrToLower(text);
  std::vector<const Word*> words, others;
  for (const Word* word : AllWords()) {
    if (absl::StrContains(absl::AsciiStrToLower(word->name()), wanted)) {
      words.push_back(word);
    } else if (absl::StrContains(absl::AsciiStrToLower(word->entry->doc), wanted)) {
      others.push_back(word);
    }
  }
  words.insert(words.end(), others.begin(), others.end());
  return words;
}

absl::Status NothingFound(absl::string_view text) {
  return absl::NotFoundError(
      absl::StrCat("no name and no description has '", absl::Utf8SafeCEscape(text), "'"));
}

// As much of the line as fits, in characters.
std::string Cut(absl::string_view line, size_t most) {
  size_t at = 0;
  for (size_t seen = 0; at < line.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(line[at]) & 0xc0) != 0x80;
    if (begins && seen++ == most) break;
  }
  if (at == line.size()) return std::string(line);
  while (at > 0 && line[at] != ' ') --at;
  return absl::StrCat(line.substr(0, at), " ...");
}

std::string Overview(const std::vector<const Word*>& words, size_t width) {
  size_t widest = 0;
  for (const Word* word : words) widest = std::max(widest, word->name().size());
  std::string text;
  for (const Word* word : words) {
    const std::string option = word->kind() == Word::Kind::kOption ? "(option) " : "";
    const absl::string_view doc = absl::string_view(word->entry->doc);
    const size_t used = widest + 2 + 4;
    absl::StrAppend(
        &text, word->name(), std::string(widest + 2 - word->name().size(), ' '),
        Cut(absl::StrCat(option, doc.substr(0, doc.find('\n'))), width > used ? width - used : 1),
        "\n");
  }
  return text;
}

nlohmann::ordered_json Json(const std::vector<const Word*>& words) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Word* word : words) {
    const reml::ReferenceEntry& entry = *word->entry;
    rows.push_back(
        {{"name", entry.name},
         {"kind",
          word->kind() == Word::Kind::kOption ? "option" : std::string(KindName(word->kind()))},
         {"usage", Lines(entry.usage)},
         {"result", entry.result},
         {"doc", entry.doc},
         {"examples", Lines(entry.example)},
         {"since", entry.since},
         {"chapter", word->chapter->title},
         {"section", word->section->title}});
  }
  return rows;
}

int Complain(Streams& streams, absl::string_view message, int code) {
  streams.out.flush();
  streams.err << "pelagos: error: " << message << "\n" << std::flush;
  return code;
}

int Run(const Context&, const Arguments& args) {
  return PrintDoc(args, {std::cin, std::cout, std::cerr});
}

}  // namespace

absl::StatusOr<std::string> DocOf(absl::string_view name, size_t width) {
  const std::vector<const Word*> words = Meanings(name);
  if (words.empty()) return Unknown(name);
  std::vector<std::string> texts;
  for (const Word* word : words) texts.push_back(Printed(*word, width));
  return absl::StrJoin(texts, "\n");
}

absl::StatusOr<std::string> Apropos(absl::string_view text, size_t width) {
  const std::vector<const Word*> words = Found(text);
  if (words.empty()) return NothingFound(text);
  return Overview(words, width);
}

std::string DocContents(size_t width) {
  std::vector<std::string> chapters;
  for (const reml::ReferenceChapter& chapter : Vocabulary::Get().chapters()) {
    std::vector<std::string> names;
    for (const reml::ReferenceSection& section : chapter.sections) {
      for (const reml::ReferenceEntry& entry : section.entries) names.push_back(entry.name);
    }
    chapters.push_back(absl::StrCat(chapter.title, "\n", InColumns(names, width, kIndent)));
  }
  return absl::StrJoin(chapters, "\n");
}

int PrintDoc(const Arguments& args, Streams streams) {
  const std::vector<std::string>& names = args.positionals();
  if (args.has("search") && !names.empty()) {
    return Complain(streams,
                    absl::StrCat("reml doc: give a NAME or --search, not both: '", names[0], "'"),
                    kUsage);
  }
  const bool json = args.has("json");
  if (args.has("search")) {
    const std::string text = args.value("search");
    const absl::StatusOr<std::string> found = Apropos(text, kWidth);
    if (!found.ok()) return Complain(streams, found.status().message(), kFailed);
    streams.out << (json ? Json(Found(text)).dump(2) + "\n" : *found) << std::flush;
    return kDone;
  }
  if (names.empty()) {
    streams.out << (json ? Json(AllWords()).dump(2) + "\n" : DocContents(kWidth)) << std::flush;
    return kDone;
  }
  int code = kDone;
  std::vector<const Word*> words;
  std::vector<std::string> texts;
  for (const std::string& name : names) {
    const std::vector<const Word*> meanings = Meanings(name);
    words.insert(words.end(), meanings.begin(), meanings.end());
    const absl::StatusOr<std::string> text = DocOf(name, kWidth);
    if (text.ok()) {
      texts.push_back(*text);
    } else {
      code = Complain(streams, text.status().message(), kFailed);
    }
  }
  streams.out << (json ? Json(words).dump(2) + "\n" : absl::StrJoin(texts, "\n")) << std::flush;
  return code;
}

std::vector<Command> DocCommands() {
  return {
      {.name = "reml doc",
       .usage = "[--json] [NAME... | --search TEXT]",
       .summary = "Tell what a name of the language means.",
       .example = "pelagos reml doc string-join",
       .flags = {{"search", 's', "TEXT", "list the names that have TEXT in them or are about it"},
                 {"json", 0, "", "as JSON"}},
       .run = Run},
  };
}

}  // namespace pelagos::cli
