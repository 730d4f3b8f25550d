// A command of `pelagos reml` as if typed, in the test's own process.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/reml/streams.h"

namespace pelagos::cli {

struct Answer {
  int code = 0;
  std::string out;
  std::string err;
  friend bool operator==(const Answer&, const Answer&) = default;
  friend std::ostream& operator<<(std::ostream& stream, const Answer& answer) {
    return stream << answer.code << "\n" << answer.out << "---\n" << answer.err;
  }
};

// `words` are what follows the command's name, `typed` is its standard input.
inline Answer Type(const Command& command, int (*run)(const Arguments&, Streams),
                   const std::vector<std::string>& words, const std::string& typed = "") {
  const absl::StatusOr<Arguments> args = ParseFlags(command.flags, words, command.options_first);
  EXPECT_TRUE(args.ok()) << args.status();
  if (!args.ok()) return {};
  std::istringstream in(typed);
  std::ostringstream out, err;
  const int code = run(*args, {in, out, err});
  return {code, out.str(), err.str()};
}

}  // namespace pelagos::cli
