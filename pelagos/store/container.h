// What is kept of a container for longer than it runs.
//
//   DATA/containers/ID/container.json  what was asked for, and the image it was asked of: written
//                                      by `create`; `rename` and `update` replace it
//   DATA/containers/ID/state.json      what became of it: replaced by its monitor, or by a command
//                                      that holds the claim of the id (container/claim.h)
//   DATA/containers/ID/health.json     what its probes say, likewise
//   DATA/containers/ID/{upper,work}    its writable layer
//   DATA/containers/ID/log, log.1, ... its output (store/log.h)
//   DATA/names/NAME -> ID              a name belongs to whoever has the link
//
// What only the running container has is in RUN/containers/ID: the claim, its /etc files, the
// socket to attach to. State alone never says that a container runs: the claim does, which goes
// with its holder. Ids are 64 hexadecimal digits.
//
// Files are replaced by rename, so readers need no lock. Source: symlink(2), rename(2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/spec/container.h"
#include "pelagos/spec/resolved_image.h"
#include "pelagos/store/paths.h"
#include "pelagos/sys/process.h"

namespace pelagos::store {

struct ContainerRecord {
  std::string id;
  std::string created;  // RFC 3339, UTC, nanoseconds
  ContainerSpec spec;   // with its name, and this id
  ResolvedImage image;  // as it was when the container was created
  ResolvedUser user;

  friend bool operator==(const ContainerRecord&, const ContainerRecord&) = default;
};

enum class ContainerPhase : uint8_t {
  kCreated,     // never started
  kRunning,     // if its id is claimed; else its monitor was killed, and it with it
  kRestarting,  // waits for its next start, likewise
  kExited,
};

struct ContainerState {
  ContainerPhase phase = ContainerPhase::kCreated;
  sys::ProcessIdentity init;     // of the last start
  sys::ProcessIdentity monitor;  // who watches, and holds the claim
  std::string started_at;        // RFC 3339, UTC, nanoseconds; empty: never
  std::string finished_at;
  int exit_code = 0;           // 0..255; 128+n if signal n ended it
  bool out_of_memory = false;  // the kernel killed in it for want of memory
  std::string error;           // why it could not be started
  uint32_t restarts = 0;       // by its policy, since somebody started it
  bool stopped = false;        // by a command: no policy starts it again
  std::vector<std::string> addresses;
  std::string cgroup;  // its folder in cgroup v2, absolute; empty: it has none

  friend bool operator==(const ContainerState&, const ContainerState&) = default;
};

// A new one. Random.
absl::StatusOr<std::string> NewContainerId();

// AlreadyExists names who has it. Only a look: CreateContainer takes it.
absl::Status CheckNameIsFree(const Roots& roots, const std::string& name);

// Takes the name and writes the record. AlreadyExists names who has it.
absl::Status CreateContainer(const Roots& roots, const ContainerRecord& record);

// NotFound.
absl::StatusOr<ContainerRecord> ReadContainer(const Roots& roots, const std::string& id);
absl::Status WriteContainer(const Roots& roots, const ContainerRecord& record);

// Of a container that is there; without a state file: kCreated.
absl::StatusOr<ContainerState> ReadContainerState(const Roots& roots, const std::string& id);
absl::Status WriteContainerState(const Roots& roots, const std::string& id,
                                 const ContainerState& state);

// The id that `word` means: a name, an id, or the beginning of exactly one. NotFound,
// InvalidArgument for the beginning of several.
absl::StatusOr<std::string> FindContainer(const Roots& roots, const std::string& word);

// The ids, sorted.
absl::StatusOr<std::vector<std::string>> ListContainers(const Roots& roots);

// AlreadyExists, as above.
absl::Status RenameContainer(const Roots& roots, const std::string& id, const std::string& name);

// With all that is kept of it. May be repeated. Who is killed meanwhile leaves removing.json where
// container.json was.
absl::Status RemoveContainer(const Roots& roots, const std::string& id);

// Of an id that nobody has any more, and that the caller claimed: ends what a killed Create or
// Remove began, and removes a container that was to go with its end, and its own volumes. True if nothing is left.
absl::StatusOr<bool> SettleContainer(const Roots& roots, const std::string& id);

// As JSON, for `inspect` and for the files.
std::string ToJson(const ContainerRecord& record);
std::string ToJson(const ContainerState& state);
absl::StatusOr<ContainerRecord> ContainerRecordFromJson(absl::string_view text);
absl::StatusOr<ContainerState> ContainerStateFromJson(absl::string_view text);

}  // namespace pelagos::store
