#include "pelagos/image/program/archive_loader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

constexpr size_t kMaxDocuments = size_t{64} << 20;  // bytes, together
constexpr size_t kMaxMembers = 100000;              // of the outer archive
constexpr int kMaxIndexDepth = 8;
constexpr absl::string_view kBlobs = "blobs/sha256/";
constexpr char kIndex[] = "index.json";
constexpr char kDockerManifest[] = "manifest.json";

bool IsAboutNumbers(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || FindErrno(status) == ENOSPC;
}

// A link's target, seen from the folder of the member that is it. Only compared with names, never
// opened.
std::string LinkTarget(absl::string_view path, absl::string_view target, bool from_its_folder) {
  std::vector<std::string> parts;
  if (from_its_folder) {
    parts = absl::StrSplit(path, '/', absl::SkipEmpty());
    if (!parts.empty()) parts.pop_back();
  }
  for (absl::string_view part : absl::StrSplit(target, '/', absl::SkipEmpty())) {
    if (part == ".") continue;
    if (part != "..") {
      parts.emplace_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return absl::StrJoin(parts, "/");
}

absl::StatusOr<Reference> NameOf(absl::string_view written) {
  PELAGOS_ASSIGN_OR_RETURN(Reference name, ParseReference(written),
                           "the name that the archive gives (--tag gives another)");
  return name;
}

absl::Status Nameless() {
  return absl::InvalidArgumentError(
      "the archive does not name its image; name it with --tag REFERENCE");
}

absl::Status CheckPlatform(const ImageConfig& config) {
  if (config.platform.os.empty() || config.platform.os == "linux") return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the image is for ", config.platform.ToString(), ", not for linux"));
}

}  // namespace

absl::StatusOr<std::vector<NewImage>> ArchiveLoader::Load(ByteSource& input,
                                                          const std::optional<Reference>& tag) {
  PeekSource peek(input);
  PELAGOS_ASSIGN_OR_RETURN(const absl::string_view start, peek.Peek());
  if (start.empty()) return absl::InvalidArgumentError("the archive is empty");
  DecompressedSource archive(peek, SniffCompression(start));
  TarStream tar(archive);
  TarEntry entry;
  std::set<std::string> seen;
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const bool more, tar.Next(entry));
    if (!more) break;
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> parts, SplitArchivePath(entry.path));
    const std::string path = absl::StrJoin(parts, "/");
    if (entry.kind == TarKind::kFolder || path.empty()) continue;
    if (!seen.insert(path).second) {
      return absl::InvalidArgumentError(absl::StrCat("'", path, "' is in the archive twice"));
    }
    if (seen.size() > kMaxMembers) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the archive has more than ", kMaxMembers, " members"));
    }
    if (entry.kind == TarKind::kFile) {
      PELAGOS_RETURN_IF_ERROR(ReadMember(path, tar), "'", path, "' in the archive");
    } else if (entry.kind == TarKind::kSymlink || entry.kind == TarKind::kHardLink) {
      links_[path] = LinkTarget(path, entry.link, entry.kind == TarKind::kSymlink);
    }
  }
  // Not to break the pipe of who writes the padding; which is no place for a bomb.
  LimitedSource rest(archive, budget_);
  PELAGOS_RETURN_IF_ERROR(Drain(rest));
  PELAGOS_RETURN_IF_ERROR(Drain(peek));
  if (documents_.count(kIndex) != 0) return LoadLayout(tag);
  if (documents_.count(kDockerManifest) != 0) return LoadDockerArchive(tag);
  for (const char* name : {kIndex, kDockerManifest}) {
    if (too_large_.count(name) != 0) return Document(name).status();
  }
  return absl::InvalidArgumentError(
      "it is neither an OCI image layout (no index.json) nor a docker-archive (no manifest.json); "
      "the root file system of a machine is for 'pelagos image import'");
}

absl::Status ArchiveLoader::ReadMember(const std::string& path, TarStream& tar) {
  TarEntrySource content(tar);
  HashingSource hashed(content);
  PeekSource peek(hashed);
  PELAGOS_ASSIGN_OR_RETURN(const absl::string_view start, peek.Peek());
  const bool is_layer = SniffCompression(start) != Compression::kNone || LooksLikeTar(start) ||
                        (start.empty() && absl::EndsWith(path, ".tar"));
  PELAGOS_RETURN_IF_ERROR(is_layer ? ReadLayer(path, peek) : ReadDocument(path, peek));
  // The rest of a broken layer or of a document that is not kept: to be hashed, but within limits.
  LimitedSource rest(peek, budget_);
  PELAGOS_RETURN_IF_ERROR(Drain(rest));
  if (!absl::StartsWith(path, kBlobs)) return absl::OkStatus();
  const Digest digest = hashed.Finish();
  if (path.substr(kBlobs.size()) == digest.hex()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("its content has the digest ", digest.ToString()));
}

absl::Status ArchiveLoader::ReadLayer(const std::string& path, ByteSource& content) {
  Layer layer;
  layer.folder = absl::StrCat(ingest_.folder(), "/", layers_.size());
  if (::mkdir(layer.folder.c_str(), 0755) != 0) return ErrnoStatus(errno, "mkdir", layer.folder);
  if (::chmod(layer.folder.c_str(), 0755) != 0) return ErrnoStatus(errno, "chmod", layer.folder);
  layer.file = absl::StrCat(ingest_.folder(), "/blob-", layers_.size());
  PELAGOS_ASSIGN_OR_RETURN(
      const Fd file, sys::OpenFile(layer.file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  KeepingSource kept(content, file.get());
  absl::StatusOr<UnpackedLayer> unpacked = UnpackLayer(kept, layer.folder, budget_);
  if (unpacked.ok()) {
    layer.unpacked = *std::move(unpacked);
    const auto [first, is_new] = folders_.emplace(layer.unpacked.diff_id, layer.folder);
    if (!is_new) {
      PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(layer.folder));
      layer.folder = first->second;
    }
  } else {
    layer.status = unpacked.status();
    if (IsAboutNumbers(layer.status)) return layer.status;
    PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(layer.folder));
    PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(layer.file));
  }
  layers_[path] = std::move(layer);
  return absl::OkStatus();
}

absl::Status ArchiveLoader::ReadDocument(const std::string& path, ByteSource& content) {
  std::string text;
  char buffer[16384];
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const size_t count, content.Read(buffer, sizeof(buffer)));
    if (count == 0) break;
    text.append(buffer, count);
    document_bytes_ += count;
    if (text.size() > kMaxDocumentSize) {
      // Whatever it is, no image is made of it.
      document_bytes_ -= text.size();
      too_large_[path] = absl::StrCat("is no tar, and larger than ", kMaxDocumentSize, " bytes");
      return absl::OkStatus();
    }
    if (document_bytes_ > kMaxDocuments) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the archive has more than ", kMaxDocuments, " bytes of documents"));
    }
  }
  documents_[path] = std::move(text);
  return absl::OkStatus();
}

absl::StatusOr<const std::string*> ArchiveLoader::Document(const std::string& path) const {
  if (auto found = documents_.find(path); found != documents_.end()) return &found->second;
  if (auto why = too_large_.find(path); why != too_large_.end()) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' in the archive ", why->second));
  }
  return absl::InvalidArgumentError(absl::StrCat("'", path, "' is not in the archive"));
}

absl::StatusOr<const std::string*> ArchiveLoader::Blob(const Digest& digest) const {
  return Document(absl::StrCat(kBlobs, digest.hex()));
}

absl::Status ArchiveLoader::Verify(const Layer* layer, const Descriptor* descriptor,
                                   const Digest& diff_id, absl::string_view what,
                                   NewImage& image) const {
  if (layer == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("layer '", what, "' is not in the archive"));
  }
  PELAGOS_RETURN_IF_ERROR(layer->status, "layer '", what, "'");
  if (descriptor != nullptr && layer->unpacked.size != descriptor->size) {
    return absl::DataLossError(absl::StrCat("layer '", what, "' has ", layer->unpacked.size,
                                            " bytes, but the manifest says ", descriptor->size));
  }
  if (layer->unpacked.diff_id != diff_id) {
    return absl::DataLossError(absl::StrCat("layer '", what, "' unpacks to ",
                                            layer->unpacked.diff_id.ToString(),
                                            ", but the config says ", diff_id.ToString()));
  }
  image.layers.push_back({diff_id, layer->folder});
  image.blobs.push_back({layer->unpacked.blob, layer->file});
  return absl::OkStatus();
}

absl::StatusOr<Descriptor> ArchiveLoader::Choose(const std::vector<Descriptor>& choices,
                                                 int depth) const {
  if (depth > kMaxIndexDepth) {
    return absl::InvalidArgumentError(
        absl::StrCat("indexes nest deeper than ", kMaxIndexDepth, " levels"));
  }
  PELAGOS_ASSIGN_OR_RETURN(const Descriptor chosen, ChooseForPlatform(choices, HostPlatform()),
                           "the archive");
  if (chosen.IsManifest()) return chosen;
  PELAGOS_ASSIGN_OR_RETURN(const std::string* text, Blob(chosen.digest), "index");
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<Descriptor> inner, ParseIndex(*text), "index ",
                           chosen.digest.ToString());
  if (inner.empty()) return absl::InvalidArgumentError("an index in the archive has no image");
  return Choose(inner, depth + 1);
}

absl::StatusOr<std::vector<NewImage>> ArchiveLoader::LoadLayout(
    const std::optional<Reference>& tag) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<Descriptor> index, ParseIndex(documents_.at(kIndex)),
                           kIndex);
  std::vector<Candidate> candidates;
  std::vector<Descriptor> nameless;
  for (const Descriptor& descriptor : index) {
    std::string name;
    for (absl::string_view key : {kContainerdNameAnnotation, kRefNameAnnotation}) {
      auto found = descriptor.annotations.find(std::string(key));
      if (name.empty() && found != descriptor.annotations.end()) name = found->second;
    }
    if (name.empty()) {
      nameless.push_back(descriptor);
      continue;
    }
    auto same = std::find_if(candidates.begin(), candidates.end(),
                             [&](const Candidate& other) { return other.name == name; });
    if (same == candidates.end()) same = candidates.insert(same, Candidate{name, {}});
    same->choices.push_back(descriptor);
  }
  // Without any name, the index is one image for several platforms.
  if (candidates.empty() && !nameless.empty()) candidates.push_back({"", nameless});
  if (candidates.empty()) return absl::InvalidArgumentError("index.json has no image");

  std::vector<NewImage> images;
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates) {
    if (!tag && candidate.name.empty()) return Nameless();
    Reference name;
    if (tag) {
      name = *tag;
    } else {
      PELAGOS_ASSIGN_OR_RETURN(name, NameOf(candidate.name));
    }
    PELAGOS_ASSIGN_OR_RETURN(const Descriptor chosen, Choose(candidate.choices, 0));
    names.push_back(candidate.name);
    if (tag && !images.empty() && images.front().manifest_digest == chosen.digest) continue;
    PELAGOS_ASSIGN_OR_RETURN(NewImage image, LayoutImage(chosen, name));
    images.push_back(std::move(image));
  }
  if (tag && images.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("--tag names one image, but the archive has ",
                                                   images.size(), ": ",
                                                   absl::StrJoin(names, ", ")));
  }
  return images;
}

absl::StatusOr<NewImage> ArchiveLoader::LayoutImage(const Descriptor& descriptor,
                                                    const Reference& name) const {
  NewImage image;
  image.reference = name;
  image.manifest_digest = descriptor.digest;
  PELAGOS_ASSIGN_OR_RETURN(const std::string* text, Blob(descriptor.digest), "manifest");
  image.manifest = *text;
  PELAGOS_ASSIGN_OR_RETURN(const Manifest manifest, ParseManifest(image.manifest), "manifest ",
                           descriptor.digest.ToString());
  image.config_digest = manifest.config.digest;
  PELAGOS_ASSIGN_OR_RETURN(text, Blob(manifest.config.digest), "config");
  image.config = *text;
  PELAGOS_ASSIGN_OR_RETURN(const ImageConfig config, ParseImageConfig(image.config), "config ",
                           manifest.config.digest.ToString());
  PELAGOS_RETURN_IF_ERROR(CheckPlatform(config));
  if (config.diff_ids.size() != manifest.layers.size()) {
    return absl::DataLossError(absl::StrCat("the manifest has ", manifest.layers.size(),
                                            " layers, the config ", config.diff_ids.size()));
  }
  for (size_t i = 0; i < manifest.layers.size(); ++i) {
    // Blobs lie under their digests, which were compared when they were read.
    auto found = layers_.find(absl::StrCat(kBlobs, manifest.layers[i].digest.hex()));
    PELAGOS_RETURN_IF_ERROR(Verify(found == layers_.end() ? nullptr : &found->second,
                                   &manifest.layers[i], config.diff_ids[i],
                                   manifest.layers[i].digest.ToString(), image));
  }
  return image;
}

absl::StatusOr<std::vector<NewImage>> ArchiveLoader::LoadDockerArchive(
    const std::optional<Reference>& tag) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<DockerArchiveImage> list,
                           ParseDockerArchive(documents_.at(kDockerManifest)), kDockerManifest);
  if (list.empty()) return absl::InvalidArgumentError("manifest.json has no image");
  if (tag && list.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("--tag names one image, but the archive has ", list.size()));
  }
  std::vector<NewImage> images;
  for (const DockerArchiveImage& item : list) {
    std::vector<Reference> names;
    if (tag) names.push_back(*tag);
    for (size_t i = 0; !tag && i < item.tags.size(); ++i) {
      PELAGOS_ASSIGN_OR_RETURN(Reference name, NameOf(item.tags[i]));
      names.push_back(std::move(name));
    }
    if (names.empty()) return Nameless();
    for (const Reference& name : names) {
      PELAGOS_ASSIGN_OR_RETURN(NewImage image, DockerImage(item, name));
      images.push_back(std::move(image));
    }
  }
  return images;
}

absl::StatusOr<NewImage> ArchiveLoader::DockerImage(const DockerArchiveImage& item,
                                                    const Reference& name) const {
  NewImage image;
  image.reference = name;
  PELAGOS_ASSIGN_OR_RETURN(const std::string* text, Document(LinkTarget("", item.config, false)));
  image.config = *text;
  image.config_digest = Sha256Of(image.config);
  // Docker calls it by its digest; the name is a promise.
  const absl::string_view promised = absl::StripSuffix(item.config, ".json");
  if (DigestOfHex(promised).ok() && promised != image.config_digest.hex()) {
    return absl::DataLossError(
        absl::StrCat("config '", item.config, "' has the digest ", image.config_digest.ToString()));
  }
  PELAGOS_ASSIGN_OR_RETURN(const ImageConfig config, ParseImageConfig(image.config), "config '",
                           item.config, "'");
  PELAGOS_RETURN_IF_ERROR(CheckPlatform(config));
  if (config.diff_ids.size() != item.layers.size()) {
    return absl::DataLossError(absl::StrCat("manifest.json has ", item.layers.size(),
                                            " layers, the config ", config.diff_ids.size()));
  }
  // There is no manifest in such an archive: an equal one is made of what it holds.
  Manifest manifest;
  manifest.config = {std::string(kConfigType), image.config_digest, image.config.size(), {}, {}};
  for (size_t i = 0; i < item.layers.size(); ++i) {
    const std::string path = LinkTarget("", item.layers[i], false);
    auto found = layers_.find(path);
    if (found == layers_.end()) {
      auto link = links_.find(path);
      if (link != links_.end()) found = layers_.find(link->second);
    }
    PELAGOS_RETURN_IF_ERROR(Verify(found == layers_.end() ? nullptr : &found->second, nullptr,
                                   config.diff_ids[i], item.layers[i], image));
    const UnpackedLayer& unpacked = found->second.unpacked;
    const absl::string_view ending = unpacked.compression == Compression::kGzip   ? "+gzip"
                                     : unpacked.compression == Compression::kZstd ? "+zstd"
                                                                                  : "";
    manifest.layers.push_back(
        {absl::StrCat(kLayerType, ending), unpacked.blob, unpacked.size, {}, {}});
  }
  image.manifest = PrintManifest(manifest);
  image.manifest_digest = Sha256Of(image.manifest);
  return image;
}

}  // namespace pelagos::image
