// What pelagos asks of pelagos-systemd, and what that answers: one JSON document each, over a
// socket that keeps messages apart (SOCK_SEQPACKET).
//
//   pelagos                                    pelagos-systemd                    systemd
//     | look ------------------------------------> |  ---- ControlGroup, Version ----> |
//     | start, set, attach or stop, any number --> |  ---- StartTransientUnit ... ---> |
//     | <------------------------- SystemdReply    |  <--- JobRemoved                  |
//     | end of file -----------------------------> |  ends
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/oci/systemd/properties.h"

namespace pelagos::oci {

enum class SystemdAsk : uint8_t {
  kLook,    // where the service manager's own cgroup is, and its version
  kStart,   // a transient unit of these properties and pids; its cgroup
  kSet,     // other properties of a unit
  kAttach,  // pids into the unit's cgroup, or into `below` of it
  kStop,    // ends all of the unit; one that is not there is fine
};

struct SystemdRequest {
  SystemdAsk ask = SystemdAsk::kLook;
  bool user = false;  // the user's service manager, not the system's
  uint32_t patience_millis = 30'000;
  std::string unit;
  UnitProperties properties;
  std::vector<uint32_t> pids;
  std::string below;  // "/a"
  friend bool operator==(const SystemdRequest&, const SystemdRequest&) = default;
};

struct SystemdReply {
  std::string error;            // empty: done
  bool unit_is_others = false;  // with an error of kStart: the unit is there already
  std::string cgroup;           // below the hierarchy's root; "" is the root
  int version = 0;
  friend bool operator==(const SystemdReply&, const SystemdReply&) = default;
};

std::string PrintRequest(const SystemdRequest& request);
std::string PrintReply(const SystemdReply& reply);
// InvalidArgument: it is none of ours.
absl::StatusOr<SystemdRequest> ParseRequest(absl::string_view text);
absl::StatusOr<SystemdReply> ParseReply(absl::string_view text);

}  // namespace pelagos::oci
