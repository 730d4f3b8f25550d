// When a container that ended is started again.
//
// Source: docker-run(1), --restart; podman-run(1).
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pelagos {

enum class RestartWhen : uint8_t {
  kNo,
  kOnFailure,      // its exit code was not 0
  kAlways,         // unless it was stopped by a command
  kUnlessStopped,  // the same; `start --all` after a reboot leaves alone what had been stopped
};

struct RestartPolicy {
  RestartWhen when = RestartWhen::kNo;
  uint32_t most = 0;  // of kOnFailure: how often in a row; 0: no bound

  friend bool operator==(const RestartPolicy&, const RestartPolicy&) = default;
};

constexpr absl::string_view NameOf(RestartWhen when) {
  switch (when) {
    case RestartWhen::kOnFailure:
      return "on-failure";
    case RestartWhen::kAlways:
      return "always";
    case RestartWhen::kUnlessStopped:
      return "unless-stopped";
    case RestartWhen::kNo:
      break;
  }
  return "no";
}

// "no", "on-failure", "on-failure:3", "always", "unless-stopped"; nullopt for other texts.
inline std::optional<RestartPolicy> ParseRestartPolicy(absl::string_view text) {
  RestartPolicy policy;
  const size_t colon = text.find(':');
  const absl::string_view name = text.substr(0, colon);
  bool found = false;
  for (RestartWhen when : {RestartWhen::kNo, RestartWhen::kOnFailure, RestartWhen::kAlways,
                           RestartWhen::kUnlessStopped}) {
    if (NameOf(when) != name) continue;
    policy.when = when;
    found = true;
  }
  if (!found) return std::nullopt;
  if (colon == absl::string_view::npos) return policy;
  if (policy.when != RestartWhen::kOnFailure ||
      !absl::SimpleAtoi(text.substr(colon + 1), &policy.most)) {
    return std::nullopt;
  }
  return policy;
}

// The text that ParseRestartPolicy reads.
inline std::string ToText(const RestartPolicy& policy) {
  return policy.most == 0 ? std::string(NameOf(policy.when))
                          : absl::StrCat(NameOf(policy.when), ":", policy.most);
}

}  // namespace pelagos
