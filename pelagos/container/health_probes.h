// The probes of one container, as its monitor has them run: each in a process of its own (probe.h),
// one after the other, for as long as the container runs.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/health.h"
#include "pelagos/policy/health_check.h"
#include "pelagos/sys/event_loop.h"

namespace pelagos::container {

// Not copyable; borrows the loop and the engine.
class HealthProbes {
 public:
  HealthProbes(sys::EventLoop& loop, Engine& engine, std::string id)
      : loop_(loop), engine_(engine), id_(std::move(id)) {}
  ~HealthProbes() { End(); }
  HealthProbes(const HealthProbes&) = delete;
  HealthProbes& operator=(const HealthProbes&) = delete;

  // The container runs since `started`: its health is anew. Without a command in `check` nothing.
  absl::Status Begin(const HealthCheck& check, absl::Time started);
  // It has ended: a probe that is under way is killed.
  void End();

 private:
  void Wait();
  void Probe();
  void OnEnd();

  sys::EventLoop& loop_;
  Engine& engine_;
  const std::string id_;
  HealthCheck check_;
  absl::Time started_;
  HealthStatus status_ = HealthStatus::kStarting;
  std::optional<sys::EventLoop::TimerId> timer_;
  pid_t pid_ = -1;  // of the probe that is under way
  Fd pidfd_;
};

}  // namespace pelagos::container
