// The `pelagos` program.

#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "pelagos/cli/main.h"

extern "C" [[gnu::weak]] void
__gcov_dump();  // of the compiler; null where coverage is not measured

namespace {

// Before the first allocation. The heap grows by fewer calls: pages that are not used cost nothing.
[[gnu::constructor(101)]] void GrowTheHeapAtOnce() { ::mallopt(M_TOP_PAD, 1 << 20); }

// Sanitizers report when a program exits as usual, and so does the measurement of coverage.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif

// The kernel takes memory back faster than destructors do.
int End(int code) {
  if (kIsSanitized || __gcov_dump != nullptr) return code;
  std::cout.flush();
  std::fflush(nullptr);
  ::_exit(code);
}

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
  return End(pelagos::cli::Main(args));
}
