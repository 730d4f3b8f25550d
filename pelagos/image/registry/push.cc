#include "pelagos/image/registry/push.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/reference.h"
#include "pelagos/image/registry/fetch.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

class Pusher {
 public:
  Pusher(const TransferRequest& request, const TransferTools& tools, const PushLimits& limits)
      : request_(request),
        tools_(tools),
        limits_(limits),
        sessions_(OpenSessions(request, tools.http)),
        session_(*sessions_.back()) {}

  absl::StatusOr<StoredImage> Run();

 private:
  struct Blob {
    Descriptor descriptor;
    Fd file;  // empty: the store does not have it
    size_t line = 0;
  };
  // An upload under way.
  struct Upload {
    std::string location;
    uint64_t offset = 0;
    std::string retry_after;  // of the last answer
  };

  std::string Url(absl::string_view rest) const {
    return absl::StrCat("/v2/", session_.endpoint().prefix, repository_, "/", rest);
  }
  absl::Status Unexpected(const HttpResponse& response, absl::string_view method) const {
    return ErrorOf(response, method, session_.endpoint());
  }
  absl::StatusOr<Blob> OpenBlob(const Descriptor& descriptor) const;
  void FindMounts(const Reference& remote, const std::string& own);
  absl::Status PushBlob(Blob& blob);
  absl::StatusOr<bool> Start(const Blob& blob, Upload& upload);
  absl::Status Send(const Blob& blob, Upload& upload);
  absl::Status SendPiece(const Blob& blob, Upload& upload, uint64_t size, bool last);
  absl::Status AskWhere(Upload& upload);
  absl::Status PushManifest(const StoredImage& image, const Reference& remote);

  const TransferRequest& request_;
  const TransferTools& tools_;
  const PushLimits limits_;
  const std::vector<std::unique_ptr<RegistrySession>> sessions_;
  RegistrySession& session_;
  std::string repository_, scope_;
  std::map<Digest, std::string> mounts_;  // repositories of the same registry that have it
  std::mutex mutex_;
  absl::Status failure_;
};

absl::StatusOr<Pusher::Blob> Pusher::OpenBlob(const Descriptor& descriptor) const {
  Blob blob;
  blob.descriptor = descriptor;
  const std::string path = tools_.store.BlobPath(descriptor.digest);
  absl::StatusOr<Fd> file = sys::OpenFile(path, O_RDONLY | O_NOFOLLOW);
  if (FindErrno(file.status()) == ENOENT) return blob;
  PELAGOS_RETURN_IF_ERROR(file.status());
  struct stat info = {};
  if (::fstat(file->get(), &info) != 0) return ErrnoStatus(errno, "fstat", path);
  if (static_cast<uint64_t>(info.st_size) != descriptor.size) {
    return absl::DataLossError(absl::StrCat(
        "blob ", descriptor.digest.ToString(), " of the store has ", info.st_size,
        " bytes, the manifest says ", descriptor.size, ": pull or load the image again"));
  }
  blob.file = *std::move(file);
  return blob;
}

// Images of the store that came from the same registry: their repositories have their blobs.
void Pusher::FindMounts(const Reference& remote, const std::string& own) {
  const absl::StatusOr<std::vector<StoredImage>> images = tools_.store.DescribeAll();
  if (!images.ok()) return;  // it only saves work
  for (const StoredImage& image : *images) {
    const absl::StatusOr<Reference> name = ParseReference(image.reference);
    if (!name.ok() || name->registry != remote.registry || name->repository == own) continue;
    for (const Descriptor& layer : image.manifest.layers) {
      mounts_.emplace(layer.digest, name->repository);
    }
  }
}

// True if there is nothing to send any more: it was mounted.
absl::StatusOr<bool> Pusher::Start(const Blob& blob, Upload& upload) {
  HttpRequest request;
  request.method = "POST";
  request.sends_body = true;
  request.url = Url("blobs/uploads/");
  std::string scope = scope_;
  const auto mount = mounts_.find(blob.descriptor.digest);
  if (mount != mounts_.end()) {
    absl::StrAppend(&request.url, "?mount=", blob.descriptor.digest.ToString(),
                    "&from=", mount->second);
    absl::StrAppend(&scope, " repository:", mount->second, ":pull");
  }
  absl::StatusOr<HttpResponse> response = session_.SendOnce(request, scope);
  if (mount != mounts_.end() &&
      (absl::IsUnauthenticated(response.status()) || (response.ok() && response->status == 403))) {
    // We may not read there: then it is sent.
    request.url = Url("blobs/uploads/");
    response = session_.SendOnce(request, scope_);
  }
  PELAGOS_RETURN_IF_ERROR(response.status());
  upload.retry_after = response->Header("retry-after");
  if (response->status == 201) return true;
  if (response->status != 202) return Unexpected(*response, "POST");
  upload.location = response->Header("location");
  upload.offset = 0;
  if (upload.location.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("POST ", UrlForMessages(response->url),
                                                   ": the answer has no header 'Location'"));
  }
  return false;
}

absl::Status Pusher::SendPiece(const Blob& blob, Upload& upload, uint64_t size, bool last) {
  const bool whole = last && upload.offset == 0;
  HttpRequest request;
  request.method = last ? "PUT" : "PATCH";
  request.url = upload.location;
  if (last) {
    absl::StrAppend(&request.url, absl::StrContains(request.url, "?") ? "&" : "?",
                    "digest=", absl::StrCat("sha256%3A", blob.descriptor.digest.hex()));
  }
  request.sends_body = true;
  if (size > 0) {
    request.upload_fd = blob.file.get();
    request.upload_offset = upload.offset;
    request.upload_size = size;
    request.on_sent = [&](uint64_t bytes) { tools_.progress.Advance(blob.line, bytes); };
  }
  if (!whole && size > 0) {
    request.headers.push_back(
        absl::StrCat("Content-Range: ", upload.offset, "-", upload.offset + size - 1));
  }
  PELAGOS_ASSIGN_OR_RETURN(const HttpResponse response, session_.SendOnce(request, scope_));
  upload.retry_after = response.Header("retry-after");
  if (response.status != (last ? 201 : 202) && !(last && response.status == 204)) {
    return Unexpected(response, request.method);
  }
  upload.offset += size;
  if (const std::string location = response.Header("location"); !last && !location.empty()) {
    upload.location = location;
  }
  return absl::OkStatus();
}

// After a broken connection: how much of it arrived.
absl::Status Pusher::AskWhere(Upload& upload) {
  HttpRequest request;
  request.url = upload.location;
  PELAGOS_ASSIGN_OR_RETURN(const HttpResponse response, session_.SendOnce(request, scope_));
  if (response.status != 204) return Unexpected(response, "GET");
  const std::string range = response.Header("range");  // "0-99"
  uint64_t last = 0;
  const size_t dash = range.find('-');
  if (dash == std::string::npos || !absl::SimpleAtoi(range.substr(dash + 1), &last)) {
    return absl::InvalidArgumentError("the answer has no header 'Range'");
  }
  upload.offset = last == 0 ? 0 : last + 1;
  if (const std::string location = response.Header("location"); !location.empty()) {
    upload.location = location;
  }
  return absl::OkStatus();
}

absl::Status Pusher::Send(const Blob& blob, Upload& upload) {
  tools_.progress.SetDone(blob.line, upload.offset);
  const uint64_t size = blob.descriptor.size;
  if (upload.offset > size) return absl::DataLossError("the registry has more than was sent");
  if (size > limits_.chunk) {
    while (upload.offset < size) {
      PELAGOS_RETURN_IF_ERROR(
          SendPiece(blob, upload, std::min(limits_.chunk, size - upload.offset), /*last=*/false));
    }
  }
  return SendPiece(blob, upload, size - upload.offset, /*last=*/true);
}

absl::Status Pusher::PushBlob(Blob& blob) {
  HttpRequest head;
  head.method = "HEAD";
  head.url = Url(absl::StrCat("blobs/", blob.descriptor.digest.ToString()));
  PELAGOS_ASSIGN_OR_RETURN(const HttpResponse there, session_.Send(head, scope_));
  if (there.status == 200) {
    tools_.progress.SetDone(blob.line, blob.descriptor.size);
    tools_.progress.Status(blob.line, "exists");
    return absl::OkStatus();
  }
  if (there.status != 404) return Unexpected(there, "HEAD");
  Backoff backoff(session_.http(), session_.policy());
  Upload upload;
  for (;;) {
    absl::Status status;
    const uint64_t before = upload.offset;
    if (upload.location.empty()) {
      const absl::StatusOr<bool> mounted = Start(blob, upload);
      status = mounted.status();
      if (mounted.ok() && *mounted) {
        tools_.progress.SetDone(blob.line, blob.descriptor.size);
        tools_.progress.Status(blob.line, "mounted");
        return absl::OkStatus();
      }
      if (mounted.ok() && !blob.file.valid() && blob.descriptor.size > 0) {
        return absl::FailedPreconditionError(
            "neither the registry nor the store has its bytes, only what it unpacks to: pull or "
            "load the image again");
      }
    }
    if (status.ok()) {
      tools_.progress.Status(blob.line, "pushing");
      status = Send(blob, upload);
    }
    if (status.ok()) {
      tools_.progress.SetDone(blob.line, blob.descriptor.size);
      tools_.progress.Status(blob.line, "pushed");
      return absl::OkStatus();
    }
    // 429 comes as ResourceExhausted.
    if (!absl::IsUnavailable(status) && !absl::IsResourceExhausted(status)) return status;
    if (upload.offset > before) backoff.Reset();
    tools_.progress.Status(blob.line, "retrying");
    PELAGOS_RETURN_IF_ERROR(backoff.Pause(status, std::exchange(upload.retry_after, "")));
    if (!upload.location.empty() && !(upload.offset > 0 && AskWhere(upload).ok())) {
      upload = Upload();  // from the start
    }
  }
}

absl::Status Pusher::PushManifest(const StoredImage& image, const Reference& remote) {
  const nlohmann::json json = nlohmann::json::parse(
      image.manifest_text.begin(), image.manifest_text.end(), nullptr, /*allow_exceptions=*/false);
  std::string type(kManifestType);
  if (json.is_object() && json.contains("mediaType") && json["mediaType"].is_string()) {
    type = json["mediaType"].get<std::string>();
  }
  HttpRequest request;
  request.method = "PUT";
  request.url = Url(
      absl::StrCat("manifests/", remote.digest.empty() ? remote.tag : remote.digest.ToString()));
  request.headers = {absl::StrCat("Content-Type: ", type)};
  request.sends_body = true;
  request.body = image.manifest_text;
  PELAGOS_ASSIGN_OR_RETURN(const HttpResponse response, session_.Send(request, scope_));
  if (response.status < 200 || response.status > 204) return Unexpected(response, "PUT");
  const std::string said = response.Header("docker-content-digest");
  if (!said.empty() && said != image.manifest_digest.ToString()) {
    return absl::DataLossError(absl::StrCat("the registry says that it has the manifest ", said,
                                            " now, expected ", image.manifest_digest.ToString()));
  }
  return absl::OkStatus();
}

absl::StatusOr<StoredImage> Pusher::Run() {
  PELAGOS_ASSIGN_OR_RETURN(StoredImage image, tools_.store.Describe(request_.reference));
  PELAGOS_ASSIGN_OR_RETURN(const Reference remote, ParseReference(request_.remote));
  if (!remote.digest.empty() && remote.digest != image.manifest_digest) {
    return absl::InvalidArgumentError(absl::StrCat("'", request_.reference, "' has the digest ",
                                                   image.manifest_digest.ToString(),
                                                   "; push it under a tag"));
  }
  repository_ = remote.repository;
  scope_ = absl::StrCat("repository:", repository_, ":pull,push");
  FindMounts(remote, repository_);
  std::vector<Blob> blobs;
  std::set<Digest> seen;
  std::vector<Descriptor> wanted = image.manifest.layers;
  wanted.push_back(image.manifest.config);
  for (const Descriptor& descriptor : wanted) {
    if (!seen.insert(descriptor.digest).second) continue;
    // Open, they are there until the end, whatever is removed meanwhile.
    PELAGOS_ASSIGN_OR_RETURN(Blob blob, OpenBlob(descriptor));
    blob.line = tools_.progress.Add(descriptor.digest.ToString(), descriptor.size);
    blobs.push_back(std::move(blob));
  }
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < blobs.size(); i = next++) {
      const absl::Status status = PushBlob(blobs[i]);
      if (status.ok()) continue;
      tools_.progress.Status(blobs[i].line, absl::IsCancelled(status) ? "stopped" : "failed");
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (failure_.ok() || absl::IsCancelled(failure_)) {
          failure_ = pelagos::internal::WithContext(status, "blob ",
                                                    blobs[i].descriptor.digest.ToString());
        }
      }
      tools_.http.Cancel(absl::CancelledError("another blob could not be pushed"));
      return;
    }
  };
  std::vector<std::thread> threads;
  const size_t count = std::min<size_t>(std::max<uint32_t>(request_.parallel, 1), blobs.size());
  for (size_t i = 0; i < count; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  PELAGOS_RETURN_IF_ERROR(failure_);
  PELAGOS_RETURN_IF_ERROR(PushManifest(image, remote), "manifest");
  return image;
}

}  // namespace

absl::StatusOr<StoredImage> PushImage(const TransferRequest& request, const TransferTools& tools,
                                      const PushLimits& limits) {
  PELAGOS_ASSIGN_OR_RETURN(StoredImage image, Pusher(request, tools, limits).Run(), "pushing ",
                           request.reference, " to ", request.remote);
  return image;
}

}  // namespace pelagos::image
