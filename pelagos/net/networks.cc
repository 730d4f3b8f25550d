#include "pelagos/net/networks.h"

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/run_files.h"
#include "pelagos/net/session.h"

namespace pelagos::net {

absl::StatusOr<Networks> Networks::Open(std::string run_root, NetworksOptions options) {
  if (run_root.empty() || run_root[0] != '/') {
    return absl::InvalidArgumentError(absl::StrCat("run root '", run_root, "' is not absolute"));
  }
  PELAGOS_RETURN_IF_ERROR(RunFiles(run_root).MakeFolders(), "networks of ", run_root);
  return Networks(std::move(run_root), std::move(options));
}

absl::StatusOr<NetworkRecord> Networks::Ensure(const NetworkPlan& plan) {
  PELAGOS_ASSIGN_OR_RETURN(Session session, Session::Begin(run_root_, options_));
  PELAGOS_ASSIGN_OR_RETURN(NetworkRecord record, session.Ensure(plan), "network '", plan.name, "'");
  return record;
}

absl::Status Networks::CheckPorts(absl::string_view container_id,
                                  const std::vector<PortMapping>& ports) {
  PELAGOS_ASSIGN_OR_RETURN(Session session, Session::Begin(run_root_, options_));
  return session.CheckPorts(container_id, ports).status();
}

absl::StatusOr<Reservation> Networks::Reserve(const std::string& container_id,
                                              const std::vector<PortMapping>& ports) {
  PELAGOS_ASSIGN_OR_RETURN(Session session, Session::Begin(run_root_, options_));
  return session.Reserve(container_id, ports);
}

absl::StatusOr<Endpoint> Networks::Attach(const std::string& container_id, const NetPlan& plan,
                                          const Fd& netns) {
  PELAGOS_ASSIGN_OR_RETURN(Session session, Session::Begin(run_root_, options_));
  PELAGOS_ASSIGN_OR_RETURN(Endpoint endpoint, session.Attach(container_id, plan, netns),
                           "connecting '", container_id, "'");
  return endpoint;
}

absl::Status Networks::Detach(const std::string& container_id) {
  PELAGOS_ASSIGN_OR_RETURN(Session session, Session::Begin(run_root_, options_));
  PELAGOS_RETURN_IF_ERROR(session.Detach(container_id), "disconnecting '", container_id, "'");
  return absl::OkStatus();
}

absl::Status Networks::Remove(const std::string& network) {
  PELAGOS_ASSIGN_OR_RETURN(Session session, Session::Begin(run_root_, options_));
  PELAGOS_RETURN_IF_ERROR(session.Remove(network), "removing network '", network, "'");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<NetworkRecord>> Networks::List() {
  const RunFiles files(run_root_);
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, files.Lock());
  return files.LoadNetworks();
}

absl::StatusOr<std::vector<PortRecord>> Networks::Ports() {
  const RunFiles files(run_root_);
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, files.Lock());
  PELAGOS_ASSIGN_OR_RETURN(PortsRecord record, files.LoadPorts());
  return std::move(record.ports);
}

}  // namespace pelagos::net
