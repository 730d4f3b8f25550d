// The symbols of one heap by their names: an open-addressing table that only grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

class SymbolTable {
 public:
  SymbolTable() : slots_(1024) {}

  struct Result {
    Symbol* symbol;
    bool is_new;
  };
  Result Intern(absl::string_view name) {
    const uint64_t hash = Hash(name);
    size_t at = hash & (slots_.size() - 1);
    for (; slots_[at].symbol != nullptr; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].hash == hash && slots_[at].symbol->name == name) {
        return {slots_[at].symbol, false};
      }
    }
    Symbol* symbol = &symbols_.emplace_back(std::string(name));
    slots_[at] = {hash, symbol};
    if (++interned_ * 2 > slots_.size()) Grow();
    return {symbol, true};
  }
  // Those that Intern gave, in no order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.symbol != nullptr) visit(*slot.symbol);
    }
  }
  // One that Intern never gives.
  Symbol* NewUninterned(absl::string_view name) {
    return &symbols_.emplace_back(std::string(name));
  }

 private:
  struct Slot {
    uint64_t hash = 0;
    Symbol* symbol = nullptr;
  };

  // Eight bytes at a time, multiplied and folded. Names come from the user's own files.
  static uint64_t Hash(absl::string_view name) {
    constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
    uint64_t hash = name.size() * kMultiplier;
    while (name.size() >= 8) {
      uint64_t word;
      std::memcpy(&word, name.data(), 8);
      hash = Mix(hash ^ word);
      name.remove_prefix(8);
    }
    uint64_t word = 0;
    std::memcpy(&word, name.data(), name.size());
    return Mix(hash ^ word);
  }
  static uint64_t Mix(uint64_t x) {
    x *= 0xff51afd7ed558ccd;
    return x ^ (x >> 32);
  }

  void Grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.symbol == nullptr) continue;
      size_t at = slot.hash & (slots_.size() - 1);
      while (slots_[at].symbol != nullptr) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;  // their number is a power of two
  std::deque<Symbol> symbols_;
  size_t interned_ = 0;
};

}  // namespace pelagos::reml
