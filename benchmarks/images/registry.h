// Debian's docker-registry on a free port of 127.0.0.1, for as long as the object lives.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"

namespace pelagos::benchmarks {

// Neither moves nor copies.
class LocalRegistry {
 public:
  // Keeps what it is given below `folder`, which is there.
  static absl::StatusOr<std::unique_ptr<LocalRegistry>> Start(const std::string& folder);
  ~LocalRegistry();
  LocalRegistry(const LocalRegistry&) = delete;
  LocalRegistry& operator=(const LocalRegistry&) = delete;

  const std::string& host() const { return host_; }  // "127.0.0.1:PORT"

 private:
  LocalRegistry(pid_t pid, Fd log) : pid_(pid), log_(std::move(log)) {}

  pid_t pid_;
  Fd log_;
  std::string host_;
  std::thread reader_;  // of its log: a full pipe would stop it
};

}  // namespace pelagos::benchmarks
