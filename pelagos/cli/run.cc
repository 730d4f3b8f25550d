#include "pelagos/cli/run.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/laps.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/container_flags.h"
#include "pelagos/cli/find_rootfs.h"
#include "pelagos/cli/engine/run_kept.h"
#include "pelagos/cli/run_image.h"
#include "pelagos/cli/run_streams.h"
#include "pelagos/cli/run_userns.h"
#include "pelagos/cli/streams.h"
#include "pelagos/cli/sweep.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/id_pool.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/rootless.h"
#include "pelagos/container/running.h"
#include "pelagos/launch/failure.h"
#include "pelagos/launch/lock_down.h"
#include "pelagos/plan/print.h"
#include "pelagos/spec/container.h"
#include "pelagos/store/container.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/self_status.h"

namespace pelagos::cli {
namespace {

// docker-run(1): the runtime itself failed, the command cannot be invoked, it cannot be found.
constexpr int kRuntimeFailed = 125;
constexpr int kSignalled = 128;

// What `create` and `run` begin with.
enum class Wanted { kMade, kRun };

int RunOrCreate(const Context& context, const Arguments& args, Wanted wanted) {
  const absl::string_view command = wanted == Wanted::kMade ? "create" : "run";
  Laps laps;
  Laps* const timing = args.has("timing") ? &laps : nullptr;
  const absl::StatusOr<sys::SelfStatus> self = sys::ReadSelfStatus(sys::CallingThread::kOnly);
  if (!self.ok()) return Fail(self.status(), kRuntimeFailed);
  Caller caller;
  if (args.has("volumes-from")) {
    caller.container = [&](const std::string& name) -> absl::StatusOr<ContainerSpec> {
      PELAGOS_ASSIGN_OR_RETURN(const container::Found found,
                               container::Inventory(context.roots).Find(name));
      if (found.has_record) return found.record.spec;
      return absl::NotFoundError(
          absl::StrCat("nobody knows the volumes of container '", name, "'"));
    };
  }
  absl::StatusOr<ContainerSpec> spec = SpecFrom(args, self->pid, caller);
  if (!spec.ok()) return Fail(absl::StrCat(command, ": ", spec.status().message()), kUsage);
  const auto choice = ImageChoiceFrom(args);
  if (!choice.ok()) return Fail(absl::StrCat(command, ": ", choice.status().message()), kUsage);
  if (const absl::Status found = FindRootfs(context.roots, *spec); !found.ok()) {
    return Fail(found, kRuntimeFailed);
  }
  if (args.has("dry-run")) {
    // Whatever the planning does from here on, it changes nothing.
    const absl::StatusOr<bool> locked = launch::LockDown();
    if (!locked.ok()) return Fail(locked.status(), kRuntimeFailed);
    if (!*locked) {
      std::cerr << "pelagos: warning: the kernel has no Landlock: only seccomp keeps the dry run "
                   "from changing files\n";
    }
  }
  auto rootless = container::PlanRootless(&*self);
  if (!rootless.ok()) return Fail(rootless.status(), kRuntimeFailed);
  if (absl::Status applied = ApplyUserns(args, *rootless, *spec); !applied.ok()) {
    return Fail(absl::StrCat(command, ": ", applied.message()), kUsage);
  }
  std::optional<container::ChosenIds> chosen;
  if (const auto automatic = AutoIdsFrom(args); automatic.ok() && *automatic) {
    auto ids = container::ChooseIds(
        context.roots, **automatic,
        args.has("dry-run") ? container::IdUse::kLook : container::IdUse::kTake);
    if (!ids.ok()) return Fail(ids.status(), kRuntimeFailed);
    chosen = *std::move(ids);
    spec->ids = chosen->map;
  }
  if (*rootless && !args.has("dry-run")) {
    const absl::Status entered = container::EnterRootless(context.roots, spec->joins, **rootless);
    if (!entered.ok()) return Fail(entered, kRuntimeFailed);
  }
  auto engine = container::Engine::Open(context.roots, *rootless, &*self);
  if (!engine.ok()) return Fail(engine.status(), kRuntimeFailed);
  (*engine)->Time(timing);
  if (args.has("dry-run")) {
    const auto plan = container::Plan(**engine, *spec, container::ImageUse::kLook);
    if (!plan.ok()) return Fail(plan.status(), kRuntimeFailed);
    std::cout << Print(*plan);
    return kDone;
  }
  SweepOrWarn(**engine);
  (*engine)->Pull(choice->pull, choice->platform);
  const auto attached = AttachedFrom(args);
  if (!attached.ok()) return Fail(absl::StrCat(command, ": ", attached.status().message()), kUsage);
  const bool interactive = attached->in;
  if (spec->terminal && interactive && !args.has("detach") && ::isatty(STDIN_FILENO) == 0) {
    return Fail("run: -i and -t together need a terminal as standard input; leave out one");
  }
  if (args.has("name")) {
    const absl::Status is_free = store::CheckNameIsFree(context.roots, spec->name);
    if (!is_free.ok()) return Fail(is_free, kRuntimeFailed);
  }
  if (wanted == Wanted::kMade) {
    const auto made = CreateKept(**engine, args, *std::move(spec));
    if (!made.ok()) return Fail(made.status(), kRuntimeFailed);
    std::cout << made->id << "\n";
    return kDone;
  }
  if (NeedsMonitor(args)) return RunKept(**engine, args, *std::move(spec));
  // Before the container is there: a signal must find somebody who passes it on.
  auto loop = sys::EventLoop::Create();
  if (!loop.ok()) return Fail(loop.status(), kRuntimeFailed);
  std::optional<container::Running> running;
  const bool passes_signals_on = !args.denied("sig-proxy");
  int ended_by = 0;  // a signal that is for us alone
  absl::Status status =
      loop->WatchSignals({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}, [&](int signal) {
        if (!passes_signals_on) {
          ended_by = signal;
          signal = SIGKILL;
        }
        // A process that has just ended needs no signal.
        if (running) running->Signal(signal).IgnoreError();
      });
  if (!status.ok()) return Fail(status, kRuntimeFailed);
  const auto relay = StreamRelay::Open(interactive);
  if (!relay.ok()) return Fail(relay.status(), kRuntimeFailed);
  container::Streams streams = (*relay)->streams();
  if (!attached->out) streams.out = -1;
  if (!attached->err) streams.err = -1;
  if (!rootless->has_value()) streams.self = &*self;  // else it is another since
  Lap(timing, "the host, and what killed runs left");
  auto prepared = container::Prepare(**engine, *spec);
  if (!prepared.ok()) return Fail(prepared.status(), kRuntimeFailed);
  Lap(timing, "image, user and plan");
  for (const PlanNote& note : prepared->plan.notes) {
    if (note.asked) std::cerr << "pelagos: note: " << note.text << "\n";
  }
  auto started = container::Run(**engine, *spec, *std::move(prepared), streams);
  if (!started.ok()) return Fail(started.status(), launch::ExitCodeFor(started.status()));
  running.emplace(*std::move(started));
  for (const std::string& warning : running->warnings()) {
    std::cerr << "pelagos: warning: " << warning << "\n";
  }
  if (ended_by != 0) running->Signal(SIGKILL).IgnoreError();
  chosen.reset();  // the container tells now that they are taken
  status = (*relay)->Start(*loop);
  if (!status.ok()) return Fail(status, kRuntimeFailed);
  bool ended = false;
  status = loop->Watch(running->pidfd().get(), EPOLLIN, [&](uint32_t) { ended = true; });
  if (status.ok()) status = loop->RunUntil([&] { return ended; });
  if (!status.ok()) return Fail(status, kRuntimeFailed);
  (*relay)->Drain();
  Lap(timing, "the program");
  const absl::StatusOr<int> code = running->Wait();
  if (!code.ok()) return Fail(code.status(), kRuntimeFailed);
  if (running->out_of_memory()) Fail("killed: out of memory", *code);
  if (absl::Status closed = running->Close(); !closed.ok()) return Fail(closed, kRuntimeFailed);
  Lap(timing, "clean-up");
  if (timing != nullptr) std::cerr << timing->Table();
  // The process ends next, and their descriptors with it: no call for each.
  static const auto* const kept = new std::pair(*std::move(running), *std::move(loop));
  (void)kept;
  return ended_by != 0 ? kSignalled + ended_by : *code;
}

int Run(const Context& context, const Arguments& args) {
  return RunOrCreate(context, args, Wanted::kRun);
}

int Create(const Context& context, const Arguments& args) {
  return RunOrCreate(context, args, Wanted::kMade);
}

}  // namespace

Command CreateCommandRow() {
  return {.name = "create",
          .usage = "[FLAGS] IMAGE [COMMAND [ARG...]]",
          .summary = "Make a container without starting it, and print its id.",
          .example = "pelagos create --name web --restart always busybox httpd -f",
          .flags = ContainerFlags(),
          .options_first = true,
          .run = Create,
          .headings = FlagHeadings()};
}

Command RunCommandRow() {
  return {.name = "run",
          .usage = "[FLAGS] IMAGE [COMMAND [ARG...]]",
          .summary = "Run a command in a new container; its exit code is ours.",
          .example = "pelagos run --memory 64m busybox echo hello",
          .flags = RunFlags(),
          .options_first = true,
          .run = Run,
          .headings = FlagHeadings()};
}

}  // namespace pelagos::cli
