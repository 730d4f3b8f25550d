// How the names of a network's containers get to pelagos-dns: the writers of zone.h's files.
//
//   ZoneFiles files(RUN/dns);
//   files.WriteNetwork(network, head);   // before its first container
//   files.WriteHost(network, host);      // a container joins, or its names change
//   EnsureDns(options);                  // dns_daemon.h: all of it is in force when this returns
//   files.RemoveHost(network, owner);    // it leaves
//   ReloadDns(options);
//   files.RemoveNetwork(network);        // the network goes, with all hosts that are left
//   ReloadDns(options);                  // or StopDns after the last one
//
// Each call costs the same however many containers there are (but for RemoveNetwork). A file is
// replaced by rename(2), so pelagos-dns sees the old or the new. Nothing is synced to disk: after
// a crash of the host there are no containers. Callers hold the run root's network lock.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/net/dns/zone.h"

namespace pelagos::net {

class ZoneFiles {
 public:
  explicit ZoneFiles(std::string folder) : folder_(std::move(folder)) {}  // RUN/dns, which exists

  // Makes the network's folder where it is missing. `network` is as CheckOwner wants it.
  absl::Status WriteNetwork(const std::string& network, const ZoneHead& head) const;
  // Ok if there is none.
  absl::Status RemoveNetwork(const std::string& network) const;

  // InvalidArgument for an owner or a name that cannot be. Requires: the network was written.
  absl::Status WriteHost(const std::string& network, const ZoneHost& host) const;
  // Ok if there is none.
  absl::Status RemoveHost(const std::string& network, const std::string& owner) const;

 private:
  std::string folder_;
};

}  // namespace pelagos::net
