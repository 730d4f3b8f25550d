// The `pelagos` program.

#include <malloc.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "pelagos/cli/main.h"

namespace {

// Before the first allocation. The heap grows by fewer calls: pages that are not used cost nothing.
[[gnu::constructor(101)]] void GrowTheHeapAtOnce() { ::mallopt(M_TOP_PAD, 1 << 20); }

}  // namespace

int main(int argc, char** argv) {
  // Under `bazel run`, relative paths count from where the user stands.
  if (const char* folder = std::getenv("BUILD_WORKING_DIRECTORY"); folder != nullptr) {
    if (::chdir(folder) != 0) {
      std::cerr << "pelagos: error: cannot go to '" << folder << "'\n";
      return 1;
    }
  }
  std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  // Called by a link of that name it is an OCI runtime, wherever the link stands.
  const std::string called = argc > 0 ? argv[0] : "";
  if (called.substr(called.rfind('/') + 1) == "pelagos-oci") args.insert(args.begin(), "oci");
  return pelagos::cli::Main(args);
}
