// What is kept of a container between the commands of its life: ROOT/ID/.
//
//   config.json  the bundle's, as it was when the container was created: later changes of the
//   bundle
//                do not touch it
//   state.json   where it came from, its process, its cgroups; replaced by rename
//   start.sock   its first process waits there; goes with `start`
//   lock         held by commands that change the container
//
// A process is known by pid and start time. What there is a record of after the machine was
// restarted has no process any more: it is stopped.
//
// Source: OCI runtime-spec runtime.md ("State"); the columns of `list` are runc's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/oci/cgroup_limits.h"
#include "pelagos/oci/config.h"
#include "pelagos/oci/resctrl.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/sys/process.h"

namespace pelagos::oci {

// The systemd unit of a container whose cgroup systemd made.
struct UnitName {
  std::string name;
  bool user = false;  // of the user's service manager
  friend bool operator==(const UnitName&, const UnitName&) = default;
};

struct Record {
  std::string id, bundle, rootfs;
  std::string created;  // RFC 3339, UTC, nanoseconds
  uint32_t owner = 0;   // the user who created it
  // The creator while it is being created, then the first process.
  sys::ProcessIdentity process;
  bool creating = false;
  bool hooks = true;      // the config has some: only then start and delete need it
  bool keyring = true;    // it has a session keyring
  bool owns_pids = true;  // the first process's end is the end of all
  CgroupFolders cgroups;
  ResctrlSteps resctrl;
  std::optional<UnitName> systemd;
  friend bool operator==(const Record&, const Record&) = default;
};

enum class Status : uint8_t { kCreating, kCreated, kRunning, kPaused, kStopped };
absl::string_view NameOf(Status status);

// runc's messages: "container with given ID already exists", "container does not exist".
inline constexpr char kExists[] = "container with given ID already exists";
inline constexpr char kMissing[] = "container does not exist";

// The folder of all records. Names of containers are letters, digits and "_+-."; none begins with a
// dot.
class Records {
 public:
  explicit Records(std::string root) : root_(std::move(root)) {}

  const std::string& root() const { return root_; }
  std::string Folder(const std::string& id) const { return root_ + "/" + id; }
  std::string Socket(const std::string& id) const { return Folder(id) + "/start.sock"; }

  // AlreadyExists, InvalidArgument for what is no id.
  absl::Status CheckNew(const std::string& id) const;
  // The same, as far as the folder goes.
  absl::Status Make(const std::string& id, absl::string_view config) const;
  absl::Status Write(const Record& record) const;
  // NotFound.
  absl::StatusOr<Record> Read(const std::string& id) const;
  absl::StatusOr<Config> ReadConfig(const std::string& id) const;
  absl::Status Remove(const std::string& id) const;
  absl::StatusOr<std::vector<std::string>> List() const;
  // Exclusive, as long as the descriptor lives. NotFound.
  absl::StatusOr<Fd> Lock(const std::string& id) const;

  Status StatusOf(const Record& record) const;

 private:
  absl::Status Exists(const std::string& id) const;
  std::string root_;
};

// A file that readers see whole; what the machine forgets when it is restarted needs no fsync(2).
absl::Status ReplaceFile(const std::string& path, absl::string_view content, uint32_t mode);

// The state as JSON: of `state`, and for hooks (`compact`: in one line). `pid` as the reader sees
// it; 0 for a stopped container.
std::string StateJson(const Record& record, const Config& config, absl::string_view status,
                      pid_t pid, bool compact);

}  // namespace pelagos::oci
