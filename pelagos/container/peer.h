// Another container of the same run root, whose namespaces are to be joined.
//
// Its first process is known by pid and start time (what its owner wrote into the lock of its
// folder) and held by a pidfd before anything of it is opened: a recycled pid is never taken for
// it.
//
// Source: pidfd_open(2), namespaces(7).
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/abi/namespace.h"
#include "pelagos/base/fd.h"
#include "pelagos/policy/id_map.h"
#include "pelagos/store/paths.h"
#include "pelagos/sys/process.h"
#include "pelagos/sys/root_fd.h"

namespace pelagos::container {

// For the owner of a container, once its first process is there: says so in the lock that Claim
// gave.
absl::Status RecordInit(const Fd& lock, const sys::ProcessIdentity& init);

// The process that RecordInit named last. FailedPrecondition: none yet; NotFound: no such id.
absl::StatusOr<sys::ProcessIdentity> ReadInit(const store::Roots& roots, const std::string& id);

// The ids of the user namespace at "/proc/PID/ns/user", whose maps stand beside it.
absl::StatusOr<IdMap> ReadIdMap(absl::string_view path);

// Moves.
class Peer {
 public:
  // NotFound: no container has the name. FailedPrecondition: it does not run (yet, any more).
  static absl::StatusOr<Peer> Find(const store::Roots& roots, const std::string& name);

  // Its namespace of this kind, whatever becomes of the container afterwards.
  absl::StatusOr<Fd> OpenNamespace(Namespace kind) const;
  // The ids of its user namespace.
  absl::StatusOr<IdMap> ReadIds() const;
  // The same for a plan alone: holds nothing of the container, and asks for no lock.
  static absl::StatusOr<IdMap> LookUpIds(const store::Roots& roots, const std::string& name);

  // The root as its first process has it, with all that is mounted there, whatever becomes of the
  // container afterwards.
  absl::StatusOr<sys::RootFd> OpenRoot() const;

  // The user namespace of the process that runs it: an ordinary user's, in which every container of
  // that process is.
  absl::StatusOr<Fd> OpenRuntimesUserNamespace() const;

 private:
  Peer(std::string name, sys::ProcessIdentity init, Fd pidfd)
      : name_(std::move(name)), init_(init), pidfd_(std::move(pidfd)) {}

  // What was opened or read by the pid was the container's: its process is still there.
  absl::Status Confirm() const;

  std::string name_;
  sys::ProcessIdentity init_;
  Fd pidfd_;
};

}  // namespace pelagos::container
