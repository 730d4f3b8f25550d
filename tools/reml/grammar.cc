// grammar FOLDER: writes the files of tools/editor that are made of the language's tables into
// FOLDER. Under `bazel run`, FOLDER counts from where that was called.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "tools/reml/editor_files.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: grammar FOLDER\n";
    return 2;
  }
  const char* called_in = std::getenv("BUILD_WORKING_DIRECTORY");
  const std::filesystem::path folder =
      std::filesystem::path(called_in == nullptr ? "" : called_in) / argv[1];
  for (const auto& [name, text] : pelagos::EditorFiles()) {
    const std::filesystem::path path = folder / name;
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (file.fail()) {
      std::cerr << "cannot write " << path.string() << "\n";
      return 1;
    }
  }
  return 0;
}
