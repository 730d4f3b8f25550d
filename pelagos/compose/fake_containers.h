// A host for tests: nothing runs. Each start is a line of the program's output,
//
//   [start PROJECT-SERVICE ip=10.9.0.2 env=["KEY=value"]]
//
// addresses are given in this order, the image `missing` is missing, and every program has ended.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pelagos/compose/container_host.h"

namespace pelagos::compose {

class FakeContainers final : public ContainerHost {
 public:
  FakeContainers(std::string project, std::function<void(absl::string_view)> output)
      : project_(std::move(project)), output_(std::move(output)) {}

  ContainerId Begin(const ServiceSpec& service, const std::vector<EnvVariable>& env) override {
    Container container;
    container.name = ScopedName(project_, service.name);
    if (service.container.image == "missing") {
      container.status = absl::NotFoundError("image 'missing' not found locally (mock)");
    } else {
      container.ip = absl::StrCat("10.9.0.", ++last_address_);
      output_(absl::StrCat("[start ", container.name, " ip=", container.ip, " env=[",
                           absl::StrJoin(env, ", ",
                                         [](std::string* out, const EnvVariable& v) {
                                           absl::StrAppend(out, "\"", v.key, "=", v.value, "\"");
                                         }),
                           "]]\n"));
    }
    containers_.push_back(std::move(container));
    Log("begin", {containers_.size() - 1});
    return {containers_.size() - 1};
  }
  absl::Status Join(ContainerId id) override {
    Log("join", id);
    return containers_[id.number].status;
  }
  std::string Name(ContainerId id) const override { return containers_[id.number].name; }
  std::string Ip(ContainerId id) const override {
    return without_address ? "" : containers_[id.number].ip;
  }
  bool IsRunning(ContainerId) override { return false; }
  absl::Status Stop(ContainerId id) override {
    Log("stop", id);
    return stop_status;
  }
  absl::StatusOr<int> Wait(ContainerId id) override {
    Log("wait", id);
    return exit_codes[Name(id)];
  }
  absl::StatusOr<bool> AwaitPort(const std::string& host, uint16_t port,
                                 absl::Duration timeout) override {
    log.push_back(absl::StrCat("await ", host, ":", port, " ", absl::FormatDuration(timeout)));
    if (host == "nowhere") return absl::NotFoundError("there is no host 'nowhere'");
    return port == open_port;
  }

  std::vector<std::string> log;           // "begin NAME", "stop NAME", "await HOST:PORT TIMEOUT"
  std::map<std::string, int> exit_codes;  // by the container's name; others end with 0
  uint16_t open_port = 80;                // of every host
  absl::Status stop_status;
  bool without_address = false;

 private:
  struct Container {
    std::string name, ip;
    absl::Status status;
  };
  void Log(absl::string_view what, ContainerId id) {
    log.push_back(absl::StrCat(what, " ", Name(id)));
  }

  const std::string project_;
  const std::function<void(absl::string_view)> output_;
  std::vector<Container> containers_;
  int last_address_ = 1;
};

}  // namespace pelagos::compose
