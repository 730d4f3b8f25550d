// Which address of a network a container gets, and how it gives it back: files only, no kernel.
//
//   Take(...)                       Hold(...)
//   SaveEndpoint (it is there)      SaveEndpoint (it is there no longer)
//                                   Free(...)
//
// Whoever is killed between two of these leaves a pending owner, whose record decides
// (address_map.h): each call looks at it first. All calls need the lock of the run root
// (run_files.h), and cost the same beside 2,000 containers as beside none, unless an address that
// was asked for is taken.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/net/endpoint.h"
#include "pelagos/net/record.h"
#include "pelagos/net/run_files.h"
#include "pelagos/policy/net_plan.h"

namespace pelagos::net {

class Leases {
 public:
  explicit Leases(RunFiles files) : files_(std::move(files)) {}

  // The addresses in use.
  absl::StatusOr<AddressMap> Open(const NetworkRecord& network);

  // An interface called `name` with an address that nobody has, or with the one that is asked for:
  // AlreadyExists if it is taken (names the holder), InvalidArgument if it is none of the
  // network's. ResourceExhausted if there is none left.
  absl::StatusOr<Interface> Take(const std::string& container_id, const NetworkRecord& network,
                                 const Attachment& attachment, std::string name);

  // Its addresses are about to be given back.
  absl::Status Hold(const std::string& container_id, const Interface& inside);
  // Requires: the container's record has the interface no longer.
  absl::Status Free(const Interface& inside);

 private:
  absl::Status CheckFree(const NetworkRecord& network, const AddressMap& map,
                         const Interface& wanted);

  RunFiles files_;
};

}  // namespace pelagos::net
