#include "tests/rooted/snapshot.h"

#include <gtest/gtest.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/names.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/program.h"

namespace pelagos::rooted {
namespace {

constexpr size_t kLargest = size_t{16} << 20;

constexpr const char* kSysctls[] = {
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/forwarding",
    "net/ipv4/conf/default/forwarding",
    "net/ipv4/conf/lo/forwarding",
    "net/ipv4/conf/all/route_localnet",
    "net/ipv4/conf/default/route_localnet",
    "net/ipv4/conf/lo/route_localnet",
    "net/ipv6/conf/all/forwarding",
};

// What is part of a run root that was ever used: locks that guard it as a whole. A lock that
// others may wait for cannot be taken away.
constexpr const char* kFurniture[] = {"events",       "events.1",   "lock",
                                      "network.lock", "sweep.lock", "user-ids.lock"};

std::string ReadLink(const std::string& path) {
  char target[4096];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof(target));
  return size < 0 ? "" : std::string(target, static_cast<size_t>(size));
}

std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

void AddProcesses(Snapshot& snapshot) {
  for (pid_t pid : Descendants()) {
    const auto words = sys::ReadFile(absl::StrCat("/proc/", pid, "/cmdline"), kLargest);
    if (!words.ok()) continue;  // gone since
    snapshot.insert(
        absl::StrCat("process ", pid, ": ",
                     absl::StrJoin(absl::StrSplit(*words, '\0', absl::SkipEmpty()), " ")));
    if (const std::string netns = ReadLink(absl::StrCat("/proc/", pid, "/ns/net"));
        !netns.empty()) {
      snapshot.insert(absl::StrCat("netns ", netns, " of ", pid));
    }
  }
}

// Ids of other network namespaces that ours has links to; also of those that no process is in and
// only a descriptor or a mount keeps.
void AddNamespaceIds(Snapshot& snapshot) {
  const Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  struct {
    nlmsghdr header;
    rtgenmsg body;
  } request = {};
  request.header = {sizeof(request), RTM_GETNSID, NLM_F_REQUEST | NLM_F_DUMP, 1, 0};
  ASSERT_EQ(::send(socket.get(), &request, sizeof(request), 0),
            static_cast<ssize_t>(sizeof(request)));
  alignas(nlmsghdr) char buffer[32768];
  for (;;) {
    const ssize_t size = ::recv(socket.get(), buffer, sizeof(buffer), 0);
    ASSERT_GT(size, 0) << strerror(errno);
    size_t left = static_cast<size_t>(size);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE) return;
      ASSERT_EQ(header->nlmsg_type, RTM_NEWNSID);
      // After the message's own header, aligned as all attributes are.
      auto* attribute = reinterpret_cast<rtattr*>(static_cast<char*>(NLMSG_DATA(header)) +
                                                  NLMSG_ALIGN(sizeof(rtgenmsg)));
      size_t length = NLMSG_PAYLOAD(header, NLMSG_ALIGN(sizeof(rtgenmsg)));
      for (; RTA_OK(attribute, length); attribute = RTA_NEXT(attribute, length)) {
        if (attribute->rta_type != NETNSA_NSID) continue;
        int id = -1;
        std::memcpy(&id, RTA_DATA(attribute), sizeof(id));
        if (id >= 0) snapshot.insert(absl::StrCat("netns id ", id));
      }
    }
  }
}

void AddMounts(Snapshot& snapshot, const std::string& pid) {
  const auto mounts = sys::ReadFile(absl::StrCat("/proc/", pid, "/mountinfo"), kLargest);
  ASSERT_TRUE(mounts.ok()) << mounts.status();
  for (const std::string& line : Lines(*mounts)) {
    snapshot.insert(absl::StrCat("mount ", pid, ": ", line));
  }
}

void AddLinks(Snapshot& snapshot) {
  struct if_nameindex* links = ::if_nameindex();
  ASSERT_NE(links, nullptr) << strerror(errno);
  for (const struct if_nameindex* link = links; link->if_index != 0; ++link) {
    snapshot.insert(absl::StrCat("link ", link->if_name));
  }
  ::if_freenameindex(links);
}

void AddRules(Snapshot& snapshot) {
  const Outcome rules = Run({"nft", "--stateless", "list", "ruleset"});
  ASSERT_EQ(rules.code, 0) << rules.Describe();
  for (const std::string& line : Lines(rules.out)) snapshot.insert(absl::StrCat("nft ", line));
}

void AddSysctls(Snapshot& snapshot) {
  for (const char* name : kSysctls) {
    const auto value = sys::ReadFile(absl::StrCat("/proc/sys/", name), kLargest);
    // Not every kernel has IPv6.
    if (value.ok()) snapshot.insert(absl::StrCat("sysctl ", name, " = ", Lines(*value)[0]));
  }
}

// Of this run root alone: its cgroups are pelagos-HASH-ID, with its hash. Those of other worlds,
// and of other programs whose names begin alike, come and go beside ours.
void AddCgroups(Snapshot& snapshot, const std::string& run_root) {
  const std::string prefix = absl::StrCat("pelagos-", net::ShortHash(run_root));
  for (const std::string& mount : CgroupMounts()) {
    const auto names = sys::ListFolder(mount);
    ASSERT_TRUE(names.ok()) << names.status();
    for (const std::string& name : *names) {
      if (absl::StartsWith(name, prefix)) {
        snapshot.insert(absl::StrCat("cgroup ", mount, "/", name));
      }
    }
  }
}

// Files of all kinds; and folders below the standard ones, which stand for something.
void AddFiles(Snapshot& snapshot, const std::string& run_root) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::recursive_directory_iterator it(run_root, error), end;
  for (; !error && it != end; it.increment(error)) {
    const std::string name = it->path().lexically_relative(run_root).string();
    if (it->is_directory(error) && it.depth() == 0) continue;
    if (std::count(std::begin(kFurniture), std::end(kFurniture), name) != 0) continue;
    snapshot.insert(absl::StrCat("file ", name));
  }
}

}  // namespace

std::vector<std::string> CgroupMounts() {
  std::vector<std::string> found;
  const auto mounts = sys::ReadFile("/proc/self/mountinfo", kLargest);
  EXPECT_TRUE(mounts.ok()) << mounts.status();
  for (const std::string& line : Lines(*mounts)) {
    // ID PARENT DEVICE ROOT MOUNT-POINT OPTIONS... - TYPE SOURCE SUPER-OPTIONS
    const std::vector<std::string> halves = absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    const std::vector<std::string> fields = absl::StrSplit(halves[0], ' ');
    if (absl::StartsWith(halves[1], "cgroup")) found.push_back(fields[4]);
  }
  return found;
}

Snapshot TakeSnapshot(const std::string& run_root) {
  Snapshot snapshot;
  AddRules(snapshot);
  AddProcesses(snapshot);
  AddNamespaceIds(snapshot);
  AddMounts(snapshot, "self");
  AddMounts(snapshot, "1");
  AddLinks(snapshot);
  AddSysctls(snapshot);
  AddCgroups(snapshot, run_root);
  AddFiles(snapshot, run_root);
  return snapshot;
}

std::string Difference(const Snapshot& before, const Snapshot& after) {
  std::vector<std::string> lines;
  for (const std::string& line : after) {
    if (before.count(line) == 0) lines.push_back("+ " + line);
  }
  for (const std::string& line : before) {
    if (after.count(line) == 0) lines.push_back("- " + line);
  }
  return absl::StrJoin(lines, "\n");
}

}  // namespace pelagos::rooted
