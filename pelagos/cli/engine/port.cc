#include "pelagos/cli/engine/port.h"

#include <algorithm>
#include <iostream>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pelagos/cli/engine/look.h"
#include "pelagos/container/inventory.h"

namespace pelagos::cli {
namespace {

int RunPort(const Context& context, const Arguments& args) {
  const std::vector<std::string>& words = args.positionals();
  if (words.empty() || words.size() > 2) {
    return Fail("port: expected NAME, perhaps PORT[/PROTO] behind it", kUsage);
  }
  const std::string wanted = words.size() > 1 ? words[1] : "";
  if (const auto checked = PortLines({}, wanted); absl::IsInvalidArgument(checked.status())) {
    return Fail(absl::StrCat("port: ", checked.status().message()), kUsage);
  }
  const auto found = InventoryOf(context).Find(words[0]);
  if (!found.ok()) return Fail(absl::StrCat("port: ", found.status().message()));
  if (!found->running()) {
    if (wanted.empty()) return kDone;  // as Docker: there are none
    return Fail(absl::StrCat("port: ", words[0], " does not run: nothing is published"));
  }
  const auto lines = PortLines(found->ports, wanted);
  if (!lines.ok()) return Fail(absl::StrCat("port: ", words[0], ": ", lines.status().message()));
  std::cout << *lines;
  return kDone;
}

}  // namespace

absl::StatusOr<std::string> PortLines(const std::vector<PortMapping>& ports,
                                      absl::string_view wanted) {
  const size_t slash = wanted.find('/');
  const std::optional<uint16_t> number = ParsePort(wanted.substr(0, slash));
  const std::optional<Protocol> protocol =
      slash == absl::string_view::npos ? Protocol::kTcp : FindProtocol(wanted.substr(slash + 1));
  if (!wanted.empty() && (!number || !protocol)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", wanted, "': expected a port of the container: 80, or 53/udp"));
  }
  std::vector<PortMapping> sorted = ports;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const PortMapping& a, const PortMapping& b) { return a.inside < b.inside; });
  std::string text;
  for (const PortMapping& port : sorted) {
    const std::string host = absl::StrCat(HostSide(port), "\n");
    if (wanted.empty()) {
      absl::StrAppend(&text, port.inside, "/", NameOf(port.protocol), " -> ", host);
    } else if (port.inside == *number && port.protocol == *protocol) {
      text += host;
    }
  }
  if (text.empty() && !wanted.empty()) {
    return absl::NotFoundError(
        absl::StrCat("port ", *number, "/", NameOf(*protocol), " is not published"));
  }
  return text;
}

std::vector<Command> PortCommands() {
  return {{.name = "port",
           .usage = "NAME [PORT[/PROTO]]",
           .summary = "Print where the published ports of a container are.",
           .example = "pelagos port web 80",
           .flags = {},
           .run = RunPort}};
}

}  // namespace pelagos::cli
