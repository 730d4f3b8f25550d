// A container described in C++, part by part, so that a half-described one does not compile.
//
//   auto web = Container("web").Image("busybox").Command({"httpd", "-f"}).Memory(64_MiB);
//   absl::StatusOr<container::Running> running = std::move(web).Launch(engine);
//
// The required parts are bits of the type: a name, and either an image or a root folder; a root
// folder needs a command. Setters never fail and never look at the disk: rules are checked once, in
// MakePlan. A builder is a value; each setter consumes it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/container/running.h"
#include "pelagos/spec/container.h"

namespace pelagos {

enum ContainerPart : unsigned { kImagePart = 1, kRootfsPart = 2, kCommandPart = 4 };

template <unsigned kHave>
concept HasRoot = (kHave & (kImagePart | kRootfsPart)) != 0;
template <unsigned kHave>
concept HasCommand = (kHave & kCommandPart) != 0;
// An image knows what to run; a root folder does not.
template <unsigned kHave>
concept KnowsWhatToRun = (kHave & (kImagePart | kCommandPart)) != 0;

template <unsigned kHave = 0>
class Container {
 public:
  explicit Container(std::string name) requires(kHave == 0) { spec_.name = std::move(name); }

  auto Image(std::string reference) && requires(!HasRoot<kHave>) {
    spec_.image = std::move(reference);
    return Add<kImagePart>();
  }
  auto Rootfs(std::string folder) && requires(!HasRoot<kHave>) {
    spec_.rootfs = std::move(folder);
    return Add<kRootfsPart>();
  }
  auto Command(std::vector<std::string> words) && requires(!HasCommand<kHave>) {
    spec_.command = std::move(words);
    return Add<kCommandPart>();
  }

  Container&& Env(std::string key, std::string value) && {
    spec_.env.push_back({std::move(key), std::move(value)});
    return std::move(*this);
  }
  Container&& Caps(CapabilitySet caps) && {
    spec_.capabilities = caps;
    return std::move(*this);
  }
  Container&& Mounts(MountPlan mounts) && {
    spec_.mounts = std::move(mounts);
    return std::move(*this);
  }
  Container&& Net(NetPlan net) && {
    spec_.net = std::move(net);
    return std::move(*this);
  }
  Container&& Memory(uint64_t bytes) && {
    spec_.cgroup.memory_bytes = bytes;
    return std::move(*this);
  }
  Container&& User(std::string user) && {
    spec_.user = std::move(user);
    return std::move(*this);
  }
  Container&& Workdir(std::string folder) && {
    spec_.workdir = std::move(folder);
    return std::move(*this);
  }
  Container&& ReadOnly() && {
    spec_.read_only = true;
    return std::move(*this);
  }

  const ContainerSpec& spec() const& { return spec_; }

  // The plan, all decided, without running anything.
  absl::StatusOr<LaunchPlan> Plan(container::Engine& engine) const& requires HasRoot<kHave> &&
      KnowsWhatToRun<kHave> {
    return container::Plan(engine, spec_);
  }

  absl::StatusOr<container::Running> Launch(container::Engine& engine,
                                            const container::Streams& streams = {}) &&
      requires HasRoot<kHave> && KnowsWhatToRun<kHave> {
    return container::Run(engine, spec_, streams);
  }

 private:
  template <unsigned>
  friend class Container;
  explicit Container(ContainerSpec spec) : spec_(std::move(spec)) {}
  template <unsigned kNew>
  auto Add() {
    return Container<kHave | kNew>(std::move(spec_));
  }
  ContainerSpec spec_;
};
Container(std::string)->Container<0>;
Container(const char*)->Container<0>;

}  // namespace pelagos
