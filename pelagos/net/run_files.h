// The files in which networking remembers what it made, below the run root:
//
//   networks/NAME.json     NetworkRecord: a network that is there
//   networks/NAME.leases   AddressMap: its addresses in use
//   endpoints/ID.json      Endpoint: all that a container got
//   ports/PROTO-PORT       who holds that port of the host, a line "ADDRESS OWNER" each
//   network-host.json      HostRecord: what was changed on the host, with the old values
//   dns/                   names, for pelagos-dns (dns/zone.h)
//   network.lock           held by each operation
//   network.new            what a process that was killed did not come to write; gone with the next
//
// and, below the data root, networks/NAME.json: what `network create` was told. Each file is
// replaced as a whole; what an operation reads and writes does not grow with the number of
// containers or ports.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/address_map.h"
#include "pelagos/net/endpoint.h"
#include "pelagos/net/record.h"

namespace pelagos::net {

// Who holds a port of the host at an address.
struct PortClaim {
  std::string address, owner;
  friend bool operator==(const PortClaim&, const PortClaim&) = default;
};

class RunFiles {
 public:
  // `definitions` is the folder of the data root; empty: there are none.
  RunFiles(std::string run_root, std::string definitions)
      : root_(std::move(run_root)), definitions_(std::move(definitions)) {}

  absl::Status MakeFolders() const;
  // Waits for it; held as long as the Fd lives. Needed by all that write.
  absl::StatusOr<Fd> Lock() const;

  absl::StatusOr<std::optional<NetworkRecord>> LoadNetwork(const std::string& name) const;
  absl::StatusOr<std::vector<NetworkRecord>> LoadNetworks() const;  // by file name
  absl::Status SaveNetwork(const NetworkRecord& record) const;
  // And its leases.
  absl::Status DeleteNetwork(const std::string& name) const;

  absl::StatusOr<std::optional<NetworkRecord>> LoadDefinition(const std::string& name) const;
  absl::StatusOr<std::vector<NetworkRecord>> LoadDefinitions() const;
  absl::Status SaveDefinition(const NetworkRecord& record) const;
  absl::Status DeleteDefinition(const std::string& name) const;

  absl::StatusOr<AddressMap> LoadLeases(const std::string& network) const;
  absl::Status SaveLeases(const std::string& network, const AddressMap& map) const;

  absl::StatusOr<std::optional<Endpoint>> LoadEndpoint(const std::string& container_id) const;
  absl::StatusOr<std::vector<Endpoint>> LoadEndpoints() const;
  absl::Status SaveEndpoint(const Endpoint& endpoint) const;
  absl::Status DeleteEndpoint(const std::string& container_id) const;

  absl::StatusOr<std::vector<PortClaim>> LoadClaims(Protocol protocol, uint16_t port) const;
  absl::Status SaveClaims(Protocol protocol, uint16_t port,
                          const std::vector<PortClaim>& claims) const;

  absl::StatusOr<std::optional<HostRecord>> LoadHost() const;
  absl::Status SaveHost(const HostRecord& record) const;
  absl::Status DeleteHost() const;

  const std::string& root() const { return root_; }
  std::string dns_folder() const { return root_ + "/dns"; }

 private:
  std::string root_;
  std::string definitions_;
};

}  // namespace pelagos::net
