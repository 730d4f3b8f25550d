// `pelagos reml doc`: the manual at the prompt. All of it is the reference (language/vocabulary.h),
// printed; the session (repl.h) prints the same.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/reml/streams.h"

namespace pelagos::cli {

// All that the language means by a name: a form, a macro or a procedure, and an option of a
// service. ":image" is the option only. NotFound says what may have been meant.
absl::StatusOr<std::string> DocOf(absl::string_view name, size_t width);

// The words whose name or description has the text, one a line; those by name first. NotFound when
// there is none.
absl::StatusOr<std::string> Apropos(absl::string_view text, size_t width);

// The chapters with their words.
std::string DocContents(size_t width);

// The command itself; returns the exit code.
int PrintDoc(const Arguments& args, Streams streams);

std::vector<Command> DocCommands();

}  // namespace pelagos::cli
