// Brings images into the store: starts the sibling program pelagos-image, which does what needs
// libarchive and OpenSSL, away from the engine, and reads its report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/commit_request.h"
#include "pelagos/image/store_check.h"
#include "pelagos/policy/id_map.h"

namespace pelagos::image {

struct IngestOptions {
  std::string tag;           // of Load: names the image instead of the archive; empty: the archive
  uint64_t max_bytes = 0;    // unpacked, all layers; 0: config.toml's, or the program's own limit
  uint64_t max_entries = 0;  // likewise
  std::string program;       // path of pelagos-image; empty: beside the running program
};

struct LoadedImage {
  std::string reference;  // canonical
  std::string digest;     // of its manifest, "sha256:..."
  size_t layers = 0;

  friend bool operator==(const LoadedImage&, const LoadedImage&) = default;
};

// Reads an OCI image layout or docker-archive (a tar; gzip or zstd or not) from `archive_fd`, which
// stays the caller's and is read to its end. All its images are in the store after it, at least
// one; after an error, the store is as it was. The message is fit for a terminal: what it quotes of
// the archive has no control characters.
absl::StatusOr<std::vector<LoadedImage>> Load(const std::string& data_root, int archive_fd,
                                              const IngestOptions& options = {});

// Makes an image of one layer of a root file system: a tar from `tar_fd`, or a folder. `changes`
// are instructions of a Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, STOPSIGNAL,
// USER, VOLUME, WORKDIR.
absl::StatusOr<LoadedImage> ImportTar(const std::string& data_root, int tar_fd,
                                      absl::string_view reference,
                                      const std::vector<std::string>& changes,
                                      const IngestOptions& options = {});
absl::StatusOr<LoadedImage> ImportFolder(const std::string& data_root, const std::string& folder,
                                         absl::string_view reference,
                                         const std::vector<std::string>& changes,
                                         const IngestOptions& options = {});

enum class ArchiveFormat : uint8_t { kOci, kDockerArchive };

// Writes images of the store as one archive (a tar) to `archive_fd`, which stays the caller's: an
// OCI image layout, which newer Docker reads too, or the docker-archive of any Docker. The same
// images give the same bytes. After an error the archive is good for nothing.
absl::StatusOr<std::vector<LoadedImage>> Save(const std::string& data_root, int archive_fd,
                                              const std::vector<std::string>& references,
                                              ArchiveFormat format,
                                              const IngestOptions& options = {});

// Compares the whole store with what its names and digests say, and changes nothing. What other
// commands have under way is no finding.
absl::StatusOr<StoreCheck> Check(const std::string& data_root, const IngestOptions& options = {});

// Makes an image of what a container has written over its image (see commit_request.h).
absl::StatusOr<LoadedImage> Commit(const std::string& data_root, const CommitRequest& request,
                                   const IngestOptions& options = {});

// What is to be written as an archive.
struct EntryArchive {
  std::string name;  // of the file, or the folder, in it; empty: of a folder only what is in it
  bool cross_mounts = false;  // with what is mounted in the folder
  IdMap ids;                  // of the user namespace whose files these are
};

// Writes a file or folder (open, O_PATH will do) as a tar to `archive_fd`; both stay the caller's.
absl::Status WriteArchive(int entry_fd, int archive_fd, const EntryArchive& archive,
                          const IngestOptions& options = {});

// Writes what a tar (gzip or zstd or not) has into the empty folder `folder`, read to its end.
// After an error the folder is good for nothing.
absl::Status ExtractArchive(int archive_fd, const std::string& folder,
                            const IngestOptions& options = {});

namespace internal {
// Runs pelagos-image to its end; standard error is ours. `stdin_fd` stays the caller's; -1 for
// none.
absl::StatusOr<std::vector<LoadedImage>> RunImageProgram(std::vector<std::string> arguments,
                                                         int stdin_fd,
                                                         const IngestOptions& options);
// The program's standard output as a value or the error that it reports; see program/main.cc.
absl::StatusOr<std::vector<LoadedImage>> ParseReport(absl::string_view report, int exit_code);
}  // namespace internal

}  // namespace pelagos::image
