// A service manager of systemd, the system's or the user's, over D-Bus.
//
// Only pelagos-systemd sees this. Nothing waits longer than the deadline. Source: sd-bus(3),
// org.freedesktop.systemd1(5).
#pragma once

#include <systemd/sd-bus.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/oci/systemd/messages.h"

namespace pelagos::oci {

class Manager {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // The system's: by the bus, or for root without one by systemd's own socket. Unavailable says
  // what to do.
  static absl::StatusOr<Manager> Open(bool user, Deadline deadline);
  Manager(Manager&& other) noexcept;
  Manager& operator=(Manager&&) = delete;
  ~Manager();

  // All that follows must be done by then.
  void set_deadline(Deadline deadline) { deadline_ = deadline; }

  // The cgroup of the manager itself, "" for the root.
  absl::StatusOr<std::string> ControlGroup();
  absl::StatusOr<int> Version();
  // The new unit's cgroup. AlreadyExists: there is one of this name that is not over.
  absl::StatusOr<std::string> StartUnit(const std::string& unit, const UnitProperties& properties,
                                        const std::vector<uint32_t>& pids);
  absl::Status SetProperties(const std::string& unit, const UnitProperties& properties);
  absl::Status Attach(const std::string& unit, const std::string& below,
                      const std::vector<uint32_t>& pids);
  // Kills what is in it, waits until the unit is over, and has it forgotten.
  absl::Status StopUnit(const std::string& unit);

 private:
  Manager(sd_bus* bus, Deadline deadline) : bus_(bus), deadline_(deadline) {}

  struct Message;
  struct Call;
  absl::StatusOr<uint64_t> TimeLeft(absl::string_view doing) const;  // microseconds
  absl::Status WaitUntilReady();
  absl::StatusOr<Message> Send(const Call& call);
  absl::StatusOr<std::string> Property(const std::string& path, const char* interface,
                                       const char* name);
  absl::StatusOr<std::string> CgroupOf(const std::string& unit);
  void Forget(const std::string& unit);
  // Signals come to this very object: it is not moved any more.
  absl::Status WatchJobs();
  // Waits for the job's end, whose result must be "done".
  absl::Status RunJob(const Call& call, const std::string& unit);
  static int OnJobRemoved(sd_bus_message* message, void* manager, sd_bus_error*);

  sd_bus* bus_;
  Deadline deadline_;
  sd_bus_slot* watch_ = nullptr;
  std::vector<std::pair<std::string, std::string>> ended_;  // jobs and their results
};

}  // namespace pelagos::oci
