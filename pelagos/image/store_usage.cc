#include "pelagos/image/store_usage.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/kept_images.h"
#include "pelagos/sys/disk_usage.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

constexpr size_t kMaxLocks = size_t{16} << 20;

std::optional<uint64_t> InodeOf(const std::string& path) {
  struct stat info = {};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  return info.st_ino;
}

std::string CreatedOf(const StoredImage& image) {
  const nlohmann::json config = nlohmann::json::parse(
      image.config_text.begin(), image.config_text.end(), nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) return "";
  const auto created = config.find("created");
  return created == config.end() || !created->is_string() ? "" : created->get<std::string>();
}

// A file or a layer's folder.
struct Part {
  uint64_t bytes = 0;
  std::set<std::string> manifests;  // hex, of the images that need it
  bool in_use = false;              // by one of those that are
};

}  // namespace

namespace internal {

// "2: FLOCK  ADVISORY  READ 32304 fe:00:11149490 0 EOF"; "2: -> ..." waits for one.
std::map<int, std::set<uint64_t>> SharedFlocks(absl::string_view proc_locks) {
  std::map<int, std::set<uint64_t>> held;
  for (absl::string_view line : absl::StrSplit(proc_locks, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() < 6 || words[1] != "FLOCK" || words[3] != "READ") continue;
    int pid = 0;
    uint64_t inode = 0;
    if (!absl::SimpleAtoi(words[4], &pid) ||
        !absl::SimpleAtoi(words[5].substr(words[5].rfind(':') + 1), &inode)) {
      continue;
    }
    held[pid].insert(inode);
  }
  return held;
}

}  // namespace internal

absl::StatusOr<StoreUsage> MeasureStore(const Store& store) {
  StoreUsage usage;
  PELAGOS_ASSIGN_OR_RETURN(const std::string locks, sys::ReadFile("/proc/locks", kMaxLocks));
  const std::map<int, std::set<uint64_t>> held = internal::SharedFlocks(locks);
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<StoredImage> images, store.DescribeAll());
  store::Roots roots;
  roots.data = sys::FolderOf(store.folder());
  std::set<std::string> kept;  // manifests
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<KeptImage> containers, ReadKeptImages(roots));
  for (const KeptImage& container : containers) kept.insert(container.manifest);

  std::map<std::string, Part> parts;  // by path: whatever lies in the store
  for (const char* folder : {"blobs/sha256", "layers", "partial", "ingest", "refs"}) {
    const std::string path = absl::StrCat(store.folder(), "/", folder);
    const absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(path);
    if (!names.ok()) continue;  // a store that is not there
    for (const std::string& name : *names) {
      const std::string file = absl::StrCat(path, "/", name);
      parts[file].bytes = sys::DiskUsage(file);
    }
  }

  std::vector<std::vector<std::string>> needs(images.size());
  for (size_t i = 0; i < images.size(); ++i) {
    const StoredImage& image = images[i];
    std::set<std::string> files = {store.BlobPath(image.manifest_digest),
                                   store.BlobPath(image.manifest.config.digest)};
    for (const Descriptor& layer : image.manifest.layers)
      files.insert(store.BlobPath(layer.digest));
    std::set<uint64_t> inodes;
    for (const Digest& diff_id : image.config.diff_ids) {
      const std::string layer = absl::StrCat(store.folder(), "/layers/", diff_id.hex());
      files.insert(layer);
      // One that is gone is held by nobody.
      inodes.insert(InodeOf(layer).value_or(0));
    }
    ImageUsage& row = usage.images.emplace_back();
    row.reference = image.reference;
    row.manifest = image.manifest_digest;
    row.created = CreatedOf(image);
    row.in_use = kept.count(image.manifest_digest.ToString()) != 0 ||
                 std::any_of(held.begin(), held.end(), [&](const auto& process) {
                   return std::includes(process.second.begin(), process.second.end(),
                                        inodes.begin(), inodes.end());
                 });
    for (const std::string& file : files) {
      Part& part = parts[file];
      part.manifests.insert(image.manifest_digest.hex());
      part.in_use = part.in_use || row.in_use;
    }
    needs[i].assign(files.begin(), files.end());
  }
  for (size_t i = 0; i < images.size(); ++i) {
    for (const std::string& file : needs[i]) {
      const Part& part = parts[file];
      usage.images[i].bytes += part.bytes;
      if (part.manifests.size() > 1) usage.images[i].shared += part.bytes;
    }
  }
  for (const auto& [file, part] : parts) {
    usage.bytes += part.bytes;
    if (!part.in_use) usage.reclaimable += part.bytes;
  }
  return usage;
}

}  // namespace pelagos::image
