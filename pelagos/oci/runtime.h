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
  std::string config = "config.json";  // the document, in the bundle or an absolute path
  std::string pid_file;                // the pid is written there; empty: not
  std::string console_socket;          // gets the master of the terminal
  std::string pidfd_socket;            // gets a pidfd of the process
  int preserved = 0;                   // descriptors beside the standard streams
  bool systemd_cgroup = false, no_cgroups = false, no_pivot = false;
  std::vector<std::string> env;    // beside the document's
  bool keyring = true;             // a session keyring of its own
  bool has_notify_socket = false;  // a socket to tell a service manager by: notify_socket.h
  bool keeps_terminal = false;     // the caller takes the master instead of a console socket
  uint16_t rows = 0, columns = 0;
};

struct ExecOptions {
  std::string id;
  Process process;
  std::string pid_file, console_socket, pidfd_socket;
  std::vector<std::string> cgroups;  // below the container's: "a/b", or "memory,cpu:a/b" for some
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

// Who is told what happens beside the result.
struct Listeners {
  std::function<void(const std::string&)> warn;   // what is left out, or went wrong on the way
  std::function<void(const std::string&)> debug;  // each step; may be empty
};

class Runtime {
 public:
  Runtime(std::string root, Listeners listeners)
      : records_(std::move(root)), listeners_(std::move(listeners)) {}

  const Records& records() const { return records_; }

  absl::StatusOr<Running> Create(const CreateOptions& options);
  absl::Status Start(const std::string& id);
  // `all`: every process of the container, also where its first one has ended. So does SIGKILL
  // where the first one's end is not that of the others: in a pid namespace that it does not own.
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
  // A startContainer hook, with the rights of the container's program; its pidfd.
  absl::StatusOr<Fd> StartHook(const Record& record, const Config& config, const Hook& hook,
                               int stdin_fd, int stdout_fd, int stderr_fd) const;
  void Warn(const std::string& text) const { listeners_.warn(text); }
  void Show(const LaunchPlan& plan) const;  // for debugging

  Records records_;
  Listeners listeners_;
};

// The bundle's document, `config` as in CreateOptions: NotFound in runc's words.
absl::StatusOr<std::string> ReadBundle(const std::string& bundle,
                                       const std::string& config = "config.json");

// An absolute path of what may be relative to the working directory.
absl::StatusOr<std::string> AbsolutePath(const std::string& path);

}  // namespace pelagos::oci
