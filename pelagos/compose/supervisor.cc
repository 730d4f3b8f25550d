#include "pelagos/compose/supervisor.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/cgroup.h"
#include "pelagos/store/volume.h"
#include "pelagos/sys/file.h"

namespace pelagos::compose {
namespace {

constexpr size_t kLogTailLines = 10;
constexpr absl::Duration kFirstProbe = absl::Milliseconds(5);
constexpr absl::Duration kSlowestProbe = absl::Milliseconds(100);

// Probes come fast while a program is young, and then as often as people would notice.
absl::Duration ProbeAfter(absl::Duration age) {
  return std::clamp(age / 8, kFirstProbe, kSlowestProbe);
}

std::vector<uint16_t> PortsOthersWaitFor(const ComposePlan& plan, const std::string& service) {
  std::set<uint16_t> ports;
  for (const ServicePlan& other : plan.services) {
    for (const Dependency& dependency : other.depends_on) {
      if (dependency.service == service && dependency.port) ports.insert(*dependency.port);
    }
  }
  return {ports.begin(), ports.end()};
}

// How the program ended, in words. To be asked while its cgroups are still there.
std::string EndingOf(const Member& member) {
  const int code = member.exit_code();
  const absl::StatusOr<uint64_t> oom_kills = launch::OomKills(member.plan().launch.cgroup);
  if (code == 128 + SIGKILL && oom_kills.ok() && *oom_kills > 0) {
    return "was killed: it used more memory than its limit allows";
  }
  if (code > 128) {
    return absl::StrCat("was killed by signal ", code - 128, " (", strsignal(code - 128), ")");
  }
  return absl::StrCat("exited with code ", code);
}

// A container whose supervisor was killed is being killed by the kernel: waits for that. (One that
// is in no cgroup has no other way to be found.)
absl::Status KillAndWait(const sys::ProcessIdentity& init) {
  const absl::StatusOr<Fd> pidfd = sys::OpenPidfd(init);
  if (!pidfd.ok()) return absl::OkStatus();
  if (absl::Status status = sys::Signal(*pidfd, SIGKILL); !status.ok()) {
    return FindErrno(status) == ESRCH ? absl::OkStatus() : status;
  }
  pollfd wait = {pidfd->get(), POLLIN, 0};
  while (::poll(&wait, 1, -1) < 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "poll");
  }
  return absl::OkStatus();
}

}  // namespace

Supervisor::Supervisor(container::Engine& engine, sys::EventLoop loop, const ComposePlan& plan,
                       store::ProjectRecord record, RunHooks hooks, Fd events, bool follow)
    : engine_(engine),
      loop_(std::move(loop)),
      plan_(plan),
      record_(std::move(record)),
      hooks_(std::move(hooks)),
      events_(std::move(events)),
      follow_(follow) {
  for (const ServicePlan& service : plan_.services) {
    members_.emplace_back(service, PortsOthersWaitFor(plan_, service.name));
  }
}

Member* Supervisor::Find(const std::string& service) {
  for (Member& member : members_) {
    if (member.name() == service) return &member;
  }
  return nullptr;
}

bool Supervisor::Run() {
  absl::Status status = loop_.WatchSignals({SIGTERM, SIGINT}, [this](int) { BeginStop(); });
  if (status.ok()) {
    status = loop_.Watch(events_.get(), 0, [this](uint32_t) {  // EPOLLERR: `up` is gone
      loop_.Forget(events_.get());
      events_.reset();
      if (!up_ || follow_) BeginStop();
    });
  }
  for (const NetworkPlan& network : plan_.networks) {
    if (status.ok()) status = engine_.EnsureNetwork(network);
  }
  for (const std::string& volume : plan_.volumes) {
    if (status.ok())
      status = store::EnsureVolume(engine_.roots(), volume, plan_.project, record_.file);
  }
  if (status.ok()) {
    StartAll();
  } else {
    Fail("", std::string(status.message()));
  }
  CheckUp();
  status = loop_.RunUntil([this] { return finished_ || (stopping_ && AllExited()); });
  if (!status.ok()) std::cerr << status.message() << "\n";
  if (!stopping_) return false;
  return TakeDown();
}

bool Supervisor::DependenciesReady(const Member& member) {
  for (const Dependency& dependency : member.plan().depends_on) {
    const Member* other = Find(dependency.service);
    if (other != nullptr && !other->was_ready()) return false;
  }
  return true;
}

void Supervisor::StartAll() {
  for (Member& member : members_) {
    if (stopping_) return;
    if (member.state() == Member::State::kWaiting && DependenciesReady(member)) {
      StartMember(member);
    }
  }
}

void Supervisor::StartMember(Member& member) {
  Emit({EventKind::kStarting, member.name(), "", 0, {}});
  const absl::Status status = member.Start(engine_, loop_, [this, &member] { OnExit(member); });
  if (!status.ok()) return Fail(member.name(), std::string(status.message()));
  store::ServiceRecord& record = *record_.Find(member.name());
  record.state = store::ServiceState::kRunning;
  record.init = member.started().init;
  record.addresses = member.started().addresses;
  record.started_at =
      absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", member.started_at(), absl::UTCTimeZone());
  Save();
  Say(member, store::EventAction::kStart);
  for (const std::string& warning : member.started().warnings) {
    Emit({EventKind::kWarning, member.name(), warning, 0, {}});
  }
  Probe(member);
}

void Supervisor::Probe(Member& member) {
  if (stopping_ || member.state() != Member::State::kRunning) return;
  const Readiness readiness = member.CheckReady();
  if (readiness.ready) return BecomeReady(member);
  if (readiness.overdue && readiness.required) {
    return Fail(
        member.name(),
        absl::StrCat("port ", readiness.port, ", which others wait for, was not open after ",
                     absl::FormatDuration(Member::kRequiredPortTimeout),
                     readiness.listening == Listening::kLoopbackOnly
                         ? ": the program listens on loopback only, make it listen on 0.0.0.0"
                         : ""));
  }
  if (readiness.overdue) {
    Emit({EventKind::kWarning,
          member.name(),
          absl::StrCat("published port ", readiness.port,
                       readiness.listening == Listening::kLoopbackOnly
                           ? " is open on the container's loopback only"
                           : " is not open yet"),
          0,
          {}});
    return BecomeReady(member);
  }
  loop_.AddTimer(ProbeAfter(absl::Now() - member.started_at()), [this, &member] { Probe(member); });
}

void Supervisor::BecomeReady(Member& member) {
  if (absl::Status status = hooks_(member.name()); !status.ok()) {
    return Fail(member.name(), absl::StrCat("on-ready '", member.name(), "': ", status.message()));
  }
  if (member.state() == Member::State::kRunning) {
    member.set_state(Member::State::kReady);
    record_.Find(member.name())->state = store::ServiceState::kReady;
    Save();
  }
  member.set_was_ready();
  Emit({EventKind::kReady,
        member.name(),
        "",
        absl::ToDoubleSeconds(absl::Now() - member.started_at()),
        {}});
  StartAll();
  CheckUp();
}

void Supervisor::OnExit(Member& member) {
  const std::string ending = EndingOf(member);
  store::ServiceRecord& record = *record_.Find(member.name());
  record.state = store::ServiceState::kExited;
  record.exit_code = member.exit_code();
  Save();
  Say(member, store::EventAction::kDie, member.exit_code());
  if (member.stopping()) Say(member, store::EventAction::kStop);
  // What it held of the kernel is free for others from now on; its log stays.
  if (absl::Status status = engine_.Release(member.id()); !status.ok()) {
    std::cerr << member.name() << ": " << status.message() << "\n";
  }
  if (stopping_) {
    Emit({EventKind::kStopped, member.name(), "", 0, {}});
    return StopNext();
  }
  if (!up_) {
    if (member.exit_code() != 0) return Fail(member.name(), ending);
    if (!member.was_ready()) {
      if (member.has_required_ports()) {
        return Fail(member.name(),
                    "exited with code 0 before the port that others wait for was open");
      }
      // A job that did its work before anybody looked.
      return BecomeReady(member);
    }
    return CheckUp();
  }
  if (AllExited()) finished_ = true;
}

void Supervisor::CheckUp() {
  if (up_ || stopping_ || settling_) return;
  absl::Duration wait = absl::ZeroDuration();
  for (const Member& member : members_) {
    if (!member.was_ready()) return;
    if (member.running() && !member.has_ports()) {
      wait = std::max(wait, kSettleTime - (absl::Now() - member.started_at()));
    }
  }
  if (wait <= absl::ZeroDuration()) return DeclareUp();
  settling_ = true;
  loop_.AddTimer(wait, [this] {
    settling_ = false;
    CheckUp();
  });
}

void Supervisor::DeclareUp() {
  up_ = true;
  record_.up = true;
  Save();
  Emit({EventKind::kUp, "", "", 0, {}});
  if (!follow_ && events_.valid()) {
    loop_.Forget(events_.get());
    events_.reset();
  }
  if (AllExited()) finished_ = true;
}

void Supervisor::Fail(const std::string& service, std::string why) {
  if (stopping_) return;
  Event event{EventKind::kFailed, service, std::move(why), 0, {}};
  if (Member* member = Find(service); member != nullptr) event.lines = LogTail(*member);
  Emit(std::move(event));
  BeginStop();
}

void Supervisor::BeginStop() {
  if (stopping_) return;
  stopping_ = true;
  StopNext();
}

bool Supervisor::HasRunningDependents(const Member& member) {
  for (const Member& other : members_) {
    if (!other.running()) continue;
    for (const Dependency& dependency : other.plan().depends_on) {
      if (dependency.service == member.name()) return true;
    }
  }
  return false;
}

void Supervisor::StopNext() {
  for (auto it = members_.rbegin(); it != members_.rend(); ++it) {
    if (it->running() && !it->stopping() && !HasRunningDependents(*it)) StopMember(*it);
  }
}

void Supervisor::StopMember(Member& member) {
  Emit({EventKind::kStopping, member.name(), "", 0, {}});
  member.set_stopping();
  if (absl::Status status = member.Signal(member.plan().launch.stop_signal); !status.ok()) {
    std::cerr << member.name() << ": " << status.message() << "\n";
  }
  loop_.AddTimer(absl::Seconds(member.plan().launch.stop_grace_seconds), [&member] {
    if (!member.running()) return;
    if (absl::Status status = member.Signal(SIGKILL); !status.ok()) {
      std::cerr << member.name() << ": " << status.message() << "\n";
    }
  });
}

bool Supervisor::AllExited() const {
  return std::none_of(members_.begin(), members_.end(),
                      [](const Member& member) { return member.running(); });
}

bool Supervisor::TakeDown() {
  const absl::Status status = Reap(engine_, record_);
  if (!status.ok()) {
    std::cerr << status.message() << "\n";
    Emit({EventKind::kWarning, "", std::string(status.message()), 0, {}});
  }
  Emit({EventKind::kDown, "", "", 0, {}});
  return status.ok();
}

void Supervisor::Output(absl::string_view text) {
  if (events_.valid()) return Emit({EventKind::kOutput, "", std::string(text), 0, {}});
  std::cout << text << std::flush;  // the supervisor's own log
}

void Supervisor::Emit(Event event) {
  if (!events_.valid()) return;
  // SIGPIPE is ignored in a supervisor: the end of `up` is an event of the loop.
  const absl::Status status = sys::WriteAll(events_, Encode(event), "events");
  if (!status.ok() && FindErrno(status) != EPIPE) std::cerr << status.message() << "\n";
}

void Supervisor::Say(const Member& member, store::EventAction action,
                     std::optional<int> exit_code) {
  store::Event event;
  event.action = action;
  event.id = event.name = member.id();
  event.image = member.plan().image;
  event.exit_code = exit_code;
  // Docker Compose's labels of the same meaning.
  event.attributes = {{"com.docker.compose.project", plan_.project},
                      {"com.docker.compose.service", member.name()}};
  // What has happened has happened: a journal that cannot be written stops nobody.
  store::AppendEvent(engine_.roots(), std::move(event)).IgnoreError();
}

void Supervisor::Save() {
  // A record that cannot be written makes `ps` old, not the stack wrong: say so and go on.
  if (absl::Status status = store::WriteProject(engine_.roots(), record_); !status.ok()) {
    std::cerr << status.message() << "\n";
  }
}

std::vector<std::string> Supervisor::LogTail(Member& member) {
  std::vector<std::string> lines;
  member.DrainOutput();
  const auto records = store::LastLines(member.LogFile(engine_.roots()), kLogTailLines);
  if (!records.ok()) return lines;
  for (const store::LogRecord& record : *records) lines.push_back(record.text);
  return lines;
}

absl::Status Reap(container::Engine& engine, const store::ProjectRecord& record) {
  absl::Status first;
  const auto keep = [&](const absl::Status& status) {
    if (first.ok()) first = status;
  };
  for (auto it = record.services.rbegin(); it != record.services.rend(); ++it) {
    keep(KillAndWait(it->init));
    // One that still runs was started by somebody else, under the same name.
    if (!engine.IsTaken(it->container)) keep(engine.Clean(it->container));
  }
  for (const NetworkSpec& network : record.spec.networks) {
    keep(engine.RemoveNetwork(ScopedName(record.project, network.name)));
  }
  // With something left, the record stays: the next command tries again.
  if (!first.ok()) return first;
  return store::RemoveProject(engine.roots(), record.project);
}

}  // namespace pelagos::compose
