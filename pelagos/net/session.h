// One operation of Networks (networks.h says what each does): holds the lock of the run root, reads
// the records, and leads files and kernel from one state to the next.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/dns_daemon.h"
#include "pelagos/net/host.h"
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
  // The sockets that prove it.
  absl::StatusOr<Reservation> CheckPorts(absl::string_view container_id,
                                         const std::vector<PortMapping>& ports);
  absl::StatusOr<Reservation> Reserve(const std::string& container_id,
                                      const std::vector<PortMapping>& ports);
  absl::StatusOr<Endpoint> Attach(const std::string& container_id, const NetPlan& plan,
                                  const Fd& netns);
  absl::Status Detach(const std::string& container_id);
  absl::Status Remove(const std::string& name);

 private:
  Session(Fd lock, RunFiles files, Host host, const NetworksOptions& options);

  absl::StatusOr<NetworkRecord> Allocate(const NetworkPlan& plan);
  absl::Status Build(const NetworkRecord& record);
  absl::Status RemoveRecorded(const NetworkRecord& record);
  absl::Status RestoreHost();

  absl::StatusOr<Endpoint> Bridge(const std::string& container_id, const NetPlan& plan,
                                  const Fd& netns);
  // Takes back what an earlier Attach made; forgets its ports unless `keep_ports`.
  absl::Status Release(const std::string& container_id, bool keep_ports);

  Fd lock_;
  RunFiles files_;
  Host host_;
  std::string pool_;
  DnsDaemonOptions dns_;
};

}  // namespace pelagos::net
