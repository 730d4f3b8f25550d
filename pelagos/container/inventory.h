// All containers of two roots, whoever runs them, as they are now. Looks, and changes nothing.
//
//   kKept        made by create and run: a record in DATA, a monitor while it runs
//   kForeground  of a `run --rm` in the foreground, or of a program that embeds Pelagos: gone with
//                that process
//   kService     of a compose project: the supervisor's
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/store/container.h"
#include "pelagos/store/paths.h"

namespace pelagos::container {

enum class Kind : uint8_t { kKept, kForeground, kService };

enum class Status : uint8_t {
  kCreated,
  kRunning,
  kPaused,
  kRestarting,
  kExited,
  kLost,  // its monitor was killed, and the container with it: how it ended nobody knows
};
absl::string_view NameOf(Status status);

struct Found {
  Kind kind = Kind::kKept;
  std::string id, name;
  Status status = Status::kCreated;
  std::string health;  // "", "starting", "healthy", "unhealthy"
  store::ContainerRecord record;
  store::ContainerState state;
  std::string project, service;    // of kService
  std::vector<PortMapping> ports;  // published, while it runs: all fixed
  // False: of a foreign program, which has no record; only names and processes are known.
  bool has_record = true;

  bool running() const { return status == Status::kRunning || status == Status::kPaused; }
};

// What a `run` in the foreground was asked for: from its arguments (the program's name is the
// first), environment (KEY=VALUE) and working directory. Without a name if it was given none.
using ReadForeground = std::function<absl::StatusOr<store::ContainerRecord>(
    const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
    const std::string& folder)>;

// `foreground` may be empty: those have no record then.
class Inventory {
 public:
  explicit Inventory(store::Roots roots, ReadForeground foreground = nullptr)
      : roots_(std::move(roots)), foreground_(std::move(foreground)) {}

  // A name, an id, or the beginning of exactly one id. NotFound; InvalidArgument if it begins
  // several.
  absl::StatusOr<Found> Find(const std::string& word) const;

  // All, those that were created last first.
  absl::StatusOr<std::vector<Found>> List() const;

 private:
  absl::StatusOr<std::optional<Found>> LookKept(const std::string& id) const;
  absl::StatusOr<std::optional<Found>> LookForeground(const std::string& id) const;
  absl::StatusOr<std::vector<Found>> Services() const;

  store::Roots roots_;
  ReadForeground foreground_;
};

}  // namespace pelagos::container
