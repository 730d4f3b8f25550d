// The files of the run root that networks are remembered in; see record.h for what they hold.
//
// A value that knows paths. Every call but Lock wants the lock to be held. Files are replaced
// atomically; one that would say nothing is removed.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/record.h"

namespace pelagos::net {

class RunFiles {
 public:
  explicit RunFiles(std::string run_root) : root_(std::move(run_root)) {}

  absl::Status MakeFolders() const;
  // Waits for it; held as long as the Fd lives.
  absl::StatusOr<Fd> Lock() const;

  absl::StatusOr<std::optional<NetworkRecord>> LoadNetwork(const std::string& name) const;
  absl::StatusOr<std::vector<NetworkRecord>> LoadNetworks() const;  // by file name
  absl::Status SaveNetwork(const NetworkRecord& record) const;
  absl::Status DeleteNetwork(const std::string& name) const;

  absl::StatusOr<PortsRecord> LoadPorts() const;
  absl::Status SavePorts(const PortsRecord& record) const;

  absl::StatusOr<std::optional<HostRecord>> LoadHost() const;
  absl::Status SaveHost(const HostRecord& record) const;
  absl::Status DeleteHost() const;

  // The names of a network for pelagos-dns (dns/zone_files.h). True if something changed.
  absl::StatusOr<bool> SaveNames(const NetworkRecord& record) const;
  absl::Status DeleteNames(const std::string& network) const;

  const std::string& root() const { return root_; }
  std::string dns_folder() const { return root_ + "/dns"; }

 private:
  std::string NetworkPath(const std::string& name) const;
  std::string NamesPath(const std::string& name) const;

  std::string root_;
};

}  // namespace pelagos::net
