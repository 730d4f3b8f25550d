#include "pelagos/container/running.h"

#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/claim.h"
#include "pelagos/container/volumes.h"
#include "pelagos/launch/cgroup.h"
#include "pelagos/plan/make_plan.h"
#include "pelagos/store/own_volumes.h"

namespace pelagos::container {
namespace {

absl::StatusOr<LaunchPlan> PlanFor(Engine& engine, const ContainerSpec& spec,
                                   const FoundImage& found) {
  PELAGOS_ASSIGN_OR_RETURN(const HostFacts facts, engine.FactsFor(spec));
  Diagnostics diags;
  std::optional<LaunchPlan> plan = MakePlan(spec, found.image, found.user, facts, diags);
  if (plan) return *std::move(plan);
  return absl::InvalidArgumentError(
      absl::StrJoin(diags.list(), "; ", [](std::string* out, const Diagnostic& diagnostic) {
        absl::StrAppend(out, diagnostic.message);
        if (!diagnostic.hint.empty()) absl::StrAppend(out, " (", diagnostic.hint, ")");
      }));
}

absl::StatusOr<ContainerSpec> WithNamedVolumes(ContainerSpec spec, const ResolvedImage& image) {
  PELAGOS_ASSIGN_OR_RETURN(spec.mounts, NameVolumes(std::move(spec.mounts), image));
  return spec;
}

// The id is claimed and the volumes are noted before they are made: whoever is killed leaves what
// the next command finds.
absl::StatusOr<Running> RunWithOwnVolumes(Engine& engine,
                                          const std::shared_ptr<const LaunchPlan>& plan,
                                          Prepared prepared, const Streams& streams) {
  PELAGOS_ASSIGN_OR_RETURN(Fd claim, Claim(engine.roots(), plan->id));
  const MountPlan& mounts = *prepared.mounts;
  absl::StatusOr<Started> started = [&]() -> absl::StatusOr<Started> {
    PELAGOS_RETURN_IF_ERROR(store::NoteOwnVolumes(engine.roots(), plan->id, mounts));
    PELAGOS_RETURN_IF_ERROR(
        EnsureVolumes(engine, plan->id, mounts, prepared.image.image, CopyUp::kEmpty));
    return engine.Start(plan, streams, &claim);
  }();
  if (!started.ok()) {
    // The failure that led here is the one to report; what stays is swept.
    if (store::RemoveNotedVolumes(engine.roots(), plan->id).ok()) {
      engine.Clean(plan->id).IgnoreError();
    }
    return started.status();
  }
  started->lock = std::move(claim);
  return Running(engine, *plan, *std::move(started), std::move(prepared.image),
                 /*own_volumes=*/true);
}

}  // namespace

Running::~Running() {
  // A destructor does not report; Close() does.
  if (engine_ != nullptr) Close().IgnoreError();
}

absl::StatusOr<int> Running::Wait() {
  absl::StatusOr<int> code = WaitFor(started_.pidfd);
  if (!code.ok()) return code;
  waited_ = true;
  if (*code == 128 + SIGKILL) {
    PELAGOS_ASSIGN_OR_RETURN(const uint64_t kills, launch::OomKills(cgroup_));
    out_of_memory_ = kills > 0;
  }
  return code;
}

absl::Status Running::Close() {
  if (engine_ == nullptr) return absl::OkStatus();
  if (!waited_) {
    PELAGOS_RETURN_IF_ERROR(Signal(SIGKILL));
    PELAGOS_RETURN_IF_ERROR(Wait().status());
  }
  if (own_volumes_) PELAGOS_RETURN_IF_ERROR(store::RemoveNotedVolumes(engine_->roots(), id_));
  started_.uplinks.End();
  return std::exchange(engine_, nullptr)->Clean(id_, cgroup_, connected_);
}

absl::StatusOr<LaunchPlan> Plan(Engine& engine, const ContainerSpec& spec, ImageUse use) {
  PELAGOS_ASSIGN_OR_RETURN(FoundImage found, engine.FindImage(spec, use));
  if (!HasUnnamedVolumes(spec.mounts, found.image)) return PlanFor(engine, spec, found);
  PELAGOS_ASSIGN_OR_RETURN(const ContainerSpec named, WithNamedVolumes(spec, found.image));
  return PlanFor(engine, named, found);
}

absl::StatusOr<Prepared> Prepare(Engine& engine, const ContainerSpec& spec) {
  PELAGOS_ASSIGN_OR_RETURN(FoundImage found, engine.FindImage(spec));
  if (HasUnnamedVolumes(spec.mounts, found.image)) {
    PELAGOS_ASSIGN_OR_RETURN(ContainerSpec named, WithNamedVolumes(spec, found.image));
    PELAGOS_ASSIGN_OR_RETURN(LaunchPlan plan, PlanFor(engine, named, found));
    return Prepared{std::move(plan), std::move(found), std::move(named.mounts)};
  }
  PELAGOS_ASSIGN_OR_RETURN(LaunchPlan plan, PlanFor(engine, spec, found));
  return Prepared{std::move(plan), std::move(found)};
}

absl::StatusOr<Running> Run(Engine& engine, const ContainerSpec& spec, const Streams& streams) {
  PELAGOS_ASSIGN_OR_RETURN(Prepared prepared, Prepare(engine, spec));
  return Run(engine, spec, std::move(prepared), streams);
}

absl::StatusOr<Prepared> PrepareKept(Engine& engine, const store::ContainerRecord& record) {
  FoundImage found = {record.image, record.user, {}};
  absl::StatusOr<image::LayerHold> hold = engine.HoldLayers(record.image);
  if (absl::IsNotFound(hold.status())) {
    return absl::NotFoundError(
        absl::StrCat("layers of image '", record.image.reference,
                     "' are gone; pull or load it again: ", hold.status().message()));
  }
  PELAGOS_RETURN_IF_ERROR(hold.status());
  found.hold = *std::move(hold);
  PELAGOS_ASSIGN_OR_RETURN(LaunchPlan plan, PlanFor(engine, record.spec, found));
  return Prepared{std::move(plan), std::move(found)};
}

absl::StatusOr<Running> Run(Engine& engine, const ContainerSpec& spec, Prepared prepared,
                            const Streams& streams) {
  const auto plan = std::make_shared<const LaunchPlan>(std::move(prepared.plan));
  if (prepared.mounts) return RunWithOwnVolumes(engine, plan, std::move(prepared), streams);
  // Most have none, and none of its code then either.
  if (HasVolumes(spec.mounts)) {
    PELAGOS_RETURN_IF_ERROR(
        EnsureVolumes(engine, plan->id, spec.mounts, prepared.image.image, CopyUp::kEmpty));
  }
  absl::StatusOr<Started> started = engine.Start(plan, streams);
  if (!started.ok()) {
    // The failure that led here is the one to report. A running namesake is not ours to clean.
    const absl::StatusOr<Fd> ours = Claim(engine.roots(), plan->id);
    if (ours.ok()) engine.Clean(plan->id).IgnoreError();
    return started.status();
  }
  return Running(engine, *plan, *std::move(started), std::move(prepared.image));
}

}  // namespace pelagos::container
