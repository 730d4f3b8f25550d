// How to ask a container whether it is well: a command that runs inside it now and then.
//
// Source: docker-run(1), --health-*; the Dockerfile reference, HEALTHCHECK; Docker's image config,
// "Healthcheck".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pelagos {

// Times are nanoseconds, as in image configs.
struct HealthCheck {
  // The program and its arguments; a shell's text is {"/bin/sh", "-c", TEXT}. Empty: none, also if
  // the image has one.
  std::vector<std::string> command;
  int64_t interval_ns = int64_t{30} * 1'000'000'000;  // between probes, from the end of one
  int64_t timeout_ns = int64_t{30} * 1'000'000'000;   // a probe that takes longer has failed
  int64_t start_period_ns = 0;  // failures do not count, before the first success
  int64_t start_interval_ns = int64_t{5} * 1'000'000'000;  // between probes meanwhile
  uint32_t retries = 3;  // failures in a row that make it unhealthy

  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};

}  // namespace pelagos
