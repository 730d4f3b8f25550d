// Which ports of the host a container holds: see session.h.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/session.h"

namespace pelagos::net {
namespace {

std::string Text(const PortMapping& port) {
  return absl::StrCat("port ", HostSide(port), "/", NameOf(port.protocol));
}

}  // namespace

absl::Status Session::CheckClaims(absl::string_view container_id, const PortMapping& port) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<PortClaim> claims,
                           files_.LoadClaims(port.protocol, port.host));
  for (const PortClaim& claim : claims) {
    PortMapping other = port;
    other.host_address = claim.address;
    if (claim.owner == container_id || !Overlap(port, other)) continue;
    return absl::AlreadyExistsError(
        absl::StrCat(Text(port), " is published by container '", claim.owner, "'"));
  }
  return absl::OkStatus();
}

absl::Status Session::Claim(const Endpoint& endpoint) {
  for (const PortMapping& port : endpoint.ports) {
    PELAGOS_ASSIGN_OR_RETURN(std::vector<PortClaim> claims,
                             files_.LoadClaims(port.protocol, port.host));
    PortClaim own = {port.host_address, endpoint.container_id};
    if (std::find(claims.begin(), claims.end(), own) != claims.end()) continue;
    claims.push_back(std::move(own));
    PELAGOS_RETURN_IF_ERROR(files_.SaveClaims(port.protocol, port.host, claims));
  }
  return absl::OkStatus();
}

absl::Status Session::Unclaim(const Endpoint& endpoint) {
  for (const PortMapping& port : endpoint.ports) {
    PELAGOS_ASSIGN_OR_RETURN(std::vector<PortClaim> claims,
                             files_.LoadClaims(port.protocol, port.host));
    const auto owns = [&](const PortClaim& claim) { return claim.owner == endpoint.container_id; };
    if (std::erase_if(claims, owns) == 0) continue;
    PELAGOS_RETURN_IF_ERROR(files_.SaveClaims(port.protocol, port.host, claims));
  }
  return absl::OkStatus();
}

absl::StatusOr<Reservation> Session::CheckPorts(absl::string_view container_id,
                                                const std::vector<PortMapping>& ports) {
  if (const int later = FirstOverlap(ports); later >= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(Text(ports[static_cast<size_t>(later)]), " is published twice"));
  }
  return BindPorts(ports, [&](const PortMapping& port) { return CheckClaims(container_id, port); });
}

absl::StatusOr<Reservation> Session::Reserve(const std::string& container_id,
                                             const std::vector<PortMapping>& ports) {
  PELAGOS_RETURN_IF_ERROR(CheckId("container", container_id));
  PELAGOS_ASSIGN_OR_RETURN(Reservation reservation, CheckPorts(container_id, ports));
  PELAGOS_RETURN_IF_ERROR(Release(container_id, /*keep_ports=*/false));  // of an earlier life
  if (ports.empty()) return reservation;
  Endpoint endpoint;
  endpoint.container_id = container_id;
  endpoint.ports = reservation.ports();
  PELAGOS_RETURN_IF_ERROR(files_.SaveEndpoint(endpoint));
  PELAGOS_RETURN_IF_ERROR(Claim(endpoint));
  return reservation;
}

}  // namespace pelagos::net
