// The user's logins: Docker's config.json, which skopeo, podman and buildah read too.
//
//   {"auths": {"HOST": {"auth": base64("user:password"), "identitytoken": "..."}},
//    "credHelpers": {"HOST": "NAME"}, "credsStore": "NAME"}
//
// A helper is the program docker-credential-NAME: "get", "store", "erase" on its command line, the
// rest as JSON over its streams. Keys that are not ours stay as they are. The file changes by one
// rename, under a lock beside it, and is for its owner only (0600).
//
// Source: docs.docker.com, "docker login" (Credential stores, Credential helper protocol). The
// Hub's key is "https://index.docker.io/v1/".
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/endpoint.h"

namespace pelagos::image {

// A path, read anew each time.
class DockerConfig {
 public:
  explicit DockerConfig(std::string path) : path_(std::move(path)) {}
  // $DOCKER_CONFIG/config.json, or ~/.docker/config.json.
  static DockerConfig AtUsualPlace();

  const std::string& path() const { return path_; }

  // Of the helper for this registry, of the store of all, or of "auths"; empty if there are none.
  // InvalidArgument: the file is broken, its name and field are named.
  absl::StatusOr<Credentials> Find(absl::string_view registry) const;

  // Where it was put: the helper's name, or the file's path.
  absl::StatusOr<std::string> Store(absl::string_view registry,
                                    const Credentials& credentials) const;

  // False if there was nothing to erase.
  absl::StatusOr<bool> Erase(absl::string_view registry) const;

 private:
  std::string path_;  // empty: there is no place for one
};

}  // namespace pelagos::image
