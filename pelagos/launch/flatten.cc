#include "pelagos/launch/flatten.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/between.h"
#include "pelagos/launch/flattener.h"
#include "pelagos/launch/late_cgroups.h"
#include "pelagos/launch/search_path.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {
namespace {

bool HasNul(absl::string_view text) { return text.find('\0') != absl::string_view::npos; }

}  // namespace

FlatPlan::~FlatPlan() { sys::CloseAll(std::move(fds_)); }

absl::StatusOr<FlatPlan> Flattener::Run(int parents_end, int channel) {
  if (plan_.ops.empty() || !std::holds_alternative<Exec>(plan_.ops.back())) {
    return absl::InvalidArgumentError("a launch must end with the program to run");
  }
  flat_.child_.channel = channel;
  flat_.child_.outlives_parent = plan_.outlives_launcher;
  flat_.child_.first_closed = 3 + static_cast<unsigned>(io_.preserved);
  flat_.child_.parents_end = parents_end;
  keep_.push_back(channel);
  PELAGOS_RETURN_IF_ERROR(AddStreams());
  PELAGOS_RETURN_IF_ERROR(AddCgroups());
  PELAGOS_RETURN_IF_ERROR(AddJoins());
  PELAGOS_RETURN_IF_ERROR(AddBetween());
  PELAGOS_RETURN_IF_ERROR(AddSelf());

  ChildOp* ops = flat_.arena_.Array<ChildOp>(plan_.ops.size());
  for (size_t i = 0; i < plan_.ops.size(); ++i) {
    op_ = &ops[i];
    op_->index = static_cast<uint32_t>(i);
    PELAGOS_RETURN_IF_ERROR(std::visit([this](const auto& op) { return Add(op); }, plan_.ops[i]),
                            "step ", i, ", ", Describe(plan_.ops[i]));
  }
  flat_.child_.ops = ops;
  flat_.child_.op_count = plan_.ops.size();

  std::sort(keep_.begin(), keep_.end());
  keep_.erase(std::unique(keep_.begin(), keep_.end()), keep_.end());
  int* keep = flat_.arena_.Array<int>(keep_.size());
  std::copy(keep_.begin(), keep_.end(), keep);
  flat_.child_.keep = keep;
  flat_.child_.keep_count = keep_.size();
  return std::move(flat_);
}

// Keeps a descriptor open for the child, at a number above the standard streams.
absl::StatusOr<int> Flattener::Keep(Fd fd) {
  if (fd.get() < 3) {
    const sys::Result moved = sys::Call(SYS_fcntl, fd.get(), F_DUPFD_CLOEXEC, 3);
    if (!moved.ok()) return ErrnoStatus(moved.err, "fcntl");
    fd = Fd(static_cast<int>(moved.value));
  }
  const int number = fd.get();
  keep_.push_back(number);
  flat_.fds_.push_back(std::move(fd));
  return number;
}

absl::Status Flattener::AddStreams() {
  flat_.child_.streams_are_inherited = io_.inherited;
  const int given[] = {io_.stdin_fd, io_.stdout_fd, io_.stderr_fd};
  for (int i = 0; i < 3; ++i) {
    int fd = given[i];
    if (fd >= 0 && fd < 3 && fd != i) {
      const sys::Result copy = sys::Call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
      if (!copy.ok()) return ErrnoStatus(copy.err, "standard stream", absl::StrCat(fd));
      PELAGOS_ASSIGN_OR_RETURN(fd, Keep(Fd(static_cast<int>(copy.value))));
    } else if (fd >= 3) {
      keep_.push_back(fd);
    }
    flat_.child_.streams[i] = fd;
  }
  for (int i = 0; i < io_.preserved; ++i) keep_.push_back(3 + i);
  if (io_.start_listener >= 0) {
    flat_.child_.start_listener = io_.start_listener;
    keep_.push_back(io_.start_listener);
  }
  return absl::OkStatus();
}

absl::Status Flattener::AddCgroups() {
  const CgroupSteps& cgroup = plan_.cgroup;
  std::vector<std::string> tasks;
  for (const std::string& folder : cgroup.v1) tasks.push_back(folder + "/tasks");
  PELAGOS_ASSIGN_OR_RETURN(flat_.child_.cgroup_tasks, List(tasks));
  flat_.child_.await_cgroups_at = LateCgroupStep(plan_).value_or(ChildPlan::kNever);
  flat_.child_.await_placing = !cgroup.placed_by.empty();
  // A cgroup namespace made by clone3 would have the parent's cgroups as its root.
  flat_.child_.unshare_cgroup = plan_.namespaces.contains(Namespace::kCgroup) &&
                                (!cgroup.v2.empty() || !cgroup.v1.empty()) &&
                                !NeedsProcessBetween(plan_);
  return absl::OkStatus();
}

absl::Status Flattener::AddJoins() {
  const NamespaceJoins list = ChildJoins(plan_);
  ChildJoin* joins = flat_.arena_.Array<ChildJoin>(list.size());
  const bool at_once = io_.joined_process >= 0 && !list.empty();
  const size_t count = at_once ? 1 : list.size();
  for (size_t i = 0; i < count; ++i) {
    PELAGOS_ASSIGN_OR_RETURN(Fd fd, OpenJoin(list[i], io_));
    joins[i].flag = static_cast<int>(RowOf(list[i].kind).clone_flag);
    PELAGOS_ASSIGN_OR_RETURN(joins[i].fd, Keep(std::move(fd)));
  }
  for (size_t i = count; i < list.size(); ++i) {
    joins[0].flag |= static_cast<int>(RowOf(list[i].kind).clone_flag);
  }
  for (const NamespaceJoin& join : plan_.joins) {
    if (plan_.namespaces.contains(join.kind)) {
      return absl::InvalidArgumentError("a namespace cannot be both made and joined");
    }
  }
  flat_.child_.joins = joins;
  flat_.child_.join_count = count;
  return absl::OkStatus();
}

absl::Status Flattener::AddBetween() {
  if (!NeedsProcessBetween(plan_)) return absl::OkStatus();
  ChildBetweenPlan& between = flat_.child_.between;
  between.used = true;
  NamespaceSet made = plan_.namespaces;
  made.erase(Namespace::kTime);  // clone3(2) could not set its clocks
  between.clone_flags = made.clone_flags();
  between.await_maps = made.contains(Namespace::kUser);
  if (!plan_.time.empty()) {
    const std::string text = TimeOffsetsFileText(plan_.time);
    between.time_offsets = flat_.arena_.Copy(text);
    between.time_size = text.size();
  }
  return absl::OkStatus();
}

absl::Status Flattener::AddSelf() {
  if (io_.self != nullptr) {
    self_ = *io_.self;
  } else {
    PELAGOS_ASSIGN_OR_RETURN(self_, sys::ReadSelfStatus());
  }
  flat_.child_.ignored_signals = self_.ignored_signals;
  if (!EntersUserNamespace()) return absl::OkStatus();
  // user_namespaces(7): who enters one, new or not, has all capabilities in it.
  PELAGOS_ASSIGN_OR_RETURN(const std::string text,
                           sys::ReadFileAtOnce("/proc/sys/kernel/cap_last_cap", 16));
  unsigned last = 0;
  if (!absl::SimpleAtoi(text, &last) || last > 63) {
    return absl::InternalError("/proc/sys/kernel/cap_last_cap is no number up to 63");
  }
  self_.permitted = self_.effective = self_.bounding = ~uint64_t{0} >> (63 - last);
  return absl::OkStatus();
}

absl::StatusOr<const char*> Flattener::Text(absl::string_view text, absl::string_view what) {
  if (HasNul(text)) return absl::InvalidArgumentError(absl::StrCat(what, " holds a NUL byte"));
  return static_cast<const char*>(flat_.arena_.Copy(text));
}

absl::StatusOr<const char*> Flattener::Target(absl::string_view target) {
  if (!has_root_) return absl::InvalidArgumentError("a target needs a root before it");
  if (!absl::StartsWith(target, "/")) {
    return absl::InvalidArgumentError(absl::StrCat("target '", target, "' is not absolute"));
  }
  return Text(target, "the target");
}

absl::StatusOr<Flattener::Split> Flattener::SplitTarget(absl::string_view target) {
  PELAGOS_RETURN_IF_ERROR(Target(target).status());
  const size_t slash = target.rfind('/');
  if (slash + 1 == target.size()) {
    return absl::InvalidArgumentError(absl::StrCat("target '", target, "' has no name"));
  }
  return Split{flat_.arena_.Copy(slash == 0 ? "/" : target.substr(0, slash)),
               flat_.arena_.Copy(target.substr(slash + 1))};
}

absl::Status Flattener::Add(const LoopbackUp&) {
  op_->call = ChildCall::kLoopbackUp;
  if (plan_.namespaces.contains(Namespace::kNet)) return absl::OkStatus();
  return absl::InvalidArgumentError("without a network namespace this would change the host");
}

absl::Status Flattener::Add(const SetHostname& op) {
  op_->call = ChildCall::kHostname;
  if (!Has(Namespace::kUts)) {
    return absl::InvalidArgumentError("without a uts namespace this would change the host");
  }
  PELAGOS_ASSIGN_OR_RETURN(op_->hostname.name, Text(op.name, "the name"));
  op_->hostname.size = op.name.size();
  return absl::OkStatus();
}

absl::Status Flattener::Add(const AwaitStart&) {
  op_->call = ChildCall::kAwaitStart;
  return absl::OkStatus();
}

absl::Status Flattener::Add(const ChangeFolder& op) {
  op_->call = ChildCall::kChangeFolder;
  PELAGOS_ASSIGN_OR_RETURN(op_->change_folder.target, Target(op.target));
  // Whether the folder is changed before or after the ids: it is the user's.
  std::pair<uint32_t, uint32_t> owner = user_;
  for (const Op& other : plan_.ops) {
    if (const auto* user = std::get_if<SetUser>(&other)) owner = {user->uid, user->gid};
  }
  op_->change_folder.is_root = op.target == "/" && is_pivoted_;
  op_->change_folder.make = op.make;
  op_->change_folder.uid = owner.first;
  op_->change_folder.gid = owner.second;
  return absl::OkStatus();
}

absl::Status Flattener::Add(const Exec& op) {
  op_->call = ChildCall::kExec;
  if (op_->index + 1 != plan_.ops.size()) {
    return absl::InvalidArgumentError("steps after it would never be done");
  }
  if (op.argv.empty() || op.argv[0].empty()) {
    return absl::InvalidArgumentError("there is no program to run");
  }
  PELAGOS_ASSIGN_OR_RETURN(op_->exec.argv, List(op.argv));
  PELAGOS_ASSIGN_OR_RETURN(op_->exec.envp, List(op.env));
  PELAGOS_ASSIGN_OR_RETURN(op_->exec.candidates,
                           List(ProgramCandidates(op.path.empty() ? op.argv[0] : op.path, op.env)));
  return absl::OkStatus();
}

absl::StatusOr<char**> Flattener::List(const std::vector<std::string>& texts) {
  char** list = flat_.arena_.Array<char*>(texts.size() + 1);
  for (size_t i = 0; i < texts.size(); ++i) {
    if (HasNul(texts[i])) {
      return absl::InvalidArgumentError("an argument, variable or path holds a NUL byte");
    }
    list[i] = flat_.arena_.Copy(texts[i]);
  }
  return list;
}

absl::StatusOr<FlatPlan> Flatten(const LaunchPlan& plan, const LaunchIo& io, int parents_end,
                                 int channel) {
  return Flattener(plan, io).Run(parents_end, channel);
}

}  // namespace pelagos::launch
