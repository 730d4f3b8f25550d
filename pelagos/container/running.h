// A running container that belongs to an object: destruction stops and removes it.
//
//   PELAGOS_ASSIGN_OR_RETURN(Running web, Run(engine, spec, {.out = 1, .err = 2}));
//   PELAGOS_ASSIGN_OR_RETURN(int code, web.Wait());
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/container/engine.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/policy/mount_plan.h"
#include "pelagos/spec/container.h"
#include "pelagos/store/container.h"

namespace pelagos::container {

// Moves, never copies. Must not outlive its engine. The container's first process dies with the
// thread that started it.
class [[nodiscard]] Running {
 public:
  // `own_volumes`: some are noted as the container's own (store/own_volumes.h), and go with it.
  Running(Engine& engine, const LaunchPlan& plan, Started started, FoundImage image,
          bool own_volumes = false)
      : engine_(&engine),
        id_(plan.id),
        cgroup_(plan.cgroup),
        connected_(IsConnected(plan.net.mode)),
        started_(std::move(started)),
        image_(std::move(image)),
        own_volumes_(own_volumes) {}
  Running(Running&& other) noexcept
      : engine_(std::exchange(other.engine_, nullptr)),
        id_(std::move(other.id_)),
        cgroup_(std::move(other.cgroup_)),
        connected_(other.connected_),
        started_(std::move(other.started_)),
        image_(std::move(other.image_)),
        own_volumes_(other.own_volumes_),
        waited_(other.waited_),
        out_of_memory_(other.out_of_memory_) {}
  Running& operator=(Running&&) = delete;
  // Kills what still runs. What cannot be removed is left to the next command: Close() reports.
  ~Running();

  const std::string& id() const { return id_; }
  pid_t pid() const { return started_.init.pid; }
  const Fd& pidfd() const { return started_.pidfd; }
  // The master of the container's terminal; invalid if the spec asks for none.
  const Fd& terminal() const { return started_.terminal; }
  const std::vector<std::string>& addresses() const { return started_.addresses; }

  // What the user should know about its network.
  const std::vector<std::string>& warnings() const { return started_.warnings; }

  absl::Status Signal(int signal) { return sys::Signal(started_.pidfd, signal); }

  // Waits for the end of the program: its exit code, or 128 + n for signal n. Once.
  absl::StatusOr<int> Wait();

  // After Wait: the program ended by SIGKILL (137), and the kernel had killed in the container for
  // want of memory below its limit.
  bool out_of_memory() const { return out_of_memory_; }

  // Kills what still runs and removes all that was made for the container.
  absl::Status Close();

 private:
  Engine* engine_;
  std::string id_;
  CgroupSteps cgroup_;
  bool connected_ = false;
  Started started_;
  FoundImage image_;
  bool own_volumes_ = false;
  bool waited_ = false;
  bool out_of_memory_ = false;
};

// What is to be run, as far as it can be decided beforehand.
struct Prepared {
  LaunchPlan plan;
  FoundImage image;
  // Those of the spec and of the image, if some had no name; they have one in the plan.
  std::optional<MountPlan> mounts = {};
};

// Finds the image and plans, as Run does.
absl::StatusOr<Prepared> Prepare(Engine& engine, const ContainerSpec& spec);

// Runs it, volumes included: those without a name go with the container.
absl::StatusOr<Running> Run(Engine& engine, const ContainerSpec& spec, Prepared prepared,
                            const Streams& streams = {});

// From what was asked for to a running program: finds the image, plans, starts. A broken rule of
// the spec is InvalidArgument with all its mistakes.
absl::StatusOr<Running> Run(Engine& engine, const ContainerSpec& spec, const Streams& streams = {});

// Of a container that is kept: of the image that it was created with.
absl::StatusOr<Prepared> PrepareKept(Engine& engine, const store::ContainerRecord& record);

// As far as the plan.
absl::StatusOr<LaunchPlan> Plan(Engine& engine, const ContainerSpec& spec,
                                ImageUse use = ImageUse::kLoad);

}  // namespace pelagos::container
