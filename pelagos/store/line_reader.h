// Lines of a file that grows and is rotated: `file`, then `file.1` with what came before it, and so
// on. Read from the oldest on, across rotations, with one block in memory.
//
// It goes by the offsets at which lines begin, and holds its files open: what was renamed meanwhile
// is the same file still, and no other can get its inode's number.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"

namespace pelagos::store {

// Moves.
class LineReader {
 public:
  // In bytes. Lines must be shorter; longer ones are passed over.
  static constexpr size_t kBlock = 64 * 1024;
  using Block = std::array<char, kBlock>;

  struct File {
    Fd fd;
    struct stat info;
  };
  struct Position {
    size_t file = 0;  // of those there are, the newest first
    off_t offset = 0;
  };
  // Where to begin, at the beginning of a line.
  using FindStart = std::function<absl::StatusOr<Position>(const std::vector<File>& newest_first)>;
  // Without its new-line; nullopt is a line that is too long.
  using OnLine = std::function<void(std::optional<absl::string_view> line)>;

  explicit LineReader(std::string file) : file_(std::move(file)) {}

  // False while there is no file. Without `find_start`: at the beginning of the oldest.
  absl::StatusOr<bool> Begin(const FindStart& find_start = nullptr);
  bool begun() const { return begun_; }

  // After Begin: the next lines that are whole by now, at most a block of them. False: that is all
  // for now. A last line that was never ended, in a file that is not written any more, is given
  // too.
  absl::StatusOr<bool> Next(const OnLine& on_line);

  // As much of a file as there is from `offset` on, up to `size`, which is at most a block.
  static absl::StatusOr<absl::string_view> ReadAt(const Fd& fd, off_t offset, size_t size,
                                                  Block& block);

 private:
  absl::StatusOr<std::vector<File>> OpenFiles(const struct stat* last) const;
  absl::StatusOr<bool> ReadBlock(const OnLine& on_line);
  absl::StatusOr<bool> FindNewer();

  std::string file_;
  bool begun_ = false;
  std::vector<File> files_;  // those still to be read, oldest first
  off_t offset_ = 0;         // in the first of them: where a line begins, unless `inside_`
  bool inside_ = false;      // of a line that is too long
};

}  // namespace pelagos::store
