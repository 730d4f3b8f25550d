// The images of one data root: content-addressed, verified before they were let in (by
// pelagos-image), whole after any crash.
//
//   DATA/images/                 0700, so that no set-user-ID file of an image is within reach
//     lock                       flock: whoever adds or removes holds it, for moments
//     refs/NAME.json             {"reference", "manifest"}; NAME: '/' as '+', ':' as '='; with
//                                copies of what a run needs: "config", "passwd", "group"
//     blobs/sha256/HEX           manifests, configs and compressed layers, as they came: what is
//                                pushed or saved has the bytes that were pulled or loaded
//     layers/HEX/                an unpacked layer, named by its diffID: a lower folder of overlays
//
//     partial/HEX                a blob on its way from a registry, for the next attempt to go on;
//                                flocked by its living owner
//     ingest/XXXXXX/             what is being made or thrown away; flocked by its live owner, or
//                                removed by the next command that writes
//     refs/NAME.json.going       a name that is being removed: what it needed goes, then this;
//     after
//                                a kill the next removal of that name, or Prune, goes on
//     refs/*.new.PID, blobs/sha256/*.new.PID
//                                what a killed command was writing; removed likewise
//
// A layer appears by one rename, a reference by another; a reference is written last and removed
// first. Containers hold a shared flock on their layers (Hold): what is held is never removed, and
// the lock dies with its holder. Nor is what the records of kept containers need (kept_images.h).
// Source: overlayfs.rst for the layers' form; image-spec 1.1 for the blobs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/image/digest.h"
#include "pelagos/image/manifest.h"
#include "pelagos/image/reference.h"
#include "pelagos/spec/resolved_image.h"

namespace pelagos::image {

// One line of `pelagos image ls`.
struct ImageSummary {
  std::string reference;  // canonical
  Digest manifest;
  size_t layers = 0;
  std::string problem;  // why it cannot be used; empty if it can

  friend bool operator==(const ImageSummary&, const ImageSummary&) = default;
};

// Keeps the layers of an image in the store for as long as it lives. Moves only.
using LayerHold = std::vector<Fd>;

// A folder in ingest/ that only its owner uses; gone with it. Moves only.
class Ingest {
 public:
  Ingest(Ingest&&) = default;
  Ingest& operator=(Ingest&&) = delete;
  ~Ingest();  // what cannot be removed is left to the next command

  const std::string& folder() const { return folder_; }  // absolute if the data root is

 private:
  friend class Store;
  Ingest(std::string folder, Fd lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}
  std::string folder_;
  Fd lock_;
};

// An image, and its users where the store has copies of their files.
struct FoundInStore {
  ResolvedImage image;
  Platform platform;  // as its config says
  std::optional<UserFiles> users;
};

// An image as its documents say it.
struct StoredImage {
  std::string reference;  // canonical
  Digest manifest_digest;
  std::string manifest_text, config_text;  // as they came
  Manifest manifest;
  ImageConfig config;
};

// What Prune removed.
struct Pruned {
  std::vector<std::string> images;  // canonical names
  uint64_t bytes = 0;               // on disk
};

// What Publish lets in. The caller has verified that every digest is that of its content.
struct NewImage {
  struct Layer {
    Digest diff_id;
    std::string folder;  // unpacked, below Ingest::folder(); unused if the store has the layer
  };
  // A layer as it came: it is moved into the store, unless that has it.
  struct Blob {
    Digest digest;
    std::string file;  // on the store's file system
  };
  Reference reference;
  Digest manifest_digest, config_digest;
  std::string manifest, config;  // JSON
  std::vector<Layer> layers;     // bottom first
  std::vector<Blob> blobs = {};  // those that are kept
};

// Paths only: copies freely, holds nothing open. Several processes may use one store at a time.
class Store {
 public:
  // Makes the folders where they are missing.
  static absl::StatusOr<Store> Open(absl::string_view data_root);
  // Makes nothing; a store that is not there has no images. For reading.
  static Store Look(absl::string_view data_root);

  // InvalidArgument: not a reference. NotFound: says how to load it. DataLoss: the store is
  // damaged. "name@sha256:DIGEST" finds the image of that name with that manifest, whatever its
  // tag.
  absl::StatusOr<ResolvedImage> Find(absl::string_view reference) const;
  // For a run, which holds the layers next: whether the bottom one is there, Hold tells.
  absl::StatusOr<FoundInStore> FindWithUsers(absl::string_view reference) const;

  // Sorted by reference.
  absl::StatusOr<std::vector<ImageSummary>> List() const;

  // The documents of an image, as Find finds it; DataLoss if they cannot be read.
  absl::StatusOr<StoredImage> Describe(absl::string_view reference) const;
  // Of all images that can be read, sorted by reference.
  absl::StatusOr<std::vector<StoredImage>> DescribeAll() const;

  // Another name for an image; one that exists names this image from then on. Returns both names,
  // canonical. InvalidArgument: `target` is no name, or has a digest.
  absl::StatusOr<std::pair<std::string, std::string>> Tag(absl::string_view source,
                                                          absl::string_view target);

  // Removes the name, then layers and blobs that no name needs any more. NotFound if there is no
  // such name; FailedPrecondition if it would take layers that are held, or that a kept container
  // needs. With `force` it leaves those to a later Remove or Prune. Returns the canonical name.
  absl::StatusOr<std::string> Remove(absl::string_view reference, bool force = false);

  // Removes the images that `doomed` picks, but for those in use; none if it is empty. Then all
  // that no name needs: layers, blobs, and what broken transfers left behind.
  absl::StatusOr<Pruned> Prune(const std::function<bool(const StoredImage&)>& doomed);

  // Call it between Find and the mount; keep the result while the container runs. NotFound if the
  // image was removed in between.
  absl::StatusOr<LayerHold> Hold(const ResolvedImage& image) const;

  bool HasLayer(const Digest& diff_id) const;
  bool HasBlob(const Digest& digest) const;
  std::string BlobPath(const Digest& digest) const;
  // Where a blob on its way is kept.
  std::string PartialPath(const Digest& digest) const;
  std::string RefPath(const Reference& reference) const;
  // Whether a file of refs/ is a name whose removal was begun.
  static bool IsGoingName(absl::string_view name);
  // The folders of an image's layers as overlayfs takes them, top first. NotFound: one is missing;
  // whether the bottom one is there, only Hold tells.
  absl::StatusOr<std::vector<std::string>> LayersOf(const ImageConfig& config) const;
  // Waits until no other process adds or removes, and keeps it so; makes `folder()`/lock.
  absl::StatusOr<Fd> Lock() const;
  // Keeps one layer as Hold does; nullopt if the store has none of that diffID.
  absl::StatusOr<std::optional<Fd>> HoldLayer(const Digest& diff_id) const;

  // A fresh folder; also removes what killed processes left behind.
  absl::StatusOr<Ingest> StartIngest();

  // Makes the images visible, each wholly or not at all; a reference that exists names the new
  // image from then on. Images may share layer folders. The folders are moved out of `ingest`.
  absl::Status Publish(const Ingest& ingest, const std::vector<NewImage>& images);

  const std::string& folder() const { return folder_; }  // DATA/images

 private:
  // Of the reference that a file of refs/ holds; nullopt: it is gone. `there`: layers that were
  // seen.
  std::optional<ImageSummary> Summarize(const std::string& name, std::set<Digest>& there) const;
  explicit Store(std::string folder) : folder_(std::move(folder)) {}

  struct Loaded {
    StoredReference stored;
    Manifest manifest;
    ImageConfig config;
  };
  static std::string GoingPath(const std::string& ref_path) { return ref_path + ".going"; }
  std::string LayerPath(const Digest& diff_id) const;
  absl::StatusOr<StoredReference> ReadReference(const std::string& path) const;
  absl::StatusOr<StoredReference> FindReference(const Reference& reference,
                                                absl::string_view written) const;
  absl::StatusOr<Loaded> Load(const StoredReference& stored) const;
  absl::StatusOr<StoredImage> Documents(const StoredReference& stored) const;
  absl::Status CheckLayers(const Loaded& loaded) const;
  absl::StatusOr<ImageConfig> ConfigOf(const StoredReference& stored) const;
  void CopyInto(StoredReference& stored, const std::string& config) const;
  // `removed_ref_path` empty: no name goes. `freed`: counts bytes, if it is not null.
  absl::Status RemoveUnneeded(const std::string& removed_ref_path, const Ingest& trash,
                              const std::vector<Digest>& own_layers, uint64_t* freed = nullptr);
  absl::StatusOr<std::string> RemoveAndCount(absl::string_view reference, bool force,
                                             uint64_t* freed);
  // Takes what kept containers need out of what goes. FailedPrecondition if that is one of
  // `own_layers`; false: what they need cannot be known.
  absl::StatusOr<bool> SpareKept(const std::vector<Digest>& own_layers,
                                 std::vector<std::pair<std::string, Fd>>& doomed_layers,
                                 std::set<std::string>& needed_blobs) const;
  // Layers (by their hex, with their locks) and all blobs but those that are needed.
  absl::Status Discard(const std::vector<std::pair<std::string, Fd>>& doomed_layers,
                       const std::set<std::string>& needed_blobs, const Ingest& trash,
                       uint64_t* freed);
  absl::Status WriteReference(const Reference& name, const StoredReference& stored);
  absl::Status ReapLeftOvers();
  absl::Status PublishOne(const NewImage& image);

  std::string folder_;
};

}  // namespace pelagos::image
