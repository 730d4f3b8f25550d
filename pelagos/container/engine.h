// The engine: what `run`, compose and embedders stand on. It knows how a plan becomes a running
// container on this host: images from the store, networks, the launcher, and how all that was made
// for a container is undone, also by another process after this one was killed.
//
// Everything made for a container is found by its id: RUN/containers/ID is made first and removed
// last. Not thread-safe; two engines with different roots live side by side in one process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/laps.h"
#include "pelagos/container/uplinks.h"
#include "pelagos/image/pull_policy.h"
#include "pelagos/image/store.h"
#include "pelagos/launch/launcher.h"
#include "pelagos/net/networks.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/spec/container.h"
#include "pelagos/spec/resolved_image.h"
#include "pelagos/store/paths.h"
#include "pelagos/sys/process.h"
#include "pelagos/sys/self_status.h"

namespace pelagos::container {

// The container's three streams; -1 is /dev/null. Borrowed for the call.
struct Streams {
  int in = -1, out = -1, err = -1;
  // Of a container with a terminal, whose streams that is; 0: not set.
  uint16_t rows = 0, columns = 0;
  // Our 0, 1 and 2 are as execve(2) left them to us (launch::LaunchIo).
  bool inherited = false;
  // Of the calling thread, if it was read already, and holds still.
  const sys::SelfStatus* self = nullptr;
};

// A container whose program runs. Its first process dies with the thread that started it
// (PR_SET_PDEATHSIG); what else was made for it stays until Engine::Clean.
struct Started {
  sys::ProcessIdentity init;
  Fd pidfd;
  std::vector<std::string> addresses;  // one per network, IPv4
  net::Reservation ports;              // keeps the published ports taken on the host
  Uplinks uplinks;                     // what else works for its network
  std::vector<std::string> warnings;   // what the user should know about its network
  Fd lock;                             // says that the id is taken
  Fd terminal;                         // the master, if the spec asks for a terminal
};

// An image with the user its config or the spec names.
struct FoundImage {
  ResolvedImage image;
  ResolvedUser user;
  image::LayerHold hold;  // keeps the layers from being removed; for as long as the container runs
  image::Platform platform = {};  // of the image, as its config says
};

// kLook: changes nothing, not even the store; what is not in it is NotFound.
enum class ImageUse : uint8_t { kLoad, kLook };

// The image or root folder of the spec, and its user, as they are on the disk.
absl::StatusOr<FoundImage> LookUpImage(const store::Roots& roots, const ContainerSpec& spec);

// The networks of these roots. Makes the run root's folders of theirs.
absl::StatusOr<net::Networks> OpenNetworks(const store::Roots& roots);

class Engine {
 public:
  // Reads what must be known of the host; makes nothing. `rootless`: the caller is an ordinary user
  // who is, or for a plan alone would be, in that user namespace (rootless.h).
  // `self`: of the calling thread, where it was read already.
  static absl::StatusOr<std::unique_ptr<Engine>> Open(
      store::Roots roots, std::optional<RootlessFacts> rootless = std::nullopt,
      const sys::SelfStatus* self = nullptr);

  // What it does from now on; null: nothing.
  void Time(Laps* laps) { laps_ = laps; }

  // Whether FindImage may ask registries; never, until this is called. Progress goes to standard
  // error. `platform`: what images must be of, "linux/arm64"; empty: any that is in the store, this
  // machine's where one is fetched.
  void Pull(image::PullPolicy policy, std::string platform = "") {
    pull_ = policy;
    platform_ = std::move(platform);
  }

  const store::Roots& roots() const { return roots_; }
  // What holds for every container. Controllers and v1 hierarchies: once they were learnt.
  const HostFacts& facts() const { return facts_; }
  absl::Status LearnCgroups();
  // And what only this spec makes worth asking the kernel for.
  absl::StatusOr<HostFacts> FactsFor(const ContainerSpec& spec);

  // The image or root folder of the spec, and its user. kLoad: loads a built-in image on first use,
  // and pulls as Pull says.
  absl::StatusOr<FoundImage> FindImage(const ContainerSpec& spec, ImageUse use = ImageUse::kLoad);

  // Opened on first use: a container without a network needs none of it.
  absl::StatusOr<net::Networks*> networks();
  absl::Status EnsureNetwork(const NetworkPlan& plan);
  absl::Status RemoveNetwork(const std::string& network);

  // Makes what the plan needs and runs it. On failure all of it is gone again, but for the
  // container's folder. AlreadyExists, and nothing touched, while a container of this id runs.
  // With `claim`, which stays the caller's, the id is his already, and Started::lock is empty.
  absl::StatusOr<Started> Start(const std::shared_ptr<const LaunchPlan>& plan,
                                const Streams& streams, const Fd* claim = nullptr);

  // Holds the layers of an image that is in the store, for as long as a container runs of them.
  absl::StatusOr<image::LayerHold> HoldLayers(const ResolvedImage& image) const;

  // True while a container of this id runs, whoever started it.
  bool IsTaken(const std::string& id) const;

  // Removes what is left of containers whose `run` was killed, and nothing of a project's. The next
  // command does so before its own work; with nothing there it costs one system call.
  absl::Status Sweep();

  // Gives back what the kernel holds for a container that ended: cgroups, ports, addresses, names.
  // Its folder (log, writable layer) stays. May be repeated.
  absl::Status Release(const std::string& id);

  // Release, and the folder too. A container that still runs is killed.
  absl::Status Clean(const std::string& id);
  // The same for who knows its cgroups, and whether it had a network: looks nowhere else.
  absl::Status Clean(const std::string& id, const CgroupSteps& cgroups, bool connected);

 private:
  Engine(store::Roots roots, HostFacts facts)
      : roots_(std::move(roots)), facts_(std::move(facts)) {}

  std::vector<std::string> CgroupRoots() const;
  absl::Status Detach(const std::string& id);

  absl::Status PullImage(const std::string& image) const;
  absl::Status FetchImage(const std::string& image);

  store::Roots roots_;
  image::PullPolicy pull_ = image::PullPolicy::kNever;
  std::string platform_;
  HostFacts facts_;
  bool knows_cgroups_ = false;
  Laps* laps_ = nullptr;
  std::optional<net::Networks> networks_;
};

// The exit code people expect: the program's own, or 128 + n if signal n ended it.
absl::StatusOr<int> WaitFor(const Fd& pidfd);

}  // namespace pelagos::container
