// The kernel's resource limits by number and name.
//
// Source: getrlimit(2), include/uapi/asm-generic/resource.h (the numbers of every architecture that
// Debian has but alpha, mips and sparc). Names are those of docker-run(1), the aliases older
// spellings of the same.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace pelagos {

// The value is RLIMIT_*, what prlimit64(2) takes.
enum class Rlimit : uint8_t {
  kCpu,
  kFsize,
  kData,
  kStack,
  kCore,
  kRss,
  kNproc,
  kNofile,
  kMemlock,
  kAs,
  kLocks,
  kSigpending,
  kMsgqueue,
  kNice,
  kRtprio,
  kRttime,
};

struct RlimitRow {
  absl::string_view name;
  absl::string_view alias;  // may be empty
};

inline constexpr std::array<RlimitRow, 16> kRlimits = {{
    {"cpu", ""},
    {"fsize", ""},
    {"data", ""},
    {"stack", ""},
    {"core", ""},
    {"rss", ""},
    {"nproc", "maxproc"},
    {"nofile", "openfiles"},
    {"memlock", ""},
    {"as", "vmem"},
    {"locks", ""},
    {"sigpending", ""},
    {"msgqueue", ""},
    {"nice", ""},
    {"rtprio", ""},
    {"rttime", ""},
}};

inline constexpr uint64_t kRlimitUnlimited = ~uint64_t{0};  // RLIM64_INFINITY

constexpr absl::string_view NameOf(Rlimit limit) {
  return kRlimits[static_cast<size_t>(limit)].name;
}

// Any letter case, with or without RLIMIT_: "nofile", "NOFILE", "RLIMIT_NOFILE".
constexpr std::optional<Rlimit> FindRlimit(absl::string_view name) {
  constexpr auto same = [](absl::string_view a, absl::string_view lower) {
    if (a.size() != lower.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] - 'A' + 'a') : a[i];
      if (c != lower[i]) return false;
    }
    return true;
  };
  constexpr absl::string_view kPrefix = "rlimit_";
  if (name.size() > kPrefix.size() && same(name.substr(0, kPrefix.size()), kPrefix)) {
    name.remove_prefix(kPrefix.size());
  }
  if (name.empty()) return std::nullopt;
  for (size_t i = 0; i < kRlimits.size(); ++i) {
    if (same(name, kRlimits[i].name) || same(name, kRlimits[i].alias)) {
      return static_cast<Rlimit>(i);
    }
  }
  return std::nullopt;
}

}  // namespace pelagos
