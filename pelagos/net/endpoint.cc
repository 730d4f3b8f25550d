#include "pelagos/net/endpoint.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace pelagos::net {
namespace {

bool IsLoopback(absl::string_view address) {
  return absl::StartsWith(address, "127.") || address == "::1";
}

// The name servers of a resolv.conf(5).
std::vector<std::string> ServersOf(absl::string_view text) {
  std::vector<std::string> servers;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.size() < 2 || words[0] != "nameserver" || IsLoopback(words[1])) continue;
    servers.emplace_back(words[1]);
  }
  return servers;
}

}  // namespace

std::string ResolvConf(const Endpoint& endpoint, absl::string_view host) {
  constexpr size_t kMostServers = 3;
  std::vector<std::string> servers;
  for (const Interface& interface : endpoint.interfaces) {
    if (interface.driver != NetworkDriver::kBridge) continue;
    servers.push_back(sys::ToString(interface.gateway));
  }
  // Where pelagos-dns answers, it is the one that asks the servers of the container's choice.
  if (servers.empty()) servers = endpoint.dns.servers;
  if (servers.empty() && IsConnected(endpoint.mode)) servers = ServersOf(host);
  std::string text;
  for (size_t i = 0; i < servers.size() && i < kMostServers; ++i) {
    absl::StrAppend(&text, "nameserver ", servers[i], "\n");
  }
  if (!endpoint.dns.searches.empty()) {
    absl::StrAppend(&text, "search ", absl::StrJoin(endpoint.dns.searches, " "), "\n");
  }
  if (!endpoint.dns.options.empty()) {
    absl::StrAppend(&text, "options ", absl::StrJoin(endpoint.dns.options, " "), "\n");
  }
  if (!text.empty()) return text;
  return IsConnected(endpoint.mode) ? "# no name server of the host can be reached from here\n"
                                    : "# this container has no network\n";
}

std::string HostsFile(absl::string_view hostname, const Endpoint& endpoint,
                      const std::vector<ExtraHost>& extra, absl::string_view gateway) {
  const bool alone = endpoint.interfaces.empty();
  std::string text = "127.0.0.1\tlocalhost";
  if (alone && hostname != "localhost") absl::StrAppend(&text, " ", hostname);
  absl::StrAppend(&text, "\n::1\tlocalhost ip6-localhost ip6-loopback\n");
  for (const Interface& inside : endpoint.interfaces) {
    absl::StrAppend(&text, sys::ToString(inside.address), "\t", hostname, "\n");
    if (inside.address6) {
      absl::StrAppend(&text, sys::ToString(*inside.address6), "\t", hostname, "\n");
    }
  }
  for (const ExtraHost& host : extra) {
    std::string address = host.address;
    if (address == kHostGateway) {
      address = alone ? std::string(gateway) : sys::ToString(endpoint.interfaces[0].gateway);
    }
    if (!address.empty()) absl::StrAppend(&text, address, "\t", host.name, "\n");
  }
  return text;
}

}  // namespace pelagos::net
