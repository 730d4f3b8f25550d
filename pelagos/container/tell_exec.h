// Says in the journal of events what becomes of a command in a container (container/exec.h), as
// Docker: exec_create and exec_start with the command, exec_die with its exit code. Of containers
// that have no events (a `run --rm` in the foreground) nothing is said.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/tell.h"
#include "pelagos/store/container.h"
#include "pelagos/store/events.h"
#include "pelagos/store/paths.h"

namespace pelagos::container {

class ExecEvents {
 public:
  ExecEvents(const store::Roots& roots, const Found& found) : roots_(roots) {
    if (found.kind == Kind::kForeground) return;
    const auto id = store::NewContainerId();
    if (!id.ok()) return;  // nobody is stopped for want of an event
    record_ = found.record;
    id_ = *id;
  }

  void Started(const std::vector<std::string>& command) const {
    const std::string words = absl::StrJoin(command, " ");
    Say(store::EventAction::kExecCreate, std::nullopt, words);
    Say(store::EventAction::kExecStart, std::nullopt, words);
  }
  void Died(int exit_code) const { Say(store::EventAction::kExecDie, exit_code); }
  void Detached() const { Say(store::EventAction::kExecDetach); }

 private:
  void Say(store::EventAction action, std::optional<int> exit_code = std::nullopt,
           const std::string& detail = "") const {
    if (record_) Tell(roots_, *record_, action, exit_code, {{"execID", id_}}, detail);
  }

  store::Roots roots_;
  std::optional<store::ContainerRecord> record_;
  std::string id_;
};

}  // namespace pelagos::container
