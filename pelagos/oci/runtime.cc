#include "pelagos/oci/runtime.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <variant>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/cgroup.h"
#include "pelagos/launch/failure.h"
#include "pelagos/launch/launcher.h"
#include "pelagos/launch/waiting.h"
#include "pelagos/oci/config_json.h"
#include "pelagos/oci/console_socket.h"
#include "pelagos/oci/facts.h"
#include "pelagos/oci/freezer.h"
#include "pelagos/oci/launch_words.h"
#include "pelagos/oci/plan_bundle.h"
#include "pelagos/oci/run_hooks.h"
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

const Hooks& HooksOf(const Config& config) {
  static const auto* const none = new Hooks;
  return config.hooks ? *config.hooks : *none;
}

absl::Status WaitForEnd(const Fd& pidfd) {
  constexpr int kPatience = 10'000;
  pollfd wait = {pidfd.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&wait, 1, kPatience);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return ErrnoStatus(errno, "poll");
  if (ready == 0) return absl::DeadlineExceededError("container init still running");
  return absl::OkStatus();
}

// runtime-spec: a limit below what is used already must be refused.
absl::Status CheckUsage(const MemoryLimits& memory, const CgroupFolders& folders) {
  const auto v1 = folders.v1.find("memory");
  const std::string file = v1 != folders.v1.end() ? v1->second + "/memory.usage_in_bytes"
                                                  : folders.v2 + "/memory.current";
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFile(file, 64));
  int64_t used = 0;
  if (memory.limit.value_or(0) <= 0 || !absl::SimpleAtoi(text, &used)) return absl::OkStatus();
  if (used <= *memory.limit) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("unable to set memory limit to ", *memory.limit,
                                                    " (current usage: ", used, ")"));
}

// False: there was nobody.
absl::StatusOr<bool> SignalAll(const CgroupFolders& folders, int signal) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<pid_t> pids, ProcessesOf(folders));
  for (pid_t pid : pids) {
    const absl::StatusOr<Fd> pidfd = sys::OpenPidfd(pid);
    if (!pidfd.ok()) continue;  // ended meanwhile
    const absl::Status sent = sys::Signal(*pidfd, signal);
    if (!sent.ok() && FindErrno(sent) != ESRCH) return sent;
  }
  return !pids.empty();
}

absl::Status MoveLinks(const AwaitHooks& await, const launch::Starting& starting) {
  if (await.links.empty()) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const Fd netns, starting.network_namespace());
  for (const auto& [name, inside] : await.links) {
    PELAGOS_RETURN_IF_ERROR(sys::MoveLink(name, inside, netns), "network device ", name);
  }
  return absl::OkStatus();
}

CgroupSteps FoldersToRemove(const CgroupFolders& folders) {
  CgroupSteps steps;
  steps.v2 = folders.v2;
  for (const auto& [controller, folder] : folders.v1) {
    if (std::find(steps.v1.begin(), steps.v1.end(), folder) == steps.v1.end()) {
      steps.v1.push_back(folder);
    }
  }
  return steps;
}

}  // namespace

absl::StatusOr<std::string> AbsolutePath(const std::string& path) {
  if (absl::StartsWith(path, "/")) return path;
  char folder[4096];
  if (::getcwd(folder, sizeof(folder)) == nullptr) return ErrnoStatus(errno, "getcwd");
  if (path.empty() || path == ".") return std::string(folder);
  return absl::StrCat(folder, "/", path);
}

absl::StatusOr<std::string> ReadBundle(const std::string& bundle) {
  absl::StatusOr<std::string> text = sys::ReadFile(bundle + "/config.json", kMostConfigText);
  if (FindErrno(text.status()) == ENOENT) {
    return absl::NotFoundError("JSON specification file config.json not found");
  }
  return text;
}

absl::StatusOr<Running> Runtime::Create(const CreateOptions& options) {
  if (options.id.empty()) return absl::InvalidArgumentError("container id cannot be empty");
  PELAGOS_RETURN_IF_ERROR(records_.CheckNew(options.id));
  PELAGOS_ASSIGN_OR_RETURN(const std::string bundle, AbsolutePath(options.bundle));
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, ReadBundle(bundle));
  PELAGOS_ASSIGN_OR_RETURN(Config config, oci::ReadConfig(text));
  if (config.process) {
    Texts& env = config.process->env;
    env.insert(env.end(), options.env.begin(), options.env.end());
  }
  PELAGOS_ASSIGN_OR_RETURN(BundleFacts facts, ReadFacts(options.id, bundle, config));
  facts.systemd_cgroup = options.systemd_cgroup;
  if (options.no_cgroups) facts.cgroups = {};
  facts.no_pivot = options.no_pivot;
  facts.keyring = options.keyring;
  PELAGOS_ASSIGN_OR_RETURN(const LaunchPlan plan, PlanBundle(config, facts));
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
  absl::Cleanup undo = [&] {
    // The failure that led here is the one to report.
    const absl::Status destroyed = Destroy(record, &config);
    if (!destroyed.ok()) Warn(std::string(destroyed.message()));
  };
  PELAGOS_ASSIGN_OR_RETURN(record.process, Self());
  PELAGOS_RETURN_IF_ERROR(records_.Write(record));

  PELAGOS_ASSIGN_OR_RETURN(const Fd listener, launch::ListenForStart(records_.Socket(options.id)));
  launch::LaunchIo io = StreamsOf(process, options.preserved, options.rows, options.columns);
  io.start_listener = listener.get();
  absl::StatusOr<launch::Starting> starting = launch::Launch(plan, io);
  if (!starting.ok()) return WordFailure(starting.status(), process);
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

void Runtime::Show(const LaunchPlan& plan) const {
  if (!listeners_.debug) return;
  listeners_.debug(absl::StrCat("container ", plan.id, ": ", plan.ops.size(), " steps"));
  for (size_t i = 0; i < plan.ops.size(); ++i) {
    listeners_.debug(absl::StrCat("step ", i, ": ", Describe(plan.ops[i])));
  }
}

absl::Status Runtime::KillAndWait(const Record& record) {
  const absl::StatusOr<Fd> pidfd = sys::OpenPidfd(record.process);
  if (!pidfd.ok()) return absl::OkStatus();  // it has ended
  const absl::Status sent = sys::Signal(*pidfd, SIGKILL);
  if (!sent.ok() && FindErrno(sent) != ESRCH) return sent;
  // A frozen process of v1 does not die.
  if (IsFrozen(record.cgroups)) PELAGOS_RETURN_IF_ERROR(Freeze(record.cgroups, false));
  return WaitForEnd(*pidfd);
}

absl::Status Runtime::Start(const std::string& id) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, records_.Lock(id));
  PELAGOS_ASSIGN_OR_RETURN(const Record record, records_.Read(id));
  switch (records_.StatusOf(record)) {
    case Status::kCreated:
      break;
    case Status::kStopped:
      return absl::FailedPreconditionError("cannot start a container that has stopped");
    case Status::kRunning:
      return absl::FailedPreconditionError("cannot start an already running container");
    case Status::kCreating:
    case Status::kPaused:
      return absl::FailedPreconditionError(absl::StrCat(
          "cannot start a container in the ", NameOf(records_.StatusOf(record)), " state"));
  }
  Config config;
  if (record.hooks) {
    PELAGOS_ASSIGN_OR_RETURN(config, records_.ReadConfig(id));
  }
  const Hooks& hooks = HooksOf(config);
  const auto stop = [&](const absl::Status& failure) {
    const absl::Status killed = KillAndWait(record);
    if (!killed.ok()) Warn(std::string(killed.message()));
    return failure;
  };
  absl::Status ran = RunHooks("startContainer", hooks.start_container, HookPlace::kContainer,
                              record, config, NameOf(Status::kCreated));
  if (!ran.ok()) return stop(ran);
  const absl::StatusOr<Fd> pidfd = sys::OpenPidfd(record.process);
  if (!pidfd.ok()) {
    return absl::FailedPreconditionError("cannot start a container that has stopped");
  }
  const absl::Status resumed = launch::Resume(
      records_.Socket(id), record.process.pid, *pidfd, [&]() -> absl::StatusOr<LaunchPlan> {
        PELAGOS_ASSIGN_OR_RETURN(config, records_.ReadConfig(id));
        PELAGOS_ASSIGN_OR_RETURN(const BundleFacts facts, ReadFacts(id, record.bundle, config));
        return PlanBundle(config, facts);
      });
  ::unlink(records_.Socket(id).c_str());
  if (absl::IsNotFound(resumed) && !launch::IsExecFailure(resumed)) {
    return absl::FailedPreconditionError("cannot start an already running container");
  }
  if (!resumed.ok()) return WordFailure(resumed, config.process.value_or(Process()));
  ran = RunHooks("poststart", hooks.poststart, HookPlace::kHost, record, config,
                 NameOf(Status::kRunning));
  return ran.ok() ? ran : stop(ran);
}

absl::Status Runtime::Kill(const std::string& id, int signal, bool all) {
  PELAGOS_ASSIGN_OR_RETURN(const Record record, records_.Read(id));
  if (all || (signal == SIGKILL && !record.owns_pids)) {
    PELAGOS_ASSIGN_OR_RETURN(const bool any, SignalAll(record.cgroups, signal));
    if (all || any) return absl::OkStatus();
  }
  const Status status = records_.StatusOf(record);
  if (status == Status::kStopped || status == Status::kCreating) {
    return absl::FailedPreconditionError("container not running");
  }
  const absl::StatusOr<Fd> pidfd = sys::OpenPidfd(record.process);
  if (!pidfd.ok()) return absl::FailedPreconditionError("container not running");
  return sys::Signal(*pidfd, signal);
}

// Everything a container had, whatever of it is there. May be repeated; the record goes last.
absl::Status Runtime::Destroy(const Record& record, const Config* config) {
  PELAGOS_RETURN_IF_ERROR(launch::RemoveCgroups(FoldersToRemove(record.cgroups)));
  if (config != nullptr) {
    for (const std::string& failure : RunAllHooks("poststop", HooksOf(*config).poststop, record,
                                                  *config, NameOf(Status::kStopped))) {
      Warn(failure);
    }
  }
  return records_.Remove(record.id);
}

absl::Status Runtime::Delete(const std::string& id, bool force) {
  const absl::StatusOr<Fd> lock = records_.Lock(id);
  if (absl::IsNotFound(lock.status()) && force) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(lock.status());
  PELAGOS_ASSIGN_OR_RETURN(const Record record, records_.Read(id));
  const Status status = records_.StatusOf(record);
  if (status != Status::kStopped) {
    if (!force) {
      return absl::FailedPreconditionError(
          absl::StrCat("cannot delete container ", id, " that is not stopped: ", NameOf(status)));
    }
    PELAGOS_RETURN_IF_ERROR(KillAndWait(record));
  }
  if (!record.hooks) return Destroy(record, nullptr);
  const absl::StatusOr<Config> config = records_.ReadConfig(id);
  return Destroy(record, config.ok() ? &*config : nullptr);
}

absl::Status Runtime::Pause(const std::string& id) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, records_.Lock(id));
  PELAGOS_ASSIGN_OR_RETURN(const Record record, records_.Read(id));
  const Status status = records_.StatusOf(record);
  if (status != Status::kRunning && status != Status::kCreated) {
    return absl::FailedPreconditionError("container not running");
  }
  return Freeze(record.cgroups, true);
}

absl::Status Runtime::Resume(const std::string& id) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, records_.Lock(id));
  PELAGOS_ASSIGN_OR_RETURN(const Record record, records_.Read(id));
  const bool alive = records_.StatusOf(record) != Status::kStopped;
  if (!alive || !IsFrozen(record.cgroups)) {
    return absl::FailedPreconditionError("container not paused");
  }
  return Freeze(record.cgroups, false);
}

absl::Status Runtime::Update(const std::string& id, const Resources& resources) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, records_.Lock(id));
  PELAGOS_ASSIGN_OR_RETURN(const Record record, records_.Read(id));
  if (records_.StatusOf(record) == Status::kStopped) {
    return absl::FailedPreconditionError("container not running");
  }
  Mistakes mistakes;
  if (!resources.devices.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(const Config config, records_.ReadConfig(id));
    const bool same = config.linux_part && config.linux_part->resources &&
                      config.linux_part->resources->devices == resources.devices;
    if (!same) mistakes.Add("/devices", "cannot be changed while the container runs");
  }
  const std::vector<CgroupWrite> writes = LimitWrites(resources, record.cgroups, "", mistakes);
  PELAGOS_RETURN_IF_ERROR(mistakes.status());
  if (resources.memory && resources.memory->check_before_update.value_or(false)) {
    PELAGOS_RETURN_IF_ERROR(CheckUsage(*resources.memory, record.cgroups));
  }
  // Limits may depend on each other (memory, and memory with swap): what is refused is tried again
  // after the others.
  std::vector<CgroupWrite> refused;
  for (const CgroupWrite& write : writes) {
    if (!launch::WriteLimits({write}).ok()) refused.push_back(write);
  }
  return launch::WriteLimits(refused);
}

}  // namespace pelagos::oci
