#include "pelagos/reml/hash_table.h"

#include "gtest/gtest.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/printer.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {
namespace {

constexpr size_t kLimit = size_t{1} << 24;

class HashTableTest : public testing::Test {
 protected:
  Value Int(int64_t i) { return heap_.Integer(i); }
  Value Text(const char* text) { return heap_.String(text); }

  Heap heap_{kLimit};
  Value value_ = HashTable::Make(heap_);
  HashTable& table_ = *HashTable::From(value_);
};

TEST_F(HashTableTest, KeepsTheOrderOfInsertion) {
  table_.Set(Text("b"), Int(1));
  table_.Set(Text("a"), Int(2));
  table_.Set(Text("c"), Int(3));
  table_.Set(Text("b"), Int(4));
  EXPECT_EQ(Write(value_), R"(#<hash-table ("b" . 4) ("a" . 2) ("c" . 3)>)");
  EXPECT_TRUE(table_.Erase(Text("b")));
  EXPECT_FALSE(table_.Erase(Text("b")));
  table_.Set(Text("b"), Int(5));
  EXPECT_EQ(Write(value_), R"(#<hash-table ("a" . 2) ("c" . 3) ("b" . 5)>)");
  table_.Clear();
  EXPECT_EQ(Write(value_), "#<hash-table>");
}

TEST_F(HashTableTest, EqualKeysAreOne) {
  table_.Set(Int(1), Text("int"));
  EXPECT_EQ(table_.Find(heap_.Float(1.0))->text(), "int");
  EXPECT_FALSE(table_.Find(heap_.Float(1.5)));
  EXPECT_FALSE(table_.Find(Text("1")));
  table_.Set(heap_.Float(-0.0), Text("zero"));
  EXPECT_EQ(table_.Find(Int(0))->text(), "zero");
  table_.Set(heap_.List({Int(1), heap_.Vector({Text("x")})}), Text("list"));
  EXPECT_EQ(table_.Find(heap_.List({heap_.Float(1), heap_.Vector({Text("x")})}))->text(), "list");
  EXPECT_FALSE(table_.Find(heap_.List({Int(1), heap_.Vector({Text("y")})})));
  table_.Set(Int(INT64_MAX), Text("big"));
  EXPECT_EQ(table_.Find(Int(INT64_MAX))->text(), "big");
  EXPECT_FALSE(table_.Find(heap_.Float(9223372036854775808.0)));
  EXPECT_EQ(table_.size(), 4u);
}

TEST_F(HashTableTest, ManyKeysComeAndGo) {
  constexpr int64_t kCount = 5000;
  for (int64_t i = 0; i < kCount; ++i) table_.Set(Int(i), Int(i * i));
  for (int64_t i = 0; i < kCount; i += 2) EXPECT_TRUE(table_.Erase(Int(i)));
  for (int64_t i = kCount; i < 2 * kCount; ++i) table_.Set(Int(i), Int(i * i));
  EXPECT_EQ(table_.size(), static_cast<size_t>(kCount + kCount / 2));
  for (int64_t i = 0; i < 2 * kCount; ++i) {
    const std::optional<Value> found = table_.Find(Int(i));
    ASSERT_EQ(found.has_value(), i >= kCount || i % 2 == 1) << i;
    EXPECT_EQ(found.value_or(Value::Fixnum(i * i)).as_int(), i * i);
  }
  const std::vector<Value> entries = table_.Entries();
  ASSERT_EQ(entries.size(), table_.size());
  for (size_t i = 1; i < entries.size(); ++i) {
    EXPECT_LT(entries[i - 1].car().as_int(), entries[i].car().as_int());
  }
}

// One key after the other takes the place of the last: the table does not grow.
TEST_F(HashTableTest, ErasedEntriesAreUsedAgain) {
  table_.Set(Int(0), Int(0));
  const size_t before = heap_.bytes();
  constexpr int64_t kCount = 1000;
  for (int64_t i = 1; i < kCount; ++i) {
    table_.Set(Int(i), Int(i));
    table_.Erase(Int(i - 1));
  }
  EXPECT_LE(heap_.bytes() - before, kCount * sizeof(Pair) + 1024);
}

TEST_F(HashTableTest, KeepsItsEntriesAlive) {
  table_.Set(Text("key"), heap_.List({Text("value")}));
  heap_.Collect([&](Marker& marker) { marker.Mark(value_); });
  EXPECT_EQ(Write(value_), R"(#<hash-table ("key" "value")>)");
  const size_t bytes = heap_.bytes();
  EXPECT_GT(bytes, 0u);
  heap_.Collect([](Marker&) {});
  EXPECT_LT(heap_.bytes(), bytes);
}

TEST_F(HashTableTest, MayContainItself) {
  table_.Set(Text("self"), value_);
  EXPECT_EQ(Write(value_), R"(#<hash-table ("self" . #<cycle>)>)");
  const Value vector = heap_.Vector({Int(1)});
  vector.vector()->items[0] = vector;
  table_.Set(vector, Int(1));
  EXPECT_EQ(table_.Find(vector)->as_int(), 1);
  uint64_t work = 0;
  const Value other = heap_.Vector({Int(1)});
  other.vector()->items[0] = other;
  EXPECT_FALSE(table_.Find(other, &work));
  EXPECT_GE(work, HashTable::kMostWork);
}

}  // namespace
}  // namespace pelagos::reml
