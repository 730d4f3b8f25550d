// One operation of Networks (networks.h says what each does): holds the lock of the run root, reads
// the records, and leads files and kernel from one state to the next.
//
// session_networks.cc: networks; session_endpoints.cc: containers; session_ports.cc: ports of
// the host. Which subnet: subnets.h; which address: leases.h.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/dns/zone_files.h"
#include "pelagos/net/dns_daemon.h"
#include "pelagos/net/host.h"
#include "pelagos/net/leases.h"
#include "pelagos/net/links.h"
#include "pelagos/net/networks_options.h"
#include "pelagos/net/reservation.h"
#include "pelagos/net/run_files.h"
#include "pelagos/policy/net_plan.h"

namespace pelagos::net {

class Session {
 public:
  // Waits for the lock.
  static absl::StatusOr<Session> Begin(const std::string& run_root, const NetworksOptions& options);

  absl::StatusOr<NetworkRecord> Ensure(const NetworkPlan& plan);
  absl::Status Remove(const std::string& name);
  absl::StatusOr<NetworkRecord> Define(const NetworkPlan& plan, std::string created);
  absl::Status Undefine(const std::string& name);
  absl::Status CheckExists(const std::string& name);

  absl::StatusOr<Reservation> CheckPorts(absl::string_view container_id,
                                         const std::vector<PortMapping>& ports);
  absl::StatusOr<Reservation> Reserve(const std::string& container_id,
                                      const std::vector<PortMapping>& ports);
  absl::StatusOr<Endpoint> Attach(const std::string& container_id, const NetPlan& plan,
                                  const Fd& netns);
  absl::StatusOr<Endpoint> Connect(const std::string& container_id, const Attachment& attachment,
                                   const Fd& netns);
  absl::StatusOr<Endpoint> Disconnect(const std::string& container_id, const std::string& network,
                                      const Fd& netns);
  absl::Status Detach(const std::string& container_id);

 private:
  Session(Fd lock, RunFiles files, Host host, Links links, const NetworksOptions& options);

  // Networks.
  absl::StatusOr<NetworkRecord> Allocate(const NetworkPlan& plan);
  absl::StatusOr<NetworkRecord> BuildNew(NetworkRecord record);
  absl::Status Build(const NetworkRecord& record);
  absl::Status Forward6();
  // The network that a container names: one that is there, or that is made for it.
  absl::StatusOr<NetworkRecord> Find(const std::string& name, Endpoint& endpoint);
  absl::Status RemoveRecorded(const NetworkRecord& record);
  // After its last container, if it is nobody's.
  absl::Status RemoveIfUnused(const std::string& network);
  // The same of the one that a killed process did not come to.
  absl::Status Settle(Endpoint& endpoint);
  absl::Status RestoreHost();
  absl::StatusOr<std::string> UsersOf(const std::string& network);

  // Ports.
  absl::Status CheckClaims(absl::string_view container_id, const PortMapping& port);
  absl::Status Claim(const Endpoint& endpoint);
  absl::Status Unclaim(const Endpoint& endpoint);

  // Containers.
  absl::Status Join(Endpoint& endpoint, const Attachment& attachment, const Fd& netns);
  absl::Status Leave(Endpoint& endpoint, size_t index, const Fd* netns);
  absl::Status Publish(const Endpoint& endpoint);
  absl::StatusOr<Rules> AllRules();
  absl::Status TellDns(const Endpoint& endpoint);
  absl::Status WriteName(const Endpoint& endpoint, const Interface& inside);
  absl::StatusOr<Endpoint> Bridge(Endpoint endpoint, const NetPlan& plan, const Fd& netns);
  // Takes back what an earlier Attach made; forgets its ports unless `keep_ports`.
  absl::Status Release(const std::string& container_id, bool keep_ports);

  Fd lock_;
  RunFiles files_;
  Leases leases_;
  Host host_;
  Links links_;
  ZoneFiles zones_;
  std::vector<std::string> pools_;
  DnsDaemonOptions dns_;
};

// What becomes part of a file's name and of a line of a file. InvalidArgument if it cannot be.
absl::Status CheckId(absl::string_view what, absl::string_view id);

// Where its published ports lead to: the first of its interfaces that the host can reach, if any.
const Interface* PortTarget(const Endpoint& endpoint);
// The elements of its published ports. Who has no address of a port's family is reached through
// pelagos-proxy instead.
Rules PortRules(const Endpoint& endpoint);

}  // namespace pelagos::net
