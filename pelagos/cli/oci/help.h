// The help of an OCI runtime, and what it says of words that it does not take: the shape is runc's,
// which programs look at.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/cli/oci/command.h"

namespace pelagos::cli {

// How the program is called in help and messages.
inline constexpr char kOciName[] = "pelagos-oci";

std::string OciHelp(const std::vector<OciRow>& rows, const std::vector<Flag>& global);
std::string OciHelp(const OciRow& row);

// "" or what is wrong with so many words: `pelagos-oci: "state" requires exactly 1 argument(s)`.
std::string CountProblem(const OciRow& row, size_t count);

// What clients that were made for Go's flags write, in our spelling: "-bundle" is "--bundle", and a
// switch may have a value, "--debug=true".
std::vector<std::string> SpelledOut(const std::vector<Flag>& flags,
                                    const std::vector<std::string>& words, bool options_first);

}  // namespace pelagos::cli
