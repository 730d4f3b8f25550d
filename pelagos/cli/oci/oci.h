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

// Whether words that begin with "create" make a container of a bundle: --bundle or -b is among
// them, at most one word that is no flag before it. (What follows a second one is the command of a
// container of ours: `create busybox sh -b`.)
bool NamesBundle(const std::vector<std::string>& words);

// The first word behind words[0] that is no flag, if it is the id of an OCI container, of those
// that are kept where they are kept unless --root says otherwise; else empty.
std::string OciContainerIn(const std::vector<std::string>& words);

}  // namespace pelagos::cli
