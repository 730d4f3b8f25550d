#include "pelagos/image/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

constexpr uint32_t kPrivate = 0700;
constexpr size_t kMaxReferenceFile = 4096;

// flock(2) on a folder; UNAVAILABLE if somebody holds it the other way.
absl::StatusOr<Fd> LockFolder(const std::string& path, int how) {
  PELAGOS_ASSIGN_OR_RETURN(Fd fd, sys::OpenFile(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  while (::flock(fd.get(), how | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return absl::UnavailableError(absl::StrCat("'", path, "' is held"));
    return ErrnoStatus(errno, "flock", path);
  }
  return fd;
}

bool IsFolder(const std::string& path) {
  struct stat info = {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

absl::Status Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return ErrnoStatus(errno, "rename", to);
  return absl::OkStatus();
}

absl::Status SyncFolder(const std::string& path) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd fd, sys::OpenFile(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return ErrnoStatus(errno, "fsync", path);
  return absl::OkStatus();
}

// The files and folders below `folder`, itself included; nothing if they are many, or if they
// cannot all be named by a path.
std::optional<std::vector<std::string>> FewFilesBelow(const std::string& folder) {
  constexpr size_t kFew = 1000;
  std::vector<std::string> paths = {folder};
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(folder, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    const std::filesystem::file_type type = entry->symlink_status(error).type();
    if (error || paths.size() > kFew) return std::nullopt;
    if (type == std::filesystem::file_type::regular ||
        type == std::filesystem::file_type::directory) {
      paths.push_back(entry->path().string());
    }
  }
  if (error) return std::nullopt;
  return paths;
}

// All below `folder`, which nobody else writes to, is on disk after it. Many files are cheapest by
// one syncfs(2); but that waits for whatever else the machine writes, and a small image should not.
absl::Status SyncTree(const std::string& folder) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd top, sys::OpenFile(folder, O_RDONLY | O_DIRECTORY));
  const std::optional<std::vector<std::string>> paths = FewFilesBelow(folder);
  if (!paths) {
    return ::syncfs(top.get()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, "syncfs", folder);
  }
  for (const std::string& path : *paths) {
    PELAGOS_ASSIGN_OR_RETURN(const Fd fd, sys::OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    if (::fsync(fd.get()) != 0) return ErrnoStatus(errno, "fsync", path);
  }
  return absl::OkStatus();
}

// overlayfs merges the roots of all layers, so that one which says "nothing below me counts" ends
// the list instead.
bool HidesTheLayersBelow(const std::string& layer) {
  char value = 0;
  return ::lgetxattr(layer.c_str(), "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

absl::Status NotInStore(absl::string_view written) {
  return absl::NotFoundError(absl::StrCat("image '", written,
                                          "' is not in the store; load it with 'pelagos image "
                                          "load'"));
}

}  // namespace

Ingest::~Ingest() {
  // Whatever fails here stays, unlocked, for ReapIngests.
  if (lock_.valid()) sys::RemoveTree(folder_).IgnoreError();
}

absl::StatusOr<Store> Store::Open(absl::string_view data_root) {
  Store store = Look(data_root);
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(std::string(data_root), 0755), "image store");
  for (absl::string_view folder : {"", "/refs", "/blobs/sha256", "/layers", "/ingest"}) {
    PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(absl::StrCat(store.folder_, folder), kPrivate),
                            "image store");
  }
  return store;
}

Store Store::Look(absl::string_view data_root) {
  return Store(absl::StrCat(data_root, "/images"));
}

std::string Store::RefPath(const Reference& reference) const {
  // Neither sign can stand in a reference: different names never share a file.
  return absl::StrCat(folder_, "/refs/",
                      absl::StrReplaceAll(reference.ToString(), {{"/", "+"}, {":", "="}}), ".json");
}

std::string Store::BlobPath(const Digest& digest) const {
  return absl::StrCat(folder_, "/blobs/sha256/", digest.hex());
}

std::string Store::LayerPath(const Digest& diff_id) const {
  return absl::StrCat(folder_, "/layers/", diff_id.hex());
}

bool Store::HasLayer(const Digest& diff_id) const { return IsFolder(LayerPath(diff_id)); }

absl::StatusOr<StoredReference> Store::ReadReference(const std::string& path) const {
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFile(path, kMaxReferenceFile));
  return ParseStoredReference(text);
}

absl::StatusOr<StoredReference> Store::FindReference(const Reference& reference,
                                                     absl::string_view written) const {
  const std::string path = RefPath(reference);
  absl::StatusOr<StoredReference> stored = ReadReference(path);
  if (stored.ok() || FindErrno(stored.status()) != ENOENT) {
    if (stored.ok()) return stored;
    return absl::DataLossError(absl::StrCat("image '", written, "': ", stored.status().message()));
  }
  if (reference.digest.empty()) return NotInStore(written);
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                           sys::ListFolder(absl::StrCat(folder_, "/refs")));
  for (const std::string& name : names) {
    stored = ReadReference(absl::StrCat(folder_, "/refs/", name));
    if (!stored.ok() || stored->manifest != reference.digest) continue;
    absl::StatusOr<Reference> other = ParseReference(stored->reference);
    if (other.ok() && other->Name() == reference.Name()) return stored;
  }
  return NotInStore(written);
}

absl::StatusOr<Store::Loaded> Store::Load(const StoredReference& stored) const {
  Loaded loaded;
  loaded.stored = stored;
  PELAGOS_ASSIGN_OR_RETURN(const std::string manifest,
                           sys::ReadFile(BlobPath(stored.manifest), kMaxDocumentSize), "manifest");
  PELAGOS_ASSIGN_OR_RETURN(loaded.manifest, ParseManifest(manifest), "manifest");
  PELAGOS_ASSIGN_OR_RETURN(const std::string config,
                           sys::ReadFile(BlobPath(loaded.manifest.config.digest), kMaxDocumentSize),
                           "config");
  PELAGOS_ASSIGN_OR_RETURN(loaded.config, ParseImageConfig(config), "config");
  for (const Digest& diff_id : loaded.config.diff_ids) {
    if (!HasLayer(diff_id)) {
      return absl::NotFoundError(absl::StrCat("layer ", diff_id.ToString(), " is missing"));
    }
  }
  return loaded;
}

absl::StatusOr<ResolvedImage> Store::Find(absl::string_view written) const {
  PELAGOS_ASSIGN_OR_RETURN(const Reference reference, ParseReference(written));
  PELAGOS_ASSIGN_OR_RETURN(const StoredReference stored, FindReference(reference, written));
  absl::StatusOr<Loaded> loaded = Load(stored);
  if (!loaded.ok()) {
    // Readers take no lock: it may have been removed under our hands, which is no damage.
    PELAGOS_RETURN_IF_ERROR(FindReference(reference, written).status());
    return absl::DataLossError(absl::StrCat(
        "image '", written, "' is damaged, load it again: ", loaded.status().message()));
  }
  ResolvedImage image;
  image.reference = stored.reference;
  image.digest = stored.manifest.ToString();
  const std::vector<Digest>& diff_ids = loaded->config.diff_ids;
  for (auto diff_id = diff_ids.rbegin(); diff_id != diff_ids.rend(); ++diff_id) {
    const std::string layer = LayerPath(*diff_id);
    // overlayfs refuses the same folder twice; the upper one counts.
    if (std::find(image.layers.begin(), image.layers.end(), layer) != image.layers.end()) continue;
    image.layers.push_back(layer);
    if (HidesTheLayersBelow(layer)) break;
  }
  image.env = loaded->config.env;
  image.entrypoint = loaded->config.entrypoint;
  image.cmd = loaded->config.cmd;
  image.workdir = loaded->config.workdir;
  image.user = loaded->config.user;
  image.stop_signal = loaded->config.stop_signal;
  return image;
}

absl::StatusOr<std::vector<ImageSummary>> Store::List() const {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                           sys::ListFolder(absl::StrCat(folder_, "/refs")));
  std::vector<ImageSummary> list;
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, ".json")) continue;  // a temporary of WriteFileAtomically
    absl::StatusOr<StoredReference> stored = ReadReference(absl::StrCat(folder_, "/refs/", name));
    if (!stored.ok() && FindErrno(stored.status()) == ENOENT) continue;  // removed meanwhile
    ImageSummary& image = list.emplace_back();
    if (!stored.ok()) {
      image.reference =
          absl::StrReplaceAll(absl::StripSuffix(name, ".json"), {{"+", "/"}, {"=", ":"}});
      image.problem = std::string(stored.status().message());
      continue;
    }
    image.reference = stored->reference;
    image.manifest = stored->manifest;
    absl::StatusOr<Loaded> loaded = Load(*stored);
    if (loaded.ok()) {
      image.layers = loaded->config.diff_ids.size();
    } else {
      image.problem = std::string(loaded.status().message());
    }
  }
  std::sort(list.begin(), list.end(),
            [](const ImageSummary& a, const ImageSummary& b) { return a.reference < b.reference; });
  return list;
}

absl::StatusOr<LayerHold> Store::Hold(const ResolvedImage& image) const {
  LayerHold hold;
  for (const std::string& layer : image.layers) {
    absl::StatusOr<Fd> lock = LockFolder(layer, LOCK_SH);
    if (!lock.ok()) {
      if (absl::IsUnavailable(lock.status()) || FindErrno(lock.status()) == ENOENT) {
        return absl::NotFoundError(
            absl::StrCat("image '", image.reference, "' was removed meanwhile"));
      }
      return lock.status();
    }
    // Held, but perhaps no longer in its place.
    struct stat held = {}, there = {};
    if (::fstat(lock->get(), &held) != 0) return ErrnoStatus(errno, "fstat", layer);
    if (::lstat(layer.c_str(), &there) != 0 || held.st_ino != there.st_ino ||
        held.st_dev != there.st_dev) {
      return absl::NotFoundError(
          absl::StrCat("image '", image.reference, "' was removed meanwhile"));
    }
    hold.push_back(*std::move(lock));
  }
  return hold;
}

absl::Status Store::ReapIngests() {
  const std::string ingests = absl::StrCat(folder_, "/ingest");
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names, sys::ListFolder(ingests));
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(ingests, "/", name);
    absl::StatusOr<Fd> lock = LockFolder(path, LOCK_EX);
    if (absl::IsUnavailable(lock.status()) || FindErrno(lock.status()) == ENOENT) continue;
    PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(path), "left-over of a killed command");
  }
  return absl::OkStatus();
}

absl::StatusOr<Ingest> Store::StartIngest() {
  // The lock keeps others from reaping the folder before its own lock is taken.
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock,
                           sys::LockFile(absl::StrCat(folder_, "/lock"), sys::LockMode::kWait));
  PELAGOS_RETURN_IF_ERROR(ReapIngests());
  std::string path = absl::StrCat(folder_, "/ingest/XXXXXX");
  if (::mkdtemp(path.data()) == nullptr) return ErrnoStatus(errno, "mkdtemp", path);
  PELAGOS_ASSIGN_OR_RETURN(Fd owner, LockFolder(path, LOCK_EX));
  return Ingest(std::move(path), std::move(owner));
}

absl::Status Store::Publish(const Ingest& ingest, const std::vector<NewImage>& images) {
  // Before a name makes it count.
  PELAGOS_RETURN_IF_ERROR(SyncTree(ingest.folder()));

  PELAGOS_ASSIGN_OR_RETURN(const Fd lock,
                           sys::LockFile(absl::StrCat(folder_, "/lock"), sys::LockMode::kWait));
  for (const NewImage& image : images) {
    PELAGOS_RETURN_IF_ERROR(PublishOne(image), "image '", image.reference.ToString(), "'");
  }
  return absl::OkStatus();
}

// Called under the store's lock.
absl::Status Store::PublishOne(const NewImage& image) {
  for (const NewImage::Layer& layer : image.layers) {
    if (HasLayer(layer.diff_id)) continue;
    PELAGOS_RETURN_IF_ERROR(Rename(layer.folder, LayerPath(layer.diff_id)), "adding a layer");
  }
  PELAGOS_RETURN_IF_ERROR(SyncFolder(absl::StrCat(folder_, "/layers")));
  PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(BlobPath(image.config_digest), image.config));
  PELAGOS_RETURN_IF_ERROR(
      sys::WriteFileAtomically(BlobPath(image.manifest_digest), image.manifest));
  return sys::WriteFileAtomically(
      RefPath(image.reference),
      PrintStoredReference({image.reference.ToString(), image.manifest_digest}));
}

absl::StatusOr<std::string> Store::Remove(absl::string_view written) {
  PELAGOS_ASSIGN_OR_RETURN(const Reference reference, ParseReference(written));
  PELAGOS_ASSIGN_OR_RETURN(const Ingest trash, StartIngest());
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock,
                           sys::LockFile(absl::StrCat(folder_, "/lock"), sys::LockMode::kWait));
  std::string path = RefPath(reference);
  std::string canonical = reference.ToString();
  std::vector<Digest> own_layers;
  absl::StatusOr<StoredReference> stored = FindReference(reference, written);
  if (stored.ok()) {
    PELAGOS_ASSIGN_OR_RETURN(const Reference found, ParseReference(stored->reference));
    path = RefPath(found);
    canonical = found.ToString();
    absl::StatusOr<Loaded> loaded = Load(*stored);
    if (loaded.ok()) own_layers = loaded->config.diff_ids;  // else: a damaged image can go
  } else if (!absl::IsDataLoss(stored.status())) {
    return stored.status();
  }
  PELAGOS_RETURN_IF_ERROR(RemoveUnneeded(path, trash, own_layers), "image '", written, "'");
  return canonical;
}

// Called under the store's lock.
absl::Status Store::RemoveUnneeded(const std::string& removed_ref_path, const Ingest& trash,
                                   const std::vector<Digest>& own_layers) {
  std::set<std::string> needed_blobs, needed_layers;
  const std::string refs = absl::StrCat(folder_, "/refs");
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names, sys::ListFolder(refs));
  bool all_known = true;
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(refs, "/", name);
    if (path == removed_ref_path || !absl::EndsWith(name, ".json")) continue;
    absl::StatusOr<StoredReference> stored = ReadReference(path);
    absl::StatusOr<Loaded> loaded = stored.ok() ? Load(*stored) : stored.status();
    if (!loaded.ok()) {
      all_known = false;  // a damaged image may need anything: then everything stays
      continue;
    }
    needed_blobs.insert(stored->manifest.hex());
    needed_blobs.insert(loaded->manifest.config.digest.hex());
    for (const Digest& diff_id : loaded->config.diff_ids) needed_layers.insert(diff_id.hex());
  }

  // First the locks, so that nothing is gone when one of its own layers turns out to be in use.
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

  if (::unlink(removed_ref_path.c_str()) != 0)
    return ErrnoStatus(errno, "unlink", removed_ref_path);
  PELAGOS_RETURN_IF_ERROR(SyncFolder(refs));
  if (!all_known) return absl::OkStatus();
  for (const auto& [hex, held] : doomed) {
    PELAGOS_RETURN_IF_ERROR(
        Rename(absl::StrCat(folder_, "/layers/", hex), absl::StrCat(trash.folder(), "/", hex)));
  }
  const std::string blobs = absl::StrCat(folder_, "/blobs/sha256");
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> blob_names, sys::ListFolder(blobs));
  for (const std::string& name : blob_names) {
    if (needed_blobs.count(name) != 0) continue;
    const std::string path = absl::StrCat(blobs, "/", name);
    if (::unlink(path.c_str()) != 0) return ErrnoStatus(errno, "unlink", path);
  }
  return absl::OkStatus();
}

}  // namespace pelagos::image
