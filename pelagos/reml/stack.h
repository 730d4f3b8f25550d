// A stack of plain values that grows up to a limit. Pointers into it last until the next Push.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace pelagos::reml {

template <typename T>
class Stack {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit Stack(size_t limit = SIZE_MAX / sizeof(T)) : limit_(limit) {}

  size_t size() const { return static_cast<size_t>(top_ - begin_.get()); }
  bool empty() const { return top_ == begin_.get(); }
  T& back() { return top_[-1]; }
  T* begin() { return begin_.get(); }
  T* end() { return top_; }
  const T* begin() const { return begin_.get(); }
  const T* end() const { return top_; }
  T& operator[](size_t i) { return begin_[i]; }
  const T& operator[](size_t i) const { return begin_[i]; }

  // One more, whose content is any; nullptr: there are as many as may be.
  T* TryExtend() {
    if (top_ == end_ && !Grow(size() + 1)) return nullptr;
    return top_++;
  }
  // Beyond the limit too.
  void Push(const T& value) {
    if (top_ == end_) Reserve(size() + 1);
    *top_++ = value;
  }
  void Append(const T* values, size_t count) {
    if (count == 0) return;
    Reserve(size() + count);
    top_ = std::copy_n(values, count, top_);
  }
  // What was popped stays readable until the next Push.
  T& Pop() { return *--top_; }
  // Requires: new_size <= size()
  void CutTo(size_t new_size) { top_ = begin_.get() + new_size; }
  void swap(Stack& other) {
    std::swap(limit_, other.limit_);
    begin_.swap(other.begin_);
    std::swap(top_, other.top_);
    std::swap(end_, other.end_);
  }

 private:
  bool Grow(size_t needed) {
    if (needed > limit_) return false;
    Reserve(needed);
    return true;
  }
  void Reserve(size_t needed) {
    const size_t capacity = static_cast<size_t>(end_ - begin_.get());
    if (needed <= capacity) return;
    size_t grown = std::max<size_t>(2 * capacity, 256);
    if (needed <= limit_) grown = std::min(grown, limit_);
    grown = std::max(grown, needed);
    auto memory = std::make_unique_for_overwrite<T[]>(grown);
    T* const top = std::copy(begin_.get(), top_, memory.get());
    begin_ = std::move(memory);
    top_ = top;
    end_ = begin_.get() + grown;
  }

  size_t limit_;
  std::unique_ptr<T[]> begin_;
  T* top_ = nullptr;
  T* end_ = nullptr;
};

}  // namespace pelagos::reml
