#include "pelagos/cli/network/create.h"

#include <iostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/engine/open_engine.h"
#include "pelagos/container/record_time.h"
#include "pelagos/net/networks.h"
#include "pelagos/policy/name.h"

namespace pelagos::cli {
namespace {

// ip-link(8): the smallest that IPv6 may have, and the kernel's largest.
constexpr int kLeastMtu = 1280;
constexpr int kMostMtu = 65535;

absl::Status SetMtu(absl::string_view flag, const std::string& text, NetworkPlan& plan) {
  if (absl::SimpleAtoi(text, &plan.mtu) && plan.mtu >= kLeastMtu && plan.mtu <= kMostMtu) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, " '", text, "': expected bytes, ", kLeastMtu, " to ", kMostMtu));
}

// --opt KEY=VALUE, by Docker's names and Podman's.
absl::Status ApplyOption(const std::string& text, NetworkPlan& plan) {
  const size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (key == "mtu" || key == "com.docker.network.driver.mtu") return SetMtu("opt", value, plan);
  if (key == "parent") {
    plan.parent = value;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--opt '", text, "': expected parent=INTERFACE or mtu=BYTES"));
}

absl::Status ApplySubnets(const Arguments& args, NetworkPlan& plan) {
  for (const std::string& subnet : args.values("subnet")) {
    std::string& place = IsIpv6Text(subnet) ? plan.subnet6 : plan.subnet;
    if (!place.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--subnet '", subnet, "': a network has one subnet of each family"));
    }
    place = subnet;
  }
  plan.gateway = args.value("gateway");
  plan.ipv6 = !args.denied("ipv6");
  if (!plan.ipv6 && !plan.subnet6.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--ipv6=false and --subnet ", plan.subnet6, " exclude each other"));
  }
  return absl::OkStatus();
}

int Create(const Context& context, const Arguments& args) {
  const absl::StatusOr<NetworkPlan> plan = NetworkPlanFrom(args);
  if (!plan.ok()) {
    return Fail(absl::StrCat("network create: ", plan.status().message()), kUsage);
  }
  const auto engine = OpenEngine(context);
  if (!engine.ok()) return Fail(engine.status());
  const auto networks = (*engine)->networks();
  if (!networks.ok()) return Fail(networks.status());
  const auto made = (*networks)->Define(*plan, container::RecordTime(absl::Now()));
  if (!made.ok()) return Fail(absl::StrCat("network create: ", made.status().message()));
  std::cout << made->name << "\n";
  return kDone;
}

}  // namespace

absl::StatusOr<NetworkPlan> NetworkPlanFrom(const Arguments& args) {
  if (args.positionals().size() != 1) {
    return absl::InvalidArgumentError("expected the name of the network");
  }
  NetworkPlan plan;
  plan.name = args.positionals()[0];
  if (const absl::string_view problem = NameProblem(plan.name, kMaxContainerNameLength);
      !problem.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the name '", plan.name, "' ", problem));
  }
  for (const char* mode : {"none", "host", "pasta", "loopback"}) {
    if (plan.name != mode) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("'", mode, "' is a mode of --network and cannot be the name of a network"));
  }
  const std::string driver = args.value("driver", "bridge");
  const std::optional<NetworkDriver> found = FindNetworkDriver(driver);
  if (!found) {
    return absl::InvalidArgumentError(
        absl::StrCat("--driver '", driver, "': expected bridge, macvlan or ipvlan"));
  }
  plan.driver = *found;
  plan.parent = args.value("parent");
  PELAGOS_RETURN_IF_ERROR(ApplySubnets(args, plan));
  if (args.has("mtu")) PELAGOS_RETURN_IF_ERROR(SetMtu("mtu", args.value("mtu"), plan));
  for (const std::string& option : args.values("opt")) {
    PELAGOS_RETURN_IF_ERROR(ApplyOption(option, plan));
  }
  plan.internal = args.has("internal");
  plan.nat66 = args.has("nat66");
  for (const std::string& server : args.values("dns")) {
    if (!ParseHostAddress(server)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--dns '", server, "': expected the address of a name server"));
    }
    plan.servers.push_back(server);
  }
  for (const std::string& label : args.values("label")) {
    const size_t equals = label.find('=');
    if (label.empty() || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat("--label '", label, "': expected KEY=VALUE"));
    }
    plan.labels.emplace_back(label.substr(0, equals),
                             equals == std::string::npos ? "" : label.substr(equals + 1));
  }
  return plan;
}

Command NetworkCreateRow() {
  return {"network create",
          "[FLAGS] NAME",
          "Make a network that outlives its containers; its bridge is there while one is in it.",
          "pelagos network create --subnet 10.5.0.0/24 --internal back",
          {{"subnet", 0, "CIDR", "its subnet (default: a free /24 of ours); once more for IPv6"},
           {"gateway", 0, "ADDRESS", "the host's address in it (default: the first one)"},
           {"driver", 'd', "NAME", "bridge (default), macvlan or ipvlan"},
           {"parent", 0, "INTERFACE", "of the host, for macvlan and ipvlan"},
           {"opt", 'o', "KEY=VALUE", "parent=INTERFACE or mtu=BYTES; may be repeated"},
           {"mtu", 0, "BYTES", "the largest packet"},
           {"internal", 0, "", "no way to the outside, and none in but from the host"},
           {"ipv6", 0, "", "with IPv6 too, as without this flag; --ipv6=false: without"},
           {"nat66", 0, "", "containers reach the outside by IPv6 too, under the host's address"},
           {"dns", 0, "ADDRESS", "whom to ask for names of the outside; may be repeated"},
           {"label", 0, "KEY=VALUE", "a label of it; may be repeated"}},
          false,
          Create};
}

}  // namespace pelagos::cli
