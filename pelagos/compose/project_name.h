// How a project is called, and which file is meant.
//
// A project is named by --project, by the program's compose-up, or after the folder of its file.
#pragma once

#include <climits>
#include <cstdlib>
#include <climits>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/policy/name.h"

namespace pelagos::compose {

// Absolute and without links; as it is where the file is not there.
inline std::string CanonicalPath(const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) != nullptr ? resolved : path;
}

inline std::string FolderOfFile(const std::string& file) {
  const std::string path = CanonicalPath(file);
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return CanonicalPath(".");
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The name of the file's folder; characters that no name may have become '-'.
inline std::string DefaultProjectName(const std::string& file) {
  const std::string folder = FolderOfFile(file);
  std::string name;
  for (char c : folder.substr(folder.rfind('/') + 1)) {
    const bool good = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-';
    if (good || !name.empty()) name.push_back(good ? c : '-');
  }
  while (!name.empty() && name[0] == '-') name.erase(0, 1);
  return name.empty() ? "default" : name;
}

// A name that the user typed, if it can be one.
inline absl::StatusOr<std::string> CheckProjectName(std::string name) {
  const absl::string_view problem = NameProblem(name);
  if (problem.empty()) return name;
  return absl::InvalidArgumentError(absl::StrCat("project name '", name, "' ", problem));
}

}  // namespace pelagos::compose
