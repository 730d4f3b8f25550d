// The keys that leave a container's terminal without ending anything: "ctrl-p,ctrl-q".
//
// Source: docker-attach(1), podman-attach(1), ascii(7).
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pelagos::cli {

inline constexpr char kDefaultDetachKeys[] = "ctrl-p,ctrl-q";

// The bytes that a list of keys amounts to. A key is one ASCII character, "DEL", or "ctrl-" and a
// letter or one of @ [ \ ] ^ _, whatever the case. "" is no keys: nothing detaches. InvalidArgument
// names the key that is none.
absl::StatusOr<std::string> ParseDetachKeys(absl::string_view list);

// Finds the keys in what is typed. Bytes that may yet be the beginning of the keys are held back,
// and go on as soon as they are not.
class DetachKeys {
 public:
  // Bytes of ParseDetachKeys; empty: lets everything through.
  explicit DetachKeys(std::string keys) : keys_(std::move(keys)) {}

  struct Result {
    std::string forward;    // for the container
    bool detached = false;  // the keys are complete; what was typed after them is dropped
  };
  Result Feed(absl::string_view typed);

  // What is still held back, at the end of what is typed.
  std::string Flush();

 private:
  std::string keys_;
  size_t held_ = 0;  // as many of the keys were typed
};

}  // namespace pelagos::cli
