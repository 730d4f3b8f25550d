#include "pelagos/cli/run_network.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/policy/name.h"
#include "pelagos/policy/namespace_join.h"

namespace pelagos::cli {
namespace {

constexpr char kNetworkVariable[] = "PELAGOS_NETWORK";

absl::Status Alone(absl::string_view mode) {
  return absl::InvalidArgumentError(
      absl::StrCat("--network ", mode, " goes with no other network: leave out the others"));
}

// A mode that is the only one: host, a namespace of somebody else, none, pasta. False: it is the
// name of a network.
absl::StatusOr<bool> ApplyMode(const std::string& text, ContainerSpec& spec) {
  if (text == "none" || text == "loopback") return true;  // the original has both
  if (text == "pasta") {
    spec.net.mode = NetMode::kPasta;
    return true;
  }
  const bool joins = absl::StartsWith(text, "container:") || absl::StartsWith(text, "ns:");
  if (text != "host" && !joins) return false;
  const std::optional<NamespaceMode> mode = ParseNamespaceMode(text);
  if (!mode) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--network '", text, "': expected container:NAME, or ns:/PATH of a network namespace"));
  }
  if (mode->origin == NamespaceOrigin::kHost) {
    spec.net.mode = NetMode::kHost;
    return true;
  }
  spec.namespaces.erase(Namespace::kNet);
  spec.joins.push_back({Namespace::kNet, mode->path, mode->container});
  return true;
}

absl::Status ApplyModes(const std::vector<std::string>& modes, ContainerSpec& spec) {
  for (const std::string& text : modes) {
    PELAGOS_ASSIGN_OR_RETURN(const bool mode, ApplyMode(text, spec));
    if (mode && modes.size() > 1) return Alone(text);
    if (mode) continue;
    absl::StatusOr<Attachment> attachment = ParseAttachment(text);
    if (!attachment.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--network '", text, "': ", attachment.status().message()));
    }
    spec.net.mode = NetMode::kBridge;
    spec.net.attachments.push_back(*std::move(attachment));
  }
  return absl::OkStatus();
}

// The flags about one's place in a network.
absl::Status ApplyPlace(const Arguments& args, ContainerSpec& spec) {
  std::vector<Attachment>& attachments = spec.net.attachments;
  for (const char* flag : {"network-alias", "net-alias", "ip", "ip6", "mac-address"}) {
    if (!args.has(flag) || !attachments.empty()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--", flag, " needs a network to be in: --network NAME"));
  }
  for (const char* flag : {"network-alias", "net-alias"}) {
    for (const std::string& alias : args.values(flag)) {
      for (Attachment& attachment : attachments) attachment.aliases.push_back(alias);
    }
  }
  if (attachments.empty()) return absl::OkStatus();
  Attachment& first = attachments.front();
  first.address = args.value("ip", first.address);
  first.mac = args.value("mac-address", first.mac);
  if (args.has("ip6")) {
    const std::optional<std::string> address = ParseHostAddress(args.value("ip6"));
    first.address6 = address.value_or(args.value("ip6"));  // the plan's rules say what is wrong
  }
  return absl::OkStatus();
}

absl::Status ApplyPorts(const Arguments& args, ContainerSpec& spec) {
  for (const std::string& text : args.values("publish")) {
    std::optional<std::vector<PortMapping>> ports = ParsePortMappings(text);
    if (!ports) {
      return absl::InvalidArgumentError(
          absl::StrCat("--publish '", text,
                       "': expected [ADDRESS:][HOST:]PORT[/udp], such as 8080:80, 0.0.0.0:8080:80, "
                       "[::1]:8080:80, 8000-8009:80-89 or 80 for a free port of the host"));
    }
    for (PortMapping& port : *ports) spec.net.ports.push_back(std::move(port));
  }
  spec.net.publish_exposed = args.has("publish-all");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Attachment> ParseAttachment(absl::string_view text) {
  const size_t colon = text.find(':');
  Attachment attachment;
  attachment.network = std::string(text.substr(0, colon));
  if (const absl::string_view problem = NameProblem(attachment.network, kMaxContainerNameLength);
      !problem.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", attachment.network,
                     "' is no mode (none, host, bridge, pasta, container:NAME, ns:PATH)"
                     " and no name of a network: it ",
                     problem));
  }
  if (colon == absl::string_view::npos) return attachment;
  for (absl::string_view option : absl::StrSplit(text.substr(colon + 1), ',')) {
    const size_t equals = option.find('=');
    const absl::string_view key = option.substr(0, equals);
    const std::string value(equals == absl::string_view::npos ? "" : option.substr(equals + 1));
    if (value.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", option, "': expected ip=, ip6=, mac= or alias= and a value"));
    }
    if (key == "alias") {
      attachment.aliases.push_back(value);
    } else if (key == "mac") {
      attachment.mac = value;
    } else if (key == "ip6" || (key == "ip" && IsIpv6Text(value))) {
      attachment.address6 = ParseHostAddress(value).value_or(value);
    } else if (key == "ip") {
      attachment.address = value;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("'", key, "' is unknown: expected ip, ip6, mac or alias"));
    }
  }
  return attachment;
}

std::vector<Flag> NetworkFlags() {
  return {
      {"network", 0, "MODE",
       "none (default), bridge, host, pasta, container:NAME, ns:PATH, or a network's name, perhaps "
       "with :ip=,ip6=,mac=,alias= behind it; may be repeated"},
      {"net", 0, "MODE", "the same as --network"},
      {"publish", 'p', "PORTS",
       "[ADDRESS:][HOST:]PORT[/udp]: a port of the host (127.0.0.1, or ADDRESS) leads to PORT"},
      {"publish-all", 'P', "", "publish what the image exposes, each at a free port of the host"},
      {"network-alias", 0, "NAME", "one more name under which it is found in its networks"},
      {"net-alias", 0, "NAME", "the same as --network-alias"},
      {"ip", 0, "ADDRESS", "its IPv4 address in the first network"},
      {"ip6", 0, "ADDRESS", "its IPv6 address in the first network"},
      {"mac-address", 0, "MAC", "its Ethernet address in the first network"},
      {"dns", 0, "ADDRESS", "whom to ask for names of the outside, instead of the host's servers"},
      {"dns-search", 0, "DOMAIN", "where short names are looked for"},
      {"dns-option", 0, "OPTION", "a line of options in resolv.conf, such as ndots:2"},
      {"dns-opt", 0, "OPTION", "the same as --dns-option"},
      {"nat", 0, "", "the same as --network bridge, where no network is named"},
  };
}

absl::Status ApplyNetwork(const Arguments& args, const Caller& caller, ContainerSpec& spec) {
  std::vector<std::string> modes = args.values("network");
  for (std::string& mode : args.values("net")) modes.push_back(std::move(mode));
  const bool wants_one = args.has("publish") || args.has("publish-all") || args.has("nat");
  if (modes.empty() && wants_one) modes = {std::string(kDefaultNetwork)};
  if (modes.empty()) {
    if (const std::optional<std::string> usual = VariableOf(caller, kNetworkVariable)) {
      if (!usual->empty()) modes = {*usual};
    }
  }
  PELAGOS_RETURN_IF_ERROR(ApplyModes(modes, spec));
  PELAGOS_RETURN_IF_ERROR(ApplyPlace(args, spec));
  PELAGOS_RETURN_IF_ERROR(ApplyPorts(args, spec));
  spec.net.dns.servers = args.values("dns");
  spec.net.dns.searches = args.values("dns-search");
  spec.net.dns.options = args.values("dns-option");
  for (const std::string& option : args.values("dns-opt")) spec.net.dns.options.push_back(option);
  return absl::OkStatus();
}

}  // namespace pelagos::cli
