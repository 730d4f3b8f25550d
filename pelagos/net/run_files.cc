#include "pelagos/net/run_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/names.h"
#include "pelagos/sys/file.h"

namespace pelagos::net {
namespace {

constexpr uint32_t kFolderMode = 0700;
constexpr size_t kMostBytes = 4 << 20;  // the leases of a whole /8

// The file's content; nothing if there is no file.
absl::StatusOr<std::optional<std::string>> Load(const std::string& path) {
  absl::StatusOr<std::string> text = sys::ReadFile(path, kMostBytes);
  if (text.ok()) return std::optional<std::string>(*std::move(text));
  if (FindErrno(text.status()) == ENOENT) return std::optional<std::string>();
  return text.status();
}

template <typename Record, typename Parse>
absl::StatusOr<std::optional<Record>> LoadAs(const std::string& path, Parse parse) {
  PELAGOS_ASSIGN_OR_RETURN(std::optional<std::string> text, Load(path));
  if (!text) return std::optional<Record>();
  PELAGOS_ASSIGN_OR_RETURN(Record record, parse(*text), path);
  return std::optional<Record>(std::move(record));
}

// All records of a folder, by file name.
template <typename Record, typename Parse>
absl::StatusOr<std::vector<Record>> LoadAll(const std::string& folder, Parse parse) {
  std::vector<Record> records;
  const absl::StatusOr<std::vector<std::string>> files = sys::ListFolder(folder);
  if (FindErrno(files.status()) == ENOENT) return records;
  PELAGOS_RETURN_IF_ERROR(files.status());
  for (const std::string& file : *files) {
    if (!absl::EndsWith(file, ".json")) continue;  // leases, a temporary of a killed process
    PELAGOS_ASSIGN_OR_RETURN(std::optional<Record> record,
                             LoadAs<Record>(absl::StrCat(folder, "/", file), parse));
    if (record) records.push_back(*std::move(record));
  }
  return records;
}

absl::Status Unlink(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, "unlink", path);
}

std::string Temporary(const std::string& root) { return root + "/network.new"; }

// Readers see the old content or the new. The one writer at a time has one temporary, so a killed
// one leaves no more than that; nothing is synced: after a crash of the host there are no
// containers.
absl::Status Replace(const std::string& root, const std::string& path, absl::string_view text) {
  const std::string temporary = Temporary(root);
  PELAGOS_ASSIGN_OR_RETURN(
      const Fd fd, sys::OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
  PELAGOS_RETURN_IF_ERROR(sys::WriteAll(fd, text, temporary));
  if (::rename(temporary.c_str(), path.c_str()) != 0) return ErrnoStatus(errno, "rename", path);
  return absl::OkStatus();
}

// What killed writers of definitions left, which have no run root.
absl::Status RemoveTemporaries(const std::string& folder) {
  const absl::StatusOr<std::vector<std::string>> files = sys::ListFolder(folder);
  if (FindErrno(files.status()) == ENOENT) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(files.status());
  for (const std::string& file : *files) {
    if (!sys::IsTemporaryName(file)) continue;
    PELAGOS_RETURN_IF_ERROR(Unlink(absl::StrCat(folder, "/", file)));
  }
  return absl::OkStatus();
}

std::string Path(const std::string& root, const char* folder, const std::string& name,
                 const char* ending) {
  return absl::StrCat(root, folder, FileName(name), ending);
}

std::string ClaimsPath(const std::string& root, Protocol protocol, uint16_t port) {
  return absl::StrCat(root, "/ports/", NameOf(protocol), "-", port);
}

}  // namespace

absl::Status RunFiles::MakeFolders() const {
  for (const char* folder : {"/networks", "/endpoints", "/ports"}) {
    PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(root_ + folder, kFolderMode));
  }
  return sys::MakeFolders(dns_folder(), kFolderMode);
}

absl::StatusOr<Fd> RunFiles::Lock() const {
  PELAGOS_ASSIGN_OR_RETURN(Fd lock, sys::LockFile(root_ + "/network.lock", sys::LockMode::kWait));
  PELAGOS_RETURN_IF_ERROR(Unlink(Temporary(root_)));  // of a killed process
  return lock;
}

absl::StatusOr<std::optional<NetworkRecord>> RunFiles::LoadNetwork(const std::string& name) const {
  return LoadAs<NetworkRecord>(Path(root_, "/networks/", name, ".json"), ParseNetworkRecord);
}

absl::StatusOr<std::vector<NetworkRecord>> RunFiles::LoadNetworks() const {
  return LoadAll<NetworkRecord>(root_ + "/networks", ParseNetworkRecord);
}

absl::Status RunFiles::SaveNetwork(const NetworkRecord& record) const {
  return Replace(root_, Path(root_, "/networks/", record.name, ".json"), ToJson(record));
}

absl::Status RunFiles::DeleteNetwork(const std::string& name) const {
  PELAGOS_RETURN_IF_ERROR(Unlink(Path(root_, "/networks/", name, ".leases")));
  return Unlink(Path(root_, "/networks/", name, ".json"));
}

absl::StatusOr<std::optional<NetworkRecord>> RunFiles::LoadDefinition(
    const std::string& name) const {
  if (definitions_.empty()) return std::optional<NetworkRecord>();
  return LoadAs<NetworkRecord>(Path(definitions_, "/", name, ".json"), ParseNetworkRecord);
}

absl::StatusOr<std::vector<NetworkRecord>> RunFiles::LoadDefinitions() const {
  if (definitions_.empty()) return std::vector<NetworkRecord>();
  return LoadAll<NetworkRecord>(definitions_, ParseNetworkRecord);
}

absl::Status RunFiles::SaveDefinition(const NetworkRecord& record) const {
  if (definitions_.empty()) return absl::FailedPreconditionError("no folder for definitions");
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(definitions_, kFolderMode));
  PELAGOS_RETURN_IF_ERROR(RemoveTemporaries(definitions_));
  return sys::WriteFileAtomically(Path(definitions_, "/", record.name, ".json"), ToJson(record));
}

absl::Status RunFiles::DeleteDefinition(const std::string& name) const {
  if (definitions_.empty()) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(RemoveTemporaries(definitions_));
  return Unlink(Path(definitions_, "/", name, ".json"));
}

absl::StatusOr<AddressMap> RunFiles::LoadLeases(const std::string& network) const {
  PELAGOS_ASSIGN_OR_RETURN(
      std::optional<AddressMap> map,
      LoadAs<AddressMap>(Path(root_, "/networks/", network, ".leases"), AddressMap::Parse));
  return map.value_or(AddressMap());
}

absl::Status RunFiles::SaveLeases(const std::string& network, const AddressMap& map) const {
  const std::string path = Path(root_, "/networks/", network, ".leases");
  if (map.empty() && map.owner().empty()) return Unlink(path);
  return Replace(root_, path, map.ToText());
}

absl::StatusOr<std::optional<Endpoint>> RunFiles::LoadEndpoint(
    const std::string& container_id) const {
  return LoadAs<Endpoint>(Path(root_, "/endpoints/", container_id, ".json"), ParseEndpoint);
}

absl::StatusOr<std::vector<Endpoint>> RunFiles::LoadEndpoints() const {
  return LoadAll<Endpoint>(root_ + "/endpoints", ParseEndpoint);
}

absl::Status RunFiles::SaveEndpoint(const Endpoint& endpoint) const {
  return Replace(root_, Path(root_, "/endpoints/", endpoint.container_id, ".json"),
                 ToJson(endpoint));
}

absl::Status RunFiles::DeleteEndpoint(const std::string& container_id) const {
  return Unlink(Path(root_, "/endpoints/", container_id, ".json"));
}

absl::StatusOr<std::vector<PortClaim>> RunFiles::LoadClaims(Protocol protocol,
                                                            uint16_t port) const {
  std::vector<PortClaim> claims;
  const std::string path = ClaimsPath(root_, protocol, port);
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<std::string> text, Load(path));
  for (absl::string_view line : absl::StrSplit(text.value_or(""), '\n', absl::SkipEmpty())) {
    const size_t space = line.find(' ');
    if (space == absl::string_view::npos) return absl::DataLossError(path);
    claims.push_back({std::string(line.substr(0, space)), std::string(line.substr(space + 1))});
  }
  return claims;
}

absl::Status RunFiles::SaveClaims(Protocol protocol, uint16_t port,
                                  const std::vector<PortClaim>& claims) const {
  const std::string path = ClaimsPath(root_, protocol, port);
  if (claims.empty()) return Unlink(path);
  std::string text;
  for (const PortClaim& claim : claims) {
    absl::StrAppend(&text, claim.address, " ", claim.owner, "\n");
  }
  return Replace(root_, path, text);
}

absl::StatusOr<std::optional<HostRecord>> RunFiles::LoadHost() const {
  return LoadAs<HostRecord>(root_ + "/network-host.json", ParseHostRecord);
}

absl::Status RunFiles::SaveHost(const HostRecord& record) const {
  return Replace(root_, root_ + "/network-host.json", ToJson(record));
}

absl::Status RunFiles::DeleteHost() const { return Unlink(root_ + "/network-host.json"); }

}  // namespace pelagos::net
