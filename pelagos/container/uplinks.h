// What of a container's network is done by processes beside it: pasta, and pelagos-proxy for the
// published ports that the kernel cannot lead to it.
#pragma once

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/endpoint.h"
#include "pelagos/net/reservation.h"

namespace pelagos::container {

// The processes, by their control sockets: each ends when its one is closed, so that nothing stays
// after kill -9 of who holds it. Moves only.
class [[nodiscard]] Uplinks {
 public:
  Uplinks() = default;
  Uplinks(Uplinks&&) noexcept = default;
  Uplinks& operator=(Uplinks&& other) noexcept {
    if (this != &other) {
      End();
      controls_ = std::move(other.controls_);
    }
    return *this;
  }
  ~Uplinks() { End(); }

  void Add(Fd control) { controls_.push_back(std::move(control)); }
  bool empty() const { return controls_.empty(); }

  // Ends them, and waits for that: their ports are free then.
  void End();

 private:
  std::vector<Fd> controls_;
};

// Starts those that the endpoint needs, before the container's program: `netns` is its namespace,
// `init` the pidfd of its first process. `ports` are the reserved ones; pasta binds its own, and so
// they are given up.
absl::StatusOr<Uplinks> StartUplinks(const net::Endpoint& endpoint, const Fd& netns, const Fd& init,
                                     net::Reservation& ports);

}  // namespace pelagos::container
