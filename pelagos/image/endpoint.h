// One place where a repository can be had: a registry, or a mirror of one; with all that is needed
// to talk to it. A value: made by pelagos from the user's files, used by pelagos-image, which never
// reads those.
//
// Source: distribution-spec 1.1 for the paths; Docker's rules for docker.io (its API is at
// registry-1.docker.io, its credentials are kept under https://index.docker.io/v1/).
#pragma once

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pelagos::image {

struct Credentials {
  std::string username = {}, password = {};
  std::string identity_token = {};  // an OAuth2 refresh token, instead of the two

  bool empty() const { return username.empty() && password.empty() && identity_token.empty(); }
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

struct Endpoint {
  std::string registry;  // as references name it: "docker.io", "localhost:5000"
  std::string url;       // without a slash at its end: "https://registry-1.docker.io"
  // Below /v2/, before the repository: mirrors may have a path of their own. Mostly empty.
  std::string prefix;
  Credentials credentials;
  bool any_certificate = false;  // TLS without checks
  bool plain_http = false;       // where TLS is not spoken, HTTP will do
  std::string ca_file;           // PEM; empty: the machine's

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// Hosts of this machine itself: no network lies between.
inline bool IsLoopbackRegistry(absl::string_view registry) {
  const absl::string_view host = absl::StartsWith(registry, "[")
                                     ? registry.substr(0, registry.find(']') + 1)
                                     : registry.substr(0, registry.find(':'));
  return host == "localhost" || host == "[::1]" || absl::StartsWith(host, "127.");
}

// The registry itself, without credentials. Plain HTTP is only for this machine's own.
inline Endpoint EndpointOf(absl::string_view registry) {
  Endpoint endpoint;
  endpoint.registry = std::string(registry);
  endpoint.url =
      absl::StrCat("https://", registry == "docker.io" ? "registry-1.docker.io" : registry);
  endpoint.plain_http = IsLoopbackRegistry(registry);
  return endpoint;
}

}  // namespace pelagos::image
