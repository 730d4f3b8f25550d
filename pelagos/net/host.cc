#include "pelagos/net/host.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/firewall.h"
#include "pelagos/net/forwarding6.h"
#include "pelagos/net/names.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/net/nftables.h"
#include "pelagos/sys/net/nftables_list.h"

namespace pelagos::net {
namespace {

constexpr char kForwardFile[] = "/proc/sys/net/ipv4/ip_forward";
// In the comment of our table while ip_forward has to be put back to 0: other run roots read it.
constexpr absl::string_view kForwardMark = "ip_forward was 0";

// An error that says that something is not there, which is what was wanted.
absl::Status Unless(const absl::Status& status, int error) {
  return FindErrno(status) == error ? absl::OkStatus() : status;
}

absl::StatusOr<std::string> ReadForward() {
  PELAGOS_ASSIGN_OR_RETURN(std::string text, sys::ReadFile(kForwardFile, 64));
  return std::string(absl::StripAsciiWhitespace(text));
}

}  // namespace

absl::StatusOr<Host> Host::Open(std::string run_root) {
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket filter, sys::NetlinkSocket::Open(NETLINK_NETFILTER));
  return Host(std::move(run_root), std::move(filter));
}

absl::StatusOr<Fd> Host::Lock() const {
  PELAGOS_ASSIGN_OR_RETURN(Fd fd, sys::OpenFile(kForwardFile, O_RDONLY));
  const sys::Result result = sys::Call(SYS_flock, fd.get(), LOCK_EX);
  if (!result.ok()) return ErrnoStatus(result.err, "flock", kForwardFile);
  return fd;
}

absl::StatusOr<bool> Host::OtherNeedsForwarding() {
  PELAGOS_ASSIGN_OR_RETURN(std::vector<sys::NftTable> tables,
                           sys::ListNftTables(filter_, kTableFamily));
  const std::string own = TableName(run_root_);
  return std::any_of(tables.begin(), tables.end(), [&](const sys::NftTable& table) {
    return table.name != own && IsTableName(table.name) &&
           absl::StrContains(table.comment, kForwardMark);
  });
}

absl::StatusOr<HostRecord> Host::ReadForwarding() {
  const absl::StatusOr<std::string> now = ReadForward();
  if (!now.ok()) return now.status();
  if (*now != "1") return HostRecord{*now};
  PELAGOS_ASSIGN_OR_RETURN(bool other, OtherNeedsForwarding());
  return other ? HostRecord{std::string(1, '0')} : HostRecord{};
}

absl::Status Host::Forward() {
  PELAGOS_ASSIGN_OR_RETURN(std::string now, ReadForward());
  if (now == "1") return absl::OkStatus();
  return sys::WriteKernelFile(kForwardFile, "1");
}

absl::StatusOr<HostRecord> Host::ReadForwarding6(const HostRecord& record) {
  HostRecord result = record;
  PELAGOS_ASSIGN_OR_RETURN(result.ipv6_conf,
                           net::ReadForwarding6(filter_, TableName(run_root_), record.ipv6_conf));
  return result;
}

absl::Status Host::Forward6(const HostRecord& record) {
  return net::Forward6(filter_, TableName(run_root_), record.ipv6_conf);
}

absl::Status Host::RestoreForwarding(const HostRecord& record) {
  PELAGOS_RETURN_IF_ERROR(RestoreForwarding6(filter_, TableName(run_root_), record.ipv6_conf));
  if (!record.ip_forward) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(bool other, OtherNeedsForwarding());
  if (other) return absl::OkStatus();
  return sys::WriteKernelFile(kForwardFile, *record.ip_forward);
}

absl::Status Host::AddRules(const Rules& add, const std::function<absl::StatusOr<Rules>()>& all,
                            const HostRecord& host) {
  sys::NftTransaction change(kTableFamily, TableName(run_root_));
  AddElements(change, add);
  absl::Status status = change.Commit(filter_);
  if (status.ok() || FindErrno(status) != ENOENT) return status;
  // The first network, or somebody flushed the host's ruleset: all of the table, at once.
  PELAGOS_ASSIGN_OR_RETURN(const Rules rules, all());
  sys::NftTransaction anew(kTableFamily, TableName(run_root_));
  AddRuleset(anew, absl::StrCat(host.ip_forward ? kForwardMark : "ip_forward was 1", "; run root ",
                                run_root_));
  AddElements(anew, rules);
  AddForwarding6Elements(anew, host.ipv6_conf);
  return anew.Commit(filter_);
}

absl::Status Host::DeleteRules(const Rules& rules) {
  sys::NftTransaction change(kTableFamily, TableName(run_root_));
  DeleteElements(change, rules);
  return Unless(change.Commit(filter_), ENOENT);
}

absl::StatusOr<std::vector<std::string>> Host::OpenFirewalls() {
  return net::OpenFirewalls(filter_, TableName(run_root_));
}

absl::Status Host::DeleteTable() {
  PELAGOS_RETURN_IF_ERROR(CloseFirewalls(filter_, TableName(run_root_)));
  sys::NftTransaction change(kTableFamily, TableName(run_root_));
  change.DeleteTable();
  return Unless(change.Commit(filter_), ENOENT);
}

}  // namespace pelagos::net
