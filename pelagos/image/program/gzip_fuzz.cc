// Any bytes as a gzip stream: never a crash, no byte behind the buffer, and the same as libarchive
// with zlib makes of them.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/program/gzip_by_libarchive.h"
#include "pelagos/image/program/gzip_source.h"

namespace {

constexpr size_t kLargestPiece = 65536;

// Ends where nothing may be written: the library is not built with a sanitizer.
char* EndOfRoom() {
  const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  void* room = ::mmap(nullptr, kLargestPiece + page, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) std::abort();
  char* end = static_cast<char*>(room) + kLargestPiece;
  if (::mprotect(end, page, PROT_NONE) != 0) std::abort();
  return end;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pelagos::image;
  constexpr size_t kMost = 1 << 20;  // of what comes out
  if (size < 1 || size > 65536) return 0;
  // The first byte says in which pieces it is read.
  const size_t piece = kLargestPiece >> (data[0] % 17);
  static char* const end_of_room = EndOfRoom();
  char* const buffer = end_of_room - piece;
  const absl::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  StringSource source(bytes);
  GzipSource gzip(source);
  std::string content;
  absl::Status status;
  bool ended = false;
  while (!ended && content.size() < kMost) {
    const absl::StatusOr<size_t> count = gzip.Read(buffer, piece);
    status = count.status();
    ended = !count.ok() || *count == 0;
    if (!ended) content.append(buffer, *count);
  }
  if (!ended) return 0;
  const std::optional<std::string> expected = GzipByLibarchive(bytes);
  // It unpacks what is compressed twice.
  if (expected && content.compare(0, 3, "\x1f\x8b\x08") == 0) return 0;
  if (status.ok() != expected.has_value()) std::abort();
  if (expected && *expected != content) std::abort();
  return 0;
}
