#include "pelagos/net/dns/zone_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::net {
namespace {

constexpr char kTemporary[] = ".new";  // no owner's name; one writer at a time

absl::Status Replace(const std::string& folder, const std::string& name, absl::string_view text) {
  const std::string temporary = absl::StrCat(folder, "/", kTemporary);
  const std::string path = absl::StrCat(folder, "/", name);
  PELAGOS_ASSIGN_OR_RETURN(
      const Fd fd, sys::OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
  PELAGOS_RETURN_IF_ERROR(sys::WriteAll(fd, text, temporary));
  if (::rename(temporary.c_str(), path.c_str()) != 0) return ErrnoStatus(errno, "rename", path);
  return absl::OkStatus();
}

absl::Status Unlink(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, "unlink", path);
}

}  // namespace

absl::Status ZoneFiles::WriteNetwork(const std::string& network, const ZoneHead& head) const {
  PELAGOS_RETURN_IF_ERROR(CheckOwner(network));
  const std::string folder = absl::StrCat(folder_, "/", network);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, "mkdir", folder);
  }
  return Replace(folder, std::string(kZoneHeadFile), ToText(head));
}

absl::Status ZoneFiles::RemoveNetwork(const std::string& network) const {
  PELAGOS_RETURN_IF_ERROR(CheckOwner(network));
  const std::string folder = absl::StrCat(folder_, "/", network);
  PELAGOS_RETURN_IF_ERROR(Unlink(absl::StrCat(folder, "/", kZoneHeadFile)));  // ends it at once
  return sys::RemoveTree(folder);
}

absl::Status ZoneFiles::WriteHost(const std::string& network, const ZoneHost& host) const {
  PELAGOS_RETURN_IF_ERROR(CheckOwner(network));
  PELAGOS_RETURN_IF_ERROR(CheckOwner(host.owner));
  for (const std::string& name : host.names) PELAGOS_RETURN_IF_ERROR(CheckName(name));
  return Replace(absl::StrCat(folder_, "/", network), host.owner, ToText(host));
}

absl::Status ZoneFiles::RemoveHost(const std::string& network, const std::string& owner) const {
  PELAGOS_RETURN_IF_ERROR(CheckOwner(network));
  PELAGOS_RETURN_IF_ERROR(CheckOwner(owner));
  return Unlink(absl::StrCat(folder_, "/", network, "/", owner));
}

}  // namespace pelagos::net
