// What commands do with containers that are kept: from create to remove.
//
// Each of them may be killed at any point: what is half done, the next command finishes or undoes,
// and `ps` tells the truth meanwhile. `Found` is as Inventory found it a moment ago; what has
// changed since is looked at again where it matters.
#pragma once

#include <csignal>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/monitor.h"
#include "pelagos/store/container.h"

namespace pelagos::container {

// Finds the image, checks that a plan can be made, takes the name and writes the record. Without a
// name it gets one of its id. What the image says of labels and health is the container's from here
// on. AlreadyExists names who has the name.
absl::StatusOr<store::ContainerRecord> Create(Engine& engine, ContainerSpec spec);

// A new start, by a monitor. FailedPrecondition while it runs or is paused. Why it could not be
// started stays in its state.
absl::Status Start(Engine& engine, const Found& found, MonitorOptions options = {});

struct StopOptions {
  std::optional<int> signal;              // unset: the container's own
  std::optional<absl::Duration> timeout;  // until it is killed; unset: its own; may be infinite
};

// Asks the program to end, kills it when its time is up, and waits until all is given back. Fine
// for one that does not run.
absl::Status Stop(Engine& engine, const Found& found, const StopOptions& options = {});

// What `rm -f` does: no time to end by itself.
inline const StopOptions kKillAtOnce = {SIGKILL, absl::ZeroDuration()};

// The two halves of Stop, for who stops many: all are asked, and then each is awaited.
struct AskedToEnd {
  std::optional<Found> found;  // as it was when it was asked; unset: it did not run
  absl::Time kill_at;          // when its time is up
};
absl::StatusOr<AskedToEnd> AskToEnd(Engine& engine, const Found& found,
                                    const StopOptions& options = {});
absl::Status AwaitStopped(Engine& engine, const AskedToEnd& asked);

// Stop, and Start; of one that does not run, Start alone.
absl::Status Restart(Engine& engine, const Found& found, const StopOptions& options = {});

// FailedPrecondition if it does not run.
absl::Status Kill(Engine& engine, const Found& found, int signal);

// Its exit code, as soon as it has ended; at once if it does not run.
absl::StatusOr<int> Wait(Engine& engine, const Found& found);

// All its processes stand still, and go on again. FailedPrecondition in the wrong state.
absl::Status Pause(Engine& engine, const Found& found);
absl::Status Unpause(Engine& engine, const Found& found);

// With all that is kept of it; with `volumes`, and if it was to go with its end, its own volumes
// too. FailedPrecondition if it runs and is not to be killed (`force`). `asked`: AskToEnd was
// called for this `found`, with kKillAtOnce, and said this.
absl::Status Remove(Engine& engine, const Found& found, bool force, bool volumes = false,
                    const AskedToEnd* asked = nullptr);

// AlreadyExists names who has the name.
absl::Status Rename(Engine& engine, const Found& found, const std::string& name);

// `change` changes limits and how it is restarted, which holds at once and for later starts.
absl::Status Update(Engine& engine, const Found& found,
                    const std::function<absl::Status(ContainerSpec&)>& change);

}  // namespace pelagos::container
