// Seccomp profiles as JSON: `linux.seccomp` of the OCI runtime-spec, and Docker's profile files,
// which say more (includes, excludes, archMap, name).
//
// Reading is strict, for a profile that is not understood protects nobody: an unknown word, a wrong
// type, a number out of range, a key that stands twice and a key that means nothing ("arg") are
// errors. All of them are reported, each with its JSON pointer and what was expected. `comment` and
// keys that begin with x- or $ say nothing; null is the same as leaving out.
//
// A name that no architecture knows is an error in a rule that is stricter than the default action
// (it would let through what it is there to stop), and a note elsewhere (the call stays as strict
// as the default, and profiles name calls of newer kernels). A profile that says
// "x-pelagos-unknown-names": "ignore" has notes only.
//
// Source: OCI runtime-spec config-linux.md ("Seccomp"), docs.docker.com "Seccomp security
// profiles".
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/policy/seccomp_filter.h"

namespace pelagos {

// The longest text of a profile, in bytes. Docker's own has less than 20 000.
inline constexpr size_t kMostSeccompText = 512 * 1024;

struct SeccompFile {
  SeccompFilter filter;
  std::vector<std::string> notes;  // what the user may want to know
};

// The text of a profile, or of a whole OCI config.json, whose linux.seccomp counts. InvalidArgument
// lists the mistakes, one a line.
absl::StatusOr<SeccompFile> ParseSeccomp(absl::string_view text);

// The same of a bundle: keys that nobody knows are ignored, as the OCI runtime-spec has it
// ("Extensibility").
absl::StatusOr<SeccompFile> ParseBundleSeccomp(absl::string_view text);

// The same profile, all said, in a stable form: equal profiles give equal bytes, and
// ParseSeccomp(ToJson(filter)) is the filter.
std::string ToJson(const SeccompFilter& filter);

// "sha256:..." of that form.
std::string DigestOf(const SeccompFilter& filter);

}  // namespace pelagos
