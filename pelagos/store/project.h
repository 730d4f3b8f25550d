// The record of a compose project: what was asked for, who supervises it, what became of each
// service. `down`, `ps` and `logs` need nothing else; the stack's file is never read again.
//
// One JSON file per project, replaced atomically by its one writer: the holder of the project's
// lock (`up` until it forked the supervisor, then the supervisor, after its death the command that
// reaps). Written before anything of the project is made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/spec/compose.h"
#include "pelagos/store/paths.h"
#include "pelagos/sys/process.h"

namespace pelagos::store {

enum class ServiceState : uint8_t { kWaiting, kRunning, kReady, kExited };

absl::string_view NameOf(ServiceState state);

struct ServiceRecord {
  std::string service;    // the user's name
  std::string container;  // PROJECT-SERVICE
  std::string image;      // reference as written
  ServiceState state = ServiceState::kWaiting;
  sys::ProcessIdentity init;     // pid 0: never started
  std::optional<int> exit_code;  // 0..255, 128+n if killed by signal n
  std::string started_at;        // RFC 3339, UTC
  std::vector<std::string> addresses;
};

struct ProjectRecord {
  std::string project;
  std::string file;  // the stack's file, for people
  ComposeSpec spec;
  std::vector<std::string> order;  // of start, by the user's names
  sys::ProcessIdentity supervisor;
  bool up = false;                      // every service became ready
  std::vector<ServiceRecord> services;  // in the order of start

  ServiceRecord* Find(absl::string_view service);
};

// Creates the project's folder where it is missing.
absl::Status WriteProject(const Roots& roots, const ProjectRecord& record);

// NotFound if there is none.
absl::StatusOr<ProjectRecord> ReadProject(const Roots& roots, absl::string_view project);

absl::Status RemoveProject(const Roots& roots, absl::string_view project);

absl::StatusOr<std::vector<std::string>> ListProjects(const Roots& roots);

// The lock that the living supervisor (or `up`, or `down`) holds; it goes with its holder.
// Unavailable if it is held (project_watch.h waits).
absl::StatusOr<Fd> TryLockProject(const Roots& roots, absl::string_view project);

// Takes the lock's file away too. For its holder, once the project is gone.
absl::Status RemoveProjectLock(const Roots& roots, absl::string_view project);

}  // namespace pelagos::store
