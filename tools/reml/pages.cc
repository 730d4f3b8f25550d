#include "tools/reml/pages.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace pelagos {
namespace {

using reml::ReferenceChapter;
using reml::ReferenceEntry;
using reml::ReferenceSection;

constexpr char kHowToRead[] =
    R"(An entry says how something is written, and after the arrow what kind of value it gives. What
stands in `[` `]` may be left out; what `...` follows may be written any number of times, also not at
all. `text:string` is a parameter whose values are strings; one without a type is of the type that its
name says, or takes anything. Types: `any`, `bool`, `int`, `float`, `number` (`int` or `float`),
`string`, `symbol`, `text` (`string` or `symbol`), `char`, `nil` (only `()`), `pair`, `list`, `vector`,
`hash-table`, `procedure`, `regex`, `input-port`, `output-port`, `eof`; `a|b` is either, `list<a>` a
list of them.

The comments in the examples are what `pelagos reml eval` prints for the expression: `=>` stands before
a value, `!!` before an error.

*As in the original* is what the original Pelagos has too, the same but for what
[differences.md](../../differences.md) says. All else says since which version of the language it is
there.
)";

std::string Header(absl::string_view title) {
  return absl::StrCat("<!-- Written by `", kRenewReference, "`; not to be edited. -->\n\n# ", title,
                      "\n\n");
}

// The anchor of a heading, as GitHub makes it.
std::string Anchor(absl::string_view heading) {
  std::string anchor;
  for (char c : heading) {
    if (c == ' ') {
      anchor += '-';
    } else if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_') {
      anchor += absl::ascii_tolower(static_cast<unsigned char>(c));
    }
  }
  return anchor;
}

// As code in running text: with enough backquotes around it.
std::string Code(absl::string_view text) {
  return absl::StrContains(text, '`') ? absl::StrCat("`` ", text, " ``")
                                      : absl::StrCat("`", text, "`");
}

// "EXPRESSION => VALUE" as a program with its answer in a comment.
std::string Example(absl::string_view line) {
  size_t at = line.rfind(" => ");
  if (at == absl::string_view::npos) at = line.rfind(" !! ");
  if (at == absl::string_view::npos) return absl::StrCat(line, "\n");
  const absl::string_view answer = line.substr(at + 1);
  constexpr size_t kShort = 90;
  const bool one_line = line.size() <= kShort;
  return absl::StrCat(line.substr(0, at), one_line ? "  ; " : "\n; ", answer, "\n");
}

std::string Entry(const ReferenceEntry& entry) {
  std::string page = absl::StrCat("### ", Code(entry.name), "\n\n");
  std::vector<std::string> ways;
  for (absl::string_view way : absl::StrSplit(entry.usage, '\n')) ways.push_back(Code(way));
  absl::StrAppend(&page, absl::StrJoin(ways, "  \n"));
  if (!entry.result.empty()) absl::StrAppend(&page, " → ", Code(entry.result));
  absl::StrAppend(&page, "\n\n", entry.doc, "\n");
  page += entry.since > 0 ? absl::StrCat("*Since reml ", entry.since, ".*\n")
                          : "*As in the original.*\n";
  if (!entry.example.empty()) {
    absl::StrAppend(&page, "\n```scheme\n");
    for (absl::string_view line : absl::StrSplit(entry.example, '\n')) page += Example(line);
    absl::StrAppend(&page, "```\n");
  }
  return page;
}

std::string Page(const ReferenceChapter& chapter) {
  std::string page = Header(chapter.title);
  absl::StrAppend(&page, "[Reference](README.md)\n");
  const bool one = chapter.sections.size() == 1;
  if (!one) {
    absl::StrAppend(&page, "\n");
    for (const ReferenceSection& section : chapter.sections) {
      absl::StrAppend(&page, "- [", section.title, "](#", Anchor(section.title), ")\n");
    }
  }
  for (const ReferenceSection& section : chapter.sections) {
    if (!one) absl::StrAppend(&page, "\n## ", section.title, "\n");
    if (!section.intro.empty()) absl::StrAppend(&page, "\n", section.intro, "\n");
    for (const ReferenceEntry& entry : section.entries) absl::StrAppend(&page, "\n", Entry(entry));
  }
  return page;
}

std::string Contents(const std::vector<ReferenceChapter>& chapters) {
  std::string page = absl::StrCat(Header("Reference of reml"), kHowToRead);
  for (const ReferenceChapter& chapter : chapters) {
    absl::StrAppend(&page, "\n## [", chapter.title, "](", chapter.name, ".md)\n");
    for (const ReferenceSection& section : chapter.sections) {
      std::vector<std::string> names;
      for (const ReferenceEntry& entry : section.entries) names.push_back(Code(entry.name));
      absl::StrAppend(&page, "\n");
      if (chapter.sections.size() > 1) {
        absl::StrAppend(&page, "[", section.title, "](", chapter.name, ".md#",
                        Anchor(section.title), "): ");
      }
      absl::StrAppend(&page, absl::StrJoin(names, " "), "\n");
    }
  }
  return page;
}

}  // namespace

std::map<std::string, std::string> ReferencePages(const std::vector<ReferenceChapter>& chapters) {
  std::map<std::string, std::string> pages;
  pages["README.md"] = Contents(chapters);
  for (const ReferenceChapter& chapter : chapters) {
    pages[absl::StrCat(chapter.name, ".md")] = Page(chapter);
  }
  return pages;
}

}  // namespace pelagos
