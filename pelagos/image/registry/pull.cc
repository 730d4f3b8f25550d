#include "pelagos/image/registry/pull.h"

#include <algorithm>
#include <atomic>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/program/sha256.h"
#include "pelagos/image/registry/fetch.h"
#include "pelagos/image/registry/pull_layers.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

constexpr int kMaxIndexDepth = 8;

class Pull {
 public:
  Pull(const TransferRequest& request, const TransferTools& tools, const Ingest& ingest,
       Budget& budget)
      : request_(request),
        tools_(tools),
        ingest_(ingest),
        budget_(budget),
        sessions_(OpenSessions(request, tools.http)) {}

  absl::StatusOr<PulledImage> Run();

 private:
  // The result of the first endpoint that has one, which is asked first from then on. If none has,
  // the registry's own error, with what the mirrors said.
  template <typename F>
  auto Ask(F ask) -> decltype(ask(std::declval<RegistrySession&>()));

  absl::StatusOr<FetchedManifest> Manifest(const std::string& name, int depth);
  absl::StatusOr<std::string> Config(const Descriptor& config);

  const TransferRequest& request_;
  const TransferTools& tools_;
  const Ingest& ingest_;
  Budget& budget_;
  const std::vector<std::unique_ptr<RegistrySession>> sessions_;
  std::atomic<size_t> first_ = 0;  // of sessions_
  std::string repository_;
  Platform platform_;
};

absl::Status StatusOf(const absl::Status& status) { return status; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

template <typename F>
auto Pull::Ask(F ask) -> decltype(ask(std::declval<RegistrySession&>())) {
  std::string mirrors;
  absl::Status own;
  const size_t first = first_;
  for (size_t i = 0; i < sessions_.size(); ++i) {
    // The one that had the last answer, then the others in their order.
    const size_t at = i == 0 ? first : i <= first ? i - 1 : i;
    auto result = ask(*sessions_[at]);
    const absl::Status status = StatusOf(result);
    if (status.ok() || absl::IsCancelled(status)) {
      first_ = at;
      return result;
    }
    if (at + 1 == sessions_.size()) {
      own = status;
    } else {
      absl::StrAppend(&mirrors, "; mirror ", sessions_[at]->endpoint().url, ": ", status.message());
    }
  }
  return absl::Status(own.code(), absl::StrCat(own.message(), mirrors));
}

absl::StatusOr<FetchedManifest> Pull::Manifest(const std::string& name, int depth) {
  if (depth > kMaxIndexDepth) {
    return absl::InvalidArgumentError(
        absl::StrCat("indexes nest deeper than ", kMaxIndexDepth, " levels"));
  }
  FetchedManifest found;
  const absl::StatusOr<Digest> digest = ParseDigest(name);
  absl::StatusOr<std::string> kept = absl::NotFoundError("");
  if (digest.ok() && tools_.store.HasBlob(*digest)) {
    kept = sys::ReadFileAtOnce(tools_.store.BlobPath(*digest), kMaxDocumentSize);
  }
  if (kept.ok() && Sha256Of(*kept) == *digest) {
    found = {*std::move(kept), *digest, false};  // the store keeps no indexes
  } else {
    PELAGOS_ASSIGN_OR_RETURN(found, Ask([&](RegistrySession& session) {
                               return FetchManifest(session, repository_, name);
                             }));
  }
  if (!found.is_index) return found;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<Descriptor> choices, ParseIndex(found.text), "index ",
                           found.digest.ToString());
  PELAGOS_ASSIGN_OR_RETURN(const Descriptor chosen, ChooseForPlatform(choices, platform_), "index ",
                           found.digest.ToString());
  return Manifest(chosen.digest.ToString(), depth + 1);
}

absl::StatusOr<std::string> Pull::Config(const Descriptor& config) {
  if (tools_.store.HasBlob(config.digest)) {
    absl::StatusOr<std::string> kept =
        sys::ReadFileAtOnce(tools_.store.BlobPath(config.digest), kMaxDocumentSize);
    if (kept.ok() && Sha256Of(*kept) == config.digest) return kept;
  }
  return Ask([&](RegistrySession& session) { return FetchDocument(session, repository_, config); });
}

absl::StatusOr<PulledImage> Pull::Run() {
  PELAGOS_ASSIGN_OR_RETURN(const Reference name, ParseReference(request_.reference));
  PELAGOS_ASSIGN_OR_RETURN(const Reference remote, ParseReference(request_.remote));
  repository_ = remote.repository;
  platform_ = HostPlatform();
  if (!request_.platform.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(platform_, ParsePlatform(request_.platform));
  }
  PELAGOS_ASSIGN_OR_RETURN(
      FetchedManifest found,
      Manifest(remote.digest.empty() ? remote.tag : remote.digest.ToString(), 0));
  PulledImage pulled;
  NewImage& image = pulled.image;
  image.reference = name;
  image.manifest = std::move(found.text);
  image.manifest_digest = found.digest;
  PELAGOS_ASSIGN_OR_RETURN(const pelagos::image::Manifest manifest, ParseManifest(image.manifest),
                           "manifest ", found.digest.ToString());
  image.config_digest = manifest.config.digest;
  PELAGOS_ASSIGN_OR_RETURN(image.config, Config(manifest.config), "config");
  PELAGOS_ASSIGN_OR_RETURN(const ImageConfig config, ParseImageConfig(image.config), "config ",
                           manifest.config.digest.ToString());
  const Platform& own = config.platform;
  if ((!own.os.empty() && own.os != platform_.os) ||
      (!own.architecture.empty() && own.architecture != platform_.architecture)) {
    return absl::InvalidArgumentError(absl::StrCat("there is no image for ", platform_.ToString(),
                                                   ", only for ", own.ToString(), " (--platform ",
                                                   own.ToString(), " takes it)"));
  }
  if (config.diff_ids.size() != manifest.layers.size()) {
    return absl::DataLossError(absl::StrCat("the manifest has ", manifest.layers.size(),
                                            " layers, the config ", config.diff_ids.size()));
  }
  LayerPuller layers(
      tools_, ingest_, budget_, [&](const Descriptor& blob, GrowingFile& file, size_t line) {
        return Ask([&](RegistrySession& session) {
          return DownloadBlob(session, repository_, blob, file, tools_.progress, line);
        });
      });
  PELAGOS_RETURN_IF_ERROR(layers.Pull(manifest, config, request_.parallel, pulled));
  return pulled;
}

}  // namespace

std::vector<std::unique_ptr<RegistrySession>> OpenSessions(const TransferRequest& request,
                                                           HttpClient& http) {
  RetryPolicy policy;
  policy.attempts = static_cast<int>(std::clamp<uint32_t>(request.attempts, 1, 100));
  policy.first = absl::Milliseconds(request.backoff_millis);
  std::vector<std::unique_ptr<RegistrySession>> sessions;
  for (const Endpoint& endpoint : request.endpoints) {
    sessions.push_back(std::make_unique<RegistrySession>(http, endpoint, policy));
  }
  return sessions;
}

absl::StatusOr<PulledImage> PullImage(const TransferRequest& request, const TransferTools& tools,
                                      const Ingest& ingest, Budget& budget) {
  PELAGOS_ASSIGN_OR_RETURN(PulledImage pulled, Pull(request, tools, ingest, budget).Run(),
                           "pulling ", request.remote);
  return pulled;
}

}  // namespace pelagos::image
