#include "pelagos/image/program/save.h"

#include <fcntl.h>

#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/manifest.h"
#include "pelagos/image/program/byte_source.h"
#include "pelagos/image/program/sha256.h"
#include "pelagos/image/program/tar_stream.h"
#include "pelagos/image/program/tar_writer.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

using Json = nlohmann::ordered_json;

std::string Print(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string BlobName(const Digest& digest) { return absl::StrCat("blobs/sha256/", digest.hex()); }

absl::StatusOr<Fd> OpenBlob(const Store& store, const Digest& digest) {
  if (!store.HasBlob(digest)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store does not have the bytes of blob ", digest.ToString(),
                     ", only what it unpacks to: pull or load the image again"));
  }
  return sys::OpenFile(store.BlobPath(digest), O_RDONLY | O_NOFOLLOW);
}

absl::Status Damaged(const Digest& expected, const Digest& got) {
  return absl::DataLossError(absl::StrCat("the store is damaged: blob ", expected.ToString(),
                                          " has the digest ", got.ToString(),
                                          "; pull or load the image again"));
}

class Saver {
 public:
  Saver(const Store& store, int fd) : store_(store), tar_(fd) {}

  absl::Status SaveOci(const std::vector<StoredImage>& images);
  absl::Status SaveDocker(const std::vector<StoredImage>& images);

 private:
  absl::Status AddBlob(const Descriptor& blob);
  absl::StatusOr<Json> AddDockerImage(const StoredImage& image);
  absl::Status AddLayerTar(const std::string& name, const Digest& blob, const Digest& diff_id);

  const Store& store_;
  TarWriter tar_;
  std::set<std::string> written_;
};

absl::Status Saver::AddBlob(const Descriptor& blob) {
  const std::string name = BlobName(blob.digest);
  if (!written_.insert(name).second) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const Fd file, OpenBlob(store_, blob.digest));
  FdSource source(file.get());
  HashingSource hashed(source);
  PELAGOS_RETURN_IF_ERROR(tar_.Add(name, hashed, blob.size));
  const Digest got = hashed.Finish();
  return got == blob.digest ? absl::OkStatus() : Damaged(blob.digest, got);
}

absl::Status Saver::SaveOci(const std::vector<StoredImage>& images) {
  PELAGOS_RETURN_IF_ERROR(tar_.Add("oci-layout", R"({"imageLayoutVersion":"1.0.0"})"));
  Json entries = Json::array(), docker = Json::array();
  for (const StoredImage& image : images) {
    const Json manifest = Json::parse(image.manifest_text, nullptr, /*allow_exceptions=*/false);
    std::string type(kManifestType);
    if (manifest.is_object() && manifest.contains("mediaType") &&
        manifest["mediaType"].is_string()) {
      type = manifest["mediaType"].get<std::string>();
    }
    Json platform = {{"architecture", image.config.platform.architecture},
                     {"os", image.config.platform.os}};
    if (!image.config.platform.variant.empty()) {
      platform["variant"] = image.config.platform.variant;
    }
    entries.push_back({{"mediaType", type},
                       {"digest", image.manifest_digest.ToString()},
                       {"size", image.manifest_text.size()},
                       {"annotations",
                        {{std::string(kContainerdNameAnnotation), image.reference},
                         {std::string(kRefNameAnnotation), image.reference}}},
                       {"platform", platform}});
    Json layers = Json::array();
    for (const Descriptor& layer : image.manifest.layers) layers.push_back(BlobName(layer.digest));
    docker.push_back({{"Config", BlobName(image.manifest.config.digest)},
                      {"RepoTags", Json::array({image.reference})},
                      {"Layers", layers}});
  }
  PELAGOS_RETURN_IF_ERROR(
      tar_.Add("index.json", Print({{"schemaVersion", 2},
                                    {"mediaType", "application/vnd.oci.image.index.v1+json"},
                                    {"manifests", entries}})));
  PELAGOS_RETURN_IF_ERROR(tar_.Add("manifest.json", Print(docker)));
  for (const StoredImage& image : images) {
    Descriptor manifest;
    manifest.digest = image.manifest_digest;
    manifest.size = image.manifest_text.size();
    PELAGOS_RETURN_IF_ERROR(AddBlob(manifest));
    PELAGOS_RETURN_IF_ERROR(AddBlob(image.manifest.config));
    for (const Descriptor& layer : image.manifest.layers) PELAGOS_RETURN_IF_ERROR(AddBlob(layer));
  }
  return tar_.Finish();
}

// A tar's header needs the size, which only decompressing tells: it is done twice, so that nothing
// has to be kept.
absl::Status Saver::AddLayerTar(const std::string& name, const Digest& blob,
                                const Digest& diff_id) {
  if (!written_.insert(name).second) return absl::OkStatus();
  uint64_t size = 0;
  for (const bool write : {false, true}) {
    PELAGOS_ASSIGN_OR_RETURN(const Fd file, OpenBlob(store_, blob));
    FdSource source(file.get());
    PeekSource peek(source);
    PELAGOS_ASSIGN_OR_RETURN(const absl::string_view start, peek.Peek());
    DecompressedSource plain(peek, SniffCompression(start));
    HashingSource hashed(plain);
    PELAGOS_RETURN_IF_ERROR(write ? tar_.Add(name, hashed, size) : Drain(hashed), "blob ",
                            blob.ToString());
    size = hashed.size();
    if (const Digest got = hashed.Finish(); got != diff_id) return Damaged(blob, got);
  }
  return absl::OkStatus();
}

absl::StatusOr<Json> Saver::AddDockerImage(const StoredImage& image) {
  const std::string config = absl::StrCat(image.manifest.config.digest.hex(), ".json");
  if (written_.insert(config).second) {
    PELAGOS_RETURN_IF_ERROR(tar_.Add(config, image.config_text));
  }
  Json layers = Json::array();
  for (size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const Digest& diff_id = image.config.diff_ids[i];
    const std::string name = absl::StrCat(diff_id.hex(), "/layer.tar");
    PELAGOS_RETURN_IF_ERROR(AddLayerTar(name, image.manifest.layers[i].digest, diff_id));
    layers.push_back(name);
  }
  return Json({{"Config", config},
               {"RepoTags", Json::array({image.reference})},
               {"Layers", std::move(layers)}});
}

absl::Status Saver::SaveDocker(const std::vector<StoredImage>& images) {
  Json list = Json::array();
  for (const StoredImage& image : images) {
    PELAGOS_ASSIGN_OR_RETURN(Json entry, AddDockerImage(image));
    list.push_back(std::move(entry));
  }
  PELAGOS_RETURN_IF_ERROR(tar_.Add("manifest.json", Print(list)));
  return tar_.Finish();
}

}  // namespace

absl::StatusOr<std::string> SaveImages(const Store& store,
                                       const std::vector<std::string>& references,
                                       absl::string_view format, int archive_fd) {
  std::vector<StoredImage> images;
  std::set<std::string> names;
  for (const std::string& reference : references) {
    PELAGOS_ASSIGN_OR_RETURN(StoredImage image, store.Describe(reference));
    if (names.insert(image.reference).second) images.push_back(std::move(image));
  }
  Saver saver(store, archive_fd);
  PELAGOS_RETURN_IF_ERROR(format == "oci" ? saver.SaveOci(images) : saver.SaveDocker(images));
  std::string report;
  for (const StoredImage& image : images) {
    absl::StrAppend(&report, "ok\t", image.reference, "\t", image.manifest_digest.ToString(), "\t",
                    image.manifest.layers.size(), "\n");
  }
  return report;
}

}  // namespace pelagos::image
