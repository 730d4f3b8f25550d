// What takes images out of the store, and what else changes or reads whole images. Part of
// store.cc.

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/kept_images.h"
#include "pelagos/image/registries.h"
#include "pelagos/image/store.h"
#include "pelagos/image/store_files.h"
#include "pelagos/sys/disk_usage.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
absl::StatusOr<StoredImage> Store::Documents(const StoredReference& stored) const {
  StoredImage image;
  image.reference = stored.reference;
  image.manifest_digest = stored.manifest;
  PELAGOS_ASSIGN_OR_RETURN(image.manifest_text,
                           sys::ReadFileAtOnce(BlobPath(stored.manifest), kMaxDocumentSize),
                           "manifest");
  PELAGOS_ASSIGN_OR_RETURN(image.manifest, ParseManifest(image.manifest_text), "manifest");
  PELAGOS_ASSIGN_OR_RETURN(
      image.config_text,
      sys::ReadFileAtOnce(BlobPath(image.manifest.config.digest), kMaxDocumentSize), "config");
  PELAGOS_ASSIGN_OR_RETURN(image.config, ParseImageConfig(image.config_text), "config");
  if (image.config.diff_ids.size() != image.manifest.layers.size()) {
    return absl::DataLossError("manifest and config have different numbers of layers");
  }
  return image;
}

absl::StatusOr<StoredImage> Store::Describe(absl::string_view written) const {
  PELAGOS_ASSIGN_OR_RETURN(const Reference reference, ResolveReference(written));
  PELAGOS_ASSIGN_OR_RETURN(const StoredReference stored, FindReference(reference, written));
  absl::StatusOr<StoredImage> image = Documents(stored);
  if (image.ok()) return image;
  PELAGOS_RETURN_IF_ERROR(FindReference(reference, written).status());  // removed meanwhile
  return absl::DataLossError(
      absl::StrCat("image '", written, "' is damaged, get it again: ", image.status().message()));
}

std::optional<ImageSummary> Store::Summarize(const std::string& name,
                                             std::set<Digest>& there) const {
  const absl::StatusOr<StoredReference> stored =
      ReadReference(absl::StrCat(folder_, "/refs/", name));
  if (!stored.ok() && FindErrno(stored.status()) == ENOENT) return std::nullopt;
  ImageSummary image;
  if (!stored.ok()) {
    image.reference =
        absl::StrReplaceAll(absl::StripSuffix(name, ".json"), {{"+", "/"}, {"=", ":"}});
    image.problem = std::string(stored.status().message());
    return image;
  }
  image.reference = stored->reference;
  image.manifest = stored->manifest;
  const absl::StatusOr<Loaded> loaded = Load(*stored);
  if (!loaded.ok()) {
    image.problem = std::string(loaded.status().message());
    return image;
  }
  for (const Digest& diff_id : loaded->config.diff_ids) {
    if (there.count(diff_id) != 0) continue;
    if (!HasLayer(diff_id)) {
      image.problem = std::string(MissingLayer(diff_id).message());
      return image;
    }
    there.insert(diff_id);
  }
  image.layers = loaded->config.diff_ids.size();
  return image;
}

absl::StatusOr<std::vector<ImageSummary>> Store::List() const {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                           sys::ListFolder(absl::StrCat(folder_, "/refs")));
  constexpr size_t kWorthAThread = 100;
  constexpr size_t kMostThreads = 4;
  const size_t cores = std::max<size_t>(std::thread::hardware_concurrency(), 1);
  const size_t count = std::min({names.size() / kWorthAThread + 1, cores, kMostThreads});
  std::vector<std::vector<ImageSummary>> parts(count);
  const auto work = [&](size_t part) {
    std::set<Digest> there;  // most images share layers
    for (size_t i = part; i < names.size(); i += count) {
      if (!absl::EndsWith(names[i], ".json")) continue;  // a temporary of WriteFileAtomically
      std::optional<ImageSummary> image = Summarize(names[i], there);
      if (image) parts[part].push_back(*std::move(image));  // else it was removed meanwhile
    }
  };
  std::vector<std::thread> threads;
  for (size_t part = 1; part < count; ++part) threads.emplace_back(work, part);
  work(0);
  for (std::thread& thread : threads) thread.join();
  std::vector<ImageSummary> list;
  for (std::vector<ImageSummary>& part : parts) {
    std::move(part.begin(), part.end(), std::back_inserter(list));
  }
  std::sort(list.begin(), list.end(),
            [](const ImageSummary& a, const ImageSummary& b) { return a.reference < b.reference; });
  return list;
}

absl::StatusOr<std::vector<StoredImage>> Store::DescribeAll() const {
  const std::string refs = absl::StrCat(folder_, "/refs");
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names, sys::ListFolder(refs));
  std::vector<StoredImage> images;
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, ".json")) continue;
    const absl::StatusOr<StoredReference> stored = ReadReference(absl::StrCat(refs, "/", name));
    if (!stored.ok()) continue;
    absl::StatusOr<StoredImage> image = Documents(*stored);
    if (image.ok()) images.push_back(*std::move(image));
  }
  std::sort(images.begin(), images.end(),
            [](const StoredImage& a, const StoredImage& b) { return a.reference < b.reference; });
  return images;
}

absl::StatusOr<std::pair<std::string, std::string>> Store::Tag(absl::string_view source,
                                                               absl::string_view target) {
  PELAGOS_ASSIGN_OR_RETURN(const Reference from, ResolveReference(source));
  PELAGOS_ASSIGN_OR_RETURN(const Reference to, ResolveReference(target));
  if (!to.digest.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", target, "': an image has the digest that it has; expected NAME[:TAG]"));
  }
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, Lock());
  PELAGOS_ASSIGN_OR_RETURN(StoredReference stored, FindReference(from, source));
  std::string old = std::exchange(stored.reference, to.ToString());
  PELAGOS_RETURN_IF_ERROR(WriteReference(to, stored));
  return std::pair(std::move(old), std::move(stored.reference));
}

absl::StatusOr<std::string> Store::Remove(absl::string_view written, bool force) {
  return RemoveAndCount(written, force, nullptr);
}

absl::StatusOr<std::string> Store::RemoveAndCount(absl::string_view written, bool force,
                                                  uint64_t* freed) {
  PELAGOS_ASSIGN_OR_RETURN(const Reference reference, ResolveReference(written));
  PELAGOS_ASSIGN_OR_RETURN(const Ingest trash, StartIngest());
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, Lock());
  std::string path = RefPath(reference);
  std::string canonical = reference.ToString();
  std::vector<Digest> own_layers;
  absl::StatusOr<StoredReference> stored = FindReference(reference, written);
  if (stored.ok()) {
    PELAGOS_ASSIGN_OR_RETURN(const Reference found, ParseReference(stored->reference));
    path = RefPath(found);
    canonical = found.ToString();
    absl::StatusOr<Loaded> loaded = Load(*stored);
    // A damaged image can go; so can one in use, if need be, but for its layers.
    if (loaded.ok() && !force) own_layers = loaded->config.diff_ids;
  } else if (absl::IsNotFound(stored.status())) {
    // What a killed Remove has begun is gone on with.
    if (::access(GoingPath(path).c_str(), F_OK) != 0) return stored.status();
  } else if (!absl::IsDataLoss(stored.status())) {
    return stored.status();
  }
  PELAGOS_RETURN_IF_ERROR(RemoveUnneeded(path, trash, own_layers, freed), "image '", written, "'");
  return canonical;
}

// Called under the store's lock.
absl::Status Store::RemoveUnneeded(const std::string& removed_ref_path, const Ingest& trash,
                                   const std::vector<Digest>& own_layers, uint64_t* freed) {
  std::set<std::string> needed_blobs, needed_layers;
  const std::string refs = absl::StrCat(folder_, "/refs");
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names, sys::ListFolder(refs));
  bool all_known = true;
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(refs, "/", name);
    if (path == removed_ref_path || !absl::EndsWith(name, ".json")) continue;
    absl::StatusOr<StoredReference> stored = ReadReference(path);
    absl::StatusOr<Loaded> loaded = stored.ok() ? Load(*stored) : stored.status();
    if (!loaded.ok() || !CheckLayers(*loaded).ok()) {
      all_known = false;  // a damaged image may need anything: then everything stays
      continue;
    }
    needed_blobs.insert(stored->manifest.hex());
    needed_blobs.insert(loaded->manifest.config.digest.hex());
    for (const Descriptor& layer : loaded->manifest.layers) needed_blobs.insert(layer.digest.hex());
    for (const Digest& diff_id : loaded->config.diff_ids) needed_layers.insert(diff_id.hex());
  }

  // First the locks, so that nothing is gone when one of its own layers turns out to be in use. The
  // records come after them: who makes one holds the layers until it is written.
  std::vector<std::pair<std::string, Fd>> doomed;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> layers,
                           sys::ListFolder(absl::StrCat(folder_, "/layers")));
  for (const std::string& hex : layers) {
    if (needed_layers.count(hex) != 0) continue;
    absl::StatusOr<Fd> held = LockFolder(absl::StrCat(folder_, "/layers/", hex), LOCK_EX);
    if (absl::IsUnavailable(held.status())) {
      const bool own = std::any_of(own_layers.begin(), own_layers.end(),
                                   [&](const Digest& diff_id) { return diff_id.hex() == hex; });
      if (own) return absl::FailedPreconditionError("it is in use by a running container");
      continue;
    }
    PELAGOS_RETURN_IF_ERROR(held.status());
    doomed.emplace_back(hex, *std::move(held));
  }
  PELAGOS_ASSIGN_OR_RETURN(const bool kept_known, SpareKept(own_layers, doomed, needed_blobs));
  all_known = all_known && kept_known;

  if (!removed_ref_path.empty()) {
    const std::string going = GoingPath(removed_ref_path);
    if (::rename(removed_ref_path.c_str(), going.c_str()) != 0 && errno != ENOENT) {
      return ErrnoStatus(errno, "rename", removed_ref_path);
    }
    PELAGOS_RETURN_IF_ERROR(SyncFolder(refs));
  }
  if (all_known) PELAGOS_RETURN_IF_ERROR(Discard(doomed, needed_blobs, trash, freed));
  if (removed_ref_path.empty()) return absl::OkStatus();
  const std::string going = GoingPath(removed_ref_path);
  if (::unlink(going.c_str()) != 0) return ErrnoStatus(errno, "unlink", going);
  return absl::OkStatus();
}

absl::StatusOr<bool> Store::SpareKept(const std::vector<Digest>& own_layers,
                                      std::vector<std::pair<std::string, Fd>>& doomed_layers,
                                      std::set<std::string>& needed_blobs) const {
  store::Roots roots;
  roots.data = sys::FolderOf(folder_);
  const absl::StatusOr<std::vector<KeptImage>> all = ReadKeptImages(roots);
  if (absl::IsDataLoss(all.status())) return false;
  PELAGOS_RETURN_IF_ERROR(all.status());
  for (const KeptImage& kept : *all) {
    for (auto layer = doomed_layers.begin(); layer != doomed_layers.end();) {
      if (kept.layers.count(layer->first) == 0) {
        ++layer;
        continue;
      }
      const bool own = std::any_of(own_layers.begin(), own_layers.end(),
                                   [&](const Digest& id) { return id.hex() == layer->first; });
      if (own) {
        return absl::FailedPreconditionError(
            absl::StrCat("it is in use by container '", kept.container, "'"));
      }
      layer = doomed_layers.erase(layer);
    }
    // The documents too: who commits the container builds on them.
    const absl::StatusOr<Digest> digest = ParseDigest(kept.manifest);
    if (!digest.ok()) continue;
    const absl::StatusOr<std::string> text =
        sys::ReadFileAtOnce(BlobPath(*digest), kMaxDocumentSize);
    if (!text.ok()) continue;
    needed_blobs.insert(digest->hex());
    const absl::StatusOr<Manifest> manifest = ParseManifest(*text);
    if (!manifest.ok()) continue;
    needed_blobs.insert(manifest->config.digest.hex());
    for (const Descriptor& layer : manifest->layers) needed_blobs.insert(layer.digest.hex());
  }
  return true;
}

absl::Status Store::Discard(const std::vector<std::pair<std::string, Fd>>& doomed_layers,
                            const std::set<std::string>& needed_blobs, const Ingest& trash,
                            uint64_t* freed) {
  for (const auto& [hex, held] : doomed_layers) {
    if (freed != nullptr) *freed += sys::DiskUsage(absl::StrCat(folder_, "/layers/", hex));
    PELAGOS_RETURN_IF_ERROR(
        Rename(absl::StrCat(folder_, "/layers/", hex), absl::StrCat(trash.folder(), "/", hex)));
  }
  const std::string blobs = absl::StrCat(folder_, "/blobs/sha256");
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> blob_names, sys::ListFolder(blobs));
  for (const std::string& name : blob_names) {
    if (needed_blobs.count(name) != 0) continue;
    const std::string path = absl::StrCat(blobs, "/", name);
    if (freed != nullptr) *freed += sys::DiskUsage(path);
    if (::unlink(path.c_str()) != 0) return ErrnoStatus(errno, "unlink", path);
  }
  return absl::OkStatus();
}

absl::StatusOr<Pruned> Store::Prune(const std::function<bool(const StoredImage&)>& doomed) {
  Pruned pruned;
  if (doomed) {
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<StoredImage> images, DescribeAll());
    store::Roots roots;
    roots.data = sys::FolderOf(folder_);
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<KeptImage> kept, ReadKeptImages(roots));
    for (const StoredImage& image : images) {
      const std::string manifest = image.manifest_digest.ToString();
      // None of its names goes, not even where another one would be left.
      const bool needed = std::any_of(
          kept.begin(), kept.end(), [&](const KeptImage& one) { return one.manifest == manifest; });
      if (needed || !doomed(image)) continue;
      absl::StatusOr<std::string> removed =
          RemoveAndCount(image.reference, /*force=*/false, &pruned.bytes);
      // A container runs on it, or somebody else was faster.
      if (absl::IsFailedPrecondition(removed.status()) || absl::IsNotFound(removed.status())) {
        continue;
      }
      PELAGOS_RETURN_IF_ERROR(removed.status());
      pruned.images.push_back(*std::move(removed));
    }
  }
  PELAGOS_ASSIGN_OR_RETURN(const Ingest trash, StartIngest());
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, Lock());
  PELAGOS_RETURN_IF_ERROR(RemoveUnneeded("", trash, {}, &pruned.bytes));
  const std::string refs = absl::StrCat(folder_, "/refs");
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> left, sys::ListFolder(refs));
  for (const std::string& name : left) {
    const std::string path = absl::StrCat(refs, "/", name);
    if (IsGoingName(name) && ::unlink(path.c_str()) != 0) return ErrnoStatus(errno, "unlink", path);
  }
  const std::string partials = absl::StrCat(folder_, "/partial");
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names, sys::ListFolder(partials));
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(partials, "/", name);
    const absl::StatusOr<Fd> unused = sys::LockFile(path, sys::LockMode::kTry);
    if (absl::IsUnavailable(unused.status())) continue;  // on its way
    PELAGOS_RETURN_IF_ERROR(unused.status());
    pruned.bytes += sys::DiskUsage(path);
    if (::unlink(path.c_str()) != 0) return ErrnoStatus(errno, "unlink", path);
  }
  return pruned;
}

}  // namespace pelagos::image
