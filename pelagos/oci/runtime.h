// The life of a container as the OCI specification has it: create, start, kill, delete, and exec
// into it. Each is a command of its own; what they share is the record.
//
//   create   the bundle is planned and launched up to its program; the process waits on a socket
//   start    connects to it; the program runs
//   kill     a signal for the first process
//   delete   what the container had is given back, once its process has ended
//
// Source: OCI runtime-spec runtime.md; runc(8) for what that leaves open. Errors are runc's words
// where clients read them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/oci/config.h"
#include "pelagos/oci/record.h"

namespace pelagos::oci {

struct CreateOptions {
  std::string id;
  std::string bundle = ".";
  std::string pid_file;        // the pid is written there; empty: not
  std::string console_socket;  // gets the master of the terminal
  int preserved = 0;           // descriptors beside the standard streams
  bool systemd_cgroup = false, no_cgroups = false, no_pivot = false;
  bool keeps_terminal = false;  // the caller takes the master instead of a console socket
  uint16_t rows = 0, columns = 0;
};

struct ExecOptions {
  std::string id;
  Process process;
  std::string pid_file, console_socket;
  std::string cgroup;  // below the container's
  int preserved = 0;
  bool ignore_paused = false;
  bool keeps_terminal = false;
  uint16_t rows = 0, columns = 0;
};

// A process of a container, as long as its starter cares.
struct Running {
  sys::ProcessIdentity identity;
  Fd pidfd;
  Fd terminal;  // the master, if the caller keeps it
};

class Runtime {
 public:
  // `warn` is told what is left out or went wrong beside the point.
  Runtime(std::string root, std::function<void(const std::string&)> warn)
      : records_(std::move(root)), warn_(std::move(warn)) {}

  const Records& records() const { return records_; }

  absl::StatusOr<Running> Create(const CreateOptions& options);
  absl::Status Start(const std::string& id);
  // `all`: every process of the container.
  absl::Status Kill(const std::string& id, int signal, bool all);
  // `force`: kills it first; a container that is not there is fine then.
  absl::Status Delete(const std::string& id, bool force);
  absl::StatusOr<Running> Exec(const ExecOptions& options);
  absl::Status Pause(const std::string& id);
  absl::Status Resume(const std::string& id);
  // What is not set stays. Devices can only be those that the container has.
  absl::Status Update(const std::string& id, const Resources& resources);

 private:
  absl::Status Destroy(const Record& record, const Config* config);
  absl::Status KillAndWait(const Record& record);

  Records records_;
  std::function<void(const std::string&)> warn_;
};

// The bundle's document: NotFound in runc's words.
absl::StatusOr<std::string> ReadBundle(const std::string& bundle);

// An absolute path of what may be relative to the working directory.
absl::StatusOr<std::string> AbsolutePath(const std::string& path);

}  // namespace pelagos::oci
