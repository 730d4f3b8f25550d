#include "pelagos/cli/engine/exec.h"

#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/caller.h"
#include "pelagos/cli/engine/attach_client.h"
#include "pelagos/cli/engine/detach_keys.h"
#include "pelagos/cli/engine/look.h"
#include "pelagos/cli/run_environment.h"
#include "pelagos/cli/streams.h"
#include "pelagos/cli/terminal.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/exec.h"
#include "pelagos/container/held_exec.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/tell_exec.h"
#include "pelagos/launch/failure.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/process.h"
#include "pelagos/sys/self_status.h"

namespace pelagos::cli {
namespace {

// docker-exec(1): the runtime itself failed.
constexpr int kRuntimeFailed = 125;

absl::Status Apply(const Arguments& args, container::ExecOptions& options) {
  const std::vector<std::string>& words = args.positionals();
  if (words.size() < 2) {
    return absl::InvalidArgumentError("expected a container's name and a command");
  }
  ExecRequest& request = options.request;
  request.command = {words.begin() + 1, words.end()};
  request.workdir = args.value("workdir");
  request.terminal = args.has("tty");
  request.privileged = args.has("privileged");
  request.detached = args.has("detach");
  if (args.has("user")) options.user = args.value("user");
  ContainerSpec asked;
  PELAGOS_RETURN_IF_ERROR(ApplyEnvironment(args, Caller(), asked));
  request.env = std::move(asked.env);
  if (!request.workdir.empty() && request.workdir[0] != '/') {
    return absl::InvalidArgumentError(
        absl::StrCat("--workdir '", request.workdir, "': expected an absolute path"));
  }
  return absl::OkStatus();
}

int Failed(const absl::Status& status) { return Fail(status, launch::ExitCodeFor(status)); }

// Its streams are ours, as far as they are no terminals.
int RunInForeground(container::Engine& engine, const container::Found& found,
                    container::ExecOptions& options, bool interactive) {
  auto loop = sys::EventLoop::Create();
  if (!loop.ok()) return Fail(loop.status(), kRuntimeFailed);
  auto relay = StreamRelay::Open(interactive);
  if (!relay.ok()) return Fail(relay.status(), kRuntimeFailed);
  const sys::SelfStatus* const self = options.streams.self;
  options.streams = (*relay)->streams();
  options.streams.self = self;
  // Before the process is there: a signal must find somebody who passes it on.
  std::optional<launch::Launched> launched;
  absl::Status status =
      loop->WatchSignals({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}, [&](int signal) {
        // A process that has just ended needs no signal.
        sys::Signal(launched->pidfd, signal).IgnoreError();
      });
  if (!status.ok()) return Fail(status, kRuntimeFailed);
  auto started = container::Exec(engine, found, options);
  if (!started.ok()) return Failed(started.status());
  launched = *std::move(started);
  const container::ExecEvents events(engine.roots(), found);
  events.Started(options.request.command);
  bool ended = false;
  status = (*relay)->Start(*loop);
  if (status.ok()) {
    status = loop->Watch(launched->pidfd.get(), EPOLLIN, [&](uint32_t) { ended = true; });
  }
  if (status.ok()) status = loop->RunUntil([&] { return ended; });
  if (!status.ok()) return Fail(status, kRuntimeFailed);
  (*relay)->Drain();
  const absl::StatusOr<int> code = container::WaitFor(launched->pidfd);
  if (!code.ok()) return Fail(code.status(), kRuntimeFailed);
  events.Died(*code);
  // The process ends next, and their descriptors with it: no call for each.
  static const auto* const kept = new std::pair(*std::move(launched), *std::move(loop));
  (void)kept;
  return *code;
}

int RunAtTerminal(container::Engine& engine, const container::Found& found,
                  container::ExecOptions& options, bool interactive, std::string detach_keys) {
  std::tie(options.streams.rows, options.streams.columns) =
      TerminalSize(STDOUT_FILENO, STDIN_FILENO);
  const auto held = container::ExecHeld(engine, found, options);
  if (!held.ok()) return Failed(held.status());
  if (!held->client.valid()) return kDone;
  AttachOptions attach;
  attach.terminal = true;
  attach.detach_keys = std::move(detach_keys);
  if (!interactive) attach.in = -1;
  const absl::StatusOr<AttachEnd> end = Attach(held->client, attach);
  if (!end.ok()) return Fail(end.status(), kRuntimeFailed);
  if (end->reason == AttachEnd::Reason::kLost) {
    return Fail("exec: who held the process's terminal was killed, and it ended with him",
                kRuntimeFailed);
  }
  if (end->reason == AttachEnd::Reason::kDetached) {
    if (absl::Status let = container::LetGo(held->leash); !let.ok()) {
      return Fail(let, kRuntimeFailed);
    }
  }
  return end->code;
}

int RunExec(const Context& context, const Arguments& args) {
  if (absl::Status opened = OpenMissingStreams(); !opened.ok()) {
    return Fail(opened, kRuntimeFailed);
  }
  container::ExecOptions options;
  if (absl::Status applied = Apply(args, options); !applied.ok()) {
    return Fail(absl::StrCat("exec: ", applied.message()), kUsage);
  }
  auto keys = ParseDetachKeys(args.value("detach-keys", kDefaultDetachKeys));
  if (!keys.ok()) return Fail(absl::StrCat("exec: ", keys.status().message()), kUsage);
  const bool interactive = args.has("interactive") && !options.request.detached;
  if (interactive && options.request.terminal && ::isatty(STDIN_FILENO) == 0) {
    return Fail("exec: -i and -t together need a terminal as standard input; leave out one",
                kRuntimeFailed);
  }
  const absl::StatusOr<sys::SelfStatus> self = sys::ReadSelfStatus(sys::CallingThread::kOnly);
  if (!self.ok()) return Fail(self.status(), kRuntimeFailed);
  const auto found = InventoryOf(context).Find(args.positionals()[0]);
  if (!found.ok()) return Fail(found.status(), kRuntimeFailed);
  const auto rootless = container::EnterRuntimeOf(context.roots, *found, &*self);
  if (!rootless.ok()) return Fail(rootless.status(), kRuntimeFailed);
  const auto engine = container::Engine::Open(context.roots, *rootless, &*self);
  if (!engine.ok()) return Fail(engine.status(), kRuntimeFailed);
  if (!*rootless) options.streams.self = &*self;  // else it is another since
  if (options.request.terminal) {
    return RunAtTerminal(**engine, *found, options, interactive, *std::move(keys));
  }
  if (!options.request.detached) return RunInForeground(**engine, *found, options, interactive);
  const auto launched = container::Exec(**engine, *found, options);
  if (!launched.ok()) return Failed(launched.status());
  container::ExecEvents(context.roots, *found).Started(options.request.command);
  return kDone;
}

}  // namespace

Command ExecCommandRow() {
  std::vector<Flag> flags = {
      {"interactive", 'i', "", "our standard input is the command's"},
      {"tty", 't', "", "a terminal for the command"},
      {"detach", 'd', "", "do not wait for its end"},
      {"user", 'u', "USER", "UID[:GID] or NAME[:GROUP] (default: the container's)"},
      {"workdir", 'w', "DIR", "the working directory (default: the container's)"},
      {"privileged", 0, "", "all capabilities"},
      {"detach-keys", 0, "KEYS",
       "leave the terminal, and the command running (default: ctrl-p,ctrl-q)"}};
  for (const Flag& flag : EnvironmentFlags()) flags.push_back(flag);
  return {.name = "exec",
          .usage = "[FLAGS] CONTAINER COMMAND [ARG...]",
          .summary = "Run a command in a container that runs; its exit code is ours.",
          .example = "pelagos exec -it web sh",
          .flags = std::move(flags),
          .options_first = true,
          .run = RunExec};
}

}  // namespace pelagos::cli
