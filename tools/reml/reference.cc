// reference [FOLDER]: writes the pages of the reference into FOLDER, or prints them one after the
// other. Under `bazel run`, FOLDER counts from where that was called.
#include "pelagos/compose/reference.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "tools/reml/pages.h"

int main(int argc, char** argv) {
  if (argc > 2) {
    std::cerr << "usage: reference [FOLDER]\n";
    return 2;
  }
  const auto pages = pelagos::ReferencePages(pelagos::compose::Reference());
  if (argc < 2) {
    for (const auto& page : pages) std::cout << page.second;
    return std::cout.flush() ? 0 : 1;
  }
  const char* called_in = std::getenv("BUILD_WORKING_DIRECTORY");
  const std::filesystem::path folder =
      std::filesystem::path(called_in == nullptr ? "" : called_in) / argv[1];
  for (const auto& [name, text] : pages) {
    std::ofstream file(folder / name, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (file.fail()) {
      std::cerr << "cannot write " << (folder / name).string() << "\n";
      return 1;
    }
  }
  return 0;
}
