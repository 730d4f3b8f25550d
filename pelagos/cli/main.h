// The command line as a function: tools/pelagos.cc is a few lines over it.
#pragma once

#include <string>
#include <vector>

namespace pelagos::cli {

// `args` without the program's name. Returns the exit code.
int Main(const std::vector<std::string>& args);

}  // namespace pelagos::cli
