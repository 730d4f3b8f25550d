// `pelagos-image load`: an archive of images, as `docker save`, `skopeo copy` or `podman save`
// write it, into the store. One pass, front to back: it works on a pipe.
//
//   OCI image layout   oci-layout, index.json, blobs/sha256/HEX
//   docker-archive     manifest.json, CONFIG.json, LAYER.tar (or ID/layer.tar, or a link to one)
//
// Members come in any order, and only at the end is it known which of them count: every tar is
// unpacked into the ingest folder as it flows by, documents are kept in memory. Then references are
// followed, digests compared, and what belongs to the images is published; the rest goes with the
// ingest folder. An archive that is both (newer `docker save`) is read as an OCI layout.
// Source: image-spec 1.1, image-layout.md; Docker's image-spec v1.2 ("Combined Image JSON").
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/image/manifest.h"
#include "pelagos/image/program/byte_source.h"
#include "pelagos/image/program/unpack.h"
#include "pelagos/image/reference.h"
#include "pelagos/image/store.h"

namespace pelagos::image {

// One use per archive.
class ArchiveLoader {
 public:
  // `ingest` and `budget` must outlive it.
  ArchiveLoader(const Ingest& ingest, Budget& budget) : ingest_(ingest), budget_(budget) {}

  // Reads all of `input`. The images are verified, their layers lie in the ingest folder; nothing
  // is published yet. `tag` names the image instead of the archive; then there must be just one.
  absl::StatusOr<std::vector<NewImage>> Load(ByteSource& input,
                                             const std::optional<Reference>& tag);

 private:
  // A tar that flowed by. A broken one matters only if an image needs it.
  struct Layer {
    absl::Status status;
    UnpackedLayer unpacked;
    std::string folder;
    std::string file;  // the blob as it is in the archive
  };
  // What an index or manifest.json says there is.
  struct Candidate {
    std::string name;  // may be empty
    std::vector<Descriptor> choices;
  };

  absl::Status ReadMember(const std::string& path, TarStream& tar);
  absl::Status ReadLayer(const std::string& path, ByteSource& content);
  absl::Status ReadDocument(const std::string& path, ByteSource& content);
  absl::StatusOr<const std::string*> Document(const std::string& path) const;
  absl::StatusOr<const std::string*> Blob(const Digest& digest) const;

  absl::StatusOr<std::vector<NewImage>> LoadLayout(const std::optional<Reference>& tag);
  absl::StatusOr<Descriptor> Choose(const std::vector<Descriptor>& choices, int depth) const;
  absl::StatusOr<NewImage> LayoutImage(const Descriptor& descriptor, const Reference& name) const;

  absl::StatusOr<std::vector<NewImage>> LoadDockerArchive(const std::optional<Reference>& tag);
  absl::StatusOr<NewImage> DockerImage(const DockerArchiveImage& image,
                                       const Reference& name) const;

  // Compares, and adds the layer and its blob to the image.
  absl::Status Verify(const Layer* layer, const Descriptor* descriptor, const Digest& diff_id,
                      absl::string_view what, NewImage& image) const;

  const Ingest& ingest_;
  Budget& budget_;
  std::map<std::string, Layer> layers_;           // by path in the archive
  std::map<std::string, std::string> documents_;  // likewise
  std::map<std::string, std::string> links_;      // path -> path, of links among members
  std::map<std::string, std::string> too_large_;  // path -> why it was not kept
  std::map<Digest, std::string> folders_;         // of each diffID, one
  size_t document_bytes_ = 0;
};

}  // namespace pelagos::image
