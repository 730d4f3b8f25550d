// How a container is connected, all decided: the names under which it is found, and the ports that
// its image exposes. Pure.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "pelagos/policy/net_plan.h"
#include "pelagos/spec/container.h"
#include "pelagos/spec/resolved_image.h"

namespace pelagos {
namespace internal {

// "80", "53/udp", as an image's config has it.
inline std::optional<PortMapping> ExposedPort(absl::string_view text) {
  const size_t slash = text.find('/');
  PortMapping port;
  port.inside = ParsePort(text.substr(0, slash)).value_or(0);
  if (slash != absl::string_view::npos) {
    const std::string name = absl::AsciiStrToLower(text.substr(slash + 1));
    const std::optional<Protocol> protocol = FindProtocol(name);
    if (!protocol) return std::nullopt;
    port.protocol = *protocol;
  }
  if (port.inside == 0) return std::nullopt;
  return port;
}

inline void AddName(std::vector<std::string>& names, const std::string& name) {
  if (IsNetworkName(name) && std::find(names.begin(), names.end(), name) == names.end()) {
    names.push_back(name);
  }
}

}  // namespace internal

inline NetPlan PlanNet(const ContainerSpec& spec, const ResolvedImage& image) {
  constexpr size_t kIdLength = 64, kShortId = 12;
  NetPlan net = spec.net;
  for (Attachment& attachment : net.attachments) {
    internal::AddName(attachment.aliases, spec.name);
    if (spec.id.size() == kIdLength) {
      internal::AddName(attachment.aliases, spec.id.substr(0, kShortId));
    }
  }
  if (!net.publish_exposed) return net;
  for (const std::string& text : image.exposed_ports) {
    const std::optional<PortMapping> exposed = internal::ExposedPort(text);
    // What cannot be forwarded (SCTP) is left inside, as it is without the option.
    if (!exposed) continue;
    const bool published =
        std::any_of(net.ports.begin(), net.ports.end(), [&](const PortMapping& port) {
          return port.inside == exposed->inside && port.protocol == exposed->protocol;
        });
    if (!published) net.ports.push_back(*exposed);
  }
  return net;
}

}  // namespace pelagos
