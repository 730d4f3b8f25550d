// `pelagos oci ...`, and all of the program when it is called pelagos-oci: the command line of
// runc.
#pragma once

#include <string>
#include <vector>

namespace pelagos::cli {

// `args` begins with the global flags or the command. Returns the exit code.
int OciCommand(const std::vector<std::string>& args);

// True for the commands that stand at the top level too ("create", "state").
bool IsTopLevelOci(const std::string& word);

}  // namespace pelagos::cli
