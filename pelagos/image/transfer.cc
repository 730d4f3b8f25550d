#include "pelagos/image/transfer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/docker_config.h"
#include "pelagos/image/reference.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

absl::StatusOr<TransferRequest> RequestFor(const std::string& registry, bool with_mirrors,
                                           const TransferOptions& options) {
  PELAGOS_ASSIGN_OR_RETURN(const RegistriesConfig config, ReadRegistriesConfig());
  TransferRequest request;
  request.endpoints = EndpointsFor(config, registry, options.insecure);
  if (!with_mirrors)
    request.endpoints.erase(request.endpoints.begin(), request.endpoints.end() - 1);
  for (Endpoint& endpoint : request.endpoints) {
    // What was typed is for the registry that was named, not for its mirrors.
    const bool own = &endpoint == &request.endpoints.back();
    PELAGOS_ASSIGN_OR_RETURN(
        endpoint.credentials,
        CredentialsFor(endpoint.registry, own ? options.credentials : std::nullopt));
  }
  request.platform = options.platform;
  request.progress = options.progress;
  request.parallel = config.parallel;
  request.attempts = config.attempts;
  request.stall_seconds = config.stall_seconds;
  request.backoff_millis = config.backoff_millis;
  return request;
}

// The request goes over standard input, by a file in memory: no other process sees it.
absl::StatusOr<LoadedImage> Send(const char* command, const std::string& data_root,
                                 const TransferRequest& request, const IngestOptions& options) {
  const Fd text(::memfd_create("pelagos-image request", MFD_CLOEXEC));
  if (!text.valid()) return ErrnoStatus(errno, "memfd_create");
  PELAGOS_RETURN_IF_ERROR(sys::WriteAll(text, PrintTransferRequest(request), "request"));
  if (::lseek(text.get(), 0, SEEK_SET) != 0) return ErrnoStatus(errno, "lseek", "request");
  PELAGOS_ASSIGN_OR_RETURN(
      std::vector<LoadedImage> images,
      internal::RunImageProgram({command, "--data-root", data_root}, text.get(), options));
  return std::move(images.front());
}

}  // namespace

absl::StatusOr<Credentials> CredentialsFor(const std::string& registry,
                                           const std::optional<Credentials>& given) {
  if (given) return *given;
  const char* user = std::getenv("PELAGOS_REGISTRY_USER");
  const char* password = std::getenv("PELAGOS_REGISTRY_PASS");
  if (user != nullptr && *user != '\0' && password != nullptr) {
    Credentials credentials;
    credentials.username = user;
    credentials.password = password;
    return credentials;
  }
  return DockerConfig::AtUsualPlace().Find(registry);
}

absl::StatusOr<LoadedImage> Pull(const std::string& data_root, absl::string_view written,
                                 const TransferOptions& options) {
  PELAGOS_ASSIGN_OR_RETURN(const Reference reference, ResolveReference(written));
  PELAGOS_ASSIGN_OR_RETURN(TransferRequest request,
                           RequestFor(reference.registry, /*with_mirrors=*/true, options));
  request.reference = request.remote = reference.ToString();
  return Send("pull", data_root, request, options.ingest);
}

absl::StatusOr<LoadedImage> Push(const std::string& data_root, absl::string_view written,
                                 absl::string_view destination, const TransferOptions& options) {
  PELAGOS_ASSIGN_OR_RETURN(const Reference reference, ResolveReference(written));
  Reference remote = reference;
  if (!destination.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(remote, ResolveReference(destination));
  }
  PELAGOS_ASSIGN_OR_RETURN(TransferRequest request,
                           RequestFor(remote.registry, /*with_mirrors=*/false, options));
  request.reference = reference.ToString();
  request.remote = remote.ToString();
  return Send("push", data_root, request, options.ingest);
}

absl::Status CheckLogin(const std::string& registry, const Credentials& credentials,
                        const TransferOptions& options) {
  TransferOptions with = options;
  with.credentials = credentials;
  PELAGOS_ASSIGN_OR_RETURN(TransferRequest request,
                           RequestFor(registry, /*with_mirrors=*/false, with));
  return Send("ping", "", request, options.ingest).status();
}

}  // namespace pelagos::image
