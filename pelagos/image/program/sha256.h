// SHA-256 as it streams by. Source: FIPS 180-4; computed by libcrypto, which uses the processor's
// own instructions.
#pragma once

#include <memory>

#include "absl/strings/string_view.h"
#include "pelagos/image/digest.h"

namespace pelagos::image {

// Moves only.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(absl::string_view bytes);
  // Of everything so far; the object is used up.
  Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest Sha256Of(absl::string_view bytes);

}  // namespace pelagos::image
