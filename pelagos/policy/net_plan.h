// How a container is connected: its mode, the networks it joins, the ports it publishes.
//
// A value; net/ executes it. Networks are named as the store names them (PROJECT-NET).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/policy/port_map.h"

namespace pelagos {

enum class NetMode : uint8_t {
  kNone,    // own network namespace, loopback only
  kHost,    // the caller's network namespace
  kBridge,  // own network namespace, one interface in each of `networks`
};

constexpr absl::string_view NameOf(NetMode mode) {
  switch (mode) {
    case NetMode::kHost:
      return "host";
    case NetMode::kBridge:
      return "bridge";
    case NetMode::kNone:
      break;
  }
  return "none";
}

constexpr std::optional<NetMode> FindNetMode(absl::string_view name) {
  for (NetMode mode : {NetMode::kNone, NetMode::kHost, NetMode::kBridge}) {
    if (NameOf(mode) == name) return mode;
  }
  return std::nullopt;
}

// One interface. The first attachment becomes eth0 and carries the default route.
struct Attachment {
  std::string network;               // the store's name of the network
  std::vector<std::string> aliases;  // names under which the container is found there

  friend bool operator==(const Attachment&, const Attachment&) = default;
};

struct NetPlan {
  NetMode mode = NetMode::kNone;
  std::vector<Attachment> attachments;  // not empty exactly if mode is kBridge
  std::vector<PortMapping> ports;       // need mode kBridge

  friend bool operator==(const NetPlan&, const NetPlan&) = default;
};

// Why a plan cannot be executed, as a sentence, or "".
constexpr absl::string_view NetProblem(const NetPlan& plan) {
  if (plan.mode == NetMode::kBridge && plan.attachments.empty()) {
    return "a bridged container needs a network";
  }
  if (plan.mode != NetMode::kBridge && !plan.attachments.empty()) {
    return "only a bridged container can join networks";
  }
  if (plan.mode != NetMode::kBridge && !plan.ports.empty()) {
    return "ports can be published only from a network";
  }
  return "";
}

// A network itself. `subnet` is a CIDR ("10.5.0.0/24") or empty: taken from the pool.
struct NetworkPlan {
  std::string name;     // the store's name, PROJECT-NET
  std::string project;  // the owner, for clean-up
  std::string subnet;

  friend bool operator==(const NetworkPlan&, const NetworkPlan&) = default;
};

// The compile-time-checked way to a NetPlan: ports can be published only once a network is joined.
template <bool kJoined = false>
class NetPlanBuilder {
 public:
  NetPlanBuilder() requires(!kJoined) = default;

  constexpr NetPlanBuilder<true> Join(std::string network,
                                      std::vector<std::string> aliases = {}) && {
    plan_.mode = NetMode::kBridge;
    plan_.attachments.push_back({std::move(network), std::move(aliases)});
    return NetPlanBuilder<true>(std::move(plan_));
  }
  template <uint16_t kHost, uint16_t kInside>
  requires(kHost != 0 && kInside != 0) constexpr NetPlanBuilder Publish() && requires kJoined {
    plan_.ports.push_back({std::string(kLoopbackAddress), kHost, kInside, Protocol::kTcp});
    return std::move(*this);
  }
  constexpr NetPlan Build() && { return std::move(plan_); }

 private:
  template <bool>
  friend class NetPlanBuilder;
  constexpr explicit NetPlanBuilder(NetPlan plan) : plan_(std::move(plan)) {}
  NetPlan plan_;
};
NetPlanBuilder()->NetPlanBuilder<false>;

}  // namespace pelagos
