#include "pelagos/net/record.h"

#include <exception>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::net {
namespace {

using Json = nlohmann::ordered_json;

std::string Print(const Json& json) { return json.dump(2) + "\n"; }

// Runs `read` on the parsed text; what it throws is a record that we did not write.
template <typename Record, typename Read>
absl::StatusOr<Record> Parse(absl::string_view text, const char* what, Read read) {
  try {
    Record record;
    absl::Status status = read(Json::parse(text.begin(), text.end()), record);
    if (status.ok()) return record;
    return absl::DataLossError(absl::StrCat(what, " record: ", status.message()));
  } catch (const std::exception& error) {
    return absl::DataLossError(absl::StrCat(what, " record: ", error.what()));
  }
}

absl::Status ReadAddress(const Json& json, sys::Ipv4& address) {
  PELAGOS_ASSIGN_OR_RETURN(address, sys::ParseIpv4(json.get<std::string>()));
  return absl::OkStatus();
}

absl::Status ReadPort(const Json& json, PortRecord& record) {
  record.owner = json.at("owner").get<std::string>();
  record.mapping.host_address = json.at("address").get<std::string>();
  record.mapping.host = json.at("host").get<uint16_t>();
  record.mapping.inside = json.at("inside").get<uint16_t>();
  const std::string protocol = json.at("protocol").get<std::string>();
  if (protocol != "tcp" && protocol != "udp") return absl::DataLossError("unknown protocol");
  record.mapping.protocol = protocol == "tcp" ? Protocol::kTcp : Protocol::kUdp;
  PELAGOS_RETURN_IF_ERROR(sys::ParseIpv4(record.mapping.host_address).status());
  if (!json.contains("target")) return absl::OkStatus();
  sys::Ipv4 target;
  PELAGOS_RETURN_IF_ERROR(ReadAddress(json.at("target"), target));
  record.target = target;
  return absl::OkStatus();
}

}  // namespace

std::string ToJson(const NetworkRecord& record) {
  Json leases = Json::array();
  for (const Lease& lease : record.leases) {
    leases.push_back({{"address", sys::ToString(lease.address)},
                      {"owner", lease.owner},
                      {"names", lease.names}});
  }
  return Print({{"name", record.name},
                {"project", record.project},
                {"subnet", sys::ToString(record.subnet)},
                {"bridge", record.bridge},
                {"leases", std::move(leases)}});
}

std::string ToJson(const PortsRecord& record) {
  Json ports = Json::array();
  for (const PortRecord& port : record.ports) {
    Json json = {{"owner", port.owner},
                 {"address", port.mapping.host_address},
                 {"host", port.mapping.host},
                 {"inside", port.mapping.inside},
                 {"protocol", std::string(NameOf(port.mapping.protocol))}};
    if (port.target) json["target"] = sys::ToString(*port.target);
    ports.push_back(std::move(json));
  }
  return Print({{"ports", std::move(ports)}});
}

std::string ToJson(const HostRecord& record) {
  Json json = Json::object();
  if (record.ip_forward) json["ip_forward"] = *record.ip_forward;
  if (!record.ipv6_conf.empty()) json["ipv6_conf"] = record.ipv6_conf;
  return Print(json);
}

absl::StatusOr<NetworkRecord> ParseNetworkRecord(absl::string_view text) {
  return Parse<NetworkRecord>(text, "network", [](const Json& json, NetworkRecord& record) {
    record.name = json.at("name").get<std::string>();
    record.project = json.at("project").get<std::string>();
    record.bridge = json.at("bridge").get<std::string>();
    PELAGOS_ASSIGN_OR_RETURN(record.subnet, sys::ParseSubnet(json.at("subnet").get<std::string>()));
    for (const Json& item : json.at("leases")) {
      Lease lease;
      PELAGOS_RETURN_IF_ERROR(ReadAddress(item.at("address"), lease.address));
      lease.owner = item.at("owner").get<std::string>();
      lease.names = item.at("names").get<std::vector<std::string>>();
      record.leases.push_back(std::move(lease));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<PortsRecord> ParsePortsRecord(absl::string_view text) {
  return Parse<PortsRecord>(text, "ports", [](const Json& json, PortsRecord& record) {
    for (const Json& item : json.at("ports")) {
      PortRecord port;
      PELAGOS_RETURN_IF_ERROR(ReadPort(item, port));
      record.ports.push_back(std::move(port));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<HostRecord> ParseHostRecord(absl::string_view text) {
  return Parse<HostRecord>(text, "host", [](const Json& json, HostRecord& record) {
    if (json.contains("ip_forward")) record.ip_forward = json.at("ip_forward").get<std::string>();
    if (json.contains("ipv6_conf")) {
      record.ipv6_conf = json.at("ipv6_conf").get<std::map<std::string, std::string>>();
    }
    return absl::OkStatus();
  });
}

}  // namespace pelagos::net
