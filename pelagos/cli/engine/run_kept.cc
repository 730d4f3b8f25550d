#include "pelagos/cli/engine/run_kept.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/engine/attach_client.h"
#include "pelagos/cli/engine/detach_keys.h"
#include "pelagos/cli/terminal.h"
#include "pelagos/container/running.h"
#include "pelagos/container/tell.h"
#include "pelagos/launch/failure.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

// docker-run(1): the runtime itself failed.
constexpr int kRuntimeFailed = 125;

// Made before the container is: whoever has the file knows that the id in it is his.
absl::StatusOr<Fd> MakeCidFile(const std::string& path) {
  absl::StatusOr<Fd> file = sys::OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (FindErrno(file.status()) == EEXIST) {
    return absl::AlreadyExistsError(
        absl::StrCat("--cidfile: '", path, "' is there already; remove it, or name another file"));
  }
  return file;
}

container::Found AsFound(store::ContainerRecord record) {
  container::Found found;
  found.id = record.id;
  found.name = record.spec.name;
  found.record = std::move(record);
  return found;
}

}  // namespace

absl::Status StartAndWarn(container::Engine& engine, const container::Found& found,
                          container::MonitorOptions options) {
  std::vector<std::string> warnings;
  options.warnings = &warnings;
  PELAGOS_RETURN_IF_ERROR(container::Start(engine, found, std::move(options)));
  for (const std::string& warning : warnings) {
    std::cerr << "pelagos: warning: " << warning << "\n";
  }
  return absl::OkStatus();
}

bool NeedsMonitor(const Arguments& args) {
  return !args.has("rm") || args.has("detach") || args.has("tty");
}

absl::StatusOr<store::ContainerRecord> CreateKept(container::Engine& engine, const Arguments& args,
                                                  ContainerSpec spec) {
  if (!args.has("name")) spec.name.clear();
  const std::string cid_path = args.value("cidfile");
  Fd cid_file;
  if (!cid_path.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(cid_file, MakeCidFile(cid_path));
  }
  absl::StatusOr<store::ContainerRecord> record = container::Create(engine, std::move(spec));
  if (!cid_path.empty()) {
    if (!record.ok()) {
      ::unlink(cid_path.c_str());
      return record;
    }
    PELAGOS_RETURN_IF_ERROR(sys::WriteAll(cid_file, record->id, cid_path));
  }
  return record;
}

int StartAttached(container::Engine& engine, const container::Found& found, const Arguments& args,
                  const AttachedStreams& attached) {
  const std::string keys = args.value("detach-keys", kDefaultDetachKeys);
  AttachOptions options;
  options.terminal = found.record.spec.terminal;
  options.pass_signals_on = !args.denied("sig-proxy");
  const auto parsed = ParseDetachKeys(keys);
  if (!parsed.ok()) return Fail(absl::StrCat("--detach-keys: ", parsed.status().message()), kUsage);
  options.detach_keys = *parsed;
  if (!attached.in) options.in = -1;
  if (!attached.out) options.out = -1;
  if (!attached.err) options.err = -1;
  // Before the container is there: a signal must find somebody who passes it on.
  if (absl::Status held = HoldAttachSignals(); !held.ok()) return Fail(held, kRuntimeFailed);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return Fail(ErrnoStatus(errno, "socketpair"), kRuntimeFailed);
  }
  const Fd ours(ends[0]);
  container::MonitorOptions monitor;
  monitor.client = Fd(ends[1]);
  if (options.terminal) {
    std::tie(monitor.rows, monitor.columns) = TerminalSize(STDOUT_FILENO, STDIN_FILENO);
  }
  // Before it starts, as Docker: none of what it writes is missed.
  container::Tell(engine.roots(), found.record, store::EventAction::kAttach);
  const absl::Status started = StartAndWarn(engine, found, std::move(monitor));
  if (!started.ok()) return Fail(started, launch::ExitCodeFor(started));
  const absl::StatusOr<AttachEnd> end = Attach(ours, options);
  if (!end.ok()) return Fail(end.status(), kRuntimeFailed);
  if (end->reason == AttachEnd::Reason::kDetached) {
    container::Tell(engine.roots(), found.record, store::EventAction::kDetach);
  }
  if (end->reason == AttachEnd::Reason::kLost) {
    return Fail(absl::StrCat("container '", found.name,
                             "' is lost: its monitor was killed, and it ended with it"),
                kRuntimeFailed);
  }
  const auto state = store::ReadContainerState(engine.roots(), found.id);
  if (end->reason == AttachEnd::Reason::kExited && state.ok() && state->out_of_memory) {
    Fail("killed: out of memory", end->code);
  }
  return end->code;
}

int RunKept(container::Engine& engine, const Arguments& args, ContainerSpec spec) {
  const bool detach = args.has("detach");
  const absl::StatusOr<AttachedStreams> attached = AttachedFrom(args);
  if (!attached.ok()) return Fail(attached.status(), kUsage);
  if (!detach) {
    if (absl::Status opened = OpenMissingStreams(); !opened.ok()) {
      return Fail(opened, kRuntimeFailed);
    }
  }
  auto record = CreateKept(engine, args, std::move(spec));
  if (!record.ok()) return Fail(record.status(), kRuntimeFailed);
  const container::Found found = AsFound(*std::move(record));
  if (!detach) return StartAttached(engine, found, args, *attached);
  const absl::Status started = StartAndWarn(engine, found);
  if (!started.ok()) return Fail(started, launch::ExitCodeFor(started));
  std::cout << found.id << "\n";
  return kDone;
}

}  // namespace pelagos::cli
