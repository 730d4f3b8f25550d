// What the probes of a container say: when the next is due, what follows from its end, and what of
// it is kept, in DATA/containers/ID/health.json.
//
//   starting --success--> healthy <--success / `retries` failures in a row--> unhealthy
//      '-- `retries` failures, those within the start period do not count --> unhealthy
//
// Pure but for the file. Source: docker-run(1), --health-*; Docker Engine API, "Health" of
// ContainerState.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pelagos/policy/health_check.h"
#include "pelagos/store/paths.h"

namespace pelagos::container {

enum class HealthStatus : uint8_t { kStarting, kHealthy, kUnhealthy };
absl::string_view NameOf(HealthStatus status);  // "starting"

// One that has ended.
struct ProbeResult {
  absl::Time start, end;
  int exit_code = 0;   // -1: it could not be started, or took too long
  std::string output;  // at most kMostProbeOutput, whatever bytes

  friend bool operator==(const ProbeResult&, const ProbeResult&) = default;
};

inline constexpr size_t kMostProbeOutput = 4096;
inline constexpr size_t kMostProbes = 5;  // that are kept

struct Health {
  HealthStatus status = HealthStatus::kStarting;
  uint32_t failing_streak = 0;
  std::vector<ProbeResult> log;  // the last ones, oldest first

  friend bool operator==(const Health&, const Health&) = default;
};

// What `result` makes of it. `started`: when the container did.
void Add(ProbeResult result, const HealthCheck& check, absl::Time started, Health& health);

// From the end of a probe, or from the start of the container, to the next probe. `since_start`: at
// that moment.
absl::Duration UntilNextProbe(const HealthCheck& check, HealthStatus status,
                              absl::Duration since_start);

// Docker's names and shape. `text` may be anything.
std::string ToJson(const Health& health);
absl::StatusOr<Health> HealthFromJson(absl::string_view text);

// NotFound (ENOENT): nothing was probed since the container was made.
absl::StatusOr<Health> ReadHealth(const store::Roots& roots, const std::string& id);
absl::Status WriteHealth(const store::Roots& roots, const std::string& id, const Health& health);

}  // namespace pelagos::container
