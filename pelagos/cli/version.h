// Which Pelagos this is.
#pragma once

#include <string>

namespace pelagos::cli {

inline constexpr char kVersion[] = "0.1.0";

inline std::string VersionLine() { return std::string("pelagos ") + kVersion + "\n"; }

}  // namespace pelagos::cli
