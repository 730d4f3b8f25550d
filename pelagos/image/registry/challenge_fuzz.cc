// Whatever a server says: the parser ends, and what it gives has the promised form.
#include <cstdint>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/registry/challenge.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  for (const pelagos::image::AuthChallenge& challenge : pelagos::image::ParseAuthChallenges(text)) {
    if (challenge.scheme.empty() || challenge.scheme != absl::AsciiStrToLower(challenge.scheme)) {
      std::abort();
    }
    for (const auto& [name, value] : challenge.params) {
      if (name.empty() || value.size() > text.size()) std::abort();
    }
  }
  return 0;
}
