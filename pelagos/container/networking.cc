#include "pelagos/container/networking.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/etc_files.h"
#include "pelagos/container/peer.h"
#include "pelagos/container/with_names.h"
#include "pelagos/plan/net.h"
#include "pelagos/spec/container.h"
#include "pelagos/sys/process.h"

namespace pelagos::container {
namespace {

absl::Status HasOwnNamespace(const Found& found) {
  const ContainerSpec& spec = found.record.spec;
  const bool own = spec.namespaces.contains(Namespace::kNet) && spec.net.mode != NetMode::kHost &&
                   spec.net.mode != NetMode::kPasta;
  if (own) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "container '", found.name,
      "' joins no networks: it has the network of the host, of another container or of "
      "pasta"));
}

bool IsIn(const NetPlan& net, const std::string& network) {
  return std::any_of(net.attachments.begin(), net.attachments.end(),
                     [&](const Attachment& attachment) { return attachment.network == network; });
}

absl::Status RewriteEtc(Engine& engine, const Found& found, const net::Endpoint& endpoint) {
  const ContainerSpec& spec = found.record.spec;
  const std::string& hostname = spec.hostname.empty() ? spec.name : spec.hostname;
  const IdMap as_they_are;
  return WriteEtcFiles(
      {engine.roots().Container(found.id), hostname, spec.extra_hosts, as_they_are}, endpoint);
}

// What a kept container has at its next start.
absl::Status Remember(Engine& engine, const Found& found, NetPlan net) {
  if (found.kind != Kind::kKept) return absl::OkStatus();
  store::ContainerRecord record = found.record;
  record.spec.net = std::move(net);
  return store::WriteContainer(engine.roots(), record);
}

}  // namespace

absl::Status ConnectNetwork(Engine& engine, const Found& found, Attachment attachment) {
  PELAGOS_RETURN_IF_ERROR(HasOwnNamespace(found));
  const std::string network = attachment.network;
  NetPlan after = found.record.spec.net;
  if (IsIn(after, network)) {
    return absl::FailedPreconditionError(
        absl::StrCat("container '", found.name, "' is in network '", network, "' already"));
  }
  after.mode = NetMode::kBridge;
  after.attachments.push_back(std::move(attachment));
  if (found.running()) {
    ContainerSpec planned = found.record.spec;
    planned.net = after;
    const Attachment named = PlanNet(planned, found.record.image).attachments.back();
    PELAGOS_ASSIGN_OR_RETURN(const Peer peer, Peer::Find(engine.roots(), found.id));
    PELAGOS_ASSIGN_OR_RETURN(const Fd netns, peer.OpenNamespace(Namespace::kNet));
    PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, engine.networks());
    const absl::StatusOr<net::Endpoint> endpoint = networks->Connect(found.id, named, netns);
    if (!endpoint.ok()) return WithNames(engine.roots(), endpoint.status());
    // Whoever cleans up after it may have been there before us.
    if (!sys::IsAlive(found.state.init)) {
      PELAGOS_RETURN_IF_ERROR(networks->Detach(found.id));
      return absl::FailedPreconditionError(
          absl::StrCat("container '", found.name, "' ended meanwhile"));
    }
    PELAGOS_RETURN_IF_ERROR(RewriteEtc(engine, found, *endpoint));
  } else {
    // A network that there is not would only be noticed at the next start.
    PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, engine.networks());
    PELAGOS_RETURN_IF_ERROR(networks->CheckExists(network));
  }
  return Remember(engine, found, std::move(after));
}

absl::Status DisconnectNetwork(Engine& engine, const Found& found, const std::string& network) {
  PELAGOS_RETURN_IF_ERROR(HasOwnNamespace(found));
  NetPlan after = found.record.spec.net;
  std::erase_if(after.attachments,
                [&](const Attachment& attachment) { return attachment.network == network; });
  const bool was_in = after.attachments.size() != found.record.spec.net.attachments.size();
  if (after.attachments.empty()) {
    if (was_in && (!after.ports.empty() || after.publish_exposed)) {
      return absl::FailedPreconditionError(
          absl::StrCat("container '", found.name, "' publishes ports from network '", network,
                       "', its only one; connect it to another one first"));
    }
    after.mode = NetMode::kNone;
  }
  if (found.running()) {
    PELAGOS_ASSIGN_OR_RETURN(const Peer peer, Peer::Find(engine.roots(), found.id));
    PELAGOS_ASSIGN_OR_RETURN(const Fd netns, peer.OpenNamespace(Namespace::kNet));
    PELAGOS_ASSIGN_OR_RETURN(net::Networks * networks, engine.networks());
    const absl::StatusOr<net::Endpoint> endpoint = networks->Disconnect(found.id, network, netns);
    if (!endpoint.ok()) {
      return absl::Status(
          endpoint.status().code(),
          absl::StrCat("container '", found.name, "': ", endpoint.status().message()));
    }
    PELAGOS_RETURN_IF_ERROR(RewriteEtc(engine, found, *endpoint));
  } else if (!was_in) {
    return absl::NotFoundError(
        absl::StrCat("container '", found.name, "' is not in network '", network, "'"));
  }
  return Remember(engine, found, std::move(after));
}

}  // namespace pelagos::container
