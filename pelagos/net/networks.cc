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
  PELAGOS_RETURN_IF_ERROR(RunFiles(run_root, options.definitions).MakeFolders(), "networks of ",
                          run_root);
  return Networks(std::move(run_root), std::move(options));
}

absl::StatusOr<NetworkRecord> Networks::Ensure(const NetworkPlan& plan) {
  PELAGOS_ASSIGN_OR_RETURN(Session session, Session::Begin(run_root_, options_));
  PELAGOS_ASSIGN_OR_RETURN(NetworkRecord record, session.Ensure(plan), "network '", plan.name, "'");
  return record;
}

absl::StatusOr<NetworkRecord> Networks::Define(const NetworkPlan& plan, std::string created) {
  PELAGOS_ASSIGN_OR_RETURN(Session session, Session::Begin(run_root_, options_));
  PELAGOS_ASSIGN_OR_RETURN(NetworkRecord record, session.Define(plan, std::move(created)),
                           "network '", plan.name, "'");
  return record;
}

absl::Status Networks::Undefine(const std::string& network) {
  PELAGOS_ASSIGN_OR_RETURN(Session session, Session::Begin(run_root_, options_));
  PELAGOS_RETURN_IF_ERROR(session.Undefine(network), "removing network '", network, "'");
  return absl::OkStatus();
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

absl::StatusOr<Endpoint> Networks::Connect(const std::string& container_id,
                                           const Attachment& attachment, const Fd& netns) {
  PELAGOS_ASSIGN_OR_RETURN(Session session, Session::Begin(run_root_, options_));
  return session.Connect(container_id, attachment, netns);
}

absl::StatusOr<Endpoint> Networks::Disconnect(const std::string& container_id,
                                              const std::string& network, const Fd& netns) {
  PELAGOS_ASSIGN_OR_RETURN(Session session, Session::Begin(run_root_, options_));
  return session.Disconnect(container_id, network, netns);
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

absl::Status Networks::CheckExists(const std::string& network) {
  PELAGOS_ASSIGN_OR_RETURN(Session session, Session::Begin(run_root_, options_));
  return session.CheckExists(network);
}

absl::StatusOr<std::vector<NetworkRecord>> Networks::List() {
  const RunFiles files(run_root_, options_.definitions);
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, files.Lock());
  return files.LoadNetworks();
}

absl::StatusOr<std::vector<NetworkRecord>> Networks::Definitions() {
  const RunFiles files(run_root_, options_.definitions);
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, files.Lock());
  return files.LoadDefinitions();
}

absl::StatusOr<std::optional<Endpoint>> Networks::FindEndpoint(
    const std::string& container_id) const {
  return RunFiles(run_root_, "").LoadEndpoint(container_id);
}

absl::StatusOr<std::vector<Endpoint>> Networks::Endpoints() const {
  return RunFiles(run_root_, "").LoadEndpoints();
}

}  // namespace pelagos::net
