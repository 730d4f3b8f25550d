#include "pelagos/container/etc_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/plan/user_namespace.h"
#include "pelagos/sys/file.h"

namespace pelagos::container {
namespace {

absl::StatusOr<Fd> Write(const EtcFiles& files, const char* name, absl::string_view content) {
  constexpr mode_t kMode = 0644;
  const std::string path = absl::StrCat(files.folder, "/", name);
  PELAGOS_ASSIGN_OR_RETURN(Fd file,
                           sys::OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, kMode));
  if ((files.umask & kMode) != 0 && ::fchmod(file.get(), kMode) != 0) {
    return ErrnoStatus(errno, "fchmod", path);
  }
  if (!files.ids.empty() && ::fchown(file.get(), HostIdOf(files.ids.uids, 0).value_or(kNoId),
                                     HostIdOf(files.ids.gids, 0).value_or(kNoId)) != 0) {
    return ErrnoStatus(errno, "fchown", path);
  }
  PELAGOS_RETURN_IF_ERROR(sys::WriteAll(file, content, path));
  return file;
}

// Who is connected, but not to a bridge, asks the host's own name servers.
std::string ResolvConfFor(const net::Endpoint& endpoint) {
  constexpr size_t kMostBytes = 1 << 16;
  if (!IsConnected(endpoint.mode)) return net::ResolvConf(endpoint);
  // Without one, or with one that cannot be read, the host has no name servers.
  return net::ResolvConf(endpoint, sys::ReadFile("/etc/resolv.conf", kMostBytes).value_or(""));
}

}  // namespace

absl::Status WriteEtcFiles(const EtcFiles& files, const net::Endpoint& endpoint,
                           absl::string_view gateway) {
  std::vector<Fd> open(3);
  PELAGOS_ASSIGN_OR_RETURN(open[0], Write(files, "hostname", files.hostname + "\n"));
  PELAGOS_ASSIGN_OR_RETURN(
      open[1],
      Write(files, "hosts", net::HostsFile(files.hostname, endpoint, files.extra_hosts, gateway)));
  PELAGOS_ASSIGN_OR_RETURN(open[2], Write(files, "resolv.conf", ResolvConfFor(endpoint)));
  sys::CloseAll(std::move(open));
  return absl::OkStatus();
}

}  // namespace pelagos::container
