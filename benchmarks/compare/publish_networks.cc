// What 32 published ports cost a container that joins a network and leaves it, on top of none,
// 1,000 and 10,000 ports of others: all that Networks does for them, records and sockets included.
// publish.cc asks the same of the kernel's rules alone.
//
// Usage: publish_networks [ROUNDS]     (root; ROUNDS is 30)
//
// In a network namespace of its own, state on tmpfs. In every round one container comes and goes
// with ports and one without: what stands here for the ports is the difference.

#include <stdlib.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
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

constexpr char kNetwork[] = "measured";
constexpr int kEach = 500;     // ports of one of the others
constexpr int kMeasured = 32;  // ports of the one that is measured
constexpr int kFirst = 30000;  // its first one

NetPlan PlanOf(const std::string& id, int first, int count) {
  NetPlan plan{NetMode::kBridge, {}, {}};
  plan.attachments.push_back({kNetwork, {id}});
  for (int i = 0; i < count; ++i) {
    PortMapping port;
    port.host = static_cast<uint16_t>(first + i);
    port.inside = 80;
    plan.ports.push_back(port);
  }
  return plan;
}

struct Times {
  double reserve = 0, attach = 0, detach = 0;  // milliseconds
};

template <typename Work>
absl::Status Measure(double& milliseconds, Work work) {
  const auto begin = std::chrono::steady_clock::now();
  absl::Status status = work();
  milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  return status;
}

absl::StatusOr<Times> ComeAndGo(net::Networks& networks, const Fd& netns, int ports) {
  const std::string id = "comes";
  const NetPlan plan = PlanOf(id, kFirst, ports);
  Times times;
  net::Reservation held;
  PELAGOS_RETURN_IF_ERROR(Measure(times.reserve, [&]() -> absl::Status {
    PELAGOS_ASSIGN_OR_RETURN(held, networks.Reserve(id, plan.ports));
    return absl::OkStatus();
  }));
  PELAGOS_RETURN_IF_ERROR(
      Measure(times.attach, [&] { return networks.Attach(id, plan, netns).status(); }));
  PELAGOS_RETURN_IF_ERROR(Measure(times.detach, [&] { return networks.Detach(id); }));
  return times;
}

absl::Status Compare(net::Networks& networks, const Fd& netns, int existing, int rounds) {
  std::vector<double> reserve, attach, detach;
  for (int round = -1; round < rounds; ++round) {  // the first to warm up
    PELAGOS_ASSIGN_OR_RETURN(const Times with, ComeAndGo(networks, netns, kMeasured));
    PELAGOS_ASSIGN_OR_RETURN(const Times without, ComeAndGo(networks, netns, 0));
    if (round < 0) continue;
    reserve.push_back(with.reserve - without.reserve);
    attach.push_back(with.attach - without.attach);
    detach.push_back(with.detach - without.detach);
  }
  std::printf("%8d %10.2f %10.2f %10.2f\n", existing, Quantile(reserve, 0.5), Quantile(attach, 0.5),
              Quantile(detach, 0.5));
  return absl::OkStatus();
}

absl::Status Run(int rounds, const std::string& scratch) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd host, NewNetns());
  PELAGOS_RETURN_IF_ERROR(Enter(host));
  char* dns = ::realpath("pelagos/net/dns/pelagos-dns", nullptr);
  if (dns == nullptr) return ErrnoStatus(errno, "realpath", "pelagos-dns");
  absl::Cleanup free_path = [dns] { ::free(dns); };
  PELAGOS_ASSIGN_OR_RETURN(net::Networks networks,
                           net::Networks::Open(scratch + "/run", {.dns_program = dns}));
  PELAGOS_RETURN_IF_ERROR(networks.Ensure({kNetwork, "benchmark", ""}).status());
  std::vector<Fd> others;
  const auto id_of = [](size_t number) { return absl::StrCat("other", number); };
  absl::Cleanup clean_up = [&] {
    absl::Status status = networks.Detach("comes");
    for (size_t i = 0; i < others.size(); ++i) status.Update(networks.Detach(id_of(i)));
    status.Update(networks.Remove(kNetwork));
    if (!status.ok()) std::cerr << "cleaning up: " << status.message() << "\n";
  };
  PELAGOS_ASSIGN_OR_RETURN(const Fd netns, NewNetns());
  std::printf("%d ports, %d rounds, median of the difference to none, milliseconds\n\n", kMeasured,
              rounds);
  std::printf("%8s %10s %10s %10s\n", "existing", "reserve", "attach", "detach");
  for (const int existing : {0, 1000, 10000}) {
    while (static_cast<int>(others.size()) * kEach < existing) {
      const std::string id = id_of(others.size());
      const int first = 1024 + static_cast<int>(others.size()) * kEach;
      PELAGOS_ASSIGN_OR_RETURN(Fd other, NewNetns());
      others.push_back(std::move(other));
      PELAGOS_RETURN_IF_ERROR(networks.Attach(id, PlanOf(id, first, kEach), others.back()).status(),
                              id);
    }
    PELAGOS_RETURN_IF_ERROR(Compare(networks, netns, existing, rounds));
  }
  return absl::OkStatus();
}

absl::Status Main(int argc, char** argv) {
  PELAGOS_ASSIGN_OR_RETURN(const int rounds, RoundsFrom(argc, argv, "publish_networks", 30));
  return InScratch("publish_networks",
                   [&](const std::string& scratch) { return Run(rounds, scratch); });
}

}  // namespace
}  // namespace pelagos::benchmarks

int main(int argc, char** argv) {
  const absl::Status status = pelagos::benchmarks::Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "publish_networks: " << status.message() << "\n";
  return 1;
}
