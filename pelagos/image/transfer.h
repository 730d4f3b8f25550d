// Images over registries, for who must stay small: decides from references, config.toml and the
// user's login what is to be done, has the sibling program pelagos-image do it, and reads its
// report. Progress is on standard error.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/endpoint.h"
#include "pelagos/image/ingest.h"
#include "pelagos/image/registries.h"
#include "pelagos/image/transfer_request.h"

namespace pelagos::image {

struct TransferOptions {
  std::string platform;  // of Pull: "linux/arm64"; empty: this machine's
  ProgressMode progress = ProgressMode::kAuto;
  bool insecure = false;                   // TLS without checks, plain HTTP where there is none
  std::optional<Credentials> credentials;  // instead of the user's login
  IngestOptions ingest;
};

// The image is in the store after it, under the name as it was written (canonical); after an error
// the store is as it was.
absl::StatusOr<LoadedImage> Pull(const std::string& data_root, absl::string_view reference,
                                 const TransferOptions& options = {});

// The image of the store at the registry that `destination` names (empty: its own name), byte for
// byte. The result is what the registry has then.
absl::StatusOr<LoadedImage> Push(const std::string& data_root, absl::string_view reference,
                                 absl::string_view destination,
                                 const TransferOptions& options = {});

// Whether the registry lets these in. Unauthenticated if not.
absl::Status CheckLogin(const std::string& registry, const Credentials& credentials,
                        const TransferOptions& options = {});

// Credentials as flags and the environment give them (PELAGOS_REGISTRY_USER, _PASS), or else the
// user's Docker config file, for one registry; none: empty.
absl::StatusOr<Credentials> CredentialsFor(const std::string& registry,
                                           const std::optional<Credentials>& given);

}  // namespace pelagos::image
