// Memory for small objects: blocks of cells of one size, with a list of the free ones.
//
// A cell begins with an Object, in use or of Kind::kFree. The blocks go back to the system with the
// Cells.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

#include "pelagos/reml/value.h"

#if defined(__SANITIZE_ADDRESS__)
#define PELAGOS_REML_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PELAGOS_REML_ASAN 1
#endif
#endif
#ifdef PELAGOS_REML_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace pelagos::reml {

class Cells {
 public:
  static constexpr size_t kLargest = 256;  // bytes

  Cells() = default;
  Cells(const Cells&) = delete;
  Cells& operator=(const Cells&) = delete;
  ~Cells() {
    for (const Chunk& chunk : chunks_) {
      Unpoison(chunk.begin, chunk.bytes);
      std::free(chunk.begin);
    }
  }

  // Requires: bytes <= kLargest. The caller makes an Object there before the next Sweep.
  void* Allocate(size_t bytes) {
    Pool& pool = pools_[(bytes + 7) / 8];
    if (FreeCell* cell = pool.free) {
      Unpoison(cell, (bytes + 7) / 8 * 8);
      pool.free = cell->next;
      return cell;
    }
    return AllocateFresh(pool, (bytes + 7) / 8 * 8);
  }

  // Frees all unmarked objects and takes the marks off the others; `freed` is called with each
  // object before it goes.
  template <typename Freed>
  void Sweep(Freed freed) {
    for (Pool& pool : pools_) pool.free = nullptr;
    for (const Block& block : blocks_) {
      Pool& pool = pools_[block.cell_bytes / 8];
      char* const end = block.begin == pool.block ? pool.fresh : block.end;
      for (char* at = block.begin; at < end; at += block.cell_bytes) {
        Unpoison(at, sizeof(FreeCell));
        auto* object = reinterpret_cast<Object*>(at);
        if (object->marked) {
          object->marked = false;
          continue;
        }
        if (object->kind != Kind::kFree) {
          freed(*object);
          object->kind = Kind::kFree;
        }
        auto* cell = reinterpret_cast<FreeCell*>(at);
        cell->next = pool.free;
        pool.free = cell;
        Poison(at, block.cell_bytes);
      }
    }
  }

 private:
  // Blocks are cut from chunks. The first chunk is small, since most programs are; the others are
  // huge pages, where the system has them, so that a big heap costs few page faults.
  static constexpr size_t kBlockBytes = size_t{32} << 10;
  static constexpr size_t kFirstChunk = size_t{1} << 20;
  static constexpr size_t kHugePage = size_t{2} << 20;

  struct FreeCell : Object {
    FreeCell() : Object(Kind::kFree) {}
    FreeCell* next = nullptr;
  };
  static_assert(sizeof(FreeCell) <= 16);
  struct Chunk {
    char* begin;
    size_t bytes;
    size_t used;
  };
  struct Block {
    char* begin;
    char* end;  // of its last cell
    size_t cell_bytes;
  };
  struct Pool {
    FreeCell* free = nullptr;
    // What of the newest block was never used.
    char* block = nullptr;
    char* fresh = nullptr;
    char* end = nullptr;
  };

  void* AllocateFresh(Pool& pool, size_t cell_bytes) {
    if (pool.fresh == pool.end) {
      pool.block = NewBlock();
      pool.fresh = pool.block;
      pool.end = pool.block + kBlockBytes / cell_bytes * cell_bytes;
      blocks_.push_back({pool.block, pool.end, cell_bytes});
      Poison(pool.block, kBlockBytes);
    }
    char* const cell = pool.fresh;
    pool.fresh += cell_bytes;
    Unpoison(cell, cell_bytes);
    return cell;
  }

  char* NewBlock() {
    if (chunks_.empty() || chunks_.back().used == chunks_.back().bytes) {
      const size_t bytes = chunks_.empty() ? kFirstChunk : kHugePage;
      void* memory = std::aligned_alloc(bytes, bytes);
      if (memory == nullptr) throw std::bad_alloc();
      if (bytes == kHugePage) madvise(memory, bytes, MADV_HUGEPAGE);  // only advice
      chunks_.push_back({static_cast<char*>(memory), bytes, 0});
    }
    Chunk& chunk = chunks_.back();
    char* const block = chunk.begin + chunk.used;
    chunk.used += kBlockBytes;
    return block;
  }

  // The address sanitizer sees the use of a free cell.
  static void Poison([[maybe_unused]] void* at, [[maybe_unused]] size_t bytes) {
#ifdef PELAGOS_REML_ASAN
    ASAN_POISON_MEMORY_REGION(at, bytes);
#endif
  }
  static void Unpoison([[maybe_unused]] void* at, [[maybe_unused]] size_t bytes) {
#ifdef PELAGOS_REML_ASAN
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);
#endif
  }

  Pool pools_[kLargest / 8 + 1];
  std::vector<Chunk> chunks_;
  std::vector<Block> blocks_;
};

}  // namespace pelagos::reml
