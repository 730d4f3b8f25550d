// One layer: from the bytes of its blob to a folder, digests on the way.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/digest.h"
#include "pelagos/image/program/byte_source.h"
#include "pelagos/image/program/layer_folder.h"
#include "pelagos/image/program/read_ahead.h"
#include "pelagos/image/program/tar_stream.h"

namespace pelagos::image {

struct UnpackedLayer {
  Digest blob;        // of the bytes as they came
  uint64_t size = 0;  // of the blob, bytes
  Digest diff_id;     // of the tar in it
  Compression compression = Compression::kNone;
};

// Writes the entries of a tar archive into the empty folder `folder`. What follows its end is not
// read.
inline absl::Status UnpackTar(ByteSource& archive, const std::string& folder, Budget& budget,
                              WhiteoutNames whiteouts = WhiteoutNames::kNotes) {
  TarStream tar(archive);
  PELAGOS_ASSIGN_OR_RETURN(LayerFolder layer, LayerFolder::Open(folder, whiteouts));
  TarEntry entry;
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const bool more, tar.Next(entry));
    if (!more) break;
    PELAGOS_RETURN_IF_ERROR(budget.TakeEntry());
    // Holes cost no disk, but whoever copies the file later pays for them.
    if (entry.size < 0 || static_cast<uint64_t>(entry.size) > budget.limits().max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("entry '", entry.path, "' says that it has ", entry.size,
                       " bytes, more than ", budget.limits().max_bytes, " (--max-bytes)"));
    }
    PELAGOS_RETURN_IF_ERROR(layer.Add(entry, tar));
  }
  return layer.Finish();
}

// Unpacks `blob`, read to its end (in other threads, all of which are gone at the end), into the
// empty folder `folder`. The digests are for the caller to compare, before anything of the folder
// counts. After an error the folder is good for nothing, and `blob` is somewhere in its middle.
inline absl::StatusOr<UnpackedLayer> UnpackLayer(ByteSource& blob, const std::string& folder,
                                                 Budget& budget,
                                                 WhiteoutNames whiteouts = WhiteoutNames::kNotes) {
  HashingSource raw(blob);
  PeekSource peek(raw);
  PELAGOS_ASSIGN_OR_RETURN(const absl::string_view start, peek.Peek());
  UnpackedLayer unpacked;
  unpacked.compression = SniffCompression(start);
  DecompressedSource decompressed(peek, unpacked.compression);
  LimitedSource limited(decompressed, budget);
  ReadAhead content(limited, blob);
  PELAGOS_RETURN_IF_ERROR(UnpackTar(content, folder, budget, whiteouts));
  // What follows the tar's end counts for the digests only.
  PELAGOS_RETURN_IF_ERROR(Drain(content));
  PELAGOS_ASSIGN_OR_RETURN(unpacked.diff_id, content.Finish());
  PELAGOS_RETURN_IF_ERROR(Drain(peek));
  unpacked.blob = raw.Finish();
  unpacked.size = raw.size();
  return unpacked;
}

}  // namespace pelagos::image
