// Hash tables: a value that maps keys to values and keeps the order in which keys came.
//
// Keys are the same when `equal?` says so: 1 and 1.0 are one key, strings go by their text, lists
// and vectors by their elements. A vector that is changed while it is a key is not found again.
//
//   Value table = HashTable::Make(heap);
//   HashTable::From(table)->Set(heap.String("a"), Value::Fixnum(1));
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pelagos/reml/heap.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

class HashTable final : public Foreign {
 public:
  // The most steps of comparison that one look-up makes. Keys that cannot be told apart within it,
  // huge or cyclic ones, count as different.
  static constexpr uint64_t kMostWork = uint64_t{1} << 20;

  static Value Make(Heap& heap);
  // The table that a value is; nullptr when it is something else.
  static HashTable* From(Value value);

  // To each of these, `work` adds the steps that it took.
  std::optional<Value> Find(Value key, uint64_t* work = nullptr) const;
  // Adds a key as the last one, or gives a key that is there another value: its place stays.
  void Set(Value key, Value value, uint64_t* work = nullptr);
  // Whether the key was there.
  bool Erase(Value key, uint64_t* work = nullptr);
  void Clear();
  size_t size() const { return size_; }
  // Pairs (key . value) in order. They are the table's own: later changes show in them, so a
  // program gets copies.
  std::vector<Value> Entries() const;

  absl::string_view type_name() const override { return "hash-table"; }
  void Print(std::string* out) const override { out->append("#<hash-table"); }
  std::optional<std::vector<Value>> Parts() const override { return Entries(); }
  void Trace(Marker& marker) const override;

 private:
  struct Entry {
    Pair* pair = nullptr;  // null: erased
    uint64_t hash = 0;
  };
  static constexpr uint32_t kFree = UINT32_MAX;

  explicit HashTable(Heap& heap) : heap_(heap) {}
  // The place in slots_ of the key's entry, or else of the free slot where it belongs.
  size_t Locate(Value key, uint64_t hash, uint64_t* work) const;
  // Makes room for one more entry, and forgets the erased ones.
  void MakeRoom();
  void Account();

  Heap& heap_;
  Object* object_ = nullptr;  // this table's own on the heap
  size_t counted_ = 0;        // bytes that the heap knows of
  size_t size_ = 0;
  std::vector<Entry> entries_;   // in the order of insertion
  std::vector<uint32_t> slots_;  // indices of entries_, a power of two of them, probed linearly
};

// A hash that equal keys share; looks at the beginning of long lists only.
uint64_t HashOf(Value key, uint64_t* work = nullptr);

}  // namespace pelagos::reml
