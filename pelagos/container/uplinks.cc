#include "pelagos/container/uplinks.h"

#include <poll.h>
#include <sys/socket.h>

#include <utility>

#include "pelagos/base/status_macros.h"
#include "pelagos/net/pasta.h"
#include "pelagos/net/proxy/start_proxy.h"
#include "pelagos/net/session.h"
#include "pelagos/sys/await_events.h"

namespace pelagos::container {
namespace {

// By IPv6 the kernel leads nothing from ::1 (whose packets it lets through no other interface), and
// nothing to who has no IPv6 address.
bool NeedsProxy(const PortMapping& port, const net::Interface& target) {
  if (!IsIpv6Text(port.host_address)) return false;
  return !target.address6 || port.host_address == kAnyIpv6 ||
         ExposureOf(port.host_address) == Exposure::kLoopback;
}

absl::StatusOr<Fd> StartPasta(const net::Endpoint& endpoint, const Fd& netns, const Fd& init,
                              net::Reservation& ports) {
  net::PastaOptions options;
  options.netns = &netns;
  options.container = &init;
  options.ports = endpoint.ports;
  ports = net::Reservation();
  PELAGOS_ASSIGN_OR_RETURN(net::PastaProcess pasta, net::StartPasta(options));
  return std::move(pasta.control);
}

}  // namespace

void Uplinks::End() {
  constexpr int kPatience = 5000;  // milliseconds; they only have to notice and to exit
  for (const Fd& control : controls_) ::shutdown(control.get(), SHUT_WR);
  for (const Fd& control : controls_) {
    // One that does not end is not ours to wait for any longer: it is killed by the kernel, or seen
    // by the next container that wants its port.
    sys::AwaitEvents(control, POLLIN, kPatience, "").IgnoreError();
  }
  controls_.clear();
}

absl::StatusOr<Uplinks> StartUplinks(const net::Endpoint& endpoint, const Fd& netns, const Fd& init,
                                     net::Reservation& ports) {
  Uplinks uplinks;
  if (endpoint.mode == NetMode::kPasta) {
    PELAGOS_ASSIGN_OR_RETURN(Fd control, StartPasta(endpoint, netns, init, ports));
    uplinks.Add(std::move(control));
    return uplinks;
  }
  const net::Interface* target = net::PortTarget(endpoint);
  if (target == nullptr) return uplinks;
  std::vector<net::ProxyTarget> targets;
  for (size_t i = 0; i < ports.ports().size(); ++i) {
    const PortMapping& port = ports.ports()[i];
    if (!NeedsProxy(port, *target)) continue;
    // Where it has both, as clients of IPv6 expect.
    targets.push_back(
        {&ports.sockets()[i], port.protocol,
         target->address6 ? sys::ToString(*target->address6) : sys::ToString(target->address),
         port.inside});
  }
  if (targets.empty()) return uplinks;
  PELAGOS_ASSIGN_OR_RETURN(Fd control, net::StartProxy("", targets));
  uplinks.Add(std::move(control));
  return uplinks;
}

}  // namespace pelagos::container
