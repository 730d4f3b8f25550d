// A set of capabilities in the form capset(2) takes: one bit each.
//
// A value. Source: capabilities(7); the default set is Docker's documented one.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "pelagos/abi/capability.h"

namespace pelagos {

class CapabilitySet {
 public:
  constexpr CapabilitySet(std::initializer_list<Capability> caps = {}) {
    for (Capability cap : caps) insert(cap);
  }
  static constexpr CapabilitySet All() {
    CapabilitySet set;
    set.bits_ = (uint64_t{1} << kCapabilityNames.size()) - 1;
    return set;
  }
  // Bits beyond the table (a newer kernel's) are left out.
  static constexpr CapabilitySet FromBits(uint64_t bits) {
    CapabilitySet set;
    set.bits_ = bits & All().bits_;
    return set;
  }
  constexpr bool contains(Capability cap) const { return (bits_ & Bit(cap)) != 0; }
  constexpr void insert(Capability cap) { bits_ |= Bit(cap); }
  constexpr void erase(Capability cap) { bits_ &= ~Bit(cap); }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr uint64_t bits() const { return bits_; }
  friend constexpr CapabilitySet operator|(CapabilitySet a, CapabilitySet b) {
    a.bits_ |= b.bits_;
    return a;
  }
  friend constexpr CapabilitySet operator&(CapabilitySet a, CapabilitySet b) {
    a.bits_ &= b.bits_;
    return a;
  }
  friend constexpr CapabilitySet operator-(CapabilitySet a, CapabilitySet b) {
    a.bits_ &= ~b.bits_;
    return a;
  }
  friend constexpr bool operator==(CapabilitySet, CapabilitySet) = default;

 private:
  static constexpr uint64_t Bit(Capability cap) {
    return uint64_t{1} << static_cast<unsigned>(cap);
  }
  uint64_t bits_ = 0;
};

// The names of `set`, in the order of the kernel's numbers, parted by blanks.
inline std::string CapabilityNames(CapabilitySet set) {
  std::string text;
  for (size_t i = 0; i < kCapabilityNames.size(); ++i) {
    if (!set.contains(static_cast<Capability>(i))) continue;
    if (!text.empty()) text += ' ';
    text += std::string(kCapabilityNames[i]);
  }
  return text;
}

inline constexpr CapabilitySet kDefaultCapabilities = {
    Capability::kChown,      Capability::kDacOverride, Capability::kFowner,
    Capability::kFsetid,     Capability::kKill,        Capability::kSetgid,
    Capability::kSetuid,     Capability::kSetpcap,     Capability::kNetBindService,
    Capability::kNetRaw,     Capability::kSysChroot,   Capability::kMknod,
    Capability::kAuditWrite, Capability::kSetfcap,
};

void UnknownCapabilityName();  // never defined: having to call it is the compile error

// "net-admin"_cap; a misspelt name does not compile.
consteval Capability operator""_cap(const char* name, size_t size) {
  const std::optional<Capability> cap = FindCapability({name, size});
  if (!cap) UnknownCapabilityName();
  return *cap;
}

}  // namespace pelagos
