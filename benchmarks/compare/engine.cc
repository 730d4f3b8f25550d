// Containers that stay: what many of them cost, and what commands on them take, beside podman.
//
// Usage: engine [--rounds N] [--counts N,N,...] [--no-peers] [PELAGOS]    (root)
//
//   memory     of a container's monitor, PSS, with 100 of them; of podman's, which is conmon
//   many       so many idle containers, without a network and on one: the time to start them, two
//   at a time, the memory that the
//              kernel and all processes took meanwhile, the time of `ps`, to remove them; for each
//              of --counts (10,100,1000): what one costs must not grow with their number
//   in turn    `run --rm` and `exec` of /bin/true, by Pelagos and by podman with crun
//
// All state is on tmpfs, in a network namespace of its own. Podman runs in the view where crun
// works (views.h).

#include <dirent.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmarks/compare/measure.h"
#include "benchmarks/compare/netns.h"
#include "benchmarks/compare/views.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {
namespace {

constexpr char kImage[] = "busybox";

struct Options {
  int rounds = 20;
  std::vector<int> counts = {10, 100, 1000};
  bool peers = true;
  std::string pelagos = "tools/pelagos";
};

absl::StatusOr<Options> Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--no-peers") {
      options.peers = false;
    } else if (word == "--rounds" && has_value && absl::SimpleAtoi(argv[i + 1], &options.rounds) &&
               options.rounds > 0) {
      ++i;
    } else if (word == "--counts" && has_value) {
      options.counts.clear();
      for (const absl::string_view number : absl::StrSplit(argv[++i], ',')) {
        int count = 0;
        if (!absl::SimpleAtoi(number, &count) || count < 1) {
          return absl::InvalidArgumentError(absl::StrCat("--counts: '", number, "'"));
        }
        options.counts.push_back(count);
      }
    } else if (!absl::StartsWith(word, "-")) {
      options.pelagos = word;
    } else {
      return absl::InvalidArgumentError(
          "usage: engine [--rounds N] [--counts N,N,...] [--no-peers] [PELAGOS]");
    }
  }
  return options;
}

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// In kB, of a file with lines "Name:   N kB".
absl::StatusOr<std::map<std::string, double>> ReadKilobytes(const std::string& path) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFile(path, 1 << 20));
  std::map<std::string, double> values;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> fields =
        absl::StrSplit(line, absl::ByAnyChar(": \t"), absl::SkipEmpty());
    double value = 0;
    if (fields.size() > 1 && absl::SimpleAtod(fields[1], &value)) {
      values[std::string(fields[0])] = value;
    }
  }
  return values;
}

// Processes whose program is `program`, their PSS in kB.
absl::StatusOr<std::vector<double>> PssOf(const std::string& program) {
  std::vector<double> all;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names, sys::ListFolder("/proc"));
  for (const std::string& name : names) {
    if (name[0] < '0' || name[0] > '9') continue;
    char path[4096];
    const ssize_t size =
        ::readlink(absl::StrCat("/proc/", name, "/exe").c_str(), path, sizeof(path));
    if (size < 0 || absl::string_view(path, static_cast<size_t>(size)) != program) continue;
    const auto memory = ReadKilobytes(absl::StrCat("/proc/", name, "/smaps_rollup"));
    if (memory.ok() && memory->count("Pss") != 0) all.push_back(memory->at("Pss"));
  }
  return all;
}

double Median(std::vector<double> values) { return Quantile(std::move(values), 0.5); }

class Engine {
 public:
  Engine(Options options, std::string scratch, Views views)
      : options_(std::move(options)), scratch_(std::move(scratch)), views_(std::move(views)) {}

  absl::Status Measure() {
    PELAGOS_RETURN_IF_ERROR(Prepare());
    PELAGOS_RETURN_IF_ERROR(Memory());
    for (const char* network : {"none", "bridge"}) PELAGOS_RETURN_IF_ERROR(Many(network));
    return InTurn();
  }

 private:
  Entry Pelagos(std::vector<std::string> words) const {
    std::vector<std::string> argv = {options_.pelagos, "--root", scratch_ + "/data", "--run-root",
                                     scratch_ + "/run"};
    argv.insert(argv.end(), words.begin(), words.end());
    Entry entry = {absl::StrCat("pelagos ", words[0]), std::move(argv), "", {}};
    entry.output = "/dev/null";
    entry.mounts = pelagos_view().mounts.get();
    return entry;
  }
  Entry Podman(std::vector<std::string> words) const {
    const std::string state = scratch_ + "/podman";
    std::vector<std::string> argv = {
        *podman_,       "--root",           state + "/root", "--runroot",
        state + "/run", "--tmpdir",         state + "/tmp",  "--storage-driver",
        "overlay",      "--cgroup-manager", "cgroupfs",      "--events-backend",
        "file",         "--runtime",        *crun_};
    argv.insert(argv.end(), words.begin(), words.end());
    Entry entry = {absl::StrCat("podman ", words[0]), std::move(argv), "", {}};
    entry.output = "/dev/null";
    entry.mounts = views_.peers().mounts.get();
    return entry;
  }
  const View& pelagos_view() const { return views_.v2.mounts.valid() ? views_.v2 : views_.peers(); }

  absl::Status Prepare() {
    PELAGOS_RETURN_IF_ERROR(RunOnce(Pelagos({"run", "--rm", kImage, "true"})).status());
    podman_ = FindProgram("podman");
    crun_ = FindProgram("crun");
    if (!options_.peers || !podman_ || !crun_) {
      if (options_.peers) std::cout << "podman is left out: apt-get install podman crun\n";
      podman_.reset();
      return absl::OkStatus();
    }
    const std::string conf = scratch_ + "/containers.conf";
    PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(
        conf,
        "[containers]\ndefault_ulimits = [\"nofile=20000:20000\", \"nproc=32768:32768\"]\n"
        "log_driver = \"k8s-file\"\n"));
    ::setenv("CONTAINERS_CONF", conf.c_str(), 1);
    PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(scratch_ + "/podman", 0700));
    // The same image for both.
    const std::string archive = scratch_ + "/image.tar";
    PELAGOS_RETURN_IF_ERROR(RunOnce(Pelagos({"image", "save", "-o", archive, kImage})).status());
    return RunOnce(Podman({"load", "-q", "-i", archive})).status();
  }

  std::string Image() const { return absl::StrCat("docker.io/library/", kImage); }

  std::vector<std::string> PodmanRun(std::vector<std::string> words) const {
    words.insert(words.begin(), {"run", "--network", "none"});
    return words;
  }

  absl::Status Memory() {
    constexpr int kMonitors = 100;
    PELAGOS_RETURN_IF_ERROR(StartAll(kMonitors, 1));
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<double> ours, PssOf(options_.pelagos));
    PELAGOS_RETURN_IF_ERROR(RemoveAll());
    if (ours.size() != kMonitors) {
      return absl::InternalError(absl::StrCat(ours.size(), " monitors of ", kMonitors));
    }
    std::printf("memory of one monitor, with %d of them (PSS, kB)\n\n", kMonitors);
    std::printf("%-24s %8.0f\n", "pelagos", Median(ours));
    if (!podman_) return absl::OkStatus();
    for (int i = 0; i < kMonitors; ++i) {
      PELAGOS_RETURN_IF_ERROR(RunOnce(Podman(PodmanRun({"-d", "--name", absl::StrCat("m", i),
                                                        Image(), "sleep", "100000"})))
                                  .status());
    }
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<double> theirs,
                             PssOf(FindProgram("conmon").value_or("")));
    PELAGOS_RETURN_IF_ERROR(RunOnce(Podman({"rm", "-f", "-t", "0", "-a"})).status());
    if (!theirs.empty()) std::printf("%-24s %8.0f\n", "conmon", Median(theirs));
    return absl::OkStatus();
  }

  // `at_once` commands side by side, as scripts do it.
  absl::Status StartAll(int count, int at_once, const std::string& network = "none") const {
    std::vector<std::string> words = Pelagos({"run", "-d", "--network", network, "--name"}).argv;
    std::string line;
    for (const std::string& word : words) absl::StrAppend(&line, word, " ");
    Entry all = {"start",
                 {"/bin/sh", "-c",
                  absl::StrCat("seq -f b%g 1 ", count, " | xargs -P ", at_once, " -I NAME ", line,
                               "NAME ", kImage, " sleep 100000")},
                 "",
                 {}};
    all.output = "/dev/null";
    all.mounts = pelagos_view().mounts.get();
    return RunOnce(all).status();
  }

  absl::Status RemoveAll() const { return RunOnce(Pelagos({"rm", "--force", "--all"})).status(); }

  absl::Status Many(const std::string& network) {
    std::printf("\n--network %s, %d at a time; memory is what the machine had less of\n\n",
                network.c_str(), 2);
    std::printf("%10s %10s %12s %12s %12s %10s %12s\n", "containers", "start s", "ms for each",
                "memory MB", "kB for each", "ps ms", "remove s");
    for (const int count : options_.counts) {
      PELAGOS_ASSIGN_OR_RETURN(const auto before, ReadKilobytes("/proc/meminfo"));
      const double begin = Seconds();
      PELAGOS_RETURN_IF_ERROR(StartAll(count, 2, network));
      const double started = Seconds() - begin;
      PELAGOS_ASSIGN_OR_RETURN(const auto after, ReadKilobytes("/proc/meminfo"));
      std::vector<double> looks;
      for (int i = 0; i < 9; ++i) {
        PELAGOS_ASSIGN_OR_RETURN(const Sample look, RunOnce(Pelagos({"ps"})));
        looks.push_back(look.wall_ms);
      }
      const double remove_begin = Seconds();
      PELAGOS_RETURN_IF_ERROR(RemoveAll());
      const double removed = Seconds() - remove_begin;
      const double memory = before.at("MemAvailable") - after.at("MemAvailable");
      std::printf("%10d %10.2f %12.2f %12.1f %12.0f %10.1f %12.2f\n", count, started,
                  started * 1e3 / count, memory / 1e3, memory / count, Median(looks), removed);
    }
    return absl::OkStatus();
  }

  absl::Status InTurn() {
    PELAGOS_RETURN_IF_ERROR(
        RunOnce(Pelagos({"run", "-d", "--name", "stays", kImage, "sleep", "100000"})).status());
    std::vector<Entry> entries = {Pelagos({"run", "--rm", kImage, "true"}),
                                  Pelagos({"exec", "stays", "true"})};
    if (podman_) {
      PELAGOS_RETURN_IF_ERROR(
          RunOnce(Podman(PodmanRun({"-d", "--name", "stays", Image(), "sleep", "100000"})))
              .status());
      entries.push_back(Podman(PodmanRun({"--rm", Image(), "true"})));
      entries.push_back(Podman({"exec", "stays", "true"}));
    }
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::vector<Sample>> samples,
                             RunInTurn(entries, options_.rounds));
    std::printf("\n%d rounds in turn, milliseconds; podman with crun\n\n", options_.rounds);
    std::printf("%-24s %8s %8s %8s %8s %10s\n", "", "min", "p25", "median", "cpu", "x pelagos");
    for (size_t i = 0; i < entries.size(); ++i) {
      std::vector<double> wall, cpu, base;
      for (const Sample& sample : samples[i]) wall.push_back(sample.wall_ms);
      for (const Sample& sample : samples[i]) cpu.push_back(sample.cpu_ms);
      for (const Sample& sample : samples[i % 2]) base.push_back(sample.wall_ms);
      std::printf("%-24s %8.2f %8.2f %8.2f %8.2f %10.1f\n", entries[i].name.c_str(),
                  Quantile(wall, 0), Quantile(wall, 0.25), Median(wall), Median(cpu),
                  Median(wall) / Median(base));
    }
    PELAGOS_RETURN_IF_ERROR(RemoveAll());
    return podman_ ? RunOnce(Podman({"rm", "-f", "-t", "0", "-a"})).status() : absl::OkStatus();
  }

  const Options options_;
  const std::string scratch_;
  const Views views_;
  std::optional<std::string> podman_, crun_;
};

absl::Status Main(int argc, char** argv) {
  PELAGOS_ASSIGN_OR_RETURN(Options options, Parse(argc, argv));
  if (::geteuid() != 0) return absl::PermissionDeniedError("engine needs root");
  char* pelagos = ::realpath(options.pelagos.c_str(), nullptr);
  if (pelagos == nullptr) return ErrnoStatus(errno, "realpath", options.pelagos);
  options.pelagos = pelagos;
  ::free(pelagos);
  std::string scratch = "/dev/shm/pelagos-engine-XXXXXX";
  if (::mkdtemp(scratch.data()) == nullptr) return ErrnoStatus(errno, "mkdtemp", scratch);
  const absl::Cleanup remove = [&scratch] {
    ::umount2(scratch.c_str(), MNT_DETACH);
    ::rmdir(scratch.c_str());
  };
  PELAGOS_ASSIGN_OR_RETURN(const Fd netns, NewNetns());
  PELAGOS_RETURN_IF_ERROR(Enter(netns));
  PELAGOS_ASSIGN_OR_RETURN(Views views, MakeViews(scratch));
  return Engine(std::move(options), scratch, std::move(views)).Measure();
}

}  // namespace
}  // namespace pelagos::benchmarks

int main(int argc, char** argv) {
  const absl::Status status = pelagos::benchmarks::Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "engine: " << status.message() << "\n";
  return 1;
}
