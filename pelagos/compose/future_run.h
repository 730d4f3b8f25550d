// Executes futures: what (run ...) and (resolve ...) do.
//
//   wanted futures -> tiers (future_graph.h) -> one after the other: the procedure of a future is
//   called with the values of its upstreams; a `start` then starts its container
//
// A procedure of `then` that returns a future is followed: that one is executed first, with the
// same memory of results, and gives the value. Within one execution everything happens once; the
// next one begins anew. In parallel, the containers of a tier are begun after its procedures were
// called, at most so many at once, and joined before the next tier.
//
// Procedures are called by the evaluator, between the steps here, so that nothing nests.
#pragma once

#include <cstddef>

#include "absl/types/span.h"
#include "pelagos/compose/container_host.h"
#include "pelagos/compose/container_value.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/value.h"

namespace pelagos::compose {

// The container of a service, once it runs. Fails at `span` when it does not come to that.
reml::EvalResult JoinContainer(reml::CallContext& ctx, ContainerHost& host, ContainerId id,
                               std::vector<ContainerId> dependencies, Span span);

struct RunOptions {
  bool parallel = false;
  size_t max_parallel = 0;  // containers of one tier that are begun at once; 0: all
  bool as_list = true;      // the result: ((NAME . VALUE) ...) of the wanted ones, or the one value
};

// Return what this returns. `host` outlives the call. Requires: all are futures; one exactly unless
// `as_list`.
reml::EvalResult RunFutures(reml::CallContext& ctx, ContainerHost& host,
                            absl::Span<const reml::Value> wanted, const RunOptions& options);

}  // namespace pelagos::compose
