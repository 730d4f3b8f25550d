// Writes one layer's entries below one folder, whatever their names and links say.
//
// How it stays inside: a name is split by hand ("..", empty and over-long names are refused); its
// parent is opened with openat2(2) RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV, step by
// step where it has to be made; the last part is only ever used with *at calls that follow no link.
// So a link in the archive is text that this program never follows.
//
// The folder has the form that overlayfs takes as a lower layer: ".wh.NAME" becomes a character
// device 0:0, ".wh..wh..opq" the xattr trusted.overlay.opaque=y of its folder.
// Source: image-spec 1.1, layer.md ("Whiteouts", "Applying Changesets"); overlayfs.rst.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/image/program/tar_stream.h"
#include "pelagos/sys/root_fd.h"

namespace pelagos::image {

// Folders nest no deeper, so that whoever removes the tree needs no more descriptors than this.
inline constexpr size_t kMaxDepth = 256;

// The parts of a name in an archive, without "." and a leading "/" (which tar writers may leave).
// InvalidArgument for "..", parts over 255 bytes and more than kMaxDepth parts.
absl::StatusOr<std::vector<std::string>> SplitArchivePath(absl::string_view path);

// The attributes that an image may carry. Those of overlayfs are ours alone.
bool IsImageXattr(absl::string_view name);

// What names that begin with ".wh." are: notes on the layers below, or names as any other.
enum class WhiteoutNames : uint8_t { kNotes, kNames };

// Moves only. After an error the folder is half made and good for nothing.
class LayerFolder {
 public:
  // `folder` exists, is empty and nobody else writes there.
  static absl::StatusOr<LayerFolder> Open(const std::string& folder,
                                          WhiteoutNames whiteouts = WhiteoutNames::kNotes);

  // Makes the entry; a file's content is pulled from `tar`. What an earlier entry put at its place
  // goes, except that a folder keeps its content under another folder entry.
  absl::Status Add(const TarEntry& entry, TarStream& tar);

  // Times of folders, which every entry in them had changed. Call it last.
  absl::Status Finish();

 private:
  // An entry's place: an open parent, and the name in it.
  struct Place {
    int parent = -1;  // owned by the LayerFolder, until the next Find
    std::string name;
    std::string path;  // for errors
  };
  // What stood at a place before.
  enum class Before { kNothing, kFolder, kWhiteout };

  LayerFolder(sys::RootFd root, WhiteoutNames whiteouts)
      : root_(std::move(root)), whiteouts_(whiteouts) {}

  absl::StatusOr<Fd> OpenFolder(int parent, const std::string& name, const std::string& path);
  absl::StatusOr<Place> Find(const std::vector<std::string>& parts);
  absl::StatusOr<Before> Clear(const Place& place, bool for_folder);
  absl::Status Whiteout(const Place& place, absl::string_view hidden);
  absl::Status HardLink(const Place& place, const TarEntry& entry);
  absl::Status File(const Place& place, const TarEntry& entry, TarStream& tar);
  absl::Status Folder(const Place& place, const std::vector<std::string>& parts,
                      const TarEntry& entry);
  absl::Status Node(const Place& place, const TarEntry& entry);

  sys::RootFd root_;
  WhiteoutNames whiteouts_;
  std::vector<std::string> parent_parts_;  // of parent_
  Fd parent_;
  std::vector<std::pair<std::string, timespec>> folder_times_;
};

}  // namespace pelagos::image
