#include "pelagos/policy/port_map.h"

#include <arpa/inet.h>

#include <utility>

namespace pelagos {
namespace {

struct Range {
  uint16_t first = 0, last = 0;
  size_t count() const { return static_cast<size_t>(last - first) + 1; }
};

std::optional<Range> ParseRange(absl::string_view text) {
  const size_t dash = text.find('-');
  const std::optional<uint16_t> first = ParsePort(text.substr(0, dash));
  const std::optional<uint16_t> last =
      dash == absl::string_view::npos ? first : ParsePort(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return Range{*first, *last};
}

// What is behind the last colon, which is taken off with it.
absl::string_view TakeLast(absl::string_view& text, bool& found) {
  const size_t colon = text.rfind(':');
  found = colon != absl::string_view::npos;
  const absl::string_view last = found ? text.substr(colon + 1) : text;
  text = found ? text.substr(0, colon) : absl::string_view();
  return last;
}

}  // namespace

std::optional<std::string> ParseHostAddress(absl::string_view text) {
  if (const std::optional<uint32_t> ipv4 = ParseIpv4(text)) return Ipv4Text(*ipv4);
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != absl::string_view::npos) {
    return std::nullopt;
  }
  in6_addr address = {};
  if (::inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return std::nullopt;
  char written[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET6, &address, written, sizeof(written));
  return written;
}

std::optional<std::vector<PortMapping>> ParsePortMappings(absl::string_view text) {
  PortMapping port;
  if (const size_t slash = text.find('/'); slash != absl::string_view::npos) {
    const std::optional<Protocol> protocol = FindProtocol(text.substr(slash + 1));
    if (!protocol) return std::nullopt;
    port.protocol = *protocol;
    text = text.substr(0, slash);
  }
  bool more = false;
  const std::optional<Range> inside = ParseRange(TakeLast(text, more));
  if (!inside) return std::nullopt;
  std::optional<Range> host;
  if (more) {
    const bool bracket = !text.empty() && text.back() == ']';
    bool address = bracket;
    const absl::string_view ports = bracket ? absl::string_view() : TakeLast(text, address);
    // Only behind an address may the host's port be left out: ":80" says nothing.
    if (!ports.empty()) {
      host = ParseRange(ports);
      if (!host) return std::nullopt;
    } else if (bracket || !address) {
      return std::nullopt;
    }
    if (address) {
      // A bare IPv6 address could not be told from a port behind it.
      const bool bare = IsIpv6Text(text) && text.front() != '[';
      const std::optional<std::string> parsed = ParseHostAddress(text);
      if (bare || !parsed) return std::nullopt;
      port.host_address = *parsed;
    }
  }
  std::vector<PortMapping> ports;
  if (host && inside->count() == 1 && host->count() > 1) {
    port.host = host->first;
    port.host_last = host->last;
    port.inside = inside->first;
    ports.push_back(std::move(port));
    return ports;
  }
  if (host && host->count() != inside->count()) return std::nullopt;
  for (size_t i = 0; i < inside->count(); ++i) {
    port.host = host ? static_cast<uint16_t>(host->first + i) : uint16_t{0};
    port.inside = static_cast<uint16_t>(inside->first + i);
    ports.push_back(port);
  }
  return ports;
}

}  // namespace pelagos
