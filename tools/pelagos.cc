// The `pelagos` program.

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "pelagos/cli/main.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  // Under `bazel run`, relative paths count from where the user stands.
  if (const char* folder = std::getenv("BUILD_WORKING_DIRECTORY"); folder != nullptr) {
    if (::chdir(folder) != 0) {
      std::cerr << "pelagos: error: cannot go to '" << folder << "'\n";
      return 1;
    }
  }
  return pelagos::cli::Main(std::vector<std::string>(argv + 1, argv + argc));
}
