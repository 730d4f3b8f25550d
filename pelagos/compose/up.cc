#include "pelagos/compose/up.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/compose/display.h"
#include "pelagos/compose/event.h"
#include "pelagos/compose/project.h"
#include "pelagos/compose/supervisor.h"
#include "pelagos/launch/wait.h"
#include "pelagos/store/project.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"
#include "pelagos/sys/tty.h"

namespace pelagos::compose {
namespace {

constexpr int kInterrupted = 130;
constexpr absl::Duration kSpinnerTick = absl::Milliseconds(80);

int Complain(std::ostream& err, absl::string_view message) {
  err << "pelagos: error: " << absl::StripSuffix(message, "\n") << "\n" << std::flush;
  return 1;
}

absl::StatusOr<sys::ProcessIdentity> Self() {
  PELAGOS_ASSIGN_OR_RETURN(uint64_t start_time, sys::StartTime(::getpid()));
  return sys::ProcessIdentity{::getpid(), start_time};
}

// The project's lock, and nothing left of an earlier life of it.
absl::StatusOr<Fd> Claim(container::Engine& engine, const std::string& project, std::ostream& out) {
  const store::Roots& roots = engine.roots();
  absl::StatusOr<Fd> lock = store::TryLockProject(roots, project);
  if (absl::IsUnavailable(lock.status())) {
    const auto record = store::ReadProject(roots, project);
    return absl::AlreadyExistsError(absl::StrCat(
        "project '", project, "' is already running",
        record.ok() ? absl::StrCat(" (supervisor PID ", record->supervisor.pid, ")") : ""));
  }
  if (!lock.ok()) return lock;
  const auto left = store::ReadProject(roots, project);
  if (left.ok()) {
    PELAGOS_RETURN_IF_ERROR(Reap(engine, *left), "what is left of an earlier '", project, "'");
    out << "Removed what was left of an earlier '" << project << "'\n";
  } else if (!absl::IsNotFound(left.status())) {
    return left.status();
  }
  return lock;
}

store::ProjectRecord NewRecord(const Stack& stack) {
  store::ProjectRecord record;
  record.project = stack.plan().project;
  record.file = stack.file();
  record.spec = stack.spec();
  for (const ServicePlan& service : stack.plan().services) {
    record.order.push_back(service.name);
    store::ServiceRecord row;
    row.service = service.name;
    row.container = service.launch.id;
    row.image = service.image;
    record.services.push_back(std::move(row));
  }
  return record;
}

// Off the caller's terminal: a session of its own, output into the project's log.
absl::Status Detach(const store::Roots& roots, const std::string& project) {
  if (::setsid() < 0) return ErrnoStatus(errno, "setsid");
  ::signal(SIGPIPE, SIG_IGN);
  PELAGOS_ASSIGN_OR_RETURN(Fd null, sys::OpenFile("/dev/null", O_RDWR));
  const std::string file = absl::StrCat(roots.Project(project), "/supervisor.log");
  PELAGOS_ASSIGN_OR_RETURN(Fd log,
                           sys::OpenFile(file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600));
  for (const auto& [from, to] : {std::pair{null.get(), 0}, {log.get(), 1}, {log.get(), 2}}) {
    if (::dup2(from, to) < 0) return ErrnoStatus(errno, "dup2");
  }
  return absl::OkStatus();
}

// The life of the forked process; does not return.
[[noreturn]] void Supervise(container::Engine& engine, Stack& stack, store::ProjectRecord record,
                            Fd events, bool follow) {
  const std::string project = record.project;
  const auto die = [&](const absl::Status& status) {
    // The pipe is the only way left to say it.
    sys::WriteAll(events, Encode({EventKind::kFailed, "", std::string(status.message()), 0, {}}),
                  "events")
        .IgnoreError();
    ::_exit(1);
  };
  if (absl::Status status = Detach(engine.roots(), project); !status.ok()) die(status);
  absl::StatusOr<sys::ProcessIdentity> self = Self();
  if (!self.ok()) die(self.status());
  record.supervisor = *self;
  if (absl::Status status = store::WriteProject(engine.roots(), record); !status.ok()) die(status);
  absl::StatusOr<sys::EventLoop> loop = sys::EventLoop::Create();
  if (!loop.ok()) die(loop.status());
  bool gone = false;
  {
    Supervisor supervisor(
        engine, *std::move(loop), stack.plan(), std::move(record),
        [&](const std::string& service) { return stack.RunHooks(service); }, std::move(events),
        follow);
    stack.set_output([&](absl::string_view text) { supervisor.Output(text); });
    gone = supervisor.Run();
    stack.set_output([](absl::string_view) {});
  }
  if (gone) {
    if (absl::Status status = store::RemoveProjectLock(engine.roots(), project); !status.ok()) {
      std::cerr << status.message() << "\n";
    }
  }
  std::cout.flush();
  ::_exit(0);
}

std::vector<DisplayRow> RowsOf(const ComposePlan& plan) {
  std::vector<DisplayRow> rows;
  for (const ServicePlan& service : plan.services) {
    rows.push_back({service.name, absl::StrJoin(service.launch.net.ports, ", ",
                                                [](std::string* out, const PortMapping& port) {
                                                  absl::StrAppend(out, port.host_address, ":",
                                                                  port.host, " -> ", port.inside);
                                                })});
  }
  return rows;
}

// Tells the supervisor to take the project down; one that has ended already did.
void Stop(const Fd& supervisor) { sys::Signal(supervisor, SIGTERM).IgnoreError(); }

// What `up` heard from its supervisor.
struct Outcome {
  bool up = false;
  bool interrupted = false;
  bool failed = false;
};

// Shows what the supervisor says, until the stack is up or the pipe ends.
absl::StatusOr<Outcome> Wait(const Fd& events, const Fd& supervisor, const ComposePlan& plan,
                             std::ostream& out, std::ostream& err) {
  Outcome outcome;
  PELAGOS_ASSIGN_OR_RETURN(sys::EventLoop loop, sys::EventLoop::Create());
  const std::optional<size_t> columns = sys::TerminalColumns(STDOUT_FILENO);
  Display display(out, RowsOf(plan), columns.has_value(), columns.value_or(80));
  // SIGTERM as the user's interrupt: the supervisor takes down what it started, and says so.
  PELAGOS_RETURN_IF_ERROR(loop.WatchSignals({SIGINT, SIGTERM, SIGHUP}, [&](int) {
    outcome.interrupted = true;
    Stop(supervisor);
  }));
  bool ended = false;
  std::string pending;
  PELAGOS_RETURN_IF_ERROR(loop.Watch(events.get(), EPOLLIN, [&](uint32_t) {
    std::array<char, 65536> buffer;
    const ssize_t size = ::read(events.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) return;
    if (size <= 0) {
      loop.Forget(events.get());
      ended = true;
      return;
    }
    pending.append(buffer.data(), static_cast<size_t>(size));
    size_t begin = 0;
    for (size_t end; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const auto event = Decode(absl::string_view(pending).substr(begin, end - begin));
      if (!event) continue;
      display.Show(*event);
      if (event->kind == EventKind::kFailed) {
        outcome.failed = true;
        // At once: taking the rest down may take its grace periods.
        if (columns) {
          display.Show({EventKind::kOutput, "", FailureText(*event), 0, {}});
        } else {
          Complain(err, FailureText(*event));
        }
      }
      if (event->kind == EventKind::kUp) outcome.up = true;
    }
    pending.erase(0, begin);
  }));
  std::function<void()> tick = [&] {
    if (display.moving()) display.Tick();
    loop.AddTimer(kSpinnerTick, tick);
  };
  if (columns) tick();
  PELAGOS_RETURN_IF_ERROR(
      loop.RunUntil([&] { return ended || (outcome.up && !outcome.interrupted); }));
  return outcome;
}

// The supervisor is our child: its end, whatever it was.
void AwaitEnd(const Fd& supervisor) { launch::WaitForExit(supervisor).IgnoreError(); }

// Makes sure that nothing of the project is left.
absl::Status TakeDownQuietly(container::Engine& engine, const std::string& project) {
  std::ostream quiet(nullptr);
  const absl::Status status = Down(engine, project, /*volumes=*/false, quiet);
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

int StayInForeground(container::Engine& engine, const std::string& project, const Fd& supervisor,
                     std::ostream& out, std::ostream& err) {
  const absl::Status status = PrintLogs(engine.roots(), project, "", /*follow=*/true, out, err,
                                        [&supervisor](int) { Stop(supervisor); });
  if (!status.ok()) {
    Complain(err, status.message());
    Stop(supervisor);
  }
  AwaitEnd(supervisor);
  // Also when all services ended by themselves, nothing of a foreground stack stays.
  if (absl::Status down = TakeDownQuietly(engine, project); !down.ok()) {
    return Complain(err, down.message());
  }
  out << "Project '" << project << "' stopped and removed\n";
  return status.ok() ? 0 : 1;
}

}  // namespace

int Up(container::Engine& engine, const UpOptions& options, std::ostream& out, std::ostream& err) {
  absl::StatusOr<std::unique_ptr<Stack>> loaded = Stack::Load(engine, options.stack);
  if (!loaded.ok()) return Complain(err, loaded.status().message());
  Stack& stack = **loaded;
  out.flush();
  err << stack.RenderDiagnostics() << std::flush;
  if (!stack.ok()) return 1;
  if (!stack.requested()) return 0;
  const std::string& project = stack.plan().project;
  const bool foreground = options.foreground || stack.foreground();

  absl::StatusOr<Fd> lock = Claim(engine, project, out);
  if (!lock.ok()) return Complain(err, lock.status().message());
  // The record names us until the supervisor takes over: `down` finds somebody to stop.
  store::ProjectRecord record = NewRecord(stack);
  absl::StatusOr<sys::ProcessIdentity> self = Self();
  absl::Status status = self.status();
  if (status.ok()) {
    record.supervisor = *self;
    status = store::WriteProject(engine.roots(), record);
  }
  int ends[2];
  if (status.ok() && ::pipe2(ends, O_CLOEXEC) != 0) status = ErrnoStatus(errno, "pipe2");
  if (!status.ok()) return Complain(err, status.message());
  Fd events(ends[0]), told(ends[1]);
  out.flush();
  err.flush();
  const pid_t pid = ::fork();
  if (pid < 0) return Complain(err, ErrnoStatus(errno, "fork").message());
  if (pid == 0) {
    events.reset();
    Supervise(engine, stack, std::move(record), std::move(told), foreground);
  }
  told.reset();
  // The supervisor's copy holds the lock from here on.
  lock->reset();

  // Our child, and not waited for yet: the number is still its own. Without it the supervisor loses
  // its listener with us, and takes down what it started.
  const absl::StatusOr<Fd> opened = sys::OpenPidfd(pid);
  if (!opened.ok()) return Complain(err, opened.status().message());
  const Fd& supervisor = *opened;
  const absl::StatusOr<Outcome> outcome = Wait(events, supervisor, stack.plan(), out, err);
  if (!outcome.ok()) return Complain(err, outcome.status().message());
  if (outcome->up && !outcome->interrupted) {
    if (foreground) return StayInForeground(engine, project, supervisor, out, err);
    out << "Project '" << project << "' started\n" << std::flush;
    return 0;
  }
  AwaitEnd(supervisor);
  // A supervisor that could not do it itself (it was killed, or hardly began) leaves its record.
  if (absl::Status status = TakeDownQuietly(engine, project); !status.ok()) {
    return Complain(err, status.message());
  }
  if (outcome->interrupted) {
    err << "interrupted: project '" << project << "' was taken down\n";
    return kInterrupted;
  }
  if (!outcome->failed) Complain(err, "the supervisor was killed");
  err << "project '" << project << "' was taken down\n";
  return 1;
}

}  // namespace pelagos::compose
