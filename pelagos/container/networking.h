// Networks of containers that are there already: `network connect` and `disconnect`.
//
// Source: docker-network-connect(1).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/inventory.h"
#include "pelagos/policy/net_plan.h"

namespace pelagos::container {

// One that runs gets an interface now, a kept one has it at each start from now on. Its published
// ports lead there if it had no network. FailedPrecondition: it has no network namespace of its
// own, or is there already; errors of net::Networks::Connect. A failure leaves all as it was.
absl::Status ConnectNetwork(Engine& engine, const Found& found, Attachment attachment);

// NotFound: it is not in that network. FailedPrecondition: its ports would have no network left.
absl::Status DisconnectNetwork(Engine& engine, const Found& found, const std::string& network);

}  // namespace pelagos::container
