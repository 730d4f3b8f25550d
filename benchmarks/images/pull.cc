// An image of three layers from a registry of this machine, pulled and unpacked: by Pelagos, by
// skopeo and umoci, by podman. Who takes how long, and how much memory.
//
// Usage: pull [--rounds N] [--state /DIR] [--layout /DIR] [--sync] [--no-peers] [PELAGOS]... (root)
//
// Everyone runs in turn in one go, each time into an empty store. PELAGOS: programs to measure,
// each with pelagos-image beside it; tools/pelagos unless named. State lies in DIR, a tmpfs unless
// named; --sync lets the peers wait, at their end, until their files are on the disk, as Pelagos
// always does. The image is synthetic (synthetic_image.h), or the one named "bench" in an OCI
// layout.

#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/compare/measure.h"
#include "benchmarks/images/memory.h"
#include "benchmarks/images/registry.h"
#include "benchmarks/images/synthetic_image.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {
namespace {

constexpr uint64_t kSeed = 20221;
constexpr char kSkopeo[] = "skopeo copy, umoci unpack";
constexpr char kPodman[] = "podman pull";

struct Arguments {
  int rounds = 7;
  std::string state = "/dev/shm", layout;
  bool peers = true, sync = false;
  std::vector<std::string> programs;
};

absl::StatusOr<Arguments> ParseArguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    bool good = true;
    if (word == "--rounds") {
      good = absl::SimpleAtoi(value, &arguments.rounds) && arguments.rounds > 0;
      ++i;
    } else if (word == "--state" || word == "--layout") {
      (word == "--state" ? arguments.state : arguments.layout) = value;
      good = !value.empty() && value.front() == '/';
      ++i;
    } else if (word == "--no-peers") {
      arguments.peers = false;
    } else if (word == "--sync") {
      arguments.sync = true;
    } else {
      arguments.programs.push_back(word);
      good = word.front() != '-';
    }
    if (!good) {
      return absl::InvalidArgumentError(
          "usage: pull [--rounds N] [--state /DIR] [--layout /DIR] [--sync] "
          "[--no-peers] [PELAGOS]...");
    }
  }
  if (arguments.programs.empty()) arguments.programs.push_back("tools/pelagos");
  return arguments;
}

// The words of a shell command, which ends at the first error.
std::vector<std::string> Shell(const std::string& script) { return {"/bin/sh", "-ec", script}; }

absl::StatusOr<std::vector<Entry>> Contestants(const Arguments& arguments,
                                               const std::string& scratch,
                                               const std::string& source) {
  std::vector<Entry> entries;
  for (size_t i = 0; i < arguments.programs.size(); ++i) {
    const std::string& named = arguments.programs[i];
    char* program = ::realpath(named.c_str(), nullptr);
    if (program == nullptr) return ErrnoStatus(errno, "realpath", named);
    const absl::Cleanup free_path = [program] { ::free(program); };
    const std::string state = absl::StrCat(scratch, "/pelagos-", i);
    entries.push_back({i == 0 ? "pelagos image pull" : absl::StrCat("pelagos (", named, ")"),
                       {program, "--root", state + "/data", "--run-root", state + "/run", "image",
                        "pull", "--progress", "quiet", source},
                       "",
                       {state}});
    entries.back().output = "/dev/null";
  }
  if (!arguments.peers) return entries;
  const auto missing = [](const char* name) {
    if (FindProgram(name)) return false;
    std::cout << name << " is not there: apt-get install " << name << "\n";
    return true;
  };
  const auto sync = [&](const std::string& state) {
    return arguments.sync ? absl::StrCat("; sync -f ", state) : std::string();
  };
  const std::string policy = scratch + "/policy.json";
  PELAGOS_RETURN_IF_ERROR(
      sys::WriteFileAtomically(policy, R"({"default":[{"type":"insecureAcceptAnything"}]})"));
  if (!missing("skopeo") && !missing("umoci")) {
    const std::string state = scratch + "/umoci";
    entries.push_back({kSkopeo,
                       Shell(absl::StrCat("mkdir ", state, "; skopeo --policy ", policy,
                                          " copy --quiet --src-tls-verify=false docker://", source,
                                          " oci:", state, "/layout:bench; umoci unpack --image ",
                                          state, "/layout:bench ", state, "/bundle", sync(state))),
                       "",
                       {state}});
  }
  if (!missing("podman")) {
    const std::string state = scratch + "/podman";
    entries.push_back(
        {kPodman,
         Shell(absl::StrCat("mkdir ", state, "; podman --root ", state, "/root --runroot ", state,
                            "/run --tmpdir ", state,
                            "/tmp --storage-driver overlay pull --signature-policy ", policy,
                            " --quiet --tls-verify=false ", source, sync(state))),
         "",
         {state}});
    entries.back().output = "/dev/null";
  }
  return entries;
}

absl::Status Measure(const std::vector<Entry>& entries, int rounds) {
  std::vector<uint64_t> memory;
  for (const Entry& entry : entries) {  // warm, and known to work
    PELAGOS_ASSIGN_OR_RETURN(memory.emplace_back(), MeasureMemory(entry), entry.name);
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::vector<Sample>> samples,
                           RunInTurn(entries, rounds));
  const auto quantile = [&](size_t entry, double fraction, double Sample::*what) {
    std::vector<double> values;
    for (const Sample& sample : samples[entry]) values.push_back(sample.*what / 1e3);
    return Quantile(values, fraction);
  };
  std::printf("%d rounds in turn, seconds; times the first one's median\n\n", rounds);
  std::printf("%-36s %7s %7s %7s %7s %7s %10s\n", "", "min", "p25", "median", "cpu", "times",
              "memory MB");
  const double first = quantile(0, 0.5, &Sample::wall_ms);
  for (size_t i = 0; i < entries.size(); ++i) {
    const double median = quantile(i, 0.5, &Sample::wall_ms);
    std::printf("%-36s %7.2f %7.2f %7.2f %7.2f %7.2f %10.1f\n", entries[i].name.c_str(),
                quantile(i, 0, &Sample::wall_ms), quantile(i, 0.25, &Sample::wall_ms), median,
                quantile(i, 0.5, &Sample::cpu_ms), median / first,
                static_cast<double>(memory[i]) / 1e6);
  }
  return absl::OkStatus();
}

absl::Status Main(int argc, char** argv) {
  PELAGOS_ASSIGN_OR_RETURN(const Arguments arguments, ParseArguments(argc, argv));
  if (::geteuid() != 0) return absl::PermissionDeniedError("pull needs root");
  std::string scratch = arguments.state + "/pelagos-pull-XXXXXX";
  if (::mkdtemp(scratch.data()) == nullptr) return ErrnoStatus(errno, "mkdtemp", scratch);
  const absl::Cleanup remove = [&scratch] {
    ::umount2((scratch + "/podman/root/overlay").c_str(), MNT_DETACH);  // podman's, of itself
    sys::RemoveTree(scratch).IgnoreError();
  };
  std::string layout = arguments.layout;
  if (layout.empty()) {
    layout = scratch + "/layout";
    PELAGOS_RETURN_IF_ERROR(WriteSyntheticLayout(layout, kSeed, UsualLayers()), "making an image");
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::unique_ptr<LocalRegistry> registry,
                           LocalRegistry::Start(scratch));
  const std::optional<std::string> skopeo = FindProgram("skopeo");
  if (!skopeo) return absl::NotFoundError("skopeo is not there: apt-get install skopeo");
  const std::string source = registry->host() + "/bench:1";
  PELAGOS_RETURN_IF_ERROR(
      RunOnce({"push",
               {*skopeo, "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false",
                absl::StrCat("oci:", layout, ":bench"), "docker://" + source},
               "",
               {}})
          .status());
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<Entry> entries,
                           Contestants(arguments, scratch, source));
  return Measure(entries, arguments.rounds);
}

}  // namespace
}  // namespace pelagos::benchmarks

int main(int argc, char** argv) {
  const absl::Status status = pelagos::benchmarks::Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "pull: " << status.message() << "\n";
  return 1;
}
