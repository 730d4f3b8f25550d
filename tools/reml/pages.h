// The reference as Markdown: a page for each chapter, and README.md, which lists them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pelagos/reml/reference.h"

namespace pelagos {

// The command that writes the pages where they are checked in.
inline constexpr char kRenewReference[] = "bazel run //tools/reml:reference -- docs/reml/reference";

// The pages by the names of their files.
std::map<std::string, std::string> ReferencePages(
    const std::vector<reml::ReferenceChapter>& chapters);

}  // namespace pelagos
