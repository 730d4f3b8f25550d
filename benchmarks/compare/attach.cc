// What it takes to connect a container to a bridge network and to take it away again, beside
// netavark and CNI's bridge plugin, called as podman does it: a process each, JSON as its input.
//
// Usage: attach [ROUNDS]     (root; ROUNDS is 40)
//
// The network is there and another container is on it, for everyone. A container is a network
// namespace. Pelagos gives it an address, a default route and a name (pelagos-dns knows it when
// Attach returns); netavark an address and a route; the plugin too, with IPAM by host-local. All in
// a network namespace of its own, state on tmpfs; in every round each has its turn, in an order of
// its own.

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/compare/in_scratch.h"
#include "benchmarks/compare/measure.h"
#include "benchmarks/compare/netns.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/networks.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {
namespace {

constexpr char kNetavark[] = "/usr/lib/podman/netavark";
constexpr char kPlugins[] = "/usr/lib/cni";

// `number` of the container: 0 stays, 1 comes and goes.
struct Contestant {
  std::string name;
  std::function<absl::Status(int number)> attach, detach;
  std::vector<double> attach_ms = {}, detach_ms = {};
};

// In milliseconds.
absl::StatusOr<double> Time(const std::function<absl::Status(int)>& what) {
  const auto begin = std::chrono::steady_clock::now();
  PELAGOS_RETURN_IF_ERROR(what(1));
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

class Attaching {
 public:
  Attaching(int rounds, std::string scratch) : rounds_(rounds), scratch_(std::move(scratch)) {}

  absl::Status Measure() {
    PELAGOS_ASSIGN_OR_RETURN(const Fd host, NewNetns());
    PELAGOS_RETURN_IF_ERROR(Enter(host));
    absl::Cleanup clean_up = [this] { CleanUp(); };
    PELAGOS_RETURN_IF_ERROR(AddPelagos());
    PELAGOS_RETURN_IF_ERROR(AddNetavark());
    PELAGOS_RETURN_IF_ERROR(AddPlugin());
    std::vector<size_t> order;
    for (size_t i = 0; i < all_.size(); ++i) order.push_back(i);
    for (const Contestant& one : all_) PELAGOS_RETURN_IF_ERROR(one.attach(0), one.name);
    std::mt19937 random(1);
    for (int round = -1; round < rounds_; ++round) {  // the first to warm up
      std::shuffle(order.begin(), order.end(), random);
      for (const size_t i : order) {
        PELAGOS_ASSIGN_OR_RETURN(const double attach, Time(all_[i].attach), all_[i].name);
        PELAGOS_ASSIGN_OR_RETURN(const double detach, Time(all_[i].detach), all_[i].name);
        if (round < 0) continue;
        all_[i].attach_ms.push_back(attach);
        all_[i].detach_ms.push_back(detach);
      }
    }
    for (const Contestant& one : all_) PELAGOS_RETURN_IF_ERROR(one.detach(0), one.name);
    std::printf("%d rounds in turn, milliseconds\n\n%-24s %8s %8s %8s %8s %9s\n", rounds_, "",
                "attach", "p25", "detach", "p25", "x pelagos");
    const auto both = [](const Contestant& one) {
      return Quantile(one.attach_ms, 0.5) + Quantile(one.detach_ms, 0.5);
    };
    for (const Contestant& one : all_) {
      std::printf("%-24s %8.2f %8.2f %8.2f %8.2f %9.1f\n", one.name.c_str(),
                  Quantile(one.attach_ms, 0.5), Quantile(one.attach_ms, 0.25),
                  Quantile(one.detach_ms, 0.5), Quantile(one.detach_ms, 0.25),
                  both(one) / both(all_[0]));
    }
    return absl::OkStatus();
  }

 private:
  // Two namespaces that live as long as we do. The value is the first one's index.
  absl::StatusOr<size_t> AddContainers() {
    for (int i = 0; i < 2; ++i) {
      PELAGOS_ASSIGN_OR_RETURN(Fd netns, NewNetns());
      containers_.push_back(std::move(netns));
    }
    return containers_.size() - 2;
  }
  // For other processes.
  std::string PathOf(size_t container) const {
    return absl::StrCat("/proc/", ::getpid(), "/fd/", containers_[container].get());
  }

  absl::Status AddPelagos() {
    PELAGOS_ASSIGN_OR_RETURN(const size_t first, AddContainers());
    char* dns = ::realpath("pelagos/net/dns/pelagos-dns", nullptr);
    if (dns == nullptr) return ErrnoStatus(errno, "realpath", "pelagos-dns");
    absl::Cleanup free_path = [dns] { ::free(dns); };
    PELAGOS_ASSIGN_OR_RETURN(net::Networks networks,
                             net::Networks::Open(scratch_ + "/run", {.dns_program = dns}));
    networks_ = std::move(networks);
    PELAGOS_RETURN_IF_ERROR(networks_->Ensure({"measured", "benchmark", ""}).status());
    all_.push_back({"pelagos",
                    [this, first](int number) {
                      const std::string id = absl::StrCat("c", number);
                      NetPlan plan{NetMode::kBridge, {}, {}};
                      plan.attachments.push_back({"measured", {id}});
                      const size_t container = first + static_cast<size_t>(number);
                      return networks_->Attach(id, plan, containers_[container]).status();
                    },
                    [this](int number) { return networks_->Detach(absl::StrCat("c", number)); }});
    return absl::OkStatus();
  }

  absl::Status AddNetavark() {
    if (::access(kNetavark, X_OK) != 0) {
      std::cout << "netavark is left out: apt-get install netavark\n";
      return absl::OkStatus();
    }
    PELAGOS_ASSIGN_OR_RETURN(const size_t first, AddContainers());
    const auto run = [this, first](const char* verb, int number) {
      const std::string input = absl::StrCat(scratch_, "/netavark", number, ".json");
      return RunOnce({"netavark",
                      {kNetavark, "--config", scratch_, verb,
                       PathOf(first + static_cast<size_t>(number))},
                      "",
                      {},
                      input,
                      "/dev/null"})
          .status();
    };
    for (int i = 0; i < 2; ++i) {
      PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(
          absl::StrCat(scratch_, "/netavark", i, ".json"),
          absl::StrCat(
              R"({"container_id":"c)", i, R"(","container_name":"c)", i,
              R"(","networks":{"measured":{"static_ips":["10.88.0.)", i + 2,
              R"("],"interface_name":"eth0"}},"network_info":{"measured":{"name":"measured","id":")",
              std::string(64, 'a'),
              R"(","driver":"bridge","network_interface":"nv0","created":"2026-01-01T00:00:00Z",)",
              R"("subnets":[{"subnet":"10.88.0.0/16","gateway":"10.88.0.1"}],"ipv6_enabled":false,)",
              R"("internal":false,"dns_enabled":false,"ipam_options":{"driver":"host-local"}}}})")));
    }
    all_.push_back({"netavark", [run](int number) { return run("setup", number); },
                    [run](int number) { return run("teardown", number); }});
    return absl::OkStatus();
  }

  absl::Status AddPlugin() {
    const std::string program = absl::StrCat(kPlugins, "/bridge");
    if (::access(program.c_str(), X_OK) != 0) {
      std::cout << "CNI's bridge is left out: apt-get install containernetworking-plugins\n";
      return absl::OkStatus();
    }
    PELAGOS_ASSIGN_OR_RETURN(const size_t first, AddContainers());
    const std::string input = scratch_ + "/cni.json";
    PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(
        input,
        absl::StrCat(
            R"({"cniVersion":"0.4.0","name":"measured","type":"bridge","bridge":"cni0",)",
            R"("isGateway":true,"ipMasq":true,"hairpinMode":true,"ipam":{"type":)",
            R"("host-local","dataDir":")", scratch_,
            R"(/cni","ranges":[[{"subnet":"10.77.0.0/16"}]],"routes":[{"dst":"0.0.0.0/0"}]}})")));
    ::setenv("CNI_IFNAME", "eth0", 1);
    ::setenv("CNI_PATH", kPlugins, 1);
    const auto run = [this, first, program, input](const char* verb, int number) {
      ::setenv("CNI_COMMAND", verb, 1);
      ::setenv("CNI_CONTAINERID", absl::StrCat("c", number).c_str(), 1);
      ::setenv("CNI_NETNS", PathOf(first + static_cast<size_t>(number)).c_str(), 1);
      return RunOnce({"bridge", {program}, "", {}, input, "/dev/null"}).status();
    };
    all_.push_back({"CNI bridge", [run](int number) { return run("ADD", number); },
                    [run](int number) { return run("DEL", number); }});
    return absl::OkStatus();
  }

  void CleanUp() {
    if (!networks_) return;
    for (const absl::Status& status :
         {networks_->Detach("c0"), networks_->Detach("c1"), networks_->Remove("measured")}) {
      if (!status.ok()) std::cerr << status.message() << "\n";
    }
  }

  const int rounds_;
  const std::string scratch_;
  std::vector<Fd> containers_;
  std::optional<net::Networks> networks_;
  std::vector<Contestant> all_;
};

absl::Status Main(int argc, char** argv) {
  PELAGOS_ASSIGN_OR_RETURN(const int rounds, RoundsFrom(argc, argv, "attach", 40));
  if (::geteuid() != 0) return absl::PermissionDeniedError("attach needs root");
  return InScratch(
      "attach", [&](const std::string& scratch) { return Attaching(rounds, scratch).Measure(); });
}

}  // namespace
}  // namespace pelagos::benchmarks

int main(int argc, char** argv) {
  const absl::Status status = pelagos::benchmarks::Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "attach: " << status.message() << "\n";
  return 1;
}
