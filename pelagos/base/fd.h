// An owned file descriptor. Sockets, locks, pidfds and detached mounts wrap one.
//
// Source: close(2). Every descriptor that Pelagos opens is born close-on-exec.
#pragma once

#include <unistd.h>

#include <utility>

namespace pelagos {

// Moves, never copies; closes on destruction. A moved-from Fd is empty. Thread-compatible.
class [[nodiscard]] Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  // The descriptor, still owned; -1 if empty.
  int get() const& { return fd_; }
  int get() && = delete;  // Open(...).get() would dangle

  bool valid() const { return fd_ >= 0; }
  explicit operator bool() const = delete;  // would invite `if (fd)` for descriptor 0

  // Gives the descriptor away.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  void reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace pelagos
