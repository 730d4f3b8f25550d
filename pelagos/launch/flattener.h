// Flatten at work: one plan. Internal to flatten*.cc.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/launch/child_plan.h"
#include "pelagos/launch/flatten.h"
#include "pelagos/launch/launch_io.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/plan/op.h"
#include "pelagos/sys/self_status.h"

namespace pelagos::launch {

class Flattener {
 public:
  Flattener(const LaunchPlan& plan, const LaunchIo& io) : plan_(plan), io_(io) {}

  absl::StatusOr<FlatPlan> Run(int parents_end, int channel);

 private:
  struct Split {
    const char *folder, *name;
  };

  // flatten.cc
  // Keeps a descriptor open for the child, at a number above the standard streams.
  absl::StatusOr<int> Keep(Fd fd);
  absl::Status AddStreams();
  absl::Status AddCgroups();
  absl::Status AddJoins();
  absl::Status AddBetween();
  // What the child inherits of us: one read instead of many questions.
  absl::Status AddSelf();
  absl::StatusOr<const char*> Text(absl::string_view text, absl::string_view what);
  absl::StatusOr<const char*> Target(absl::string_view target);
  absl::StatusOr<Split> SplitTarget(absl::string_view target);
  absl::Status Add(const LoopbackUp&);
  absl::Status Add(const SetHostname& op);
  absl::Status Add(const AwaitStart&);
  absl::Status Add(const ChangeFolder& op);
  absl::Status Add(const Exec& op);
  absl::StatusOr<char**> List(const std::vector<std::string>& texts);

  // flatten_mounts.cc
  absl::Status Add(const MakeMountsPrivate&);
  absl::Status Add(const MountOverlayRoot& op);
  absl::Status Add(const MountBindRoot& op);
  absl::Status AttachRoot(Fd tree, const std::string& mount_point);
  absl::Status Add(const MountFilesystem& op);
  absl::Status Add(const BindMount& op);
  absl::Status Bind(Fd tree, absl::string_view source);
  // False: not one of the three, or mounted in a way that takes the long road.
  absl::StatusOr<bool> BecomeGround(const MountFilesystem& op);
  // Where the target is below a ground, under a name that only we and the kernel make there.
  void StandOnGround(absl::string_view target);
  absl::Status Add(const MakeDevice& op);
  // mknod(2) of devices is for the initial user namespace alone; elsewhere the host's node of that
  // name is bound, if it is the same device.
  absl::Status BindDevice(const MakeDevice& op);
  absl::Status Add(const MakeHostDevices& op);
  absl::Status Add(const MakeFolder& op);
  absl::Status Add(const MakeSymlink& op);
  absl::Status Add(const MaskPath& op);
  absl::Status Add(const MakeReadOnly& op);
  absl::Status Add(const PivotRoot& op);
  absl::Status Add(const SealRoot&);

  // flatten_rights.cc
  absl::Status Add(const SetUser& op);
  absl::Status Add(const BecomeRoot& op);
  absl::Status Add(const LimitCapabilities& op);
  absl::Status Add(const SetNoNewPrivileges&);
  absl::Status Add(const InstallSeccomp& op);
  absl::Status Add(const SetDomainname& op);
  absl::Status Add(const SetOomScoreAdj& op);
  absl::Status Add(const SetExecLabel& op);
  absl::Status Add(const WriteSysctl& op);
  absl::Status Add(const SetRlimit& op);
  absl::Status Add(const RestrictPaths& op);
  absl::Status Add(const SetUmask& op);
  absl::Status Add(const OpenTerminal& op);
  // flatten_oci.cc
  absl::Status Add(const ChangeMount& op);
  absl::Status Add(const AwaitHooks&);
  absl::Status Add(const AwaitExec&);
  absl::Status Add(const EnterRoot& op);
  absl::Status Add(const JoinKeyring& op);
  absl::Status Add(const SetScheduler& op);
  absl::Status Add(const SetIoPriority& op);
  absl::Status Add(const SetMemoryPolicy& op);
  absl::Status Add(const SetCpuAffinity& op);
  absl::Status Add(const SetPersonality& op);
  void Mask(const IdList& ids);

  // flatten_rights.cc
  absl::Status WriteProc(const char* path, const char* fallback, const std::string& text);
  bool InInitialUserNamespace();

  bool EntersUserNamespace() const {
    return plan_.namespaces.contains(Namespace::kUser) ||
           std::any_of(plan_.joins.begin(), plan_.joins.end(),
                       [](const auto& join) { return join.kind == Namespace::kUser; });
  }
  absl::Status NeedsMountNamespace() const {
    if (Has(Namespace::kMount) || plan_.shares_mounts) return absl::OkStatus();
    return absl::InvalidArgumentError("without a mount namespace this would change the host");
  }
  // A namespace of the container's own, or one that it joins.
  bool Has(Namespace kind) const {
    if (plan_.namespaces.contains(kind)) return true;
    for (const NamespaceJoin& join : plan_.joins) {
      if (join.kind == kind) return true;
    }
    return false;
  }
  absl::Status NeedsRoot() const {
    return has_root_ ? absl::OkStatus() : absl::InvalidArgumentError("there is no root before it");
  }

  const LaunchPlan& plan_;
  const LaunchIo& io_;
  FlatPlan flat_;
  ChildOp* op_ = nullptr;
  std::vector<int> keep_;
  bool has_root_ = false;
  bool is_pivoted_ = false;
  bool has_ground_[kGrounds] = {};
  sys::SelfStatus self_;
  std::pair<uint32_t, uint32_t> user_ = {0, 0};
  std::optional<bool> initial_user_namespace_;
};

}  // namespace pelagos::launch
