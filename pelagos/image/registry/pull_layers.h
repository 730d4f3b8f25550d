// The layers of an image, several at a time: from wherever their blobs are into the ingest folder.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/image/manifest.h"
#include "pelagos/image/program/unpack.h"
#include "pelagos/image/registry/blob.h"
#include "pelagos/image/registry/pull.h"

namespace pelagos::image {

// One use per image.
class LayerPuller {
 public:
  // Brings one blob's file to its size; blob.h's DownloadBlob, from one endpoint or another.
  using Download = std::function<absl::Status(const Descriptor&, GrowingFile&, size_t line)>;

  // All outlive it.
  LayerPuller(const TransferTools& tools, const Ingest& ingest, Budget& budget, Download download)
      : tools_(tools), ingest_(ingest), budget_(budget), download_(std::move(download)) {}

  // Adds layers, blobs and locks to `pulled`. The first error ends the other layers too.
  absl::Status Pull(const Manifest& manifest, const ImageConfig& config, uint32_t parallel,
                    PulledImage& pulled);

 private:
  struct Job {
    Descriptor blob;
    Digest diff_id;
    size_t line = 0;
    std::string folder;          // unpacked here; empty: the store has the layer
    std::string file;            // where the blob is; empty: the store has it
    std::vector<Fd> locks = {};  // of what the store has, and of the file
  };
  // A blob's file, to be read while it grows, and whether it had something before.
  struct Opened {
    Fd file;
    uint64_t size = 0;
    bool from_store = false;
  };

  void Fail(const absl::Status& status);
  absl::Status Run(Job& job);
  absl::StatusOr<Opened> OpenBlob(Job& job);
  absl::Status Fill(Job& job, Opened opened, bool unpack, bool& bad);
  absl::Status Compare(const Job& job, const UnpackedLayer& unpacked, bool unpack) const;

  const TransferTools& tools_;
  const Ingest& ingest_;
  Budget& budget_;
  const Download download_;
  std::mutex mutex_;
  absl::Status failure_;
  std::set<GrowingFile*> growing_;
};

}  // namespace pelagos::image
