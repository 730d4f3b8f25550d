// What pelagos asks of pelagos-image when a registry is involved: all decided, as a value that goes
// over its standard input as JSON. Secrets are in it, so it is never an argument.
//
//   pelagos: references, config.toml, the user's login      pelagos-image: confined, knows no files
//            ------ TransferRequest (JSON, stdin) ------>   of the user
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/endpoint.h"

namespace pelagos::image {

enum class ProgressMode : uint8_t { kAuto, kTty, kPlain, kJson, kQuiet };

// InvalidArgument lists the words.
absl::StatusOr<ProgressMode> ParseProgressMode(absl::string_view word);
absl::string_view ProgressWord(ProgressMode mode);

struct TransferRequest {
  std::string reference;            // canonical: the image in the store, or to be there
  std::string remote;               // canonical: the image at the registry
  std::vector<Endpoint> endpoints;  // tried in this order; the registry itself is the last
  std::string platform;             // "linux/arm64/v8"; empty: this machine's
  ProgressMode progress = ProgressMode::kAuto;
  uint32_t parallel = 6;          // layers at a time
  uint32_t attempts = 6;          // of one request
  uint32_t stall_seconds = 30;    // a connection without a byte for so long is dead
  uint32_t backoff_millis = 500;  // before the second attempt; doubled each time

  friend bool operator==(const TransferRequest&, const TransferRequest&) = default;
};

std::string PrintTransferRequest(const TransferRequest& request);
// InvalidArgument names the field.
absl::StatusOr<TransferRequest> ParseTransferRequest(absl::string_view json);

}  // namespace pelagos::image
