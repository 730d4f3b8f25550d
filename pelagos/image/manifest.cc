#include "pelagos/image/manifest.h"

#include <sys/utsname.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/json_fields.h"

namespace pelagos::image {
namespace {

using fields::Find;
using fields::Json;
using fields::List;
using fields::ParseObject;
using fields::ParseText;
using fields::Print;
using fields::Text;
using fields::Texts;
using fields::Wrong;

constexpr absl::string_view kIndexTypes[] = {
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
};
constexpr absl::string_view kManifestTypes[] = {
    kManifestType,
    "application/vnd.docker.distribution.manifest.v2+json",
};
constexpr absl::string_view kConfigTypes[] = {
    kConfigType,
    "application/vnd.docker.container.image.v1+json",
};
// With "", "+gzip", "+zstd" (or Docker's ".gzip", ".zstd") behind them.
constexpr absl::string_view kLayerTypes[] = {
    kLayerType,
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
};

template <size_t kCount>
bool IsOneOf(absl::string_view text, const absl::string_view (&list)[kCount]) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

absl::StatusOr<Descriptor> ParseDescriptor(const Json& json) {
  if (!json.is_object()) return absl::InvalidArgumentError("a descriptor must be an object");
  Descriptor descriptor;
  PELAGOS_ASSIGN_OR_RETURN(descriptor.media_type, Text(json, "mediaType"));
  PELAGOS_ASSIGN_OR_RETURN(const std::string digest, Text(json, "digest"));
  PELAGOS_ASSIGN_OR_RETURN(descriptor.digest, ParseDigest(digest), "field 'digest'");
  const Json* size = Find(json, "size");
  if (size == nullptr || !size->is_number_unsigned()) return Wrong("size", "a number of bytes");
  descriptor.size = size->get<uint64_t>();
  if (const Json* platform = Find(json, "platform"); platform != nullptr) {
    if (!platform->is_object()) return Wrong("platform", "an object");
    PELAGOS_ASSIGN_OR_RETURN(descriptor.platform.os, Text(*platform, "os"));
    PELAGOS_ASSIGN_OR_RETURN(descriptor.platform.architecture, Text(*platform, "architecture"));
    PELAGOS_ASSIGN_OR_RETURN(descriptor.platform.variant, Text(*platform, "variant"));
  }
  if (const Json* annotations = Find(json, "annotations"); annotations != nullptr) {
    if (!annotations->is_object()) return Wrong("annotations", "an object");
    for (const auto& [key, value] : annotations->items()) {
      if (!value.is_string()) return Wrong("annotations", "an object of strings");
      descriptor.annotations[key] = value.get<std::string>();
    }
  }
  return descriptor;
}

Json ToJson(const Descriptor& descriptor) {
  return {{"mediaType", descriptor.media_type},
          {"digest", descriptor.digest.ToString()},
          {"size", descriptor.size}};
}

absl::Status TooManyLayers(size_t count) {
  return absl::InvalidArgumentError(
      absl::StrCat("it has ", count, " layers; overlayfs stacks ", kMaxLayers, " at most"));
}

absl::Status Artifact(absl::string_view what, absl::string_view type) {
  return absl::InvalidArgumentError(absl::StrCat("it is an artifact, not an image: its ", what,
                                                 " is of type '", type.substr(0, 120), "'"));
}

}  // namespace

bool Descriptor::IsIndex() const { return IsOneOf(media_type, kIndexTypes); }
bool Descriptor::IsManifest() const { return IsOneOf(media_type, kManifestTypes); }
bool Descriptor::IsConfig() const { return IsOneOf(media_type, kConfigTypes); }
bool Descriptor::IsLayer() const {
  absl::string_view type = media_type;
  for (absl::string_view ending : {"+gzip", "+zstd", ".gzip", ".zstd"}) {
    if (absl::EndsWith(type, ending)) {
      type.remove_suffix(ending.size());
      break;
    }
  }
  return IsOneOf(type, kLayerTypes);
}

absl::StatusOr<std::vector<Descriptor>> ParseIndex(absl::string_view text) {
  PELAGOS_ASSIGN_OR_RETURN(const Json json, ParseObject(text));
  PELAGOS_ASSIGN_OR_RETURN(const Json* list, List(json, "manifests"));
  std::vector<Descriptor> descriptors;
  for (const Json& item : *list) {
    PELAGOS_ASSIGN_OR_RETURN(Descriptor descriptor, ParseDescriptor(item), "field 'manifests'");
    if (descriptor.IsIndex() || descriptor.IsManifest()) {
      if (descriptor.platform.os != "unknown") descriptors.push_back(std::move(descriptor));
    }
  }
  return descriptors;
}

absl::StatusOr<Manifest> ParseManifest(absl::string_view text) {
  PELAGOS_ASSIGN_OR_RETURN(const Json json, ParseObject(text));
  if (const Json* version = Find(json, "schemaVersion"); version != nullptr && *version == 1) {
    return absl::InvalidArgumentError(
        "it is of Docker's old schema 1, which has no digests to trust: push the image again with "
        "a tool of this decade");
  }
  const Json* config = Find(json, "config");
  if (config == nullptr) return Wrong("config", "a descriptor");
  Manifest manifest;
  PELAGOS_ASSIGN_OR_RETURN(manifest.config, ParseDescriptor(*config), "field 'config'");
  if (!manifest.config.IsConfig()) return Artifact("config", manifest.config.media_type);
  PELAGOS_ASSIGN_OR_RETURN(const Json* layers, List(json, "layers"));
  if (layers->size() > kMaxLayers) return TooManyLayers(layers->size());
  for (const Json& item : *layers) {
    PELAGOS_ASSIGN_OR_RETURN(Descriptor layer, ParseDescriptor(item), "field 'layers'");
    if (!layer.IsLayer()) return Artifact("layer", layer.media_type);
    manifest.layers.push_back(std::move(layer));
  }
  if (manifest.layers.empty()) return absl::InvalidArgumentError("it has no layers");
  return manifest;
}

absl::StatusOr<std::vector<DockerArchiveImage>> ParseDockerArchive(absl::string_view text) {
  PELAGOS_ASSIGN_OR_RETURN(const Json json, ParseText(text));
  if (!json.is_array()) return absl::InvalidArgumentError("it is not a JSON list");
  std::vector<DockerArchiveImage> images;
  for (const Json& item : json) {
    if (!item.is_object()) return absl::InvalidArgumentError("an image must be an object");
    DockerArchiveImage& image = images.emplace_back();
    PELAGOS_ASSIGN_OR_RETURN(image.config, Text(item, "Config"));
    PELAGOS_ASSIGN_OR_RETURN(image.tags, Texts(item, "RepoTags"));
    PELAGOS_ASSIGN_OR_RETURN(image.layers, Texts(item, "Layers"));
    if (image.config.empty()) return Wrong("Config", "a path in the archive");
    if (image.layers.size() > kMaxLayers) return TooManyLayers(image.layers.size());
    if (image.layers.empty()) return Wrong("Layers", "a list of at least one path");
  }
  return images;
}

std::string PrintManifest(const Manifest& manifest) {
  Json layers = Json::array();
  for (const Descriptor& layer : manifest.layers) layers.push_back(ToJson(layer));
  return Print({{"schemaVersion", 2},
                {"mediaType", std::string(kManifestType)},
                {"config", ToJson(manifest.config)},
                {"layers", layers}});
}

std::string Platform::ToString() const {
  return absl::StrCat(os, "/", architecture, variant.empty() ? "" : "/", variant);
}

absl::StatusOr<Platform> ParsePlatform(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  const bool clean = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '_' || c == '.' ||
           c == '-';
  });
  const bool filled = std::none_of(parts.begin(), parts.end(),
                                   [](const std::string& part) { return part.empty(); });
  if (!clean || !filled || parts.size() < 2 || parts.size() > 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", absl::CHexEscape(text.substr(0, 80)),
                     "' is no platform: expected OS/ARCHITECTURE[/VARIANT], as 'linux/arm64'"));
  }
  Platform platform = {parts[0], parts[1], parts.size() == 3 ? parts[2] : ""};
  if (platform.architecture == "x86_64") platform.architecture = "amd64";
  if (platform.architecture == "aarch64") platform.architecture = "arm64";
  return platform;
}

absl::StatusOr<Descriptor> ChooseForPlatform(const std::vector<Descriptor>& choices,
                                             const Platform& wanted) {
  // 64-bit ARM has had one variant so far, which some say and some do not.
  const auto variant = [](const Platform& platform) -> absl::string_view {
    const bool usual = platform.architecture == "arm64" && platform.variant == "v8";
    return usual ? absl::string_view() : absl::string_view(platform.variant);
  };
  const Descriptor* silent = nullptr;
  std::vector<std::string> offered;
  for (const Descriptor& choice : choices) {
    const Platform& platform = choice.platform;
    if (platform.os == wanted.os && platform.architecture == wanted.architecture &&
        (variant(wanted).empty() || variant(platform) == variant(wanted))) {
      return choice;
    }
    if (platform.known()) {
      offered.push_back(platform.ToString());
    } else if (silent == nullptr) {
      silent = &choice;  // it says nothing: its config will
    }
  }
  if (silent != nullptr) return *silent;
  if (offered.empty()) return absl::InvalidArgumentError("the index has no image");
  return absl::InvalidArgumentError(absl::StrCat("there is no image for ", wanted.ToString(),
                                                 ", only for ", absl::StrJoin(offered, ", ")));
}

Platform HostPlatform() {
  // uname(2) and Go's GOARCH.
  constexpr std::pair<absl::string_view, absl::string_view> kArchitectures[] = {
      {"x86_64", "amd64"},    {"aarch64", "arm64"},   {"armv7l", "arm"},  {"i686", "386"},
      {"riscv64", "riscv64"}, {"ppc64le", "ppc64le"}, {"s390x", "s390x"},
  };
  utsname host{};
  if (::uname(&host) != 0) return {"linux", "", ""};
  for (const auto& [machine, architecture] : kArchitectures) {
    if (machine == host.machine) return {"linux", std::string(architecture), ""};
  }
  return {"linux", host.machine, ""};
}

absl::StatusOr<StoredReference> ParseStoredReference(absl::string_view text) {
  PELAGOS_ASSIGN_OR_RETURN(const Json json, ParseObject(text));
  StoredReference stored;
  PELAGOS_ASSIGN_OR_RETURN(stored.reference, Text(json, "reference"));
  PELAGOS_ASSIGN_OR_RETURN(const std::string digest, Text(json, "manifest"));
  PELAGOS_ASSIGN_OR_RETURN(stored.manifest, ParseDigest(digest), "field 'manifest'");
  if (json.contains("config")) {
    PELAGOS_ASSIGN_OR_RETURN(stored.config, Text(json, "config"));
  }
  if (json.contains("passwd") && json.contains("group")) {
    stored.users.emplace();
    PELAGOS_ASSIGN_OR_RETURN(stored.users->passwd, Text(json, "passwd"));
    PELAGOS_ASSIGN_OR_RETURN(stored.users->group, Text(json, "group"));
  }
  return stored;
}

std::string PrintStoredReference(const StoredReference& stored) {
  Json json = {{"reference", stored.reference}, {"manifest", stored.manifest.ToString()}};
  if (!stored.config.empty()) json["config"] = stored.config;
  if (stored.users) {
    json["passwd"] = stored.users->passwd;
    json["group"] = stored.users->group;
  }
  return Print(json);
}

}  // namespace pelagos::image
