#include "pelagos/net/run_files.h"

#include <unistd.h>

#include <cerrno>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/dns/zone_files.h"
#include "pelagos/net/names.h"
#include "pelagos/sys/file.h"

namespace pelagos::net {
namespace {

constexpr uint32_t kFolderMode = 0700;
constexpr size_t kMaxRecord = 64 << 20;  // 100,000 ports or leases

// The file's content; nothing if there is no file.
absl::StatusOr<std::optional<std::string>> Load(const std::string& path) {
  absl::StatusOr<std::string> text = sys::ReadFile(path, kMaxRecord);
  if (text.ok()) return std::optional<std::string>(*std::move(text));
  if (FindErrno(text.status()) == ENOENT) return std::optional<std::string>();
  return text.status();
}

absl::Status Unlink(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, "unlink", path);
}

}  // namespace

std::string RunFiles::NetworkPath(const std::string& name) const {
  return absl::StrCat(root_, "/networks/", FileName(name), ".json");
}

std::string RunFiles::NamesPath(const std::string& name) const {
  return absl::StrCat(dns_folder(), "/", FileName(name));
}

absl::Status RunFiles::MakeFolders() const {
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(root_ + "/networks", kFolderMode));
  return sys::MakeFolders(dns_folder(), kFolderMode);
}

absl::StatusOr<Fd> RunFiles::Lock() const {
  return sys::LockFile(root_ + "/network.lock", sys::LockMode::kWait);
}

absl::StatusOr<std::optional<NetworkRecord>> RunFiles::LoadNetwork(const std::string& name) const {
  const std::string path = NetworkPath(name);
  PELAGOS_ASSIGN_OR_RETURN(std::optional<std::string> text, Load(path));
  if (!text) return std::optional<NetworkRecord>();
  PELAGOS_ASSIGN_OR_RETURN(NetworkRecord record, ParseNetworkRecord(*text), path);
  return std::optional<NetworkRecord>(std::move(record));
}

absl::StatusOr<std::vector<NetworkRecord>> RunFiles::LoadNetworks() const {
  const std::string folder = root_ + "/networks";
  PELAGOS_ASSIGN_OR_RETURN(std::vector<std::string> files, sys::ListFolder(folder));
  std::vector<NetworkRecord> records;
  for (const std::string& file : files) {
    if (!absl::EndsWith(file, ".json")) continue;  // a temporary of a killed process
    const std::string path = absl::StrCat(folder, "/", file);
    PELAGOS_ASSIGN_OR_RETURN(std::optional<std::string> text, Load(path));
    if (!text) continue;
    PELAGOS_ASSIGN_OR_RETURN(NetworkRecord record, ParseNetworkRecord(*text), path);
    records.push_back(std::move(record));
  }
  return records;
}

absl::Status RunFiles::SaveNetwork(const NetworkRecord& record) const {
  return sys::WriteFileAtomically(NetworkPath(record.name), ToJson(record));
}

absl::Status RunFiles::DeleteNetwork(const std::string& name) const {
  return Unlink(NetworkPath(name));
}

absl::StatusOr<PortsRecord> RunFiles::LoadPorts() const {
  const std::string path = root_ + "/ports.json";
  PELAGOS_ASSIGN_OR_RETURN(std::optional<std::string> text, Load(path));
  if (!text) return PortsRecord();
  PELAGOS_ASSIGN_OR_RETURN(PortsRecord record, ParsePortsRecord(*text), path);
  return record;
}

absl::Status RunFiles::SavePorts(const PortsRecord& record) const {
  const std::string path = root_ + "/ports.json";
  if (record.ports.empty()) return Unlink(path);
  return sys::WriteFileAtomically(path, ToJson(record));
}

absl::StatusOr<std::optional<HostRecord>> RunFiles::LoadHost() const {
  const std::string path = root_ + "/network-host.json";
  PELAGOS_ASSIGN_OR_RETURN(std::optional<std::string> text, Load(path));
  if (!text) return std::optional<HostRecord>();
  PELAGOS_ASSIGN_OR_RETURN(HostRecord record, ParseHostRecord(*text), path);
  return std::optional<HostRecord>(std::move(record));
}

absl::Status RunFiles::SaveHost(const HostRecord& record) const {
  return sys::WriteFileAtomically(root_ + "/network-host.json", ToJson(record));
}

absl::Status RunFiles::DeleteHost() const { return Unlink(root_ + "/network-host.json"); }

absl::StatusOr<bool> RunFiles::SaveNames(const NetworkRecord& record) const {
  const std::string folder = NamesPath(record.name);
  const ZoneFiles files(dns_folder());
  const std::string network = FileName(record.name);
  std::map<std::string, std::string> old;
  absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(folder);
  if (!names.ok() && FindErrno(names.status()) != ENOENT) return names.status();
  if (names.ok()) {
    for (const std::string& name : *names) {
      PELAGOS_ASSIGN_OR_RETURN(std::optional<std::string> text,
                               Load(absl::StrCat(folder, "/", name)));
      if (text) old.emplace(name, *std::move(text));
    }
  }
  bool changed = false;
  ZoneHead head;
  head.gateway = record.gateway();
  head.prefix = record.subnet.prefix;
  head.domain = record.name;
  if (old[std::string(kZoneHeadFile)] != ToText(head)) {
    PELAGOS_RETURN_IF_ERROR(files.WriteNetwork(network, head));
    changed = true;
  }
  old.erase(std::string(kZoneHeadFile));
  for (const Lease& lease : record.leases) {
    const ZoneHost host{lease.address, {}, lease.owner, lease.names, {}};
    const auto before = old.find(lease.owner);
    const bool same = before != old.end() && before->second == ToText(host);
    if (before != old.end()) old.erase(before);
    if (same) continue;
    PELAGOS_RETURN_IF_ERROR(files.WriteHost(network, host));
    changed = true;
  }
  for (const auto& [owner, text] : old) {
    if (owner[0] == '.') continue;
    PELAGOS_RETURN_IF_ERROR(files.RemoveHost(network, owner));
    changed = true;
  }
  return changed;
}

absl::Status RunFiles::DeleteNames(const std::string& network) const {
  return ZoneFiles(dns_folder()).RemoveNetwork(FileName(network));
}

}  // namespace pelagos::net
