// The JSON documents of an image, as values: index, manifest, config.
//
//   index  ->  manifest  ->  config   (environment, command, the diffIDs of the layers)
//                       `->  layers   (compressed tars, bottom first)
//
// Source: image-spec 1.1 (image-index.md, manifest.md, config.md, descriptor.md) and Docker's
// "Image Manifest V2, Schema 2", which differs in its media types only; docker-archive's
// manifest.json as `docker save` writes it. Strangers write these: every field's type is checked,
// unknown fields are ignored, errors name the field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/digest.h"
#include "pelagos/policy/health_check.h"

namespace pelagos::image {

// Documents above this are refused, in bytes; registries refuse manifests of half the size.
inline constexpr size_t kMaxDocumentSize = size_t{8} << 20;
// Objects and lists within each other: more than any writer has, and little for who recurses.
inline constexpr size_t kMaxJsonDepth = 100;
// What overlayfs stacks (linux/fs/overlayfs, OVL_MAX_STACK).
inline constexpr size_t kMaxLayers = 500;

inline constexpr absl::string_view kManifestType = "application/vnd.oci.image.manifest.v1+json";
inline constexpr absl::string_view kConfigType = "application/vnd.oci.image.config.v1+json";
inline constexpr absl::string_view kLayerType = "application/vnd.oci.image.layer.v1.tar";
inline constexpr absl::string_view kRefNameAnnotation = "org.opencontainers.image.ref.name";
inline constexpr absl::string_view kContainerdNameAnnotation = "io.containerd.image.name";

struct Platform {
  std::string os;
  std::string architecture;  // as Go names it, "amd64"
  std::string variant = {};  // "v7"; mostly empty

  // "linux/arm64/v8"
  std::string ToString() const;
  bool known() const { return !os.empty() && os != "unknown"; }
  friend bool operator==(const Platform&, const Platform&) = default;
};

struct Descriptor {
  std::string media_type;
  Digest digest;
  uint64_t size = 0;  // bytes
  Platform platform;  // empty if not said
  std::map<std::string, std::string> annotations;

  bool IsIndex() const;
  bool IsManifest() const;
  bool IsConfig() const;
  bool IsLayer() const;  // one that holds a tar

  friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;  // bottom first

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

struct ImageConfig {
  Platform platform;
  std::vector<std::string> env;  // KEY=VALUE
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::string workdir;
  std::string user;
  std::string stop_signal;
  std::map<std::string, std::string> labels = {};
  std::vector<std::string> exposed_ports = {};  // of ParseExposedPort, sorted
  std::vector<std::string> volumes = {};        // folders inside, absolute, sorted
  std::optional<HealthCheck> health = {};       // with no command: it asks for none
  std::vector<Digest> diff_ids;                 // bottom first, one for each layer

  friend bool operator==(const ImageConfig&, const ImageConfig&) = default;
};

// One image of a docker-archive.
struct DockerArchiveImage {
  std::string config;               // path in the archive
  std::vector<std::string> tags;    // may be empty
  std::vector<std::string> layers;  // paths in the archive, bottom first
};

// The descriptors of an index that are not attestations or the like, in order.
absl::StatusOr<std::vector<Descriptor>> ParseIndex(absl::string_view json);

// InvalidArgument also for artifacts: manifests whose config or layers are not those of an image.
absl::StatusOr<Manifest> ParseManifest(absl::string_view json);

absl::StatusOr<ImageConfig> ParseImageConfig(absl::string_view json);

// "80/tcp" of "80" or "80/TCP", "8000-8010/udp". InvalidArgument says what was expected.
absl::StatusOr<std::string> ParseExposedPort(absl::string_view text);

absl::StatusOr<std::vector<DockerArchiveImage>> ParseDockerArchive(absl::string_view json);

// "OS/ARCHITECTURE[/VARIANT]". InvalidArgument says what was expected.
absl::StatusOr<Platform> ParsePlatform(absl::string_view text);

// The entry of an index for a platform; one that names none if no other fits. A wanted platform
// without a variant takes the first of its architecture. InvalidArgument lists what there is.
absl::StatusOr<Descriptor> ChooseForPlatform(const std::vector<Descriptor>& choices,
                                             const Platform& wanted);

// Compact JSON, the same bytes for the same value; platforms and annotations are left out.
std::string PrintManifest(const Manifest& manifest);
std::string PrintImageConfig(const ImageConfig& config);

// linux and this machine's architecture.
Platform HostPlatform();

// The texts of /etc/passwd and /etc/group, as the layers show them; empty: there is none.
struct UserFiles {
  std::string passwd, group;

  friend bool operator==(const UserFiles&, const UserFiles&) = default;
};

// What a store's reference file holds.
struct StoredReference {
  std::string reference;  // canonical
  Digest manifest;
  // Copies of what the manifest leads to, which never changes: a run reads this one file. The text
  // of the config, and its users; empty, nullopt: not copied, as large ones are not.
  std::string config = {};
  std::optional<UserFiles> users = {};

  friend bool operator==(const StoredReference&, const StoredReference&) = default;
};
absl::StatusOr<StoredReference> ParseStoredReference(absl::string_view json);
std::string PrintStoredReference(const StoredReference& stored);

}  // namespace pelagos::image
