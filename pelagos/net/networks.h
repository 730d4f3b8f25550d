// The networks of one run root: makes and removes bridges, connects containers to them, publishes
// their ports, names them. Executes NetworkPlan and NetPlan (policy/net_plan.h).
//
//   container eth0 == veth == bridge pg-HASH (10.99.N.1/24, pelagos-dns) == nftables == the world
//
// Everything is made in the network namespace of the calling thread ("the host"). No state lives in
// the object: each operation takes the lock run/network.lock, reads the run root's files, writes
// down what it is about to make, and then makes it. So any operation can be repeated, and a later
// process can undo what a killed one left: Detach for each dead container, Remove for each network.
// A network that belongs to no project is made with its first container and goes with its last.
// Networks of one run root are isolated from each other (except through published ports).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/endpoint.h"
#include "pelagos/net/networks_options.h"
#include "pelagos/net/record.h"
#include "pelagos/net/reservation.h"
#include "pelagos/policy/net_plan.h"

namespace pelagos::net {

// Moves and copies freely: it only knows where things are.
class Networks {
 public:
  // Makes the folders of `run_root` (an absolute path) that are missing.
  static absl::StatusOr<Networks> Open(std::string run_root, NetworksOptions options = {});

  // Makes the network, or completes one of that name that is there. `plan.subnet` if given
  // (prefix 8 to 29), else a free /24 of the pools; neither may overlap a route of the host or
  // another network. FailedPrecondition if it exists with another subnet or project.
  absl::StatusOr<NetworkRecord> Ensure(const NetworkPlan& plan);

  // Decides all of a network and writes it down (`network create`); it is made when a container
  // joins it. `created` is a time, RFC 3339. AlreadyExists if there is one of that name; other
  // errors as Ensure's.
  absl::StatusOr<NetworkRecord> Define(const NetworkPlan& plan, std::string created);
  // NotFound if there is none; FailedPrecondition while a container holds an address of it.
  absl::Status Undefine(const std::string& network);

  // True if nothing but `container_id` holds any of the ports: no other container of the run root
  // (AlreadyExists, names it) and no process of the host (AlreadyExists). Changes nothing.
  absl::Status CheckPorts(absl::string_view container_id, const std::vector<PortMapping>& ports);

  // As CheckPorts, and records the ports as the container's. To be called before anything of the
  // container is started.
  absl::StatusOr<Reservation> Reserve(const std::string& container_id,
                                      const std::vector<PortMapping>& ports);

  // Connects the network namespace `netns` (an open /proc/PID/ns/net or nsfs file): brings lo up,
  // and in mode bridge makes the interfaces, addresses and default route, publishes the ports,
  // makes the names known, and returns when pelagos-dns answers. In mode pasta only brings lo up
  // and remembers the ports; does nothing in mode host.
  // Networks have to be there or defined, but for the default one (NotFound). Ports that were not
  // reserved are checked here. A failure undoes what was done, except for a reservation made
  // before. An earlier life of the same container id is replaced.
  absl::StatusOr<Endpoint> Attach(const std::string& container_id, const NetPlan& plan,
                                  const Fd& netns);

  // Adds an interface to the container that runs in `netns`. Its published ports lead there if it
  // had no other. NotFound, InvalidArgument as Attach.
  absl::StatusOr<Endpoint> Connect(const std::string& container_id, const Attachment& attachment,
                                   const Fd& netns);
  // Removes it again; another interface, if there is one, takes over default route and ports.
  // NotFound: it is not in that network.
  absl::StatusOr<Endpoint> Disconnect(const std::string& container_id, const std::string& network,
                                      const Fd& netns);

  // Takes back all that Attach and Reserve gave: ports, names, leases, interfaces. The container
  // may be dead; nothing is done for one that is unknown.
  absl::Status Detach(const std::string& container_id);

  // Removes the network; Ok if there is none. FailedPrecondition while a container holds an address
  // of it. With the last one, the nftables table goes, pelagos-dns ends, and the host's settings
  // are as they were before the first.
  absl::Status Remove(const std::string& network);

  // NotFound: a container could not join it.
  absl::Status CheckExists(const std::string& network);
  // The networks that are there, and those that are defined; by name.
  absl::StatusOr<std::vector<NetworkRecord>> List();
  absl::StatusOr<std::vector<NetworkRecord>> Definitions();
  // What the container got; nullopt: nothing. Waits for nobody.
  absl::StatusOr<std::optional<Endpoint>> FindEndpoint(const std::string& container_id) const;
  // Of all containers, by id.
  absl::StatusOr<std::vector<Endpoint>> Endpoints() const;

  const std::string& run_root() const { return run_root_; }

 private:
  Networks(std::string run_root, NetworksOptions options)
      : run_root_(std::move(run_root)), options_(std::move(options)) {}

  std::string run_root_;
  NetworksOptions options_;
};

}  // namespace pelagos::net
