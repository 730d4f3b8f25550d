#include "pelagos/reml/hash_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "pelagos/reml/equality.h"
#include "pelagos/reml/number.h"

namespace pelagos::reml {
namespace {

// How many parts of a list or vector count for its hash.
constexpr size_t kHashedParts = 1024;
constexpr uint64_t kBytesPerStep = 64;

// The finaliser of MurmurHash3: every bit of the input changes half of the output.
constexpr uint64_t Mix(uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  return x ^ (x >> 33);
}

uint64_t Combine(uint64_t seed, uint64_t next) { return Mix(seed * 0x9e3779b97f4a7c15ULL + next); }

uint64_t HashText(absl::string_view text) {
  uint64_t hash = text.size();
  for (; text.size() >= sizeof(uint64_t); text.remove_prefix(sizeof(uint64_t))) {
    uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    hash = Combine(hash, word);
  }
  uint64_t rest = 0;
  for (char c : text) rest = rest << 8 | static_cast<unsigned char>(c);
  return Combine(hash, rest);
}

// Everything but pairs and vectors.
uint64_t HashAtom(Value value, uint64_t& work) {
  if (value.is_string()) {
    work += value.text().size() / kBytesPerStep;
    return HashText(value.text());
  }
  if (value.is_number()) {
    if (const std::optional<int64_t> integer = ToInteger(value)) {
      return Mix(static_cast<uint64_t>(*integer));
    }
    const double d = value.as_float();
    uint64_t bits;
    std::memcpy(&bits, &d, sizeof bits);
    return Mix(bits + 1);
  }
  return Mix(value.word() + 2);
}

}  // namespace

uint64_t HashOf(Value key, uint64_t* work) {
  uint64_t steps = 1;
  uint64_t hash = 0;
  if (!key.is_pair() && !key.is_vector()) {
    hash = HashAtom(key, steps);
  } else {
    std::vector<Value> waiting = {key};
    for (size_t left = kHashedParts; left != 0 && !waiting.empty(); --left) {
      const Value part = waiting.back();
      waiting.pop_back();
      ++steps;
      if (part.is_pair()) {
        hash = Combine(hash, 3);
        waiting.push_back(part.cdr());
        waiting.push_back(part.car());
      } else if (part.is_vector()) {
        const std::vector<Value>& items = part.vector()->items;
        hash = Combine(hash, 5 + items.size());
        for (size_t i = std::min(items.size(), left); i > 0; --i) waiting.push_back(items[i - 1]);
      } else {
        hash = Combine(hash, HashAtom(part, steps));
      }
    }
  }
  if (work != nullptr) *work += steps;
  return hash;
}

Value HashTable::Make(Heap& heap) {
  std::unique_ptr<HashTable> table(new HashTable(heap));
  HashTable* inside = table.get();
  const Value value = heap.NewForeign(std::move(table), sizeof(HashTable));
  inside->object_ = value.object();
  return value;
}

HashTable* HashTable::From(Value value) {
  // Made without const, above.
  return const_cast<HashTable*>(value.foreign<HashTable>());
}

size_t HashTable::Locate(Value key, uint64_t hash, uint64_t* work) const {
  uint64_t steps = 0;
  size_t at = hash & (slots_.size() - 1);
  for (; slots_[at] != kFree; at = (at + 1) & (slots_.size() - 1)) {
    const Entry& entry = entries_[slots_[at]];
    if (entry.pair == nullptr || entry.hash != hash) continue;
    uint64_t used = 0;
    const uint64_t left = kMostWork - std::min(steps, kMostWork);
    const std::optional<bool> equal = Equal(entry.pair->car, key, left, &used);
    steps += used;
    if (equal.value_or(false)) break;
  }
  if (work != nullptr) *work += steps;
  return at;
}

std::optional<Value> HashTable::Find(Value key, uint64_t* work) const {
  if (size_ == 0) return std::nullopt;
  const uint32_t index = slots_[Locate(key, HashOf(key, work), work)];
  if (index == kFree) return std::nullopt;
  return entries_[index].pair->cdr;
}

void HashTable::Set(Value key, Value value, uint64_t* work) {
  MakeRoom();
  const uint64_t hash = HashOf(key, work);
  uint32_t& slot = slots_[Locate(key, hash, work)];
  if (slot != kFree) {
    entries_[slot].pair->cdr = value;
    return;
  }
  slot = static_cast<uint32_t>(entries_.size());
  entries_.push_back({heap_.NewPair(key, value), hash});
  ++size_;
  Account();
}

bool HashTable::Erase(Value key, uint64_t* work) {
  if (size_ == 0) return false;
  const uint32_t index = slots_[Locate(key, HashOf(key, work), work)];
  if (index == kFree) return false;
  // Its slot stays taken, so that those that were moved on by it are still found.
  entries_[index].pair = nullptr;
  --size_;
  return true;
}

void HashTable::Clear() {
  entries_.clear();
  std::fill(slots_.begin(), slots_.end(), kFree);
  size_ = 0;
}

std::vector<Value> HashTable::Entries() const {
  std::vector<Value> pairs;
  pairs.reserve(size_);
  for (const Entry& entry : entries_) {
    if (entry.pair != nullptr) pairs.push_back(Value::Of(entry.pair));
  }
  return pairs;
}

void HashTable::Trace(Marker& marker) const {
  for (const Entry& entry : entries_) marker.Mark(entry.pair);
}

void HashTable::MakeRoom() {
  constexpr size_t kLeast = 8;
  if (4 * (entries_.size() + 1) <= 3 * slots_.size()) return;
  std::erase_if(entries_, [](const Entry& entry) { return entry.pair == nullptr; });
  size_t slots = std::max(kLeast, slots_.size());
  while (slots < 2 * (entries_.size() + 1)) slots *= 2;
  slots_.assign(slots, kFree);
  for (size_t i = 0; i < entries_.size(); ++i) {
    size_t at = entries_[i].hash & (slots - 1);
    while (slots_[at] != kFree) at = (at + 1) & (slots - 1);
    slots_[at] = static_cast<uint32_t>(i);
  }
  Account();
}

void HashTable::Account() {
  const size_t bytes = entries_.capacity() * sizeof(Entry) + slots_.capacity() * sizeof(uint32_t);
  if (bytes <= counted_) return;
  heap_.Grew(object_, bytes - counted_);
  counted_ = bytes;
}

}  // namespace pelagos::reml
