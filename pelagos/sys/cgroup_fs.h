// Where this host's cgroups are mounted and which controller is where: pure v2, hybrid, or v1.
//
// Source: cgroups(7), proc_pid_mountinfo(5), Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <linux/magic.h>
#include <sys/types.h>
#include <sys/vfs.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::sys {

// A value. Controllers by the kernel's names ("memory", "cpu", "pids", ...).
struct CgroupMounts {
  std::string v2_mount;                          // "" if cgroup2 is not mounted
  std::vector<std::string> v2_controllers;       // cgroup.controllers of its root
  std::map<std::string, std::string> v1_mounts;  // controller -> mount point

  friend bool operator==(const CgroupMounts&, const CgroupMounts&) = default;
};

namespace internal {

// mountinfo writes blank, tab, newline and backslash as \ and three octal digits.
inline std::string Unescape(absl::string_view text) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) &&
        octal(text[i + 3])) {
      plain.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                        (text[i + 3] - '0')));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

}  // namespace internal

// `mountinfo` is the content of /proc/self/mountinfo. Of several mounts of one hierarchy the first
// that shows its root counts, or else the first. v2_controllers stays empty.
inline CgroupMounts ParseCgroupMounts(absl::string_view mountinfo) {
  constexpr size_t kRoot = 3, kMountPoint = 4, kOptional = 6;
  CgroupMounts mounts;
  bool v2_is_root = false;
  std::map<std::string, bool> v1_is_root;
  for (absl::string_view line : absl::StrSplit(mountinfo, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    size_t separator = kOptional;
    while (separator < fields.size() && fields[separator] != "-") ++separator;
    if (separator + 3 >= fields.size()) continue;
    const absl::string_view type = fields[separator + 1];
    const std::string point = internal::Unescape(fields[kMountPoint]);
    const bool is_root = fields[kRoot] == "/";
    if (type == "cgroup2") {
      if (mounts.v2_mount.empty() || (is_root && !v2_is_root)) {
        mounts.v2_mount = point;
        v2_is_root = is_root;
      }
    } else if (type == "cgroup") {
      // The super options name the controllers: "rw,cpu,cpuacct"; "rw,name=systemd" has none.
      for (absl::string_view option : absl::StrSplit(fields[separator + 3], ',')) {
        if (option == "rw" || option == "ro" || option.find('=') != absl::string_view::npos) {
          continue;
        }
        const std::string controller(option);
        const auto found = mounts.v1_mounts.find(controller);
        if (found == mounts.v1_mounts.end() || (is_root && !v1_is_root[controller])) {
          mounts.v1_mounts[controller] = point;
          v1_is_root[controller] = is_root;
        }
      }
    }
  }
  return mounts;
}

// Where cgroup2 is mounted on nearly all hosts, pure or hybrid; "" if it is at neither place. One
// or two statfs(2), where ReadCgroupMounts reads all mounts of the host.
inline std::string FindUsualCgroup2() {
  for (const char* path : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    struct statfs info = {};
    if (::statfs(path, &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC) return path;
  }
  return "";
}

// The v1 hierarchy of one controller, by the kernel's name, where nearly all hosts with v1 mount
// it;
// "" if it is not there. One statfs(2).
inline std::string FindUsualCgroup1(absl::string_view controller) {
  std::string path = absl::StrCat("/sys/fs/cgroup/", controller);
  struct statfs info = {};
  if (::statfs(path.c_str(), &info) != 0 || info.f_type != CGROUP_SUPER_MAGIC) path.clear();
  return path;
}

// Those that the root of cgroup2 offers.
inline absl::StatusOr<std::vector<std::string>> ReadCgroup2Controllers(const std::string& mount) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, ReadFile(mount + "/cgroup.controllers", 4096));
  return std::vector<std::string>(
      absl::StrSplit(absl::StripAsciiWhitespace(text), ' ', absl::SkipEmpty()));
}

// Of the calling process's mount namespace.
inline absl::StatusOr<CgroupMounts> ReadCgroupMounts() {
  constexpr size_t kMaxMountinfo = 64u << 20;  // mount-max is 100000 lines
  PELAGOS_ASSIGN_OR_RETURN(std::string mountinfo, ReadFile("/proc/self/mountinfo", kMaxMountinfo));
  CgroupMounts mounts = ParseCgroupMounts(mountinfo);
  if (!mounts.v2_mount.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(mounts.v2_controllers, ReadCgroup2Controllers(mounts.v2_mount));
  }
  return mounts;
}

// The cgroup of v2 that a process is in, as a folder of the host. NotFound: in none.
inline absl::StatusOr<std::string> CgroupOfProcess(pid_t pid) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string text,
                           ReadFile(absl::StrCat("/proc/", pid, "/cgroup"), 1 << 16));
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, "0::")) continue;
    PELAGOS_ASSIGN_OR_RETURN(const CgroupMounts mounts, ReadCgroupMounts());
    if (mounts.v2_mount.empty()) break;
    return absl::StrCat(mounts.v2_mount, line);
  }
  return absl::NotFoundError(absl::StrCat("process ", pid, " is in no cgroup of v2"));
}

}  // namespace pelagos::sys
