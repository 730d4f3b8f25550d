#include "pelagos/image/program/blob_content.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/image/program/sha256.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

constexpr size_t kPiece = size_t{256} << 10;
constexpr size_t kMaxThreads = 8;

BlobContent ReadBlob(const Store& store, const Digest& digest) {
  BlobContent content;
  const std::string path = store.BlobPath(digest);
  const absl::StatusOr<Fd> fd = sys::OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd.ok()) {
    if (FindErrno(fd.status()) != ENOENT) content.problem = std::string(fd.status().message());
    return content;
  }
  std::vector<char> buffer(kPiece);
  Sha256 sha256;
  for (;;) {
    const ssize_t count = ::read(fd->get(), buffer.data(), buffer.size());
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      content.problem = std::string(ErrnoStatus(errno, "read", path).message());
      return content;
    }
    sha256.Update({buffer.data(), static_cast<size_t>(count)});
    content.bytes += static_cast<uint64_t>(count);
  }
  const Digest got = sha256.Finish();
  if (got != digest) content.problem = absl::StrCat("found ", got.ToString());
  return content;
}

}  // namespace

std::vector<BlobContent> ReadBlobs(const Store& store, const std::vector<Digest>& digests) {
  std::vector<BlobContent> contents(digests.size());
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < digests.size(); i = next++)
      contents[i] = ReadBlob(store, digests[i]);
  };
  const size_t processors = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::thread> others;
  while (others.size() + 1 < std::min({processors, digests.size(), kMaxThreads})) {
    others.emplace_back(work);
  }
  work();
  for (std::thread& thread : others) thread.join();
  return contents;
}

}  // namespace pelagos::image
