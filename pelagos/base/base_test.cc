#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>

#include "absl/status/statusor.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/base/suggest.h"

namespace pelagos {
namespace {

static_assert(!std::is_copy_constructible_v<Fd>);
static_assert(std::is_nothrow_move_constructible_v<Fd>);

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(FdTest, ClosesOnceAndMoves) {
  int number = -1;
  {
    Fd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    number = fd.get();
    ASSERT_TRUE(IsOpen(number));
    Fd other = std::move(fd);
    EXPECT_FALSE(fd.valid());
    EXPECT_EQ(other.get(), number);
  }
  EXPECT_FALSE(IsOpen(number));
}

absl::StatusOr<int> Broken() { return ErrnoStatus(ENOENT, "open", "/nowhere"); }

absl::Status Outer() {
  PELAGOS_ASSIGN_OR_RETURN(int value, Broken(), "rootfs of '", "web", "'");
  return value == 0 ? absl::OkStatus() : absl::InternalError("unreachable");
}

TEST(StatusMacrosTest, ContextIsAddedAndErrnoKept) {
  const absl::Status status = Outer();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "rootfs of 'web': open('/nowhere'): No such file or directory");
  EXPECT_EQ(FindErrno(status), ENOENT);
}

TEST(SuggestTest, NearestName) {
  const std::array<absl::string_view, 4> names = {"net-admin", "net-raw", "chown", "image"};
  EXPECT_EQ(Suggest("net-admim", names), "net-admin");
  EXPECT_EQ(Suggest("imgae", names), "image");
  EXPECT_EQ(Suggest("NET-RAW", names), "net-raw");
  EXPECT_EQ(Suggest("colour", names), "");
  EXPECT_EQ(Suggest("", names), "");
  // The same word before it makes nothing alike, nor do names without a letter in common.
  EXPECT_EQ(Suggest("net-bind", names), "");
  EXPECT_EQ(Suggest("net-rw", names), "net-raw");
  EXPECT_EQ(Suggest("a", std::array<absl::string_view, 2>{"+", "b"}), "");
}

}  // namespace
}  // namespace pelagos
