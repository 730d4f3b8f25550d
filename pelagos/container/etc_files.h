// The files of /etc that the runtime provides for a container; the plan binds them into it.
//
// They lie in RUN/containers/ID and are written in place: the container sees these very files.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/endpoint.h"
#include "pelagos/policy/extra_host.h"
#include "pelagos/policy/id_map.h"

namespace pelagos::container {

struct EtcFiles {
  std::string folder;  // RUN/containers/ID
  std::string hostname;
  const std::vector<ExtraHost>& extra_hosts;
  const IdMap& ids;    // of the container's own user namespace, whose root they belong to
  mode_t umask = 022;  // of the caller, which is not the container's
};

// hostname, hosts and resolv.conf, for what the container got of networks. `gateway` is the host's
// address for who shares the host's network; empty: none.
absl::Status WriteEtcFiles(const EtcFiles& files, const net::Endpoint& endpoint,
                           absl::string_view gateway = "");

}  // namespace pelagos::container
