#include "pelagos/container/peer.h"

#include <fcntl.h>

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/claim.h"
#include "pelagos/policy/name.h"
#include "pelagos/store/container.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::container {
namespace {

std::string LockOf(const store::Roots& roots, const std::string& name) {
  return absl::StrCat(roots.Container(name), "/.lock");
}

absl::Status NotRunning(absl::string_view name) {
  return absl::FailedPreconditionError(absl::StrCat("container '", name, "' is not running"));
}

// "PID START\n"
std::optional<sys::ProcessIdentity> ParseIdentity(absl::string_view text) {
  const std::vector<absl::string_view> fields =
      absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  sys::ProcessIdentity identity;
  if (fields.size() != 2 || !absl::SimpleAtoi(fields[0], &identity.pid) ||
      !absl::SimpleAtoi(fields[1], &identity.start_time)) {
    return std::nullopt;
  }
  return identity;
}

// The id of what `name` calls: its own name, of who has no other, or what the names say.
absl::StatusOr<std::string> ClaimedId(const store::Roots& roots, const std::string& name) {
  if (IsClaimed(roots, name)) return name;
  absl::StatusOr<std::string> id = store::FindContainer(roots, name);
  return absl::IsNotFound(id.status()) ? name : id;
}

}  // namespace

absl::StatusOr<sys::ProcessIdentity> ReadInit(const store::Roots& roots, const std::string& name) {
  if (const absl::string_view problem = NameProblem(name, kMaxContainerNameLength);
      !problem.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the container's name '", name, "' ", problem));
  }
  const std::string lock = LockOf(roots, name);
  const absl::StatusOr<Fd> file = sys::OpenFile(lock, O_RDONLY | O_NOFOLLOW);
  if (FindErrno(file.status()) == ENOENT) {
    return absl::NotFoundError(absl::StrCat("no container is named '", name, "'"));
  }
  PELAGOS_RETURN_IF_ERROR(file.status());
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadAll(*file, 4096, lock));
  const std::optional<sys::ProcessIdentity> init = ParseIdentity(text);
  if (!init) return NotRunning(name);
  return *init;
}

absl::Status RecordInit(const Fd& lock, const sys::ProcessIdentity& init) {
  // Always as long: nothing is left of what an earlier owner wrote.
  const std::string text = absl::StrFormat("%10d %20d\n", init.pid, init.start_time);
  const sys::Result written =
      sys::Call(SYS_pwrite64, lock.get(), text.data(), text.size(), static_cast<off_t>(0));
  return written.ok() ? absl::OkStatus() : ErrnoStatus(written.err, "write", "the lock");
}

absl::StatusOr<Peer> Peer::Find(const store::Roots& roots, const std::string& name) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string id, ClaimedId(roots, name));
  PELAGOS_ASSIGN_OR_RETURN(const sys::ProcessIdentity init, ReadInit(roots, id));
  if (!IsClaimed(roots, id)) return NotRunning(name);
  absl::StatusOr<Fd> pidfd = sys::OpenPidfd(init);
  if (!pidfd.ok()) return NotRunning(name);
  return Peer(name, init, *std::move(pidfd));
}

absl::StatusOr<IdMap> Peer::LookUpIds(const store::Roots& roots, const std::string& name) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string id, ClaimedId(roots, name));
  PELAGOS_ASSIGN_OR_RETURN(const sys::ProcessIdentity init, ReadInit(roots, id));
  return Peer(name, init, Fd()).ReadIds();
}

absl::Status Peer::Confirm() const {
  return sys::IsAlive(init_) ? absl::OkStatus() : NotRunning(name_);
}

absl::StatusOr<Fd> Peer::OpenNamespace(Namespace kind) const {
  PELAGOS_ASSIGN_OR_RETURN(
      Fd opened,
      sys::OpenFile(absl::StrCat("/proc/", init_.pid, "/ns/", RowOf(kind).proc_name), O_RDONLY),
      "container '", name_, "'");
  PELAGOS_RETURN_IF_ERROR(Confirm());
  return opened;
}

absl::StatusOr<sys::RootFd> Peer::OpenRoot() const {
  PELAGOS_ASSIGN_OR_RETURN(sys::RootFd root,
                           sys::RootFd::Open(absl::StrCat("/proc/", init_.pid, "/root")),
                           "container '", name_, "'");
  PELAGOS_RETURN_IF_ERROR(Confirm());
  return root;
}

absl::StatusOr<IdMap> ReadIdMap(absl::string_view path) {
  absl::string_view process = path;
  if (!absl::StartsWith(process, "/proc/") || !absl::ConsumeSuffix(&process, "/ns/user")) {
    return absl::InvalidArgumentError(
        absl::StrCat("user namespace '", path, "': expected /proc/PID/ns/user"));
  }
  IdMap map;
  for (const auto& [name, ranges] :
       {std::pair("uid_map", &map.uids), std::pair("gid_map", &map.gids)}) {
    const std::string file = absl::StrCat(process, "/", name);
    PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFile(file, 65536));
    const std::optional<IdMapRanges> parsed = ParseIdMapFile(text);
    if (!parsed) return absl::InternalError(absl::StrCat("'", file, "' is not understood"));
    *ranges = *parsed;
  }
  return map;
}

absl::StatusOr<IdMap> Peer::ReadIds() const {
  absl::StatusOr<IdMap> map = ReadIdMap(absl::StrCat("/proc/", init_.pid, "/ns/user"));
  PELAGOS_RETURN_IF_ERROR(Confirm());
  return map;
}

absl::StatusOr<Fd> Peer::OpenRuntimesUserNamespace() const {
  // The parent lives as long as its child, which ends with it.
  PELAGOS_ASSIGN_OR_RETURN(const std::string text,
                           sys::ReadFile(absl::StrCat("/proc/", init_.pid, "/stat"), 65536));
  const size_t name_end = text.rfind(')');
  const std::vector<absl::string_view> fields =
      name_end == std::string::npos
          ? std::vector<absl::string_view>()
          : absl::StrSplit(absl::string_view(text).substr(name_end + 1), ' ', absl::SkipEmpty());
  pid_t parent = 0;
  if (fields.size() < 2 || !absl::SimpleAtoi(fields[1], &parent)) return NotRunning(name_);
  PELAGOS_ASSIGN_OR_RETURN(Fd opened,
                           sys::OpenFile(absl::StrCat("/proc/", parent, "/ns/user"), O_RDONLY));
  PELAGOS_RETURN_IF_ERROR(Confirm());
  return opened;
}

}  // namespace pelagos::container
