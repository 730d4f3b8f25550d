// What may stand at a place of an input: for the Tab key of a session.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/cli/reml/repl_session.h"

namespace pelagos::cli {

struct ReplCompletion {
  std::string word;                 // the word before the place, as far as it is written
  std::vector<std::string> labels;  // what it may become, sorted, each once
  std::string common;               // what all labels begin with
};

// `line`: what is written of it, up to the place; the lines that the session waits with stand
// before it. Commands behind a ','; behind ",doc" every word; else what an editor would offer
// (language/assist.h) if the session were a program, with all names that the session has defined.
ReplCompletion CompleteInput(const ReplSession& session, absl::string_view line);

}  // namespace pelagos::cli
