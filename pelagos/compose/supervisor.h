// The supervisor of one project: one process, one thread, one event loop that starts the services,
// watches all their containers, keeps their logs, and takes them down again.
//
//   waiting --dependencies ready--> running --ports listen, hooks ran--> ready
//      any of them --program ends--> exited
//
// Before the stack is up, a service that fails takes the stack down; so does the end of the `up`
// that waits. SIGTERM takes it down in reverse order: a service is asked to stop once all that
// depend on it have exited, and is killed when its grace period is over.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "pelagos/base/fd.h"
#include "pelagos/compose/event.h"
#include "pelagos/compose/member.h"
#include "pelagos/container/engine.h"
#include "pelagos/plan/compose_plan.h"
#include "pelagos/store/events.h"
#include "pelagos/store/project.h"
#include "pelagos/sys/event_loop.h"

namespace pelagos::compose {

// Runs the on-ready hooks of a service, in order; the error is the hook's own message.
using RunHooks = std::function<absl::Status(const std::string& service)>;

// Why a service that starts next to nothing is watched a little before the stack is called up: a
// program that cannot work usually says so at once. Counted from its start, once for the stack.
inline constexpr absl::Duration kSettleTime = absl::Milliseconds(200);

class Supervisor {
 public:
  // `events` leads to `up`. With `follow`, its end stops the stack also after it was up.
  Supervisor(container::Engine& engine, sys::EventLoop loop, const ComposePlan& plan,
             store::ProjectRecord record, RunHooks hooks, Fd events, bool follow);

  // Until all services have exited, or all is taken down. The project's lock is the caller's.
  // True if the project is gone; false if its record stays, for `ps`, `logs` and `down`.
  bool Run();

  // What the program prints while hooks run.
  void Output(absl::string_view text);

 private:
  Member* Find(const std::string& service);
  bool DependenciesReady(const Member& member);
  bool HasRunningDependents(const Member& member);

  void StartAll();
  void StartMember(Member& member);
  // In the journal of events.
  void Say(const Member& member, store::EventAction action,
           std::optional<int> exit_code = std::nullopt);
  void Probe(Member& member);
  void BecomeReady(Member& member);
  void OnExit(Member& member);
  void CheckUp();
  void DeclareUp();

  void Fail(const std::string& service, std::string why);
  void BeginStop();
  void StopNext();
  void StopMember(Member& member);
  bool AllExited() const;
  bool TakeDown();

  void Emit(Event event);
  void Save();
  std::vector<std::string> LogTail(Member& member);

  container::Engine& engine_;
  sys::EventLoop loop_;
  const ComposePlan& plan_;
  store::ProjectRecord record_;
  RunHooks hooks_;
  Fd events_;
  bool follow_;
  std::list<Member> members_;  // in the order of start; addresses stay
  bool up_ = false;
  bool settling_ = false;
  bool stopping_ = false;
  bool finished_ = false;
};

// Undoes all that a project's record names, also after its supervisor was killed: containers in
// reverse order, then networks, then the record. May be repeated. The caller holds the lock.
absl::Status Reap(container::Engine& engine, const store::ProjectRecord& record);

}  // namespace pelagos::compose
