// How to ask a container whether it is well: a command that runs inside it now and then.
//
// Source: docker-run(1), --health-*; the Dockerfile reference, HEALTHCHECK; Docker's image config,
// "Healthcheck".
#pragma once

#include <cstdint>
#include <optional>
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

// What is asked for of a container's check; what is not said is the image's, else the default.
struct HealthOptions {
  std::optional<std::vector<std::string>> command;  // empty: none, also if the image has one
  std::optional<int64_t> interval_ns, timeout_ns, start_period_ns, start_interval_ns;
  std::optional<uint32_t> retries;

  friend bool operator==(const HealthOptions&, const HealthOptions&) = default;
};

// The check of a container; nullopt: it has none.
inline std::optional<HealthCheck> HealthOf(const HealthOptions& asked,
                                           const std::optional<HealthCheck>& image) {
  HealthCheck check = image.value_or(HealthCheck{});
  check.command = asked.command.value_or(check.command);
  if (check.command.empty()) return std::nullopt;
  check.interval_ns = asked.interval_ns.value_or(check.interval_ns);
  check.timeout_ns = asked.timeout_ns.value_or(check.timeout_ns);
  check.start_period_ns = asked.start_period_ns.value_or(check.start_period_ns);
  check.start_interval_ns = asked.start_interval_ns.value_or(check.start_interval_ns);
  check.retries = asked.retries.value_or(check.retries);
  return check;
}

}  // namespace pelagos
