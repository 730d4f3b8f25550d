// What the benchmarks of networks have in common: how many rounds, and a folder on tmpfs for their
// state, gone at the end.
#pragma once

#include <stdlib.h>

#include <cerrno>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {

// "NAME [ROUNDS]", at least one; `otherwise` if it is not given.
inline absl::StatusOr<int> RoundsFrom(int argc, char** argv, const char* name, int otherwise) {
  int rounds = otherwise;
  if (argc > 2 || (argc > 1 && (!absl::SimpleAtoi(argv[1], &rounds) || rounds < 1))) {
    return absl::InvalidArgumentError(absl::StrCat("usage: ", name, " [ROUNDS]"));
  }
  return rounds;
}

// `work` gets the folder; its error is the one to report.
template <typename Work>
absl::Status InScratch(const char* name, Work work) {
  std::string scratch = absl::StrCat("/dev/shm/pelagos-", name, "-XXXXXX");
  if (::mkdtemp(scratch.data()) == nullptr) return ErrnoStatus(errno, "mkdtemp", scratch);
  absl::Status status = work(scratch);
  status.Update(sys::RemoveTree(scratch));
  return status;
}

}  // namespace pelagos::benchmarks
