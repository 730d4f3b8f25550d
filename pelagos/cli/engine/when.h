// Points in time as --since and --until take them.
//
//   10m, 1h30m              that long ago
//   1136073600[.5]          seconds since 1970
//   2026-03-01T12:00:00Z    RFC 3339, also with a fraction; without a zone it is the local one;
//   also 2026-03-01T12:00, 2026-03-01
//
// Source: docker-logs(1), docker-events(1).
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pelagos::cli {

// InvalidArgument says what is expected. Times are of the years 1970 to 9999.
absl::StatusOr<absl::Time> ParseWhen(absl::string_view text, absl::Time now);

}  // namespace pelagos::cli
