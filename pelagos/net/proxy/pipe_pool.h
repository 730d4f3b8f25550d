// Pipes for splice(2). Only data under way needs one: an idle connection has none.
//
// Source: pipe(7), fcntl(2) F_SETPIPE_SZ.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"

namespace pelagos::net {

struct Pipe {
  Fd reader, writer;
};

class PipePool {
 public:
  static constexpr int kBytes = 256 << 10;  // of a pipe, where the user's limit has room for it
  static constexpr size_t kMostIdle = 16;

  absl::StatusOr<Pipe> Take() {
    if (!idle_.empty()) {
      Pipe pipe = std::move(idle_.back());
      idle_.pop_back();
      return pipe;
    }
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return ErrnoStatus(errno, "pipe2");
    Pipe pipe{Fd(ends[0]), Fd(ends[1])};
    // If it cannot be had (pipe-user-pages-soft), the kernel's own size does.
    (void)::fcntl(pipe.writer.get(), F_SETPIPE_SZ, kBytes);
    return pipe;
  }

  // `pipe` is empty.
  void Give(Pipe pipe) {
    if (idle_.size() < kMostIdle) idle_.push_back(std::move(pipe));
  }

 private:
  std::vector<Pipe> idle_;
};

}  // namespace pelagos::net
