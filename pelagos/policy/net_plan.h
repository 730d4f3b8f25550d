// How a container is connected: its mode, the networks it joins, the ports it publishes.
//
// A value; net/ executes it. Networks are named as the store names them (PROJECT-NET). Addresses
// are text here: IPv4 dotted, IPv6 as RFC 5952 writes it; empty: not asked for.
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
  kBridge,  // own network namespace, one interface in each of `attachments`
  kPasta,   // own network namespace, with passt's pasta(1) as its way to the outside
};

constexpr absl::string_view NameOf(NetMode mode) {
  switch (mode) {
    case NetMode::kHost:
      return "host";
    case NetMode::kBridge:
      return "bridge";
    case NetMode::kPasta:
      return "pasta";
    case NetMode::kNone:
      break;
  }
  return "none";
}

constexpr std::optional<NetMode> FindNetMode(absl::string_view name) {
  for (NetMode mode : {NetMode::kNone, NetMode::kHost, NetMode::kBridge, NetMode::kPasta}) {
    if (NameOf(mode) == name) return mode;
  }
  return std::nullopt;
}

// The network that containers join which name none; made when it is first needed.
inline constexpr absl::string_view kDefaultNetwork = "bridge";

// One interface. The first attachment becomes eth0 and carries the default route.
struct Attachment {
  std::string network;               // the store's name of the network
  std::vector<std::string> aliases;  // names under which the container is found there
  std::string address = {};          // asked for, of the network's subnet
  std::string address6 = {};         // the same of its IPv6 subnet
  std::string mac = {};              // "02:42:0a:63:00:02"; empty: follows from the address

  friend bool operator==(const Attachment&, const Attachment&) = default;
};

// What a container's resolv.conf(5) says beside the name servers of its networks.
struct DnsOptions {
  std::vector<std::string>
      servers;  // whom to ask for names of the outside; empty: as the host does
  std::vector<std::string> searches;
  std::vector<std::string> options;

  bool empty() const { return servers.empty() && searches.empty() && options.empty(); }
  friend bool operator==(const DnsOptions&, const DnsOptions&) = default;
};

struct NetPlan {
  NetMode mode = NetMode::kNone;
  std::vector<Attachment> attachments;  // not empty exactly if mode is kBridge
  std::vector<PortMapping> ports;       // need mode kBridge or kPasta
  DnsOptions dns = {};                  // not for mode kHost
  bool publish_exposed = false;         // the image's exposed ports too, each at a free port

  friend bool operator==(const NetPlan&, const NetPlan&) = default;
};

// Modes whose namespace is connected from outside, before the container's program starts.
constexpr bool IsConnected(NetMode mode) {
  return mode == NetMode::kBridge || mode == NetMode::kPasta;
}

// "02:42:0a:63:00:02": six pairs of hexadecimal digits, of one host (the lowest bit of the first
// pair is not set), and not zero.
constexpr bool IsMacAddress(absl::string_view text) {
  if (text.size() != 17) return false;
  bool zero = true;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (i % 3 == 2 ? c != ':' : !digit) return false;
    if (i % 3 != 2 && c != '0') zero = false;
  }
  const char low = text[1];
  const int value = low <= '9' ? low - '0' : (low | 0x20) - 'a' + 10;
  return !zero && (value & 1) == 0;
}

// What name servers can know a container by: labels of 1 to 63 letters, digits, '-' and '_', with
// dots between, 253 bytes in all (RFC 1035 2.3.4, and the '_' of many containers' names).
constexpr bool IsNetworkName(absl::string_view text) {
  constexpr size_t kLongestLabel = 63, kLongestName = 253;
  size_t label = 0;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c == '.' && label > 0) {
      label = 0;
    } else if (letter || (c >= '0' && c <= '9') || c == '-' || c == '_') {
      if (++label > kLongestLabel) return false;
    } else {
      return false;
    }
  }
  return label > 0 && text.size() <= kLongestName;
}

// Why a plan cannot be executed, as a sentence, or "".
constexpr absl::string_view NetProblem(const NetPlan& plan) {
  if (plan.mode == NetMode::kBridge && plan.attachments.empty()) {
    return "a bridged container needs a network";
  }
  if (plan.mode != NetMode::kBridge && !plan.attachments.empty()) {
    return "only a bridged container can join networks";
  }
  if (!IsConnected(plan.mode) && (plan.publish_exposed || !plan.ports.empty())) {
    return "ports can be published only from a network";
  }
  if (plan.mode == NetMode::kHost && !plan.dns.empty()) {
    return "name servers of its own need a network namespace of its own";
  }
  return "";
}

// How a network's containers are connected to it.
enum class NetworkDriver : uint8_t {
  kBridge,   // a bridge of the host, with a way to the outside by NAT
  kMacvlan,  // addresses and MACs of their own on the segment of `parent`
  kIpvlan,   // the same with the MAC of `parent`
};

constexpr absl::string_view NameOf(NetworkDriver driver) {
  switch (driver) {
    case NetworkDriver::kMacvlan:
      return "macvlan";
    case NetworkDriver::kIpvlan:
      return "ipvlan";
    case NetworkDriver::kBridge:
      break;
  }
  return "bridge";
}

constexpr std::optional<NetworkDriver> FindNetworkDriver(absl::string_view name) {
  for (NetworkDriver driver :
       {NetworkDriver::kBridge, NetworkDriver::kMacvlan, NetworkDriver::kIpvlan}) {
    if (NameOf(driver) == name) return driver;
  }
  return std::nullopt;
}

// A network itself.
struct NetworkPlan {
  std::string name;     // the store's name, PROJECT-NET
  std::string project;  // the owner, for clean-up; empty: nobody's, goes with its last container
  std::string subnet;   // a CIDR ("10.5.0.0/24") or empty: taken from the pool
  std::string subnet6 = {};  // the same of IPv6; empty: a unique local one (RFC 4193)
  std::string gateway = {};  // empty: the first address of the subnet
  NetworkDriver driver = NetworkDriver::kBridge;
  std::string parent = {};  // the host's interface; needed exactly if driver is not kBridge
  int mtu = 0;              // bytes; 0: the kernel's default
  bool internal = false;    // no way to the outside
  bool ipv6 = true;
  bool nat66 = false;  // containers reach the outside by IPv6, under the host's address
  std::vector<std::string> servers = {};  // of names of the outside; empty: the host's
  std::vector<std::pair<std::string, std::string>> labels = {};

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
