#include "pelagos/image/registry/fake_registry.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/image/program/sha256.h"
#include "pelagos/image/program/tar_for_tests.h"

namespace pelagos::image {
namespace {

constexpr char kManifestTypeText[] = "application/vnd.oci.image.manifest.v1+json";

std::string Query(const std::string& path, absl::string_view name) {
  const size_t mark = path.find('?');
  if (mark == std::string::npos) return "";
  for (absl::string_view pair : absl::StrSplit(path.substr(mark + 1), '&')) {
    if (absl::ConsumePrefix(&pair, name) && absl::ConsumePrefix(&pair, "=")) {
      std::string value;
      for (size_t i = 0; i < pair.size(); ++i) {
        if (pair[i] == '%' && i + 2 < pair.size()) {
          value += absl::HexStringToBytes(pair.substr(i + 1, 2));
          i += 2;
        } else {
          value.push_back(pair[i]);
        }
      }
      return value;
    }
  }
  return "";
}

std::string ErrorBody(absl::string_view code, absl::string_view message) {
  return absl::StrCat(R"({"errors":[{"code":")", code, R"(","message":")", message, R"("}]})");
}

}  // namespace

std::string FakeRegistry::host() const { return absl::StrCat("127.0.0.1:", port_); }

std::string FakeRegistry::AddBlob(const std::string& content) {
  const std::string digest = Sha256Of(content).ToString();
  const std::lock_guard<std::mutex> lock(mutex_);
  blobs_[digest] = content;
  return digest;
}

void FakeRegistry::AddBlobAs(const std::string& digest, const std::string& content) {
  const std::lock_guard<std::mutex> lock(mutex_);
  blobs_[digest] = content;
}

std::string FakeRegistry::AddManifest(const std::string& repository, const std::string& tag,
                                      const std::string& text, const std::string& type) {
  const std::string digest = Sha256Of(text).ToString();
  const std::lock_guard<std::mutex> lock(mutex_);
  manifests_[absl::StrCat(repository, " ", digest)] = {text, type, digest};
  if (!tag.empty()) manifests_[absl::StrCat(repository, " ", tag)] = {text, type, digest};
  return digest;
}

std::string FakeRegistry::AddImage(const std::string& repository, const std::string& tag,
                                   const std::vector<std::string>& tars,
                                   const std::vector<std::string>& blobs) {
  const LayoutForTests layout(tars, blobs, "");
  for (const std::string& blob : blobs) AddBlob(blob);
  AddBlob(layout.config);
  return AddManifest(repository, tag, layout.manifest, kManifestTypeText);
}

void FakeRegistry::RequireBasic(const std::string& user, const std::string& password) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auth_ = Auth::kBasic;
  user_ = user;
  password_ = password;
}

void FakeRegistry::RequireToken(const std::string& user, const std::string& password) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auth_ = Auth::kToken;
  user_ = user;
  password_ = password;
}

void FakeRegistry::RequireIdentityToken(const std::string& token) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auth_ = Auth::kToken;
  identity_token_ = token;
}

void FakeRegistry::Misbehave(const Fault& fault) {
  const std::lock_guard<std::mutex> lock(mutex_);
  faults_.push_back(fault);
}

void FakeRegistry::LieAboutDigest(const std::string& repository, const std::string& tag,
                                  const std::string& digest) {
  const std::lock_guard<std::mutex> lock(mutex_);
  manifests_[absl::StrCat(repository, " ", tag)].claimed_digest = digest;
}

std::vector<SeenRequest> FakeRegistry::requests() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

size_t FakeRegistry::CountLocked(absl::string_view method, absl::string_view path_part) const {
  return static_cast<size_t>(
      std::count_if(requests_.begin(), requests_.end(), [&](const SeenRequest& request) {
        return request.method == method && absl::StrContains(request.path, path_part);
      }));
}

size_t FakeRegistry::Count(absl::string_view method, absl::string_view path_part) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return CountLocked(method, path_part);
}

bool FakeRegistry::Await(absl::string_view method, absl::string_view path_part,
                         std::chrono::seconds patience) const {
  std::unique_lock<std::mutex> lock(mutex_);
  return seen_.wait_for(lock, patience, [&] { return CountLocked(method, path_part) > 0; });
}

std::string FakeRegistry::Blob(const std::string& digest) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = blobs_.find(digest);
  return found == blobs_.end() ? "" : found->second;
}

std::string FakeRegistry::Manifest(const std::string& repository,
                                   const std::string& tag_or_digest) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = manifests_.find(absl::StrCat(repository, " ", tag_or_digest));
  return found == manifests_.end() ? "" : found->second.text;
}

// Called with the mutex held, as the next two are.
bool FakeRegistry::Authorized(const SeenRequest& request, Reply& reply) {
  const auto found = request.headers.find("authorization");
  const std::string given = found == request.headers.end() ? "" : found->second;
  const std::string basic =
      absl::StrCat("Basic ", absl::Base64Escape(absl::StrCat(user_, ":", password_)));
  if (!identity_token_.empty() && absl::StartsWith(request.path, "/token")) {
    // As a query has it, so does a form.
    const std::string form = absl::StrCat("?", request.form);
    if (request.method != "POST" || Query(form, "grant_type") != "refresh_token" ||
        Query(form, "refresh_token") != identity_token_) {
      reply.status = 401;
      reply.body = R"({"details":"invalid refresh token"})";
      return false;
    }
    reply.body = absl::StrCat(R"({"access_token":"for-)", Query(form, "scope"), "\"}");
    return false;
  }
  if (auth_ == Auth::kToken && absl::StartsWith(request.path, "/token")) {
    if (!user_.empty() && given != basic) {
      reply.status = 401;
      reply.body = R"({"details":"incorrect username or password"})";
      return false;
    }
    reply.body = absl::StrCat(R"({"token":"for-)", Query(request.path, "scope"), "\"}");
    reply.headers.push_back("Content-Type: application/json");
    return false;
  }
  if (auth_ == Auth::kNone || (auth_ == Auth::kBasic && given == basic)) return true;
  const std::vector<std::string> parts =
      absl::StrSplit(request.path.substr(0, request.path.find('?')), '/');
  // "/v2/REPOSITORY/blobs|manifests/..."
  std::string repository;
  for (size_t i = 2; i < parts.size() && parts[i] != "blobs" && parts[i] != "manifests"; ++i) {
    absl::StrAppend(&repository, repository.empty() ? "" : "/", parts[i]);
  }
  const bool writes = request.method != "GET" && request.method != "HEAD";
  const std::string scope = repository.empty() ? ""
                                               : absl::StrCat("repository:", repository, ":",
                                                              writes ? "pull,push" : "pull");
  if (auth_ == Auth::kToken && absl::StartsWith(given, absl::StrCat("Bearer for-", scope))) {
    return true;
  }
  reply.status = 401;
  reply.body = ErrorBody("UNAUTHORIZED", "authentication required");
  reply.headers.push_back("Content-Type: application/json");
  if (auth_ == Auth::kBasic) {
    reply.headers.push_back("WWW-Authenticate: Basic realm=\"Registry\"");
  } else {
    reply.headers.push_back(absl::StrCat(
        "WWW-Authenticate: Bearer realm=\"http://", host(), "/token\",service=\"fake\"",
        scope.empty() ? "" : absl::StrCat(",scope=\"", scope, "\"")));
  }
  return false;
}

void FakeRegistry::Answer(const SeenRequest& request, const std::string& body, Reply& reply) {
  const std::string path = request.path.substr(0, request.path.find('?'));
  if (path == "/v2/" || path == "/v2") return;
  const size_t blobs = path.find("/blobs/"), manifests = path.find("/manifests/");
  if (!absl::StartsWith(path, "/v2/") ||
      (blobs == std::string::npos && manifests == std::string::npos)) {
    reply.status = 404;
    reply.body = ErrorBody("NAME_UNKNOWN", "no such place");
    return;
  }
  const size_t at = std::min(blobs, manifests);
  const std::string repository = path.substr(4, at - 4);
  if (blobs != std::string::npos) {
    const std::string rest = path.substr(blobs + sizeof("/blobs/") - 1);
    if (absl::StartsWith(rest, "uploads")) {
      AnswerUpload(request, body, repository, rest, reply);
      return;
    }
    const auto found = blobs_.find(rest);
    if (found == blobs_.end()) {
      reply.status = 404;
      reply.body = ErrorBody("BLOB_UNKNOWN", "blob unknown to registry");
      return;
    }
    reply.body = found->second;
    reply.ranges = true;
    reply.headers.push_back(absl::StrCat("Docker-Content-Digest: ", rest));
    return;
  }
  const std::string name = path.substr(manifests + sizeof("/manifests/") - 1);
  if (request.method == "PUT") {
    const std::string digest = Sha256Of(body).ToString();
    const auto type = request.headers.find("content-type");
    const Stored stored = {body, type == request.headers.end() ? "" : type->second, digest};
    manifests_[absl::StrCat(repository, " ", name)] = stored;
    manifests_[absl::StrCat(repository, " ", digest)] = stored;
    reply.status = 201;
    reply.headers.push_back(absl::StrCat("Docker-Content-Digest: ", digest));
    return;
  }
  const auto found = manifests_.find(absl::StrCat(repository, " ", name));
  if (found == manifests_.end()) {
    reply.status = 404;
    reply.body = ErrorBody("MANIFEST_UNKNOWN", "manifest unknown");
    return;
  }
  reply.body = found->second.text;
  reply.headers.push_back(absl::StrCat("Content-Type: ", found->second.type));
  reply.headers.push_back(absl::StrCat("Docker-Content-Digest: ", found->second.claimed_digest));
}

void FakeRegistry::AnswerUpload(const SeenRequest& request, const std::string& body,
                                const std::string& repository, const std::string& rest,
                                Reply& reply) {
  const auto location = [&](const std::string& id) {
    reply.headers.push_back(
        absl::StrCat("Location: /v2/", repository, "/blobs/uploads/", id, "?_state=x"));
    const size_t size = uploads_[id].size();
    reply.headers.push_back(absl::StrCat("Range: 0-", size == 0 ? 0 : size - 1));
  };
  if (request.method == "POST") {
    const std::string mount = Query(request.path, "mount");
    if (!mount.empty() && blobs_.count(mount) != 0) {
      reply.status = 201;
      return;
    }
    const std::string id = absl::StrCat(++next_upload_);
    uploads_[id] = "";
    reply.status = 202;
    location(id);
    return;
  }
  const std::string id = rest.substr(std::min(rest.size(), sizeof("uploads/") - 1));
  const auto upload = uploads_.find(id);
  if (upload == uploads_.end()) {
    reply.status = 404;
    reply.body = ErrorBody("BLOB_UPLOAD_UNKNOWN", "upload unknown");
    return;
  }
  if (request.method == "GET") {
    reply.status = 204;
    location(id);
    return;
  }
  const auto range = request.headers.find("content-range");
  if (request.method == "PATCH" && range != request.headers.end() &&
      !absl::StartsWith(range->second, absl::StrCat(upload->second.size(), "-"))) {
    reply.status = 416;
    location(id);
    return;
  }
  upload->second += body;
  if (request.method == "PATCH") {
    reply.status = 202;
    location(id);
    return;
  }
  const std::string digest = Query(request.path, "digest");
  if (Sha256Of(upload->second).ToString() != digest) {
    reply.status = 400;
    reply.body = ErrorBody("DIGEST_INVALID", "provided digest did not match uploaded content");
    return;
  }
  blobs_[digest] = upload->second;
  uploads_.erase(upload);
  reply.status = 201;
}

}  // namespace pelagos::image
