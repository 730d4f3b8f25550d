#include "pelagos/net/port_holder.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "pelagos/sys/file.h"

namespace pelagos::net {
namespace {

constexpr size_t kMostTable = 64 << 20;

std::string LinkOf(const std::string& path) {
  std::array<char, 256> text = {};
  const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
  return size > 0 ? std::string(text.data(), static_cast<size_t>(size)) : std::string();
}

}  // namespace

// "  0: 0100007F:1F90 00000000:0000 0A tx:rx tr:when retrnsmt uid timeout inode ..."
std::vector<std::string> SocketsOf(absl::string_view table, Protocol protocol, uint16_t port) {
  constexpr size_t kLocal = 1, kState = 3, kInode = 9;
  const std::string wanted = absl::StrFormat(":%04X", port);
  std::vector<std::string> inodes;
  for (absl::string_view line : absl::StrSplit(table, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() <= kInode) continue;
    const absl::string_view local = words[kLocal];
    if (local.size() < wanted.size() || local.substr(local.size() - wanted.size()) != wanted) {
      continue;
    }
    // TCP_LISTEN and TCP_CLOSE; connections that begin here do not hold the port.
    const bool holds = protocol == Protocol::kUdp || words[kState] == "0A" || words[kState] == "07";
    if (holds) inodes.emplace_back(words[kInode]);
  }
  return inodes;
}

std::string DescribePortHolder(Protocol protocol, uint16_t port) {
  constexpr char kUnknown[] = "a process of this host";
  std::vector<std::string> sockets;
  for (const char* ending : {"", "6"}) {
    const absl::StatusOr<std::string> table =
        sys::ReadFile(absl::StrCat("/proc/thread-self/net/", NameOf(protocol), ending), kMostTable);
    if (!table.ok()) continue;  // without IPv6 there is no second one
    for (const std::string& inode : SocketsOf(*table, protocol, port)) {
      sockets.push_back(absl::StrCat("socket:[", inode, "]"));
    }
  }
  if (sockets.empty()) return kUnknown;
  const absl::StatusOr<std::vector<std::string>> pids = sys::ListFolder("/proc");
  if (!pids.ok()) return kUnknown;
  for (const std::string& pid : *pids) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(pid[0]))) continue;
    const absl::StatusOr<std::vector<std::string>> fds =
        sys::ListFolder(absl::StrCat("/proc/", pid, "/fd"));
    if (!fds.ok()) continue;  // it has ended, or is none of ours
    for (const std::string& fd : *fds) {
      const std::string link = LinkOf(absl::StrCat("/proc/", pid, "/fd/", fd));
      if (std::find(sockets.begin(), sockets.end(), link) == sockets.end()) continue;
      const std::string name = sys::ReadFile(absl::StrCat("/proc/", pid, "/comm"), 64).value_or("");
      return absl::StrCat("process ", pid, " (", absl::StripAsciiWhitespace(name), ")");
    }
  }
  return kUnknown;
}

}  // namespace pelagos::net
