// Between clone3(2) and execve(2) nothing allocates: every allocator of this program counts in
// memory that it shares with its children, and only there.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>

#include "pelagos/launch/launcher.h"
#include "pelagos/launch/test_support.h"
#include "pelagos/launch/wait.h"

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void __libc_free(void* memory);
}

namespace {

std::atomic<int>* in_children = nullptr;  // shared; null: not counted yet
long parent = 0;

void Count() {
  if (in_children != nullptr && ::syscall(SYS_getpid) != parent) ++*in_children;
}

}  // namespace

extern "C" {
void* malloc(size_t size) noexcept {
  Count();
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) noexcept {
  Count();
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) noexcept {
  Count();
  return __libc_realloc(memory, size);
}
void free(void* memory) noexcept {
  Count();
  __libc_free(memory);
}
}

namespace pelagos::launch {
namespace {

class AllocationsTest : public LaunchFixture {
 protected:
  void SetUp() override {
    LaunchFixture::SetUp();
    void* memory = ::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    parent = ::syscall(SYS_getpid);
    in_children = new (memory) std::atomic<int>(0);
  }
  void TearDown() override {
    std::atomic<int>* const counter = in_children;
    in_children = nullptr;
    ::munmap(counter, sizeof(*counter));
  }
};

TEST_F(AllocationsTest, ThoseOfAChildAreCounted) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::free(::malloc(10));
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_GE(*in_children, 2);
}

TEST_F(AllocationsTest, TheContainersFirstProcessMakesNone) {
  const LaunchPlan plan = Shell("exit 3");
  absl::StatusOr<Starting> starting = Launch(plan, {});
  ASSERT_TRUE(starting.ok()) << starting.status();
  absl::StatusOr<Launched> launched = std::move(*starting).Start();
  ASSERT_TRUE(launched.ok()) << launched.status();
  EXPECT_EQ(WaitForExit(launched->pidfd)->code(), 3);
  EXPECT_EQ(*in_children, 0);
}

}  // namespace
}  // namespace pelagos::launch
