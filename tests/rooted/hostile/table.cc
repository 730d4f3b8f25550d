#include "tests/rooted/hostile/table.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace pelagos::hostile {
namespace {

constexpr char kHead[] = R"(# Hostile roots, images and requests

Written by `bazel run //tests/rooted/hostile:table`; `//tests/rooted/hostile:hostile_test` compares
Pelagos' columns with what it sees. Each case re-enacts a known attack, or a class of them, against
folders, files, settings, devices, descriptors and terminals of the host that must neither be
changed nor opened nor seen inside.

| word | means |
|---|---|
| safe | the container ran, and nothing of the host was to be had |
| refused | an error, and nothing ran |
| leaked | something of the host was opened, or could be seen inside |
| escaped | something of the host was changed, or could be |
| hung | no end after 20 s |
| - | cannot be asked of it: an OCI bundle has no words for it |

All were started with the same rights (inheritable and ambient too), 100 open descriptors of the
host, a secret in the environment and one in the session keyring. crun and runc got a bundle with
the same isolation: capabilities, filter of system calls, masked and read-only paths. A request that
names what leads outside may be refused or done inside: both are right.

Read with care:

- Only what was seen is told. A race (100 rounds here, 25 in the test) that was lost may be won
  another time; "escaped" is certain, "safe" is not.
- crun and runc have state, descriptors and sources of mounts that are their caller's to choose; an
  engine above them may keep some of these requests from them.
- Where the program is the runtime itself, crun and runc are refused because the root has no loader
  for them. An attacker would bring one along, as CVE-2019-5736 did.
- "Pelagos, OCI" is `pelagos oci` with the bundles of crun and runc; `pelagos run` has no exec yet.
- The owner of the caller's standard input (a null device) counts as the host's.
- Not re-enacted: attach, cp, builds, networks.
- CVE-2017-5985, CVE-2018-6556 and CVE-2022-47952 are of a helper with root's rights; none of our
  programs has rights of its own. CVE-2021-41103 and CVE-2025-64507 are of folders that users of the
  host can enter. Both have a test beside the corpus.

)";

// The row's order: name, class, story, CVEs, then the columns.
constexpr size_t kFixed = 4;

}  // namespace

std::string RenderTable(const Cases& cases, const std::vector<Column>& columns) {
  std::string text = kHead;
  for (const Column& column : columns) {
    if (column.version.empty()) continue;
    absl::StrAppend(&text, "- ", column.title, ": ", column.version, ", as Debian ships it\n");
  }
  absl::StrAppend(&text, "\n| case | class | what it tries | CVE |");
  for (const Column& column : columns) absl::StrAppend(&text, " ", column.title, " |");
  absl::StrAppend(&text, "\n|---|---|---|---|");
  for (size_t i = 0; i < columns.size(); ++i) absl::StrAppend(&text, "---|");
  absl::StrAppend(&text, "\n");
  for (const Case& one : cases) {
    absl::StrAppend(&text, "| ", one.name, " | ", one.group, " | ", one.story, " | ", one.cves,
                    " |");
    for (const Column& column : columns) {
      const auto found = column.verdicts.find(one.name);
      const std::string word = found == column.verdicts.end() ? "not run" : ToString(found->second);
      const bool bad = word == "escaped" || word == "leaked" || word == "hung";
      absl::StrAppend(&text, " ", bad ? absl::StrCat("**", word, "**") : word, " |");
    }
    absl::StrAppend(&text, "\n");
  }
  absl::StrAppend(&text, "\n", cases.size(), " cases.");
  for (const Column& column : columns) {
    std::map<Verdict, int> counts;
    for (const auto& [name, verdict] : column.verdicts) ++counts[verdict];
    std::vector<std::string> parts;
    for (const auto& [verdict, count] : counts) {
      if (verdict == Verdict::kInexpressible) continue;
      parts.push_back(absl::StrCat(count, " ", ToString(verdict)));
    }
    absl::StrAppend(&text, "\n", column.title, ": ",
                    parts.empty() ? "not run" : absl::StrJoin(parts, ", "), ".");
  }
  return text + "\n";
}

std::map<std::string, std::map<std::string, std::string>> ParseTable(const std::string& text) {
  std::map<std::string, std::map<std::string, std::string>> rows;
  std::vector<std::string> titles;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    std::vector<std::string> cells = absl::StrSplit(line, " | ");
    if (!absl::StartsWith(line, "| ") || cells.size() <= kFixed) continue;
    cells.front() = cells.front().substr(2);
    for (std::string& cell : cells) {
      std::string kept;
      for (char c : cell) {
        if (c != '*' && c != '|') kept += c;
      }
      cell = std::string(absl::StripAsciiWhitespace(kept));
    }
    if (titles.empty()) {
      titles = cells;
      continue;
    }
    for (size_t i = kFixed; i < cells.size() && i < titles.size(); ++i) {
      rows[cells[0]][titles[i]] = cells[i];
    }
  }
  return rows;
}

}  // namespace pelagos::hostile
