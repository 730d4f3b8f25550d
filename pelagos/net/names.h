// The names that Pelagos gives to things of the kernel, whose own limits are short: derived from
// what they stand for, so that every process finds them again, and the same each time.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace pelagos::net {

inline constexpr absl::string_view kDefaultRunRoot = "/run/pelagos";

// FNV-1a of 64 bits.
inline uint64_t HashOf(absl::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

// 12 hexadecimal digits of the text: HashOf, folded to 48 bits.
inline std::string ShortHash(absl::string_view text) {
  const uint64_t hash = HashOf(text);
  return absl::StrFormat("%012x", (hash ^ (hash >> 48)) & 0xffffffffffff);
}

// What the names of all bridges begin with, in every run root.
inline constexpr absl::string_view kBridgePrefix = "pg-";

// 15 bytes, the kernel's limit. `attempt` counts the collisions so far.
inline std::string BridgeName(absl::string_view run_root, absl::string_view network, int attempt) {
  return absl::StrCat(kBridgePrefix,
                      ShortHash(absl::StrCat(run_root, "\n", network, "\n", attempt)));
}

// The host's end of a container's interface in a network.
inline std::string VethName(absl::string_view run_root, absl::string_view container_id,
                            absl::string_view network) {
  return absl::StrCat("pv-", ShortHash(absl::StrCat(run_root, "\n", container_id, "\n", network)));
}

// What IFLA_IFALIAS says of a link: whose it is.
inline std::string LinkAlias(absl::string_view run_root, absl::string_view owner) {
  return absl::StrCat("pelagos ", owner, " in ", run_root);
}

// The nftables table of a run root; each has its own, so that worlds do not meet.
inline std::string TableName(absl::string_view run_root) {
  if (run_root == kDefaultRunRoot) return "pelagos";
  return absl::StrCat("pelagos-", ShortHash(run_root));
}

// True for the names of all run roots' tables.
inline bool IsTableName(absl::string_view name) {
  return name == "pelagos" || absl::StartsWith(name, "pelagos-");
}

// The name of a network's files, without their ending: its own name, or for a long one, which a
// folder could not hold, its beginning and a hash.
inline std::string FileName(absl::string_view network) {
  constexpr size_t kLongest = 200;
  if (network.size() <= kLongest) return std::string(network);
  return absl::StrCat(network.substr(0, kLongest - 13), "-", ShortHash(network));
}

}  // namespace pelagos::net
