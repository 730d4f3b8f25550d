#include "pelagos/net/dns/zone_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pelagos::net {
namespace {

// Calls `visit` for each network of the scope, the gateway's first, until it says true.
template <typename Visit>
bool AnyNetwork(const ZoneTable::Scope& scope, Visit visit) {
  if (visit(*scope.gateway)) return true;
  if (scope.members == nullptr) return false;
  for (const ZoneTable::Member& member : *scope.members) {
    if (member.network != scope.gateway && member.network->head && visit(*member.network)) {
      return true;
    }
  }
  return false;
}

void Append(const ZoneTable::Network& network, absl::string_view name, ZoneTable::Hosts& hosts) {
  const auto found = network.by_name.find(name);
  if (found == network.by_name.end()) return;
  hosts.insert(hosts.end(), found->second.begin(), found->second.end());
}

bool EndsWithDomain(const ZoneTable::Network& network, absl::string_view name) {
  return !network.domain.empty() && name.size() > network.domain.size() &&
         absl::EndsWith(name, network.domain);
}

}  // namespace

bool ZoneTable::Network::contains(const sys::Ipv6& address) const {
  if (!head) return false;
  if (const std::optional<sys::Ipv4> v4 = Unmapped(address)) return subnet.contains(*v4);
  return subnet6 && subnet6->contains(address);
}

ZoneTable::Network& ZoneTable::Get(const std::string& network) {
  std::unique_ptr<Network>& found = networks_[network];
  if (found == nullptr) {
    found = std::make_unique<Network>();
    found->name = network;
  }
  return *found;
}

void ZoneTable::ForgetGateways(const Network& network) {
  if (!network.head) return;
  const auto forget = [&](const sys::Ipv6& address) {
    const auto found = by_gateway_.find(address);
    if (found != by_gateway_.end() && found->second == &network) by_gateway_.erase(found);
  };
  forget(Mapped(network.head->gateway));
  if (network.head->gateway6) forget(*network.head->gateway6);
}

void ZoneTable::SetHead(const std::string& name, const ZoneHead& head) {
  Network& network = Get(name);
  ForgetGateways(network);
  network.head = head;
  network.domain = head.domain.empty() ? "" : absl::StrCat(".", absl::AsciiStrToLower(head.domain));
  network.subnet = head.subnet();
  network.subnet6 = head.subnet6();
  by_gateway_[Mapped(head.gateway)] = &network;
  if (head.gateway6) by_gateway_[*head.gateway6] = &network;
}

void ZoneTable::EraseHead(const std::string& name) {
  const auto found = networks_.find(name);
  if (found == networks_.end()) return;
  ForgetGateways(*found->second);
  found->second->head.reset();
}

void ZoneTable::SetHost(const std::string& name, const ZoneHost& host) {
  Network& network = Get(name);
  std::unique_ptr<ZoneHost>& slot = network.hosts[host.owner];
  if (slot != nullptr) Unlink(network, *slot);
  slot = std::make_unique<ZoneHost>(host);
  const ZoneHost* added = slot.get();
  for (const std::string& text : host.names) {
    Hosts& hosts = network.by_name[absl::AsciiStrToLower(text)];
    if (std::find(hosts.begin(), hosts.end(), added) == hosts.end()) hosts.push_back(added);
  }
  network.by_address[Mapped(host.address)] = added;
  if (host.address6) network.by_address[*host.address6] = added;
  by_owner_[host.owner].push_back({&network, added});
}

void ZoneTable::Unlink(Network& network, const ZoneHost& host) {
  for (const std::string& text : host.names) {
    const auto found = network.by_name.find(absl::AsciiStrToLower(text));
    if (found == network.by_name.end()) continue;  // the same name twice
    std::erase(found->second, &host);
    if (found->second.empty()) network.by_name.erase(found);
  }
  const auto forget = [&](const sys::Ipv6& address) {
    const auto found = network.by_address.find(address);
    // The address may be another's already.
    if (found != network.by_address.end() && found->second == &host) {
      network.by_address.erase(found);
    }
  };
  forget(Mapped(host.address));
  if (host.address6) forget(*host.address6);
  const auto owner = by_owner_.find(host.owner);
  if (owner == by_owner_.end()) return;
  std::erase_if(owner->second, [&](const Member& member) { return member.host == &host; });
  if (owner->second.empty()) by_owner_.erase(owner);
}

void ZoneTable::EraseHost(const std::string& name, absl::string_view owner) {
  const auto network = networks_.find(name);
  if (network == networks_.end()) return;
  const auto host = network->second->hosts.find(std::string(owner));
  if (host == network->second->hosts.end()) return;
  Unlink(*network->second, *host->second);
  network->second->hosts.erase(host);
}

void ZoneTable::EraseNetwork(const std::string& name) {
  const auto found = networks_.find(name);
  if (found == networks_.end()) return;
  ForgetGateways(*found->second);
  for (const auto& [owner, host] : found->second->hosts) Unlink(*found->second, *host);
  networks_.erase(found);
}

std::optional<ZoneTable::Scope> ZoneTable::ScopeOf(const sys::Ipv6& gateway,
                                                   const sys::Ipv6& asker) const {
  const auto network = by_gateway_.find(gateway);
  if (network == by_gateway_.end() || !network->second->contains(asker)) return std::nullopt;
  Scope scope;
  scope.gateway = network->second;
  const auto host = scope.gateway->by_address.find(asker);
  if (host == scope.gateway->by_address.end()) return scope;
  scope.asker = host->second;
  if (const auto owner = by_owner_.find(scope.asker->owner); owner != by_owner_.end()) {
    scope.members = &owner->second;
  }
  return scope;
}

void ZoneTable::Find(const Scope& scope, absl::string_view name, Hosts& hosts) {
  AnyNetwork(scope, [&](const Network& network) {
    Append(network, name, hosts);
    if (EndsWithDomain(network, name)) {
      Append(network, name.substr(0, name.size() - network.domain.size()), hosts);
    }
    return false;
  });
}

const ZoneHost* ZoneTable::FindAddress(const Scope& scope, const sys::Ipv6& address) {
  const ZoneHost* host = nullptr;
  AnyNetwork(scope, [&](const Network& network) {
    const auto found = network.by_address.find(address);
    if (found != network.by_address.end()) host = found->second;
    return host != nullptr;
  });
  return host;
}

bool ZoneTable::Covers(const Scope& scope, const sys::Ipv6& address) {
  return AnyNetwork(scope, [&](const Network& network) { return network.contains(address); });
}

bool ZoneTable::InDomain(const Scope& scope, absl::string_view name) {
  return AnyNetwork(scope, [&](const Network& network) { return EndsWithDomain(network, name); });
}

bool ZoneTable::Internal(const Scope& scope) {
  return !AnyNetwork(scope, [](const Network& network) { return !network.head->internal; });
}

}  // namespace pelagos::net
