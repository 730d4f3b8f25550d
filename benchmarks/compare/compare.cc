// One container with full isolation, by Pelagos and by its peers, side by side: who takes how long,
// with how many system calls.
//
// Usage: compare [ROUNDS [PELAGOS]]     (root; ROUNDS is 60, PELAGOS the program to measure)
//
// Everyone runs in turn in one go, each in the view of the host's cgroups that its row names
// (views.h): none, v1, or v2. crun refuses hosts with both, so the peers run where v1 is alone, if
// there is v1. All state lies on tmpfs. crun, runc and bwrap get a root that is mounted already;
// Pelagos and the floors mount their overlay in the measured time.

#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/compare/contestants.h"
#include "benchmarks/compare/measure.h"
#include "benchmarks/compare/views.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::benchmarks {
namespace {

// A ratio, or a dash where there is nothing to relate to.
std::string Ratio(double value, std::optional<double> to) {
  char text[32] = "-";
  if (to) std::snprintf(text, sizeof(text), "%.2f", value / *to);
  return text;
}

absl::Status Compare(const std::vector<Contestant>& all, int rounds, const std::string& scratch) {
  std::vector<Entry> entries;
  for (const Contestant& contestant : all) {
    entries.push_back(contestant.entry);  // warm, and known to work
    PELAGOS_RETURN_IF_ERROR(RunOnce(contestant.entry).status(), contestant.entry.name);
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::vector<Sample>> samples,
                           RunInTurn(entries, rounds));
  const std::optional<std::string> strace = FindProgram("strace");
  if (!strace) std::cout << "strace is not there: apt-get install strace\n";
  const auto quantile = [&](size_t entry, double fraction, double Sample::*what) {
    std::vector<double> values;
    for (const Sample& sample : samples[entry]) values.push_back(sample.*what);
    return Quantile(values, fraction);
  };
  const auto median_of = [&](const std::string& name) -> std::optional<double> {
    for (size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].name == name) return quantile(i, 0.5, &Sample::wall_ms);
    }
    return std::nullopt;
  };
  std::printf("%d rounds in turn, milliseconds\n\n", rounds);
  std::printf("%-36s %7s %7s %7s %7s %8s %8s %10s %8s\n", "", "min", "p25", "median", "cpu",
              "x floor", "x crun", "x no limit", "syscalls");
  for (size_t i = 0; i < entries.size(); ++i) {
    const double median = quantile(i, 0.5, &Sample::wall_ms);
    std::string calls = "-";
    if (strace) {
      PELAGOS_ASSIGN_OR_RETURN(const uint64_t count,
                               CountSystemCalls(entries[i], *strace, scratch + "/strace.txt"));
      calls = absl::StrCat(count);
    }
    std::printf("%-36s %7.2f %7.2f %7.2f %7.2f %8s %8s %10s %8s\n", entries[i].name.c_str(),
                quantile(i, 0, &Sample::wall_ms), quantile(i, 0.25, &Sample::wall_ms), median,
                quantile(i, 0.5, &Sample::cpu_ms), Ratio(median, median_of(all[i].floor)).c_str(),
                Ratio(median, median_of("crun")).c_str(),
                Ratio(median, median_of(all[i].base)).c_str(), calls.c_str());
  }
  return absl::OkStatus();
}

absl::Status Main(int argc, char** argv) {
  int rounds = 60;
  if (argc > 3 || (argc > 1 && (!absl::SimpleAtoi(argv[1], &rounds) || rounds < 1))) {
    return absl::InvalidArgumentError("usage: compare [ROUNDS [PELAGOS]]");
  }
  if (::geteuid() != 0) return absl::PermissionDeniedError("compare needs root");
  const std::string named = argc > 2 ? argv[2] : "tools/pelagos";
  char* pelagos = ::realpath(named.c_str(), nullptr);
  if (pelagos == nullptr) return ErrnoStatus(errno, "realpath", named);
  absl::Cleanup free_path = [pelagos] { ::free(pelagos); };
  std::string scratch = "/dev/shm/pelagos-compare-XXXXXX";
  if (::mkdtemp(scratch.data()) == nullptr) return ErrnoStatus(errno, "mkdtemp", scratch);
  // What is mounted there goes with our mount namespaces, the folder by hand.
  absl::Cleanup remove = [&scratch] {
    ::umount2(scratch.c_str(), MNT_DETACH);
    ::rmdir(scratch.c_str());
  };
  PELAGOS_ASSIGN_OR_RETURN(const Views views, MakeViews(scratch));
  Contestants contestants(scratch, pelagos, views);
  PELAGOS_RETURN_IF_ERROR(contestants.Make());
  return Compare(contestants.all(), rounds, scratch);
}

}  // namespace
}  // namespace pelagos::benchmarks

int main(int argc, char** argv) {
  const absl::Status status = pelagos::benchmarks::Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "compare: " << status.message() << "\n";
  return 1;
}
