// Runtime::Create: a bundle up to its program.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <optional>
#include <utility>
#include <variant>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/launcher.h"
#include "pelagos/launch/waiting.h"
#include "pelagos/oci/config_json.h"
#include "pelagos/oci/console_socket.h"
#include "pelagos/oci/facts.h"
#include "pelagos/oci/freezer.h"
#include "pelagos/oci/launch_words.h"
#include "pelagos/oci/notify_socket.h"
#include "pelagos/oci/placing.h"
#include "pelagos/oci/plan_bundle.h"
#include "pelagos/oci/resctrl.h"
#include "pelagos/oci/run_hooks.h"
#include "pelagos/oci/runtime.h"
#include "pelagos/oci/runtime_parts.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/net/move_link.h"

namespace pelagos::oci {
namespace {

std::string Now() {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E9SZ", absl::Now(), absl::UTCTimeZone());
}

absl::StatusOr<sys::ProcessIdentity> Self() {
  PELAGOS_ASSIGN_OR_RETURN(const uint64_t start, sys::StartTime(::getpid()));
  return sys::ProcessIdentity{::getpid(), start};
}

absl::Status MoveLinks(const AwaitHooks& await, const launch::Starting& starting) {
  if (await.links.empty()) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const Fd netns, starting.network_namespace());
  for (const auto& [name, inside] : await.links) {
    PELAGOS_RETURN_IF_ERROR(sys::MoveLink(name, inside, netns), "network device ", name);
  }
  return absl::OkStatus();
}

// PlanBundle has seen to it that there are no mistakes.
ResctrlSteps ResctrlOf(const Config& config, const BundleFacts& facts) {
  if (!config.linux_part || !config.linux_part->intel_rdt) return {};
  Mistakes mistakes;
  return PlanResctrl(*config.linux_part->intel_rdt, facts.id, facts.resctrl, mistakes);
}

}  // namespace

absl::StatusOr<std::string> AbsolutePath(const std::string& path) {
  if (absl::StartsWith(path, "/")) return path;
  char folder[4096];
  if (::getcwd(folder, sizeof(folder)) == nullptr) return ErrnoStatus(errno, "getcwd");
  if (path.empty() || path == ".") return std::string(folder);
  return absl::StrCat(folder, "/", path);
}

absl::StatusOr<std::string> ReadBundle(const std::string& bundle, const std::string& config) {
  const std::string path = absl::StartsWith(config, "/") ? config : bundle + "/" + config;
  absl::StatusOr<std::string> text = sys::ReadFile(path, kMostConfigText);
  if (FindErrno(text.status()) == ENOENT) {
    return absl::NotFoundError(absl::StrCat("JSON specification file ", config, " not found"));
  }
  return text;
}

absl::StatusOr<Running> Runtime::Create(const CreateOptions& options) {
  if (options.id.empty()) return absl::InvalidArgumentError("container id cannot be empty");
  PELAGOS_RETURN_IF_ERROR(records_.CheckNew(options.id));
  PELAGOS_ASSIGN_OR_RETURN(const std::string bundle, AbsolutePath(options.bundle));
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, ReadBundle(bundle, options.config));
  PELAGOS_ASSIGN_OR_RETURN(Config config, oci::ReadConfig(text));
  const std::string notify = NotifyFolder(records_.Folder(options.id));
  if (options.has_notify_socket) AddNotifySocket(notify, config);
  if (config.process) {
    Texts& env = config.process->env;
    env.insert(env.end(), options.env.begin(), options.env.end());
  }
  const bool by_systemd = options.systemd_cgroup && !options.no_cgroups;
  PELAGOS_ASSIGN_OR_RETURN(BundleFacts facts, ReadFacts(options.id, bundle, config, by_systemd));
  std::optional<Placing> placing;
  if (by_systemd) {
    PELAGOS_ASSIGN_OR_RETURN(Placing opened, Placing::Open(facts));
    placing.emplace(std::move(opened));
  }
  if (options.no_cgroups) facts.cgroups = {};
  facts.no_pivot = options.no_pivot;
  facts.keyring = options.keyring;
  PELAGOS_ASSIGN_OR_RETURN(const LaunchPlan plan, PlanBundle(config, facts));
  NewUnit unit;
  if (by_systemd) {
    PELAGOS_ASSIGN_OR_RETURN(unit, PlanUnit(config, facts));
  }
  const Process& process = *config.process;
  PELAGOS_RETURN_IF_ERROR(CheckConsole(process, options.console_socket, options.keeps_terminal));
  PELAGOS_RETURN_IF_ERROR(CheckPreserved(options.preserved));
  for (const PlanNote& note : plan.notes) Warn(note.text);
  // What is in it already is another's, and must not go with this container.
  const CgroupFolders cgroups = CgroupFoldersOf(config, facts);
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<pid_t> others, ProcessesOf(cgroups));
  if (!others.empty()) {
    return absl::AlreadyExistsError("container's cgroup is not empty: " +
                                    absl::StrCat(others.size(), " process(es) found"));
  }
  if (IsFrozen(cgroups)) {
    return absl::FailedPreconditionError("container's cgroup unexpectedly frozen");
  }
  Show(plan);

  PELAGOS_RETURN_IF_ERROR(records_.Make(options.id, text));
  Record record;
  record.id = options.id;
  record.bundle = bundle;
  record.rootfs = config.root->path[0] == '/' ? config.root->path
                                              : absl::StrCat(bundle, "/", config.root->path);
  record.created = Now();
  record.owner = ::geteuid();
  record.creating = true;
  record.hooks = config.hooks.has_value();
  record.keyring = options.keyring;
  record.owns_pids = plan.namespaces.contains(Namespace::kPid);
  record.cgroups = cgroups;
  if (by_systemd) record.systemd = UnitName{unit.unit.name, facts.systemd->user};
  record.resctrl = ResctrlOf(config, facts);
  absl::Cleanup undo = [&] {
    // The failure that led here is the one to report.
    const absl::Status destroyed = Destroy(record, &config);
    if (!destroyed.ok()) Warn(std::string(destroyed.message()));
  };
  PELAGOS_ASSIGN_OR_RETURN(record.process, Self());
  PELAGOS_RETURN_IF_ERROR(records_.Write(record));
  if (options.has_notify_socket) PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(notify, 0755));
  PELAGOS_RETURN_IF_ERROR(MakeResctrl(record.resctrl));

  PELAGOS_ASSIGN_OR_RETURN(const Fd listener, launch::ListenForStart(records_.Socket(options.id)));
  launch::LaunchIo io = StreamsOf(process, options.preserved, options.rows, options.columns);
  io.start_listener = listener.get();
  const std::function<absl::Status(pid_t)> place = [&](pid_t pid) {
    const absl::Status placed = placing->Place(unit, cgroups, pid);
    // A namesake's, that came meanwhile: it is not ours to end.
    if (absl::IsAlreadyExists(placed)) {
      record.systemd.reset();
      record.cgroups = {};
    }
    return placed;
  };
  io.place = &place;
  absl::StatusOr<launch::Starting> starting = launch::Launch(plan, io);
  if (!starting.ok()) return WordFailure(starting.status(), process);
  placing.reset();
  const Hooks& hooks = HooksOf(config);
  const auto await = std::find_if(plan.ops.begin(), plan.ops.end(), [](const Op& op) {
    return std::holds_alternative<AwaitHooks>(op);
  });
  if (await != plan.ops.end()) {
    const absl::Status reached = starting->ReachHooks();
    if (!reached.ok()) return WordFailure(reached, process);
    PELAGOS_ASSIGN_OR_RETURN(const uint64_t start, sys::StartTime(starting->pid()));
    record.process = {starting->pid(), start};
    PELAGOS_RETURN_IF_ERROR(records_.Write(record));
    PELAGOS_RETURN_IF_ERROR(MoveLinks(std::get<AwaitHooks>(*await), *starting));
    const absl::string_view status = NameOf(Status::kCreating);
    PELAGOS_RETURN_IF_ERROR(
        RunHooks("prestart", hooks.prestart, HookPlace::kHost, record, config, status));
    PELAGOS_RETURN_IF_ERROR(
        RunHooks("createRuntime", hooks.create_runtime, HookPlace::kHost, record, config, status));
    PELAGOS_RETURN_IF_ERROR(RunHooks("createContainer", hooks.create_container,
                                     HookPlace::kContainer, record, config, status));
  }
  absl::StatusOr<launch::Launched> launched = std::move(*starting).Create();
  if (!launched.ok()) return WordFailure(launched.status(), process);
  absl::Cleanup end = [&] {
    sys::Signal(launched->pidfd, SIGKILL).IgnoreError();
    WaitForEnd(launched->pidfd).IgnoreError();
  };
  PELAGOS_RETURN_IF_ERROR(JoinResctrl(record.resctrl, launched->pid));
  if (!options.console_socket.empty()) {
    PELAGOS_RETURN_IF_ERROR(SendConsole(options.console_socket, launched->terminal));
  }
  if (!options.pidfd_socket.empty()) {
    PELAGOS_RETURN_IF_ERROR(SendPidfd(options.pidfd_socket, launched->pidfd));
  }
  PELAGOS_ASSIGN_OR_RETURN(record.process, launched->Identity());
  record.creating = false;
  PELAGOS_RETURN_IF_ERROR(records_.Write(record));
  if (!options.pid_file.empty()) {
    PELAGOS_RETURN_IF_ERROR(ReplaceFile(options.pid_file, absl::StrCat(launched->pid), 0644));
  }
  std::move(end).Cancel();
  std::move(undo).Cancel();
  Running running = {record.process, std::move(launched->pidfd), {}};
  if (options.keeps_terminal) running.terminal = std::move(launched->terminal);
  return running;
}

}  // namespace pelagos::oci
