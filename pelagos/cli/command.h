// The shape of the command line: a command is a row with its flags, help and example; one parser
// and one help printer read the rows.
//
// Flags follow GNU's habits: --flag VALUE, --flag=VALUE, -f VALUE, -fVALUE, joined short switches,
// `--` ends them. A switch takes =true and =false too, as Docker's do. Exit codes: 0 done, 1
// failed, 2 used wrongly; a program's own code for run.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/store/paths.h"

namespace pelagos::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

struct Flag {
  absl::string_view name;   // without dashes
  char letter = 0;          // 0: has none
  absl::string_view value;  // how the value is called in the help ("FILE"); empty: a switch
  absl::string_view help;
};

// What ParseFlags found.
class Arguments {
 public:
  bool has(absl::string_view flag) const { return values_.find(flag) != values_.end(); }
  // Whether a switch was last given as --flag=false; has() is false then.
  bool denied(absl::string_view flag) const { return denied_.count(std::string(flag)) != 0; }
  // The last value given, or `otherwise`.
  std::string value(absl::string_view flag, absl::string_view otherwise = "") const;
  // All values given, in order.
  std::vector<std::string> values(absl::string_view flag) const;
  const std::vector<std::string>& positionals() const { return positionals_; }

  void Add(absl::string_view flag, std::string value) {
    values_[std::string(flag)].push_back(std::move(value));
    denied_.erase(std::string(flag));
  }
  void Deny(absl::string_view flag) {
    values_.erase(std::string(flag));
    denied_.insert(std::string(flag));
  }
  void AddPositional(std::string value) { positionals_.push_back(std::move(value)); }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::set<std::string> denied_;
  std::vector<std::string> positionals_;
};

// Where a command works: the two roots.
struct Context {
  store::Roots roots;
};

// A line of the help before the flag of that name; left out for a flag that the command does not
// have, and where the last one said the same.
struct Heading {
  absl::string_view before;
  absl::string_view title;
};

struct Command {
  absl::string_view name;     // "compose up"
  absl::string_view usage;    // "[FLAGS] IMAGE [COMMAND [ARG...]]"
  absl::string_view summary;  // one line
  absl::string_view example;  // a command that can be typed
  std::vector<Flag> flags;
  // The first word that is no flag ends the flags: all that follows is the command's.
  bool options_first = false;
  std::function<int(const Context&, const Arguments&)> run;
  absl::Span<const Heading> headings = {};
};

// InvalidArgument names the flag and what was expected.
absl::StatusOr<Arguments> ParseFlags(const std::vector<Flag>& flags,
                                     const std::vector<std::string>& args, bool options_first);

std::string HelpFor(const Command& command);

// Parses, answers --help, runs.
int RunCommand(Command command, const Context& context, const std::vector<std::string>& args);

// "pelagos: error: MESSAGE" on stderr; returns `code`.
int Fail(absl::string_view message, int code = kFailed);
int Fail(const absl::Status& status, int code = kFailed);

}  // namespace pelagos::cli
