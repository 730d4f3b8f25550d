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

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/registries.h"
#include "pelagos/image/store_files.h"
#include "pelagos/image/user.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

constexpr uint32_t kPrivate = 0700;
constexpr size_t kMaxReferenceFile = 1 << 20;
// What is larger is not copied into a reference.
constexpr size_t kMaxCopy = 64 << 10;

// overlayfs merges the roots of all layers, so that one which says "nothing below me counts" ends
// the list instead. NotFound (ENOENT): there is no such layer.
absl::StatusOr<bool> HidesTheLayersBelow(const std::string& layer) {
  char value = 0;
  const ssize_t size = ::lgetxattr(layer.c_str(), "trusted.overlay.opaque", &value, 1);
  if (size < 0 && errno == ENOENT) return ErrnoStatus(errno, "layer", layer);
  return size == 1 && value == 'y';
}

absl::Status NotInStore(absl::string_view written) {
  return absl::NotFoundError(absl::StrCat("image '", written,
                                          "' is not in the store; get it with 'pelagos image "
                                          "pull' or 'pelagos image load'"));
}

// A shared lock on a layer, or nothing if it is gone or about to go.
absl::StatusOr<std::optional<Fd>> HoldFolder(const std::string& layer) {
  absl::StatusOr<Fd> lock = LockFolder(layer, LOCK_SH);
  if (!lock.ok()) {
    if (absl::IsUnavailable(lock.status()) || FindErrno(lock.status()) == ENOENT) {
      return std::nullopt;
    }
    return lock.status();
  }
  // Held, but perhaps no longer in its place.
  struct stat held = {}, there = {};
  if (::fstat(lock->get(), &held) != 0) return ErrnoStatus(errno, "fstat", layer);
  if (::lstat(layer.c_str(), &there) != 0 || held.st_ino != there.st_ino ||
      held.st_dev != there.st_dev) {
    return std::nullopt;
  }
  return *std::move(lock);
}

}  // namespace

Ingest::~Ingest() {
  // Whatever fails here stays, unlocked, for ReapLeftOvers.
  if (lock_.valid()) sys::RemoveTree(folder_).IgnoreError();
}

absl::StatusOr<Store> Store::Open(absl::string_view data_root) {
  Store store = Look(data_root);
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(std::string(data_root), 0755), "image store");
  for (absl::string_view folder :
       {"", "/refs", "/blobs/sha256", "/layers", "/ingest", "/partial"}) {
    PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(absl::StrCat(store.folder_, folder), kPrivate),
                            "image store");
  }
  return store;
}

Store Store::Look(absl::string_view data_root) { return Store(absl::StrCat(data_root, "/images")); }

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

std::string Store::PartialPath(const Digest& digest) const {
  return absl::StrCat(folder_, "/partial/", digest.hex());
}

bool Store::IsGoingName(absl::string_view name) { return absl::EndsWith(name, ".json.going"); }

bool Store::HasLayer(const Digest& diff_id) const { return IsFolder(LayerPath(diff_id)); }

bool Store::HasBlob(const Digest& digest) const {
  struct stat info = {};
  return ::lstat(BlobPath(digest).c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

absl::StatusOr<StoredReference> Store::ReadReference(const std::string& path) const {
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFileAtOnce(path, kMaxReferenceFile));
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
    if (!absl::EndsWith(name, ".json")) continue;
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
                           sys::ReadFileAtOnce(BlobPath(stored.manifest), kMaxDocumentSize),
                           "manifest");
  PELAGOS_ASSIGN_OR_RETURN(loaded.manifest, ParseManifest(manifest), "manifest");
  PELAGOS_ASSIGN_OR_RETURN(
      const std::string config,
      sys::ReadFileAtOnce(BlobPath(loaded.manifest.config.digest), kMaxDocumentSize), "config");
  PELAGOS_ASSIGN_OR_RETURN(loaded.config, ParseImageConfig(config), "config");
  return loaded;
}

absl::Status Store::CheckLayers(const Loaded& loaded) const {
  for (const Digest& diff_id : loaded.config.diff_ids) {
    if (!HasLayer(diff_id)) return MissingLayer(diff_id);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> Store::LayersOf(const ImageConfig& config) const {
  std::vector<std::string> layers;
  const std::vector<Digest>& diff_ids = config.diff_ids;
  bool hidden = false;
  for (auto diff_id = diff_ids.rbegin(); diff_id != diff_ids.rend(); ++diff_id) {
    const std::string layer = LayerPath(*diff_id);
    // overlayfs refuses the same folder twice; the upper one counts.
    if (std::find(layers.begin(), layers.end(), layer) != layers.end()) continue;
    if (!hidden) layers.push_back(layer);
    if (std::next(diff_id) == diff_ids.rend()) break;  // hides nothing; Hold tells if it is missing
    const absl::StatusOr<bool> hides = HidesTheLayersBelow(layer);
    if (!hides.ok()) return MissingLayer(*diff_id);
    hidden = hidden || *hides;
  }
  return layers;
}

absl::StatusOr<ImageConfig> Store::ConfigOf(const StoredReference& stored) const {
  if (!stored.config.empty()) return ParseImageConfig(stored.config);
  PELAGOS_ASSIGN_OR_RETURN(Loaded loaded, Load(stored));
  return std::move(loaded.config);
}

absl::StatusOr<ResolvedImage> Store::Find(absl::string_view written) const {
  PELAGOS_ASSIGN_OR_RETURN(FoundInStore found, FindWithUsers(written));
  for (const std::string& layer : found.image.layers) {
    if (IsFolder(layer)) continue;
    return absl::DataLossError(absl::StrCat("image '", written,
                                            "' is damaged, load it again: layer sha256:",
                                            layer.substr(layer.rfind('/') + 1), " is missing"));
  }
  return std::move(found.image);
}

absl::StatusOr<FoundInStore> Store::FindWithUsers(absl::string_view written) const {
  PELAGOS_ASSIGN_OR_RETURN(const Reference reference, ResolveReference(written));
  PELAGOS_ASSIGN_OR_RETURN(StoredReference stored, FindReference(reference, written));
  absl::StatusOr<ImageConfig> config = ConfigOf(stored);
  absl::StatusOr<std::vector<std::string>> layers =
      config.ok() ? LayersOf(*config) : config.status();
  if (!layers.ok()) {
    // Readers take no lock: it may have been removed under our hands, which is no damage.
    PELAGOS_RETURN_IF_ERROR(FindReference(reference, written).status());
    return absl::DataLossError(absl::StrCat(
        "image '", written, "' is damaged, load it again: ", layers.status().message()));
  }
  FoundInStore found;
  found.users = std::move(stored.users);
  ResolvedImage& image = found.image;
  image.reference = stored.reference;
  image.digest = stored.manifest.ToString();
  image.layers = *std::move(layers);
  image.env = config->env;
  image.entrypoint = config->entrypoint;
  image.cmd = config->cmd;
  image.workdir = config->workdir;
  image.user = config->user;
  image.stop_signal = config->stop_signal;
  found.platform = config->platform;
  image.labels = config->labels;
  image.exposed_ports = config->exposed_ports;
  image.volumes = config->volumes;
  image.health = config->health;
  return found;
}

absl::StatusOr<LayerHold> Store::Hold(const ResolvedImage& image) const {
  LayerHold hold;
  for (const std::string& layer : image.layers) {
    PELAGOS_ASSIGN_OR_RETURN(std::optional<Fd> lock, HoldFolder(layer));
    if (!lock) {
      return absl::NotFoundError(
          absl::StrCat("image '", image.reference, "' was removed meanwhile"));
    }
    hold.push_back(*std::move(lock));
  }
  return hold;
}

absl::StatusOr<std::optional<Fd>> Store::HoldLayer(const Digest& diff_id) const {
  return HoldFolder(LayerPath(diff_id));
}

absl::StatusOr<Fd> Store::Lock() const {
  return sys::LockFile(absl::StrCat(folder_, "/lock"), sys::LockMode::kWait);
}

// Called under the store's lock.
absl::Status Store::ReapLeftOvers() {
  const std::string ingests = absl::StrCat(folder_, "/ingest");
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names, sys::ListFolder(ingests));
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(ingests, "/", name);
    absl::StatusOr<Fd> lock = LockFolder(path, LOCK_EX);
    if (absl::IsUnavailable(lock.status()) || FindErrno(lock.status()) == ENOENT) continue;
    PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(path), "left-over of a killed command");
  }
  for (const char* folder : {"/refs", "/blobs/sha256"}) {
    const std::string path = absl::StrCat(folder_, folder);
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> files, sys::ListFolder(path));
    for (const std::string& file : files) {
      if (!sys::IsTemporaryName(file)) continue;  // its writer would hold the lock if it lived
      PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(absl::StrCat(path, "/", file)),
                              "left-over of a killed command");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Ingest> Store::StartIngest() {
  // The lock keeps others from reaping the folder before its own lock is taken.
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, Lock());
  PELAGOS_RETURN_IF_ERROR(ReapLeftOvers());
  std::string path = absl::StrCat(folder_, "/ingest/XXXXXX");
  if (::mkdtemp(path.data()) == nullptr) return ErrnoStatus(errno, "mkdtemp", path);
  PELAGOS_ASSIGN_OR_RETURN(Fd owner, LockFolder(path, LOCK_EX));
  return Ingest(std::move(path), std::move(owner));
}

absl::Status Store::Publish(const Ingest& ingest, const std::vector<NewImage>& images) {
  // Before a name makes it count.
  PELAGOS_RETURN_IF_ERROR(SyncTree(ingest.folder()));

  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, Lock());
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
  for (const NewImage::Blob& blob : image.blobs) {
    // Images of one archive may share it: then the first one took it along.
    if (HasBlob(blob.digest)) continue;
    PELAGOS_RETURN_IF_ERROR(Rename(blob.file, BlobPath(blob.digest)), "adding a blob");
  }
  PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(BlobPath(image.config_digest), image.config));
  PELAGOS_RETURN_IF_ERROR(
      sys::WriteFileAtomically(BlobPath(image.manifest_digest), image.manifest));
  StoredReference stored = {image.reference.ToString(), image.manifest_digest};
  CopyInto(stored, image.config);
  return WriteReference(image.reference, stored);
}

absl::Status Store::WriteReference(const Reference& name, const StoredReference& stored) {
  const std::string path = RefPath(name);
  PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(path, PrintStoredReference(stored)));
  const std::string going = GoingPath(path);  // of an earlier image of this name
  if (::unlink(going.c_str()) != 0 && errno != ENOENT) return ErrnoStatus(errno, "unlink", going);
  return absl::OkStatus();
}

// What cannot be copied is looked for where it is, and wrong there.
void Store::CopyInto(StoredReference& stored, const std::string& config) const {
  const absl::StatusOr<ImageConfig> parsed = ParseImageConfig(config);
  if (!parsed.ok()) return;
  if (config.size() <= kMaxCopy) stored.config = config;
  const absl::StatusOr<std::vector<std::string>> layers = LayersOf(*parsed);
  if (!layers.ok()) return;
  absl::StatusOr<UserFiles> users = ReadUserFiles(*layers);
  if (!users.ok()) return;
  const auto fits = [](const std::string& text) {
    return text.size() <= kMaxCopy && std::all_of(text.begin(), text.end(), [](char c) {
             return absl::ascii_isprint(static_cast<unsigned char>(c)) || c == '\n' || c == '\t';
           });
  };
  if (fits(users->passwd) && fits(users->group)) stored.users = *std::move(users);
}

}  // namespace pelagos::image
