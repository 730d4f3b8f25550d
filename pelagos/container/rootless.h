// Containers of ordinary users: the whole runtime goes into a user namespace in which the user is
// root, and works there as root does on the host. So everything it makes for containers (layers,
// upper folders, their removal) is within its rights, and nothing else of the host is.
//
//   user ids inside   0       1 ... N
//   on the host       caller  the user's ranges in /etc/subuid, one after the other
//
// Without such ranges, or without newuidmap(1): 0 alone.
//
// Source: user_namespaces(7), subuid(5), newuidmap(1).
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/policy/namespace_join.h"
#include "pelagos/store/paths.h"
#include "pelagos/sys/self_status.h"

namespace pelagos::container {

// What EnterRootless would do for this caller, without doing it; nullopt: it is root, and needs no
// user namespace of its own. Reads only.
// `self`: of the caller, where it was read already.
absl::StatusOr<std::optional<RootlessFacts>> PlanRootless(const sys::SelfStatus* self = nullptr);

// Goes into the user namespace, for good. Requires: one thread. Where ordinary users may have none,
// the error says which setting of the host is in the way. The run root, which may lie in /tmp, is
// made, or must be the caller's own folder (no link) that nobody else may enter.
//
// To join namespaces of another container of the user's, the runtime goes where that one's is:
// `joins` names it, `facts` become those of that user namespace.
absl::Status EnterRootless(const store::Roots& roots, const NamespaceJoins& joins,
                           RootlessFacts& facts);

// For OCI bundles, which bring user namespaces of their own: nothing for root. Another user's
// runtime goes into a namespace where it may make them, and where its ids and those of its ranges
// are called as on the host, so that a bundle's maps mean what they say. Requires: one thread.
absl::Status EnterForBundles();

// Leaves of the host's cgroups what an ordinary user may use: a place where one was delegated to it
// (cgroups(7), "Delegation"), or nothing.
absl::Status FindDelegatedCgroup(CgroupLayout& layout);

// All of it, for a command that changes things: nothing for root.
absl::StatusOr<std::optional<RootlessFacts>> EnterIfRootless(const store::Roots& roots,
                                                             const sys::SelfStatus* self = nullptr);

}  // namespace pelagos::container
