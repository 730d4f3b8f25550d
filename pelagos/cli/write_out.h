// What a container said, passed on.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/strings/string_view.h"
#include "pelagos/sys/raw.h"

namespace pelagos::cli {

// Whoever watches may be gone; the container is not ours to end for that.
inline void WriteOut(int fd, absl::string_view text) {
  while (!text.empty()) {
    const sys::Result result = sys::Call(SYS_write, fd, text.data(), text.size());
    if (!result.ok()) return;
    text.remove_prefix(static_cast<size_t>(result.value));
  }
}

// All that `from`, which is non-blocking, holds by now.
inline void DrainOut(int from, int to) {
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t size = ::read(from, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    WriteOut(to, absl::string_view(buffer.data(), static_cast<size_t>(size)));
  }
}

}  // namespace pelagos::cli
