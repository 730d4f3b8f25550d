#include "pelagos/cli/engine/lifecycle.h"

#include <csignal>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/abi/signal.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/engine/attach_client.h"
#include "pelagos/cli/engine/detach_keys.h"
#include "pelagos/cli/engine/each.h"
#include "pelagos/cli/engine/look.h"
#include "pelagos/cli/engine/open_engine.h"
#include "pelagos/cli/engine/run_kept.h"
#include "pelagos/cli/listing.h"
#include "pelagos/cli/run_limits.h"
#include "pelagos/container/lifecycle.h"
#include "pelagos/policy/restart_policy.h"

namespace pelagos::cli {
namespace {

using container::Found;

constexpr Flag kTime = {"time", 't', "SECONDS",
                        "how long it may take to end before it is killed; -1: as long as it wants"};
constexpr Flag kSignal = {"signal", 's', "SIGNAL", "by name or number"};
constexpr Flag kAll = {"all", 'a', "", "all there are to do it to"};

absl::StatusOr<container::StopOptions> StopOptionsFrom(const Arguments& args) {
  container::StopOptions options;
  // Docker's newer name of it, and podman's.
  const std::string time = args.has("timeout") ? args.value("timeout") : args.value("time");
  if (!time.empty()) {
    int seconds = 0;
    if (!absl::SimpleAtoi(time, &seconds) || seconds < -1) {
      return absl::InvalidArgumentError(
          absl::StrCat("--time '", time, "': expected a number of seconds, or -1"));
    }
    options.timeout = seconds < 0 ? absl::InfiniteDuration() : absl::Seconds(seconds);
  }
  if (args.has("signal")) {
    options.signal = FindSignal(args.value("signal"));
    if (!options.signal) {
      return absl::InvalidArgumentError(
          absl::StrCat("--signal '", args.value("signal"),
                       "': expected a signal's name or number, as TERM or 15"));
    }
  }
  return options;
}

bool Runs(const Found& found) {
  return found.running() || found.status == container::Status::kRestarting;
}

int RunStop(const Context& context, const Arguments& args) {
  const auto options = StopOptionsFrom(args);
  if (!options.ok()) return Fail(absl::StrCat("stop: ", options.status().message()), kUsage);
  std::map<std::string, absl::StatusOr<container::AskedToEnd>> asked;  // by id
  const auto begin = [&](container::Engine& engine, const Found& found) {
    asked.emplace(found.id, container::AskToEnd(engine, found, *options));
  };
  return ForEach(context, args, "stop", Runs,
                 [&](container::Engine& engine, const Found& found) {
                   const auto one = asked.extract(found.id);
                   if (one.empty()) return container::Stop(engine, found, *options);
                   return one.mapped().ok() ? container::AwaitStopped(engine, *one.mapped())
                                            : one.mapped().status();
                 },
                 {.begin = begin});
}

int RunRestart(const Context& context, const Arguments& args) {
  const auto options = StopOptionsFrom(args);
  if (!options.ok()) return Fail(absl::StrCat("restart: ", options.status().message()), kUsage);
  return ForEach(context, args, "restart", Runs,
                 [&](container::Engine& engine, const Found& found) {
                   return container::Restart(engine, found, *options);
                 });
}

int RunKill(const Context& context, const Arguments& args) {
  const std::string name = args.value("signal", "KILL");
  const std::optional<int> signal = FindSignal(name);
  if (!signal) {
    return Fail(absl::StrCat("kill: --signal '", name,
                             "': expected a signal's name or number, as KILL or 9"),
                kUsage);
  }
  return ForEach(
      context, args, "kill", [](const Found& found) { return found.running(); },
      [&](container::Engine& engine, const Found& found) {
        return container::Kill(engine, found, *signal);
      });
}

int RunPause(const Context& context, const Arguments& args) {
  return ForEach(
      context, args, "pause",
      [](const Found& found) { return found.status == container::Status::kRunning; },
      [](container::Engine& engine, const Found& found) {
        return container::Pause(engine, found);
      });
}

int RunUnpause(const Context& context, const Arguments& args) {
  return ForEach(
      context, args, "unpause",
      [](const Found& found) { return found.status == container::Status::kPaused; },
      [](container::Engine& engine, const Found& found) {
        return container::Unpause(engine, found);
      });
}

int RunRemove(const Context& context, const Arguments& args) {
  const bool force = args.has("force"), volumes = args.has("volumes");
  std::map<std::string, container::AskedToEnd> asked;  // by id
  const std::function<void(container::Engine&, const Found&)> begin =
      [&asked](container::Engine& engine, const Found& found) {
        if (found.kind != container::Kind::kKept) return;
        auto one = container::AskToEnd(engine, found, container::kKillAtOnce);
        // Where that failed, Remove asks again, and says what is wrong.
        if (one.ok()) asked.emplace(found.id, *std::move(one));
      };
  return ForEach(
      context, args, "rm",
      [force](const Found& found) {
        return found.kind == container::Kind::kKept && (force || !Runs(found));
      },
      [&](container::Engine& engine, const Found& found) {
        const auto one = asked.extract(found.id);
        return container::Remove(engine, found, force, volumes,
                                 one.empty() ? nullptr : &one.mapped());
      },
      {.missing_is_fine = force, .begin = force ? begin : nullptr});
}

int RunWait(const Context& context, const Arguments& args) {
  if (args.positionals().empty()) return Fail("wait: which container? give its name", kUsage);
  auto engine = OpenEngine(context);
  if (!engine.ok()) return Fail(engine.status());
  int code = kDone;
  for (const std::string& name : args.positionals()) {
    const auto found = InventoryOf(context).Find(name);
    const absl::StatusOr<int> ended =
        found.ok() ? container::Wait(**engine, *found) : found.status();
    if (ended.ok()) {
      std::cout << *ended << "\n" << std::flush;
    } else {
      code = Fail(ended.status());
    }
  }
  return code;
}

int RunStart(const Context& context, const Arguments& args) {
  const bool attach = args.has("attach") || args.has("interactive");
  if (attach && args.positionals().size() != 1) {
    return Fail("start: --attach and --interactive take one container", kUsage);
  }
  if (!attach) {
    const auto filters = Filters::From(args, {"restart-policy", "label", "name"});
    if (!filters.ok()) return Fail(absl::StrCat("start: ", filters.status().message()), kUsage);
    return ForEach(
        context, args, "start",
        [&](const Found& found) {
          const Lifecycle& lifecycle = found.record.spec.lifecycle;
          // After a reboot it stays as it was left (docker-run(1), unless-stopped).
          if (lifecycle.restart.when == RestartWhen::kUnlessStopped && found.state.stopped) {
            return false;
          }
          return found.kind == container::Kind::kKept && !Runs(found) &&
                 filters->Is("restart-policy", NameOf(lifecycle.restart.when)) &&
                 filters->Is("name", found.name) &&
                 filters->All("label", [&](const std::string& wanted) {
                   return HasLabel(lifecycle.labels, wanted);
                 });
        },
        [](container::Engine& engine, const Found& found) {
          return StartAndWarn(engine, found);
        });
  }
  if (absl::Status opened = OpenMissingStreams(); !opened.ok()) return Fail(opened);
  auto engine = OpenEngine(context);
  if (!engine.ok()) return Fail(engine.status());
  const auto found = InventoryOf(context).Find(args.positionals()[0]);
  if (!found.ok()) return Fail(found.status());
  return StartAttached(**engine, *found, args, {args.has("interactive"), true, true});
}

int RunRename(const Context& context, const Arguments& args) {
  if (args.positionals().size() != 2) {
    return Fail("rename: expected a container and its new name", kUsage);
  }
  auto engine = OpenEngine(context);
  if (!engine.ok()) return Fail(engine.status());
  const auto found = InventoryOf(context).Find(args.positionals()[0]);
  if (!found.ok()) return Fail(found.status());
  const absl::Status renamed = container::Rename(**engine, *found, args.positionals()[1]);
  return renamed.ok() ? kDone : Fail(renamed);
}

int RunUpdate(const Context& context, const Arguments& args) {
  const auto change = [&](ContainerSpec& spec) -> absl::Status {
    if (args.has("restart")) {
      const auto policy = ParseRestartPolicy(args.value("restart"));
      if (!policy) {
        return absl::InvalidArgumentError(
            absl::StrCat("--restart '", args.value("restart"),
                         "': expected no, on-failure[:N], always or unless-stopped"));
      }
      if (spec.lifecycle.remove && policy->when != RestartWhen::kNo) {
        return absl::InvalidArgumentError("--restart: the container was made with --rm");
      }
      spec.lifecycle.restart = *policy;
    }
    return ApplyLimits(args, spec);
  };
  ContainerSpec probe;
  if (absl::Status usable = change(probe); !usable.ok()) {
    return Fail(absl::StrCat("update: ", usable.message()), kUsage);
  }
  return ForEach(context, args, "update", nullptr,
                 [&](container::Engine& engine, const Found& found) {
                   return container::Update(engine, found, change);
                 });
}

std::vector<Flag> UpdateFlags() {
  std::vector<Flag> flags = LimitFlags();
  flags.push_back({"restart", 0, "WHEN", "no, on-failure[:N], always or unless-stopped"});
  return flags;
}

}  // namespace

std::vector<Command> LifecycleCommands() {
  return {
      {.name = "start",
       .usage = "[FLAGS] CONTAINER...",
       .summary = "Start containers that do not run, as they were made.",
       .example = "pelagos start -ai shell",
       .flags = {{"attach", 'a', "", "stay attached to its output, and pass signals on"},
                 {"interactive", 'i', "", "our standard input is the container's"},
                 {"detach-keys", 0, "KEYS", "what leaves its terminal (ctrl-p,ctrl-q)"},
                 {"sig-proxy", 0, "", "pass signals on (default)"},
                 {"all", 0, "", "all that do not run; with --filter, those of them"},
                 kFilterFlag},
       .run = RunStart},
      {.name = "stop",
       .usage = "[FLAGS] CONTAINER...",
       .summary = "Ask containers to end, kill those that do not, and wait for it.",
       .example = "pelagos stop -t 30 web db",
       .flags = {kTime, {"timeout", 0, "SECONDS", "the same as --time"}, kSignal, kAll},
       .run = RunStop},
      {.name = "restart",
       .usage = "[FLAGS] CONTAINER...",
       .summary = "Stop containers and start them again.",
       .example = "pelagos restart web",
       .flags = {kTime, {"timeout", 0, "SECONDS", "the same as --time"}, kSignal, kAll},
       .run = RunRestart},
      {.name = "kill",
       .usage = "[FLAGS] CONTAINER...",
       .summary = "Send a signal to the first processes of containers: KILL, or another.",
       .example = "pelagos kill -s HUP web",
       .flags = {kSignal, kAll},
       .run = RunKill},
      {.name = "wait",
       .usage = "CONTAINER...",
       .summary = "Wait until containers have ended, and print their exit codes.",
       .example = "pelagos wait job",
       .flags = {},
       .run = RunWait},
      {.name = "rm",
       .usage = "[FLAGS] CONTAINER...",
       .summary = "Remove containers with their writable layers and logs.",
       .example = "pelagos rm -f web",
       .flags = {{"force", 'f', "", "kill those that run; one that is not there is fine"},
                 {"volumes", 'v', "",
                  "remove the volumes without a name that were made for them too"},
                 kAll},
       .run = RunRemove},
      {.name = "pause",
       .usage = "CONTAINER...",
       .summary = "Have all processes of containers stand still.",
       .example = "pelagos pause db",
       .flags = {kAll},
       .run = RunPause},
      {.name = "unpause",
       .usage = "CONTAINER...",
       .summary = "Have them go on.",
       .example = "pelagos unpause db",
       .flags = {kAll},
       .run = RunUnpause},
      {.name = "rename",
       .usage = "CONTAINER NAME",
       .summary = "Give a container another name, whether it runs or not.",
       .example = "pelagos rename web web-old",
       .flags = {},
       .run = RunRename},
      {.name = "update",
       .usage = "[FLAGS] CONTAINER...",
       .summary = "Change limits and the restart policy, at once and for later starts.",
       .example = "pelagos update --memory 256m --restart always web",
       .flags = UpdateFlags(),
       .run = RunUpdate},
  };
}

}  // namespace pelagos::cli
