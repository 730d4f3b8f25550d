// Which namespaces a container gets of its own, and the kernel's rules between them.
//
// A value. Source: namespaces(7), user_namespaces(7), pid_namespaces(7).
#pragma once

#include <cstdint>
#include <initializer_list>

#include "pelagos/abi/namespace.h"

namespace pelagos {

class NamespaceSet {
 public:
  constexpr NamespaceSet(std::initializer_list<Namespace> list = {}) {
    for (Namespace ns : list) insert(ns);
  }
  constexpr bool contains(Namespace ns) const { return (bits_ & Bit(ns)) != 0; }
  constexpr void insert(Namespace ns) { bits_ = static_cast<uint8_t>(bits_ | Bit(ns)); }
  constexpr void erase(Namespace ns) { bits_ = static_cast<uint8_t>(bits_ & ~Bit(ns)); }
  constexpr bool empty() const { return bits_ == 0; }

  // The flags clone3(2) takes.
  constexpr uint64_t clone_flags() const {
    uint64_t flags = 0;
    for (const NamespaceRow& row : kNamespaces) {
      if (contains(row.value)) flags |= row.clone_flag;
    }
    return flags;
  }
  friend constexpr bool operator==(NamespaceSet, NamespaceSet) = default;

 private:
  static constexpr uint8_t Bit(Namespace ns) {
    return static_cast<uint8_t>(1u << static_cast<unsigned>(ns));
  }
  uint8_t bits_ = 0;
};

struct NamespaceRule {
  Namespace given, needs;
  absl::string_view why;
};

inline constexpr NamespaceRule kNamespaceRules[] = {
    {Namespace::kUser, Namespace::kMount, "a user namespace can mount only in its own"},
    {Namespace::kPid, Namespace::kMount, "a fresh /proc needs a mount namespace"},
    {Namespace::kNet, Namespace::kMount, "a fresh /sys needs a mount namespace"},
};

constexpr bool Breaks(NamespaceSet set, NamespaceRule rule) {
  return set.contains(rule.given) && !set.contains(rule.needs);
}

// The first rule that `set` breaks, or null.
constexpr const NamespaceRule* FirstViolation(NamespaceSet set) {
  for (const NamespaceRule& rule : kNamespaceRules) {
    if (Breaks(set, rule)) return &rule;
  }
  return nullptr;
}

// Rows by value: GCC's -fsanitize=undefined takes no addresses in a constraint.
constexpr bool KeepsAllRules(NamespaceSet set) {
  for (const NamespaceRule rule : kNamespaceRules) {
    if (Breaks(set, rule)) return false;
  }
  return true;
}

// The compile-time door: Namespaces<kPid>() does not compile, Namespaces<kPid, kMount>() does.
template <Namespace... kNs>
requires(KeepsAllRules(NamespaceSet{kNs...})) consteval NamespaceSet Namespaces() {
  return NamespaceSet{kNs...};
}

// Full isolation as every entry point uses it; the network namespace is a matter of NetPlan.
inline constexpr NamespaceSet kDefaultNamespaces =
    Namespaces<Namespace::kMount, Namespace::kPid, Namespace::kUts, Namespace::kIpc,
               Namespace::kNet, Namespace::kCgroup>();

}  // namespace pelagos
