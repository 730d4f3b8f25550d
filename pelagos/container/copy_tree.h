// Copies files and folders from one tree into another, by descriptors alone: between the host and
// containers, which may change their trees meanwhile as they like.
//
// How it stays where it is: every step is one name in an open folder, and follows no link. What an
// entry is is asked of an O_PATH descriptor of it, which is then what is read; so no device and no
// fifo is ever opened, and nothing is read but what was looked at. A folder that is moved away
// under our hands is still that folder.
//
// Source: open(2) (O_PATH, O_NOFOLLOW), linkat(2), lseek(2) (SEEK_DATA), statfs(2).
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/policy/id_map.h"

namespace pelagos::container {

struct CopyRules {
  bool keep_owners = false;  // else all belongs to `uid` and `gid`, as the target's tree calls them
  uint32_t uid = 0, gid = 0;
  // Whose ids the trees have, on the host; empty: the host's own. An id that the target's user
  // namespace has not becomes that of its root.
  IdMap from, to;
  // Set-id bits, files' capabilities and devices are copied too. Else the bits go, and devices are
  // left out: a container must not leave programs of root's, or the host's disks, in a folder of
  // the host.
  bool privileges = false;
};

struct Copied {
  uint64_t files = 0;  // of any kind but folders
  uint64_t bytes = 0;  // of content
  // What was left out, for people, the first few: sockets, devices, the kernel's file systems.
  std::vector<std::string> left_out;
};

// Folders nest no deeper (each takes two descriptors).
inline constexpr size_t kMostCopiedLevels = 256;

// Uses nothing beyond the calls. Not copyable: holds descriptors of files with several names.
class TreeCopier {
 public:
  explicit TreeCopier(CopyRules rules) : rules_(std::move(rules)) {}
  TreeCopier(const TreeCopier&) = delete;
  TreeCopier& operator=(const TreeCopier&) = delete;

  // Copies what `source` (O_PATH, of anything) is as `name` in the open folder. A file that stands
  // there is replaced; what a folder has stays, and so do its mode and times. FailedPrecondition: a
  // folder would replace something else, or something else a folder.
  absl::Status CopyAs(const Fd& source, const Fd& folder, const std::string& name);

  // Copies what is in the folder `source` into `folder`.
  absl::Status CopyContent(const Fd& source, const Fd& folder);

  const Copied& copied() const { return copied_; }

 private:
  struct Level {
    Fd source, target;
    uint64_t device = 0;              // of the source
    std::string path;                 // for errors
    std::vector<std::string> left;    // names, sorted downwards
    std::optional<struct stat> info;  // of a folder that was made: set when all is in it
  };

  absl::Status CopyOne(const Fd& source, const Fd& folder, const std::string& name,
                       const std::string& path, uint64_t folders_device);
  absl::Status CopyFile(const Fd& source, const struct stat& info, const Fd& folder,
                        const std::string& name, const std::string& path);
  absl::Status CopyNode(const Fd& source, const struct stat& info, const Fd& folder,
                        const std::string& name, const std::string& path);
  absl::Status EnterFolder(const Fd& source, const struct stat& info, const Fd& folder,
                           const std::string& name, const std::string& path);
  absl::Status Descend();
  absl::Status SetAttributes(int fd, const struct stat& info, const std::string& path) const;
  // That, and the extended ones of the open `source`.
  absl::Status SetAllAttributes(int source, int fd, const struct stat& info,
                                const std::string& path);
  void LeaveOut(const std::string& path, const char* why);

  CopyRules rules_;
  Copied copied_;
  std::deque<Level> levels_;                            // references to them stay good
  std::map<std::pair<uint64_t, uint64_t>, Fd> linked_;  // by the source's device and inode
  std::pair<uint64_t, uint64_t> top_target_;            // what must not be copied into itself
};

// Whether the open file is on a file system that is the kernel's (/proc, /sys, ...), whose files
// are no content to copy.
bool IsKernels(const Fd& file);

}  // namespace pelagos::container
