#include "pelagos/image/program/transfers.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/program/confine.h"
#include "pelagos/image/reference.h"
#include "pelagos/image/registry/http.h"
#include "pelagos/image/registry/progress.h"
#include "pelagos/image/registry/pull.h"
#include "pelagos/image/registry/push.h"
#include "pelagos/image/registry/session.h"
#include "pelagos/image/registry/spec_grammar.h"
#include "pelagos/image/store.h"
#include "pelagos/image/transfer_request.h"

namespace pelagos::image {
namespace {

constexpr size_t kMaxRequest = size_t{4} << 20;

// What names and certificates are looked up in: nsswitch.conf(5), resolv.conf(5), OpenSSL's files,
// and the libraries that glibc loads for it.
const char* const kForNetwork[] = {
    "/etc/ca-certificates",
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl",
    "/etc/ld.so.cache",
    "/lib",
    "/lib64",
    "/run/systemd/resolve",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/share/zoneinfo",
};

absl::StatusOr<TransferRequest> ReadRequest() {
  std::string text;
  FdSource input(STDIN_FILENO);
  char buffer[16384];
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const size_t count, input.Read(buffer, sizeof(buffer)));
    if (count == 0) break;
    text.append(buffer, count);
    if (text.size() > kMaxRequest) return absl::InvalidArgumentError("the request is too long");
  }
  PELAGOS_ASSIGN_OR_RETURN(TransferRequest request, ParseTransferRequest(text));
  if (!request.remote.empty()) {  // a ping has none
    PELAGOS_ASSIGN_OR_RETURN(const Reference remote, ParseReference(request.remote));
    PELAGOS_RETURN_IF_ERROR(CheckSpecGrammar(remote), "'", request.remote, "'");
  }
  return request;
}

absl::Status ConfineFor(const TransferRequest& request, const std::vector<std::string>& writable,
                        std::vector<std::string> readable = {}) {
  readable.insert(readable.end(), std::begin(kForNetwork), std::end(kForNetwork));
  for (const Endpoint& endpoint : request.endpoints) {
    if (!endpoint.ca_file.empty()) readable.push_back(endpoint.ca_file);
  }
  if (const char* file = std::getenv("SSL_CERT_FILE"); file != nullptr && *file != '\0') {
    readable.emplace_back(file);
  }
  return Confine(writable, readable);
}

absl::StatusOr<std::unique_ptr<HttpClient>> StartHttp(const TransferRequest& request) {
  // Who asked for it is gone: nobody waits for the image, and the next one goes on from here.
  if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return ErrnoStatus(errno, "prctl");
  HttpOptions options;
  options.stall = absl::Seconds(request.stall_seconds);
  return HttpClient::Start(options);
}

std::string Report(const NewImage& image) {
  return absl::StrCat("ok\t", image.reference.ToString(), "\t", image.manifest_digest.ToString(),
                      "\t", image.layers.size(), "\n");
}

}  // namespace

absl::StatusOr<std::string> RunPull(const std::string& data_root, Limits limits) {
  PELAGOS_ASSIGN_OR_RETURN(const TransferRequest request, ReadRequest());
  PELAGOS_ASSIGN_OR_RETURN(Store store, Store::Open(data_root));
  PELAGOS_ASSIGN_OR_RETURN(const Ingest ingest, store.StartIngest());
  PELAGOS_RETURN_IF_ERROR(ConfineFor(request, {store.folder()}));
  PELAGOS_ASSIGN_OR_RETURN(const std::unique_ptr<HttpClient> http, StartHttp(request));
  Budget budget(limits);
  Progress progress(request.progress, STDERR_FILENO);
  PELAGOS_ASSIGN_OR_RETURN(const PulledImage pulled,
                           PullImage(request, {store, *http, progress}, ingest, budget));
  PELAGOS_RETURN_IF_ERROR(store.Publish(ingest, {pulled.image}));
  return Report(pulled.image);
}

absl::StatusOr<std::string> RunPush(const std::string& data_root) {
  PELAGOS_ASSIGN_OR_RETURN(const TransferRequest request, ReadRequest());
  PELAGOS_ASSIGN_OR_RETURN(Store store, Store::Open(data_root));
  PELAGOS_RETURN_IF_ERROR(ConfineFor(request, {}, {store.folder()}));
  PELAGOS_ASSIGN_OR_RETURN(const std::unique_ptr<HttpClient> http, StartHttp(request));
  Progress progress(request.progress, STDERR_FILENO);
  PELAGOS_ASSIGN_OR_RETURN(const StoredImage image, PushImage(request, {store, *http, progress}));
  return absl::StrCat("ok\t", request.remote, "\t", image.manifest_digest.ToString(), "\t",
                      image.manifest.layers.size(), "\n");
}

absl::StatusOr<std::string> RunPing() {
  PELAGOS_ASSIGN_OR_RETURN(const TransferRequest request, ReadRequest());
  PELAGOS_RETURN_IF_ERROR(ConfineFor(request, {}));
  PELAGOS_ASSIGN_OR_RETURN(const std::unique_ptr<HttpClient> http, StartHttp(request));
  const auto sessions = OpenSessions(request, *http);
  HttpRequest ask;
  ask.url = "/v2/";
  PELAGOS_ASSIGN_OR_RETURN(const HttpResponse answer, sessions.back()->Send(ask, ""));
  const Endpoint& endpoint = sessions.back()->endpoint();
  if (answer.status != 200) return ErrorOf(answer, "GET", endpoint);
  return absl::StrCat("ok\t", endpoint.registry, "\t-\t0\n");
}

}  // namespace pelagos::image
