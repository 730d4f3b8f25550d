#include "pelagos/image/registry/fetch.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/program/sha256.h"

namespace pelagos::image {
namespace {

constexpr char kAccept[] =
    "Accept: application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

std::string PullScope(const std::string& repository) {
  return absl::StrCat("repository:", repository, ":pull");
}

// The document's own word counts (image-spec: it should match the header); else the header's.
absl::StatusOr<std::string> MediaType(const std::string& text, const std::string& header) {
  // What nests without end is left out here, and refused by who reads the rest of it.
  const auto shallow = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    return depth <= 1;
  };
  const nlohmann::json json =
      nlohmann::json::parse(text.begin(), text.end(), shallow, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return absl::InvalidArgumentError("what the registry sends as a manifest is no JSON object");
  }
  const auto own = json.find("mediaType");
  if (own != json.end() && own->is_string()) return own->get<std::string>();
  return header.substr(0, header.find_first_of("; "));
}

}  // namespace

absl::Status WrongDigest(absl::string_view what, const Digest& expected, const Digest& got) {
  return absl::DataLossError(absl::StrCat(what, " has the digest ", got.ToString(), ", expected ",
                                          expected.ToString(),
                                          ": the registry, or who is between, does not send what "
                                          "it should"));
}

absl::StatusOr<FetchedManifest> FetchManifest(RegistrySession& session,
                                              const std::string& repository,
                                              const std::string& name) {
  HttpRequest request;
  request.url = absl::StrCat("/v2/", session.endpoint().prefix, repository, "/manifests/", name);
  request.headers = {kAccept};
  request.max_body = kMaxDocumentSize;
  PELAGOS_ASSIGN_OR_RETURN(HttpResponse response, session.Send(request, PullScope(repository)));
  if (response.status != 200) return ErrorOf(response, "GET", session.endpoint());
  FetchedManifest manifest;
  manifest.text = std::move(response.body);
  manifest.digest = Sha256Of(manifest.text);
  const std::string what = absl::StrCat("the manifest at ", UrlForMessages(response.url));
  // A tag has no digest to compare with, but for what the registry itself says.
  const std::string said =
      absl::StrContains(name, ":") ? name : response.Header("docker-content-digest");
  if (!said.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(const Digest expected, ParseDigest(said), what);
    if (expected != manifest.digest) return WrongDigest(what, expected, manifest.digest);
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::string type,
                           MediaType(manifest.text, response.Header("content-type")), what);
  Descriptor descriptor;
  descriptor.media_type = type;
  manifest.is_index = descriptor.IsIndex();
  if (!manifest.is_index && !descriptor.IsManifest() && !absl::StrContains(type, "manifest.v1") &&
      !type.empty() && type != "application/json") {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " is of type '", absl::CHexEscape(type.substr(0, 120)),
                     "': expected an image manifest or index of OCI or of Docker's schema 2"));
  }
  return manifest;
}

absl::StatusOr<std::string> FetchDocument(RegistrySession& session, const std::string& repository,
                                          const Descriptor& document) {
  if (document.size > kMaxDocumentSize) {
    return absl::InvalidArgumentError(absl::StrCat("the manifest says that it has ", document.size,
                                                   " bytes, more than ", kMaxDocumentSize));
  }
  HttpRequest request;
  request.url = absl::StrCat("/v2/", session.endpoint().prefix, repository, "/blobs/",
                             document.digest.ToString());
  request.headers = {"Accept-Encoding: identity"};
  request.max_body = kMaxDocumentSize;
  PELAGOS_ASSIGN_OR_RETURN(HttpResponse response, session.Send(request, PullScope(repository)));
  if (response.status != 200) return ErrorOf(response, "GET", session.endpoint());
  if (const Digest got = Sha256Of(response.body); got != document.digest) {
    return WrongDigest(absl::StrCat("what GET ", UrlForMessages(response.url), " gives"),
                       document.digest, got);
  }
  return std::move(response.body);
}

}  // namespace pelagos::image
