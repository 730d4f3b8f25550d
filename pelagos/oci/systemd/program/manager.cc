#include "pelagos/oci/systemd/program/manager.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/oci/systemd/program/append.h"

namespace pelagos::oci {
namespace {

constexpr char kName[] = "org.freedesktop.systemd1";
constexpr char kPath[] = "/org/freedesktop/systemd1";
constexpr char kManager[] = "org.freedesktop.systemd1.Manager";
constexpr char kNoSuchUnit[] = "org.freedesktop.systemd1.NoSuchUnit";
constexpr char kUnitExists[] = "org.freedesktop.systemd1.UnitExists";

absl::Status Checked(int result, absl::string_view what) {
  return result < 0 ? ErrnoStatus(-result, what) : absl::OkStatus();
}

bool IsSet(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

// The socket on which systemd itself speaks D-Bus, to its own user alone: early in the boot, and on
// machines without a bus, there is nothing else.
absl::StatusOr<sd_bus*> OpenAddress(const std::string& address) {
  sd_bus* bus = nullptr;
  PELAGOS_RETURN_IF_ERROR(Checked(sd_bus_new(&bus), "sd_bus_new"));
  int result = sd_bus_set_address(bus, address.c_str());
  if (result >= 0) result = sd_bus_start(bus);
  if (result >= 0) return bus;
  sd_bus_unref(bus);
  return ErrnoStatus(-result, address);
}

absl::StatusOr<sd_bus*> OpenSystem() {
  sd_bus* bus = nullptr;
  const int result = sd_bus_open_system(&bus);
  if (result >= 0) return bus;
  absl::StatusOr<sd_bus*> own = absl::NotFoundError("");
  if (!IsSet("DBUS_SYSTEM_BUS_ADDRESS")) own = OpenAddress("unix:path=/run/systemd/private");
  if (own.ok()) return own;
  return absl::UnavailableError(absl::StrCat(
      "systemd cannot be reached: ", ErrnoStatus(-result, "the system bus").message(),
      "; cgroups by systemd need a host that systemd booted, with its bus: leave --systemd-cgroup "
      "out (Podman: --cgroup-manager cgroupfs), or run on such a host with /run/dbus and "
      "/run/systemd visible"));
}

absl::StatusOr<sd_bus*> OpenUser() {
  // Of a login without these variables (su, cron) they are where they are of every login.
  if (!IsSet("DBUS_SESSION_BUS_ADDRESS") && !IsSet("XDG_RUNTIME_DIR")) {
    ::setenv("XDG_RUNTIME_DIR", absl::StrCat("/run/user/", ::getuid()).c_str(), 1);
  }
  sd_bus* bus = nullptr;
  const int result = sd_bus_open_user(&bus);
  if (result >= 0) return bus;
  absl::StatusOr<sd_bus*> own = absl::NotFoundError("");
  if (!IsSet("DBUS_SESSION_BUS_ADDRESS")) {
    own =
        OpenAddress(absl::StrCat("unix:path=", std::getenv("XDG_RUNTIME_DIR"), "/systemd/private"));
  }
  if (own.ok()) return own;
  return absl::UnavailableError(absl::StrCat(
      "the user's systemd cannot be reached: ", ErrnoStatus(-result, "the user's bus").message(),
      "; log in in a way that starts it (loginctl enable-linger USER keeps it), with "
      "XDG_RUNTIME_DIR or DBUS_SESSION_BUS_ADDRESS set, or leave --systemd-cgroup out (Podman: "
      "--cgroup-manager cgroupfs)"));
}

// "252", "v258.1-1", "252.38-1~deb12u1"
int NumberOf(absl::string_view version) {
  while (!version.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(version[0]))) {
    version.remove_prefix(1);
  }
  size_t size = 0;
  while (size < version.size() && absl::ascii_isdigit(static_cast<unsigned char>(version[size]))) {
    ++size;
  }
  int number = 0;
  return absl::SimpleAtoi(version.substr(0, size), &number) ? number : 0;
}

}  // namespace

struct Manager::Message {
  Message() = default;
  Message(Message&& other) noexcept : get(std::exchange(other.get, nullptr)) {}
  Message& operator=(Message&&) = delete;
  ~Message() { sd_bus_message_unref(get); }
  sd_bus_message* get = nullptr;
};

struct Manager::Call {
  const char* method;
  std::function<absl::Status(sd_bus_message*)> fill;
  std::string path = kPath;
  const char* interface = kManager;
};

absl::StatusOr<Manager> Manager::Open(bool user, Deadline deadline) {
  PELAGOS_ASSIGN_OR_RETURN(sd_bus* const bus, user ? OpenUser() : OpenSystem());
  Manager manager(bus, deadline);
  PELAGOS_RETURN_IF_ERROR(manager.WaitUntilReady());
  return manager;
}

Manager::Manager(Manager&& other) noexcept
    : bus_(std::exchange(other.bus_, nullptr)), deadline_(other.deadline_) {}

Manager::~Manager() {
  sd_bus_slot_unref(watch_);
  sd_bus_close_unref(bus_);
}

absl::StatusOr<uint64_t> Manager::TimeLeft(absl::string_view doing) const {
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
                        deadline_ - std::chrono::steady_clock::now())
                        .count();
  if (left > 0) return static_cast<uint64_t>(left);
  return absl::DeadlineExceededError(absl::StrCat("systemd did not answer in time: ", doing));
}

// Calls would wait for that too, but without an end.
absl::Status Manager::WaitUntilReady() {
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const uint64_t left, TimeLeft("connecting to its bus"));
    const int ready = sd_bus_is_ready(bus_);
    PELAGOS_RETURN_IF_ERROR(Checked(ready, "connecting to the bus of systemd"));
    if (ready > 0) return absl::OkStatus();
    const int done = sd_bus_process(bus_, nullptr);
    PELAGOS_RETURN_IF_ERROR(Checked(done, "connecting to the bus of systemd"));
    if (done > 0) continue;
    const int waited = sd_bus_wait(bus_, left);
    if (waited != -EINTR) {
      PELAGOS_RETURN_IF_ERROR(Checked(waited, "connecting to the bus of systemd"));
    }
  }
}

absl::StatusOr<Manager::Message> Manager::Send(const Call& call) {
  Message message, reply;
  PELAGOS_RETURN_IF_ERROR(
      Checked(sd_bus_message_new_method_call(bus_, &message.get, kName, call.path.c_str(),
                                             call.interface, call.method),
              call.method));
  PELAGOS_RETURN_IF_ERROR(call.fill(message.get), call.method);
  PELAGOS_ASSIGN_OR_RETURN(const uint64_t left, TimeLeft(call.method));
  sd_bus_error error = SD_BUS_ERROR_NULL;
  const int result = sd_bus_call(bus_, message.get, left, &error, &reply.get);
  if (result >= 0) return reply;
  const std::string name = error.name == nullptr ? "" : error.name;
  const std::string text =
      absl::StrCat("systemd, ", call.method, ": ",
                   error.message == nullptr ? ErrnoStatus(-result, "D-Bus").message()
                                            : absl::string_view(error.message));
  sd_bus_error_free(&error);
  if (name == kNoSuchUnit) return absl::NotFoundError(text);
  if (name == kUnitExists) return absl::AlreadyExistsError(text);
  // A bus says the same (NoReply) when systemd has gone.
  if (result == -ETIMEDOUT) PELAGOS_RETURN_IF_ERROR(TimeLeft(call.method).status());
  if (absl::EndsWith(name, ".ServiceUnknown") || absl::EndsWith(name, ".NameHasNoOwner")) {
    return absl::UnavailableError(
        absl::StrCat(text,
                     "; there is a bus, but no systemd on it: leave --systemd-cgroup out (Podman: "
                     "--cgroup-manager cgroupfs)"));
  }
  return absl::AbortedError(text);
}

absl::StatusOr<std::string> Manager::Property(const std::string& path, const char* interface,
                                              const char* name) {
  PELAGOS_ASSIGN_OR_RETURN(
      const Message reply,
      Send({"Get",
            [&](sd_bus_message* message) {
              return Checked(sd_bus_message_append(message, "ss", interface, name), "Get");
            },
            path, "org.freedesktop.DBus.Properties"}),
      name);
  const char* text = nullptr;
  const int read = sd_bus_message_read(reply.get, "v", "s", &text);
  PELAGOS_RETURN_IF_ERROR(Checked(read, "reading systemd's answer"), name);
  return std::string(text);
}

absl::StatusOr<std::string> Manager::ControlGroup() {
  return Property(kPath, kManager, "ControlGroup");
}

absl::StatusOr<int> Manager::Version() {
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, Property(kPath, kManager, "Version"));
  return NumberOf(text);
}

int Manager::OnJobRemoved(sd_bus_message* message, void* manager, sd_bus_error*) {
  uint32_t id = 0;
  const char *job = nullptr, *unit = nullptr, *result = nullptr;
  if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) >= 0) {
    static_cast<Manager*>(manager)->ended_.emplace_back(job, result);
  }
  return 0;
}

// Before the first job: its end may come before anything else.
absl::Status Manager::WatchJobs() {
  if (watch_ != nullptr) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const uint64_t left, TimeLeft("AddMatch"));
  PELAGOS_RETURN_IF_ERROR(Checked(sd_bus_set_method_call_timeout(bus_, left), "AddMatch"));
  const char* const sender = sd_bus_is_bus_client(bus_) > 0 ? kName : nullptr;
  return Checked(
      sd_bus_match_signal(bus_, &watch_, sender, kPath, kManager, "JobRemoved", OnJobRemoved, this),
      "waiting for jobs of systemd");
}

absl::Status Manager::RunJob(const Call& call, const std::string& unit) {
  PELAGOS_RETURN_IF_ERROR(WatchJobs());
  PELAGOS_ASSIGN_OR_RETURN(const Message reply, Send(call));
  const char* text = nullptr;
  const int read = sd_bus_message_read(reply.get, "o", &text);
  PELAGOS_RETURN_IF_ERROR(Checked(read, "reading systemd's answer"), call.method);
  const std::string job = text;
  for (;;) {
    for (const auto& [ended, result] : ended_) {
      if (ended != job) continue;
      if (result == "done") return absl::OkStatus();
      return absl::AbortedError(absl::StrCat("systemd, ", call.method, ": the job of ", unit,
                                             " ended with '", result, "'; journalctl -u ", unit,
                                             " may say why"));
    }
    PELAGOS_ASSIGN_OR_RETURN(const uint64_t left,
                             TimeLeft(absl::StrCat("the job of ", unit, ", ", call.method)));
    const int done = sd_bus_process(bus_, nullptr);
    PELAGOS_RETURN_IF_ERROR(Checked(done, "waiting for the job of systemd"), unit);
    if (done > 0) continue;
    const int waited = sd_bus_wait(bus_, left);
    if (waited != -EINTR) {
      PELAGOS_RETURN_IF_ERROR(Checked(waited, "waiting for the job of systemd"), unit);
    }
  }
}

absl::StatusOr<std::string> Manager::StartUnit(const std::string& unit,
                                               const UnitProperties& properties,
                                               const std::vector<uint32_t>& pids) {
  UnitProperties all = properties;
  if (!pids.empty()) {
    all.push_back({"PIDs", {"au", absl::StrCat("[", absl::StrJoin(pids, ","), "]")}});
  }
  const Call start = {
      "StartTransientUnit", [&](sd_bus_message* message) -> absl::Status {
        PELAGOS_RETURN_IF_ERROR(Checked(
            sd_bus_message_append(message, "ss", unit.c_str(), "replace"), "StartTransientUnit"));
        PELAGOS_RETURN_IF_ERROR(AppendProperties(all, message));
        return Checked(sd_bus_message_append(message, "a(sa(sv))", 0), "StartTransientUnit");
      }};
  absl::Status started = RunJob(start, unit);
  if (absl::IsAlreadyExists(started)) {
    // A namesake that failed, and that nobody looked at since, is over: only systemd remembers it.
    Forget(unit);
    started = RunJob(start, unit);
  }
  if (!started.ok()) {
    if (!absl::IsAlreadyExists(started)) Forget(unit);
    return started;
  }
  PELAGOS_ASSIGN_OR_RETURN(std::string cgroup, CgroupOf(unit));
  if (!cgroup.empty()) return cgroup;
  return absl::AbortedError(absl::StrCat("systemd: ", unit, " was over as soon as it began"));
}

absl::StatusOr<std::string> Manager::CgroupOf(const std::string& unit) {
  char* encoded = nullptr;
  PELAGOS_RETURN_IF_ERROR(
      Checked(sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit.c_str(), &encoded), unit));
  const std::string path = encoded;
  std::free(encoded);
  return Property(path,
                  absl::EndsWith(unit, ".slice") ? "org.freedesktop.systemd1.Slice"
                                                 : "org.freedesktop.systemd1.Scope",
                  "ControlGroup");
}

absl::Status Manager::SetProperties(const std::string& unit, const UnitProperties& properties) {
  return Send({"SetUnitProperties",
               [&](sd_bus_message* message) -> absl::Status {
                 constexpr int kUntilReboot = 1;
                 PELAGOS_RETURN_IF_ERROR(
                     Checked(sd_bus_message_append(message, "sb", unit.c_str(), kUntilReboot),
                             "SetUnitProperties"));
                 return AppendProperties(properties, message);
               }})
      .status();
}

absl::Status Manager::Attach(const std::string& unit, const std::string& below,
                             const std::vector<uint32_t>& pids) {
  return Send({"AttachProcessesToUnit",
               [&](sd_bus_message* message) -> absl::Status {
                 PELAGOS_RETURN_IF_ERROR(
                     Checked(sd_bus_message_append(message, "ss", unit.c_str(), below.c_str()),
                             "AttachProcessesToUnit"));
                 return Checked(sd_bus_message_append_array(message, 'u', pids.data(),
                                                            pids.size() * sizeof(uint32_t)),
                                "AttachProcessesToUnit");
               }})
      .status();
}

// Does not report: most units are not remembered anyway.
void Manager::Forget(const std::string& unit) {
  Send({"ResetFailedUnit",
        [&](sd_bus_message* message) {
          return Checked(sd_bus_message_append(message, "s", unit.c_str()), "ResetFailedUnit");
        }})
      .status()
      .IgnoreError();
}

absl::Status Manager::StopUnit(const std::string& unit) {
  // A stop alone would ask the processes first, and wait for them.
  const auto killed =
      Send({"KillUnit", [&](sd_bus_message* message) {
              return Checked(sd_bus_message_append(message, "ssi", unit.c_str(), "all", SIGKILL),
                             "KillUnit");
            }});
  if (absl::IsNotFound(killed.status())) return absl::OkStatus();
  const absl::Status stopped = RunJob(
      {"StopUnit",
       [&](sd_bus_message* message) {
         return Checked(sd_bus_message_append(message, "ss", unit.c_str(), "replace"), "StopUnit");
       }},
      unit);
  if (absl::IsNotFound(stopped)) return absl::OkStatus();
  Forget(unit);
  return stopped;
}

}  // namespace pelagos::oci
