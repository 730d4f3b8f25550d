// What only containers of other front doors than ours ask for: attributes of mounts, the stops of a
// container that is created before it is started, traits of the process.
#include <fcntl.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "pelagos/base/status_macros.h"
#include "pelagos/launch/flattener.h"
#include "pelagos/launch/mount_changes.h"
#include "pelagos/launch/search_path.h"
#include "pelagos/sys/file.h"

namespace pelagos::launch {

absl::Status Flattener::Add(const ChangeMount& op) {
  PELAGOS_RETURN_IF_ERROR(NeedsMountNamespace());
  op_->call = ChildCall::kChangeMount;
  PELAGOS_ASSIGN_OR_RETURN(op_->change_mount.target, Target(op.target));
  const std::vector<ChildMountChange> changes = MountChanges(op.attributes);
  ChildMountChange* copy = flat_.arena_.Array<ChildMountChange>(changes.size());
  std::copy(changes.begin(), changes.end(), copy);
  op_->change_mount.changes = copy;
  op_->change_mount.change_count = changes.size();
  return absl::OkStatus();
}

absl::Status Flattener::Add(const AwaitHooks&) {
  op_->call = ChildCall::kAwaitHooks;
  return absl::OkStatus();
}

absl::Status Flattener::Add(const AwaitExec&) {
  op_->call = ChildCall::kAwaitExec;
  if (io_.start_listener < 0) return absl::InvalidArgumentError("there is no socket to wait on");
  const auto& exec = std::get<Exec>(plan_.ops.back());
  PELAGOS_ASSIGN_OR_RETURN(op_->await_exec.candidates,
                           List(ProgramCandidates(exec.argv[0], exec.env)));
  return absl::OkStatus();
}

absl::Status Flattener::Add(const JoinKeyring& op) {
  op_->call = ChildCall::kKeyring;
  PELAGOS_ASSIGN_OR_RETURN(op_->hostname.name, Text(op.name, "the name of the keyring"));
  return absl::OkStatus();
}

absl::Status Flattener::Add(const EnterRoot& op) {
  op_->call = ChildCall::kEnterRoot;
  op_->enter_root.root = -1;
  op_->enter_root.if_other_mount = op.if_other_mount;
  if (!Has(Namespace::kMount) && op.path.empty()) {
    return absl::InvalidArgumentError("without a mount namespace this would be the host's root");
  }
  has_root_ = true;
  if (op.path.empty()) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(Fd root, sys::OpenFile(op.path, O_PATH | O_DIRECTORY));
  PELAGOS_ASSIGN_OR_RETURN(op_->enter_root.root, Keep(std::move(root)));
  return absl::OkStatus();
}

absl::Status Flattener::Add(const SetScheduler& op) {
  constexpr uint32_t kSize = 48;  // SCHED_ATTR_SIZE_VER0
  op_->call = ChildCall::kScheduler;
  const SchedulerTraits& traits = op.traits;
  op_->scheduler = {kSize,           traits.policy,  traits.flags,    traits.nice,
                    traits.priority, traits.runtime, traits.deadline, traits.period};
  return absl::OkStatus();
}

absl::Status Flattener::Add(const SetIoPriority& op) {
  constexpr uint32_t kClassShift = 13;  // ioprio_set(2)
  op_->call = ChildCall::kIoPriority;
  op_->io_priority.priority = op.traits.io_class << kClassShift | op.traits.level;
  return absl::OkStatus();
}

void Flattener::Mask(const IdList& ids) {
  constexpr size_t kBits = 64;
  const size_t count = ids.empty() ? 0 : ids.back().last / kBits + 1;
  uint64_t* words = flat_.arena_.Array<uint64_t>(count);
  std::fill(words, words + count, 0);
  for (const IdRange& range : ids) {
    for (uint32_t id = range.first; id <= range.last; ++id) {
      words[id / kBits] |= uint64_t{1} << (id % kBits);
    }
  }
  op_->mask.words = count == 0 ? nullptr : words;
  op_->mask.word_count = count;
}

absl::Status Flattener::Add(const SetMemoryPolicy& op) {
  op_->call = ChildCall::kMemoryPolicy;
  Mask(op.traits.nodes);
  op_->mask.mode = op.traits.mode;
  return absl::OkStatus();
}

absl::Status Flattener::Add(const SetCpuAffinity& op) {
  op_->call = ChildCall::kCpuAffinity;
  Mask(op.cpus);
  return absl::OkStatus();
}

absl::Status Flattener::Add(const SetPersonality& op) {
  op_->call = ChildCall::kPersonality;
  op_->personality.persona = op.persona;
  return absl::OkStatus();
}

}  // namespace pelagos::launch
