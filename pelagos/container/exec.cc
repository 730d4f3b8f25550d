#include "pelagos/container/exec.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/peer.h"
#include "pelagos/container/rootless.h"
#include "pelagos/image/user.h"
#include "pelagos/sys/cgroup_fs.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"
#include "pelagos/sys/root_fd.h"

namespace pelagos::container {
namespace {

absl::Status NotRunning(const Found& found, absl::string_view how) {
  return absl::FailedPreconditionError(absl::StrCat(
      "container '", found.name, "' ", how, " ('pelagos start ", found.name, "' starts it)"));
}

absl::Status CheckRuns(const Found& found) {
  if (found.status == Status::kPaused) {
    return absl::FailedPreconditionError(absl::StrCat("container '", found.name,
                                                      "' is paused ('pelagos unpause ", found.name,
                                                      "' lets it go on)"));
  }
  if (!found.running()) {
    return NotRunning(found, absl::StrCat("is not running: it is ", NameOf(found.status)));
  }
  if (found.has_record) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("container '", found.name,
                   "' belongs to a program that has no record of it: what a process in it may do "
                   "is not known"));
}

// Of a folder that the container may write to: what is there may be anything.
absl::StatusOr<std::string> ReadUserFile(const sys::RootFd& root, const char* path) {
  const absl::StatusOr<Fd> file = root.OpenIn(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (FindErrno(file.status()) == ENOENT) return std::string();
  PELAGOS_RETURN_IF_ERROR(file.status());
  struct stat info = {};
  if (::fstat(file->get(), &info) != 0) return ErrnoStatus(errno, "fstat", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " in the container is no file"));
  }
  return sys::ReadAll(*file, image::kMaxUserFile, path);
}

absl::StatusOr<ResolvedUser> FindUserNow(const Found& found, const std::string& user) {
  PELAGOS_ASSIGN_OR_RETURN(const sys::RootFd root, sys::RootFd::Open(absl::StrCat(
                                                       "/proc/", found.state.init.pid, "/root")));
  image::UserFiles files;
  PELAGOS_ASSIGN_OR_RETURN(files.passwd, ReadUserFile(root, "/etc/passwd"));
  PELAGOS_ASSIGN_OR_RETURN(files.group, ReadUserFile(root, "/etc/group"));
  // What was found by its pid was its own.
  if (!sys::IsAlive(found.state.init)) return NotRunning(found, "has just ended");
  return image::FindUserIn(files, user, found.record.spec.groups);
}

// What the plan of another process depends on.
absl::StatusOr<HostFacts> FactsForExec(Engine& engine, const Found& found) {
  const ContainerSpec& spec = found.record.spec;
  ContainerSpec asked;
  asked.mask_paths = false;
  asked.cgroup = spec.cgroup;
  asked.landlock = spec.landlock;
  PELAGOS_ASSIGN_OR_RETURN(HostFacts facts, engine.FactsFor(asked));
  for (const NamespaceJoin& join : spec.joins) {
    if (join.kind != Namespace::kUser) continue;
    PELAGOS_ASSIGN_OR_RETURN(facts.joined_ids,
                             ReadIdMap(absl::StrCat("/proc/", found.state.init.pid, "/ns/user")));
    if (!sys::IsAlive(found.state.init)) return NotRunning(found, "has just ended");
  }
  return facts;
}

absl::StatusOr<LaunchPlan> Plan(Engine& engine, const Found& found, const ExecOptions& options) {
  PELAGOS_ASSIGN_OR_RETURN(const HostFacts facts, FactsForExec(engine, found));
  ResolvedUser user = found.record.user;
  if (options.user) {
    PELAGOS_ASSIGN_OR_RETURN(user, FindUserNow(found, *options.user));
  }
  Diagnostics diags;
  std::optional<LaunchPlan> plan =
      PlanExec(found.record.spec, found.record.image, user, facts, options.request, diags);
  if (!plan) {
    return absl::InvalidArgumentError(
        absl::StrJoin(diags.list(), "; ", [](std::string* out, const Diagnostic& diagnostic) {
          absl::StrAppend(out, diagnostic.message);
          if (!diagnostic.hint.empty()) absl::StrAppend(out, " (", diagnostic.hint, ")");
        }));
  }
  if (!found.state.cgroup.empty()) plan->cgroup.v2 = found.state.cgroup;
  return *std::move(plan);
}

}  // namespace

absl::StatusOr<std::optional<RootlessFacts>> EnterRuntimeOf(const store::Roots& roots,
                                                            const Found& found,
                                                            const sys::SelfStatus* self) {
  PELAGOS_ASSIGN_OR_RETURN(std::optional<RootlessFacts> rootless, PlanRootless(self));
  if (!rootless) return rootless;
  PELAGOS_RETURN_IF_ERROR(CheckRuns(found));
  PELAGOS_RETURN_IF_ERROR(EnterRootless(roots, {{Namespace::kUser, "", found.id}}, *rootless));
  return rootless;
}

absl::StatusOr<launch::Launched> Exec(Engine& engine, const Found& found,
                                      const ExecOptions& options) {
  PELAGOS_RETURN_IF_ERROR(CheckRuns(found));
  // Before anything is found by its pid; who joins the namespaces does it by this.
  const absl::StatusOr<Fd> init = sys::OpenPidfd(found.state.init);
  if (!init.ok()) return NotRunning(found, "has just ended");
  PELAGOS_ASSIGN_OR_RETURN(LaunchPlan plan, Plan(engine, found, options));
  launch::LaunchIo io;
  io.stdin_fd = options.streams.in;
  io.stdout_fd = options.streams.out;
  io.stderr_fd = options.streams.err;
  io.rows = options.streams.rows;
  io.columns = options.streams.columns;
  io.inherited = options.streams.inherited;
  io.self = options.streams.self;
  io.in_initial_user_namespace = !engine.facts().in_user_namespace;
  io.joined_process = init->get();
  auto shared = std::make_shared<LaunchPlan>(std::move(plan));
  absl::StatusOr<launch::Starting> starting = launch::Launch(shared, io);
  if (FindErrno(starting.status()) == EBUSY && !shared->cgroup.v2.empty()) {
    // A container may have handed its controllers down: its processes are below then, where the
    // first one is (cgroups(7), "no internal processes").
    auto below = std::make_shared<LaunchPlan>(*shared);
    PELAGOS_ASSIGN_OR_RETURN(below->cgroup.v2, sys::CgroupOfProcess(found.state.init.pid));
    starting = launch::Launch(below, io);
  }
  if (FindErrno(starting.status()) == ESRCH) return NotRunning(found, "has just ended");
  PELAGOS_RETURN_IF_ERROR(starting.status());
  absl::StatusOr<launch::Launched> launched = std::move(*starting).Start();
  if (FindErrno(launched.status()) == ESRCH) return NotRunning(found, "has just ended");
  return launched;
}

}  // namespace pelagos::container
