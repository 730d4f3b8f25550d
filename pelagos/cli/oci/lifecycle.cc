// create start run kill delete pause resume
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "pelagos/abi/signal.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/oci/command.h"
#include "pelagos/cli/terminal.h"
#include "pelagos/oci/notify_socket.h"
#include "pelagos/sys/process.h"

namespace pelagos::cli {
namespace {

std::vector<Flag> CreateFlags() {
  return {{"bundle", 'b', "DIR", "the bundle (default: where we are)"},
          {"config", 'f', "FILE", "its document (default: config.json)"},
          {"console-socket", 0, "PATH", "a socket that is given the master of the terminal"},
          {"pidfd-socket", 0, "PATH", "a socket that is given a pidfd of the process"},
          {"pid-file", 0, "FILE", "the process's pid is written there"},
          {"no-pivot", 0, "", "move the root and chroot, for hosts that run from a ramfs"},
          {"no-new-keyring", 0, "", "keep the session keyring of the caller"},
          {"preserve-fds", 0, "N", "descriptors 3 to N+2 are the program's too"}};
}

// Sockets that a service manager opened for the program, at 3 and above: sd_listen_fds(3). They
// come before those of --preserve-fds, and the program is told of them.
void TakeListenFds(oci::CreateOptions& options) {
  const char* const count = std::getenv("LISTEN_FDS");
  const char* const pid = std::getenv("LISTEN_PID");
  if (count == nullptr || (pid != nullptr && pid != std::to_string(::getpid()))) return;
  const int number = ParseCount(count);
  if (number <= 0) return;
  options.preserved += number;
  options.env = {absl::StrCat("LISTEN_FDS=", number), "LISTEN_PID=1"};
}

// Where a service manager wants to be told of the start; "": nowhere.
std::string NotifyHost() {
  const char* const host = std::getenv("NOTIFY_SOCKET");
  return host == nullptr ? "" : host;
}

// Nobody listens for a container that was created without.
absl::StatusOr<std::optional<oci::NotifyProxy>> ListenForReady(OciContext& context,
                                                               const std::string& id) {
  const std::string folder = oci::NotifyFolder(context.runtime.records().Folder(id));
  const std::string host = NotifyHost();
  std::optional<oci::NotifyProxy> proxy;
  if (host.empty() || ::access(folder.c_str(), F_OK) != 0) return proxy;
  PELAGOS_ASSIGN_OR_RETURN(proxy, oci::NotifyProxy::Listen(folder, host));
  return proxy;
}

// The words that create and run have in common; false: told what is wrong.
bool OptionsFrom(OciContext& context, const Arguments& args, oci::CreateOptions& options) {
  options.id = args.positionals()[0];
  options.bundle =
      args.value("bundle", args.positionals().size() > 1 ? args.positionals()[1] : ".");
  options.config = args.value("config", "config.json");
  options.has_notify_socket = !NotifyHost().empty();
  options.pid_file = args.value("pid-file");
  options.console_socket = args.value("console-socket");
  options.pidfd_socket = args.value("pidfd-socket");
  options.preserved = ParseCount(args.value("preserve-fds", "0"));
  options.systemd_cgroup = context.systemd_cgroup;
  options.no_cgroups = context.no_cgroups;
  options.no_pivot = args.has("no-pivot");
  options.keyring = !args.has("no-new-keyring");
  if (options.preserved < 0) {
    OciFail(context, "--preserve-fds: expected a number of descriptors");
    return false;
  }
  TakeListenFds(options);
  return true;
}

int Create(OciContext& context, const Arguments& args) {
  oci::CreateOptions options;
  if (!OptionsFrom(context, args, options)) return kFailed;
  const auto created = context.runtime.Create(options);
  if (created.ok()) return kDone;
  return OciFail(context, absl::StrCat("pelagos create failed: ", created.status().message()));
}

int Start(OciContext& context, const Arguments& args) {
  const std::string& id = args.positionals()[0];
  auto notify = ListenForReady(context, id);
  if (!notify.ok()) return OciFail(context, notify.status());
  const absl::Status started = context.runtime.Start(id);
  if (!started.ok()) return OciFail(context, started);
  if (!*notify) return kDone;
  const auto record = context.runtime.records().Read(id);
  if (!record.ok()) return OciFail(context, record.status());
  const absl::StatusOr<Fd> pidfd = sys::OpenPidfd(record->process);
  if (!pidfd.ok()) return kDone;  // it has ended
  const absl::Status told = (*notify)->Forward(*pidfd, record->process.pid);
  return told.ok() ? kDone : OciFail(context, told);
}

int Run(OciContext& context, const Arguments& args) {
  oci::CreateOptions options;
  if (!OptionsFrom(context, args, options)) return kFailed;
  const bool detached = args.has("detach");
  options.keeps_terminal = !detached && options.console_socket.empty();
  if (options.keeps_terminal) {
    std::tie(options.rows, options.columns) = TerminalSize(STDOUT_FILENO, STDIN_FILENO);
  }
  const auto fail = [&](const absl::Status& status) {
    return OciFail(context, absl::StrCat("pelagos run failed: ", status.message()));
  };
  auto running = context.runtime.Create(options);
  if (!running.ok()) return fail(running.status());
  auto notify = ListenForReady(context, options.id);
  const absl::Status started = notify.ok() ? context.runtime.Start(options.id) : notify.status();
  if (!started.ok()) {
    context.runtime.Delete(options.id, /*force=*/true).IgnoreError();
    return fail(started);
  }
  if (detached) {
    const absl::Status told =
        *notify ? (*notify)->Forward(running->pidfd, running->identity.pid) : absl::OkStatus();
    return told.ok() ? kDone : fail(told);
  }
  const absl::StatusOr<int> code = Attend(*running, *notify ? &**notify : nullptr);
  if (!args.has("keep")) {
    const absl::Status deleted = context.runtime.Delete(options.id, /*force=*/true);
    if (!deleted.ok()) return fail(deleted);
  }
  return code.ok() ? *code : fail(code.status());
}

int Kill(OciContext& context, const Arguments& args) {
  const std::vector<std::string>& words = args.positionals();
  const std::string name = words.size() > 1 ? words[1] : "SIGTERM";
  // Of numbers 0 too: it only asks whether there is somebody (kill(2)).
  const std::optional<int> signal = name == "0" ? 0 : FindSignal(name);
  if (!signal) return OciFail(context, absl::StrCat("unknown signal \"", name, "\""));
  const absl::Status sent = context.runtime.Kill(words[0], *signal, args.has("all"));
  return sent.ok() ? kDone : OciFail(context, sent);
}

int Delete(OciContext& context, const Arguments& args) {
  const absl::Status deleted = context.runtime.Delete(args.positionals()[0], args.has("force"));
  return deleted.ok() ? kDone : OciFail(context, deleted);
}

int Pause(OciContext& context, const Arguments& args) {
  const absl::Status paused = context.runtime.Pause(args.positionals()[0]);
  return paused.ok() ? kDone : OciFail(context, paused);
}

int Resume(OciContext& context, const Arguments& args) {
  const absl::Status resumed = context.runtime.Resume(args.positionals()[0]);
  return resumed.ok() ? kDone : OciFail(context, resumed);
}

}  // namespace

std::vector<OciRow> OciLifeCycleRows() {
  std::vector<Flag> run = CreateFlags();
  run.push_back({"detach", 'd', "", "do not wait for its end"});
  run.push_back({"keep", 0, "", "do not delete it at its end"});
  run.push_back(
      {"no-subreaper", 0, "", "nobody is reaped but the container's first process anyway"});
  return {{"create", "[FLAGS] ID [BUNDLE]", "Create a container; its program waits for start.",
           CreateFlags(), 1, 2, false, Create, /*launches=*/true},
          {"start", "ID", "Run the program of a created container.", {}, 1, 1, false, Start},
          {"run", "[FLAGS] ID", "Create and start a container.", run, 1, 1, false, Run,
           /*launches=*/true},
          {"kill",
           "[--all] ID [SIGNAL]",
           "Send a signal to a container's first process (default: SIGTERM).",
           {{"all", 'a', "", "to all of its processes"}},
           1,
           2,
           false,
           Kill},
          {"delete",
           "[--force] ID",
           "Give back what a stopped container had.",
           {{"force", 'f', "", "kill it first, if it runs"}},
           1,
           1,
           false,
           Delete},
          {"pause", "ID", "Stop all processes of a container.", {}, 1, 1, false, Pause},
          {"resume", "ID", "Let a paused container go on.", {}, 1, 1, false, Resume}};
}

}  // namespace pelagos::cli
