// Documents of an image from a registry: small, whole in memory, verified.
//
// Source: distribution-spec 1.1, "Pulling manifests"; digests are compared whatever the registry
// says of itself.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/manifest.h"
#include "pelagos/image/reference.h"
#include "pelagos/image/registry/session.h"

namespace pelagos::image {

struct FetchedManifest {
  std::string text;
  Digest digest;
  bool is_index = false;
};

// `name` is a tag or "sha256:...". DataLoss if the content has another digest than was asked for or
// than the registry says.
absl::StatusOr<FetchedManifest> FetchManifest(RegistrySession& session,
                                              const std::string& repository,
                                              const std::string& name);

// A config: a blob that is a document.
absl::StatusOr<std::string> FetchDocument(RegistrySession& session, const std::string& repository,
                                          const Descriptor& document);

// What is said of an answer that is not the content that was asked for.
absl::Status WrongDigest(absl::string_view what, const Digest& expected, const Digest& got);

}  // namespace pelagos::image
