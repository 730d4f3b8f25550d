// Memory for the texts and lists of one launch: handed out in pieces, freed as a whole, never
// moved.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos::launch {

// Moves with its blocks: pointers into it stay good.
class Arena {
 public:
  // A C string. Requires: `text` holds no NUL.
  char* Copy(absl::string_view text) {
    char* copy = static_cast<char*>(Allocate(text.size() + 1, 1));
    if (!text.empty()) std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    return copy;
  }

  // `count` values, zeroed.
  template <typename T>
  T* Array(size_t count) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= alignof(std::max_align_t));
    void* memory = Allocate(count * sizeof(T), alignof(T));
    std::memset(memory, 0, count * sizeof(T));
    return std::launder(static_cast<T*>(memory));
  }

 private:
  static constexpr size_t kBlock = 4096;

  void* Allocate(size_t size, size_t alignment) {
    size_t begin = (used_ + alignment - 1) / alignment * alignment;
    if (blocks_.empty() || begin + size > capacity_) {
      capacity_ = size > kBlock ? size : kBlock;
      blocks_.push_back(std::make_unique<char[]>(capacity_));
      begin = 0;
    }
    used_ = begin + size;
    return blocks_.back().get() + begin;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t used_ = 0;
  size_t capacity_ = 0;
};

}  // namespace pelagos::launch
