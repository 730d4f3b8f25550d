// What a stream shows to: a terminal, and how wide it is.
//
// Source: isatty(3), ioctl_tty(2).
#pragma once

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "absl/strings/string_view.h"

namespace pelagos::sys {

// Columns of the terminal behind `fd`; nullopt if it is none, or one that cannot move its cursor.
inline std::optional<size_t> TerminalColumns(int fd) {
  if (::isatty(fd) == 0) return std::nullopt;
  const char* term = std::getenv("TERM");
  if (term == nullptr || absl::string_view(term) == "dumb") return std::nullopt;
  winsize size = {};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace pelagos::sys
