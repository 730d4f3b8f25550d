// docs/hostile.md: the corpus and what was seen, as Markdown.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/rooted/hostile/arena.h"
#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

struct Column {
  Runtime runtime;
  std::string title;    // "crun"
  std::string version;  // of the program; "" for our own
  std::map<std::string, Verdict> verdicts;
};

std::string RenderTable(const Cases& cases, const std::vector<Column>& columns);

// What a rendered table says: the verdicts of each case, as text, by the column's title.
std::map<std::string, std::map<std::string, std::string>> ParseTable(const std::string& text);

}  // namespace pelagos::hostile
