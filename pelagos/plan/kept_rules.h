// What must hold of how a container is kept, and of its /etc/hosts, before a plan is made. Pure; a
// rule only reads and reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/abi/signal.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/plan/plan_inputs.h"
#include "pelagos/policy/extra_host.h"

namespace pelagos::rules {

inline void ExtraHostsAreUsable(const PlanInputs& in, Diagnostics& diags) {
  for (const ExtraHost& host : in.spec.extra_hosts) {
    const Span span = in.spec.spans.Find("add-host", host.name);
    if (const std::string problem = ExtraHostProblem(host); !problem.empty()) {
      diags.Error(span, absl::StrCat("add-host: ", problem));
    } else if (host.address == kHostGateway && in.spec.net.mode == NetMode::kNone) {
      diags.Error(span,
                  absl::StrCat("add-host '", host.name,
                               "': host-gateway needs a network: without one the host has no "
                               "address"),
                  "join a network, or the host's");
    }
  }
}

inline void StopIsUsable(const PlanInputs& in, Diagnostics& diags) {
  if (in.spec.stop_grace_seconds < 0) {
    diags.Error(in.spec.spans.Find("stop-grace-period"), "stop-grace-period must not be negative");
  }
  if (in.spec.stop_signal && !FindSignal(absl::StrCat(*in.spec.stop_signal))) {
    diags.Error(in.spec.spans.Find("stop-signal"),
                absl::StrCat("stop-signal ", *in.spec.stop_signal, " does not exist"));
  }
  if (!in.image.stop_signal.empty() && !FindSignal(in.image.stop_signal)) {
    diags.Error(in.spec.spans.Find("image"),
                absl::StrCat("image '", in.spec.image, "' asks for the stop signal '",
                             in.image.stop_signal, "', which does not exist"));
  }
}

inline void LifecycleIsUsable(const PlanInputs& in, Diagnostics& diags) {
  const Lifecycle& lifecycle = in.spec.lifecycle;
  if (lifecycle.remove && lifecycle.restart.when != RestartWhen::kNo) {
    diags.Error(in.spec.spans.Find("restart"),
                absl::StrCat("restart ", NameOf(lifecycle.restart.when),
                             " and rm exclude each other: what is removed is not started again"));
  }
  if (lifecycle.restart.most != 0 && lifecycle.restart.when != RestartWhen::kOnFailure) {
    diags.Error(in.spec.spans.Find("restart"), "restart: only on-failure has a bound");
  }
  if (lifecycle.log.max_files == 0) {
    diags.Error(in.spec.spans.Find("log-opt"), "log-opt max-file must be at least 1");
  }
  for (const auto& [key, value] : lifecycle.labels) {
    if (key.empty()) diags.Error(in.spec.spans.Find("label"), "label: a label has a name");
  }
  const HealthOptions& health = lifecycle.health;
  constexpr int64_t kMillisecond = 1'000'000;
  const std::pair<const char*, std::optional<int64_t>> times[] = {
      {"health-interval", health.interval_ns},
      {"health-timeout", health.timeout_ns},
      {"health-start-interval", health.start_interval_ns},
  };
  for (const auto& [option, time] : times) {
    if (time && *time < kMillisecond) {
      diags.Error(in.spec.spans.Find(option),
                  absl::StrCat(option, " must be at least a millisecond"));
    }
  }
  if (health.start_period_ns.value_or(0) < 0) {
    diags.Error(in.spec.spans.Find("health-start-period"),
                "health-start-period must not be negative");
  }
  if (health.retries == 0u) {
    diags.Error(in.spec.spans.Find("health-retries"), "health-retries must be at least 1");
  }
}

}  // namespace pelagos::rules
