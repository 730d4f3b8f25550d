// The reml language beside interpreters of Scheme: how long until the first value is there, and how
// long do small programs take.
//
// Usage: compare_reml [ROUNDS [PELAGOS]]     (ROUNDS is 7, PELAGOS the program to measure)
//
// programs/*.reml are Scheme to everyone. In a round everyone runs once, who begins moves on by
// one. All of them must print the same first line.

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
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
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {
namespace {

constexpr char kPrograms[] = "benchmarks/reml/programs";

// Who reads standard input gets a file with commands: {} stands for the program's path.
struct Peer {
  const char* name;
  const char* program;
  const char* where_from;
  std::vector<std::string> first_value;
  const char* first_value_input;
  std::vector<std::string> run;
  const char* run_input;
};

const std::vector<Peer>& Peers() {
  static const auto* peers = new std::vector<Peer>{
      {"guile",
       "guile",
       "apt-get install guile-3.0",
       {"-c", "1"},
       "",
       {"--no-auto-compile", "-s", "{}"},
       ""},
      {"chibi-scheme", "chibi-scheme", "Debian 12 has no package", {"-e", "1"}, "", {"{}"}, ""},
      {"csi", "csi", "apt-get install chicken-bin", {"-e", "1"}, "", {"-s", "{}"}, ""},
      {"scheme48",
       "scheme48",
       "apt-get install scheme48",
       {"-a", "batch"},
       "1\n,exit\n",
       {"-a", "batch"},
       ",load \"{}\"\n,exit\n"},
  };
  return *peers;
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

double Median(const std::vector<Sample>& samples, double Sample::*what) {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.*what);
  return Quantile(values, 0.5);
}

class Comparison {
 public:
  Comparison(std::string scratch, std::string pelagos)
      : scratch_(std::move(scratch)), pelagos_(std::move(pelagos)) {
    for (const Peer& peer : Peers()) {
      if (const std::optional<std::string> path = FindProgram(peer.program)) {
        peers_.emplace_back(&peer, *path);
      } else {
        std::cout << peer.name << " is not there: " << peer.where_from << "\n";
      }
    }
  }

  absl::Status StartUp(int rounds) {
    std::vector<Entry> entries = {{"nothing", {"./benchmarks/reml/nothing"}, "", {}},
                                  {"pelagos", {pelagos_, "reml", "eval", "-e", "1"}, "", {}}};
    for (const auto& [peer, path] : peers_) {
      PELAGOS_ASSIGN_OR_RETURN(
          Entry entry, MakeEntry(*peer, path, peer->first_value, peer->first_value_input, ""));
      entries.push_back(std::move(entry));
    }
    for (Entry& entry : entries) entry.output = "/dev/null";
    PELAGOS_RETURN_IF_ERROR(RunInTurn(entries, 1).status());  // warm
    PELAGOS_ASSIGN_OR_RETURN(const auto samples, RunInTurn(entries, rounds));
    const double floor = Median(samples[0], &Sample::wall_ms);
    const double own = Median(samples[1], &Sample::wall_ms);
    std::printf("\nStart-up to the first value, %d rounds in turn, milliseconds\n\n", rounds);
    std::printf("%-14s %8s %8s %8s %8s %10s %10s\n", "", "min", "p25", "median", "cpu", "x nothing",
                "x pelagos");
    for (size_t i = 0; i < entries.size(); ++i) {
      std::vector<double> wall;
      for (const Sample& sample : samples[i]) wall.push_back(sample.wall_ms);
      const double median = Quantile(wall, 0.5);
      std::printf("%-14s %8.2f %8.2f %8.2f %8.2f %10.2f %10.2f\n", entries[i].name.c_str(),
                  Quantile(wall, 0), Quantile(wall, 0.25), median,
                  Median(samples[i], &Sample::cpu_ms), median / floor, median / own);
      if (i != 0) start_up_.push_back({median, Median(samples[i], &Sample::cpu_ms)});
    }
    return absl::OkStatus();
  }

  // Requires: StartUp has been called, whose times are taken off.
  absl::Status Programs(int rounds) {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(kPrograms)) {
      files.push_back(std::filesystem::absolute(entry.path()).string());
    }
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) {
      PELAGOS_RETURN_IF_ERROR(Program(file, rounds));
    }
    std::printf("\nWhole runs, median of %d rounds in turn, milliseconds\n\n", rounds);
    PrintTable(&Row::wall, nullptr);
    std::printf("\nWithout the start-up, and how many times as long as pelagos\n\n");
    PrintTable(&Row::wall, &Sample::wall_ms);
    std::printf("\nThe same in time of the processor\n\n");
    PrintTable(&Row::cpu, &Sample::cpu_ms);
    return absl::OkStatus();
  }

 private:
  // A program and the medians of everyone; pelagos comes first.
  struct Row {
    std::string name;
    std::vector<double> wall, cpu;
  };

  static std::string Fill(std::string text, const std::string& file) {
    const size_t at = text.find("{}");
    return at == std::string::npos ? text : text.replace(at, 2, file);
  }

  absl::StatusOr<Entry> MakeEntry(const Peer& peer, const std::string& path,
                                  const std::vector<std::string>& words, const char* input,
                                  const std::string& file) {
    Entry entry = {peer.name, {path}, "", {}};
    for (const std::string& word : words) entry.argv.push_back(Fill(word, file));
    if (*input != '\0') {
      entry.input = absl::StrCat(scratch_, "/", peer.name, ".in");
      PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(entry.input, Fill(input, file), 0644));
    }
    return entry;
  }

  absl::Status Program(const std::string& file, int rounds) {
    std::vector<Entry> entries = {{"pelagos", {pelagos_, "reml", "eval", file}, "", {}}};
    for (const auto& [peer, path] : peers_) {
      PELAGOS_ASSIGN_OR_RETURN(Entry entry,
                               MakeEntry(*peer, path, peer->run, peer->run_input, file));
      entries.push_back(std::move(entry));
    }
    std::string expected;
    for (Entry& entry : entries) {
      entry.output = absl::StrCat(scratch_, "/", entry.name, ".out");
      PELAGOS_RETURN_IF_ERROR(RunOnce(entry).status(), file, ", ", entry.name);  // warm
      PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFile(entry.output, 1u << 20));
      const std::string line = FirstLine(text);
      if (expected.empty()) expected = line;
      if (line.empty() || line != expected) {
        return absl::InternalError(
            absl::StrCat(file, ": ", entry.name, " prints '", line, "', pelagos '", expected, "'"));
      }
    }
    PELAGOS_ASSIGN_OR_RETURN(const auto samples, RunInTurn(entries, rounds), file);
    Row row = {std::filesystem::path(file).stem().string(), {}, {}};
    for (const std::vector<Sample>& all : samples) {
      row.wall.push_back(Median(all, &Sample::wall_ms));
      row.cpu.push_back(Median(all, &Sample::cpu_ms));
    }
    rows_.push_back(std::move(row));
    return absl::OkStatus();
  }

  // With `start_up`, takes that off and prints the ratios to pelagos and their geometric mean.
  void PrintTable(std::vector<double> Row::*times, double Sample::*start_up) const {
    std::printf("%-10s %9s", "", "pelagos");
    for (const auto& [peer, path] : peers_) {
      std::printf(start_up != nullptr ? " %12s %7s" : " %12s", peer->name, "");
    }
    std::printf("\n");
    std::vector<double> logs(peers_.size(), 0);
    for (const Row& row : rows_) {
      std::vector<double> net = row.*times;
      for (size_t i = 0; i < net.size() && start_up != nullptr; ++i) {
        net[i] = std::max(net[i] - start_up_[i].*start_up, 0.01);  // a ratio needs something
      }
      std::printf("%-10s %9.1f", row.name.c_str(), net[0]);
      for (size_t i = 1; i < net.size(); ++i) {
        std::printf(" %12.1f", net[i]);
        if (start_up != nullptr) std::printf(" %6.2fx", net[i] / net[0]);
        logs[i - 1] += std::log(net[i] / net[0]);
      }
      std::printf("\n");
    }
    if (start_up == nullptr) return;
    std::printf("%-20s", "geometric mean");
    for (double sum : logs) {
      std::printf(" %12s %6.2fx", "", std::exp(sum / static_cast<double>(rows_.size())));
    }
    std::printf("\n");
  }

  const std::string scratch_;
  const std::string pelagos_;
  std::vector<std::pair<const Peer*, std::string>> peers_;  // with their paths
  std::vector<Sample> start_up_;                            // medians; pelagos, then the peers
  std::vector<Row> rows_;
};

absl::Status Main(int argc, char** argv) {
  int rounds = 7;
  if (argc > 1 && (!absl::SimpleAtoi(argv[1], &rounds) || rounds < 1)) {
    return absl::InvalidArgumentError("usage: compare_reml [ROUNDS [PELAGOS]]");
  }
  const std::string pelagos = argc > 2 ? argv[2] : "./tools/pelagos";
  if (::access(pelagos.c_str(), X_OK) != 0) {
    return absl::NotFoundError(absl::StrCat("'", pelagos, "' is not there"));
  }
  std::string scratch = "/dev/shm/pelagos-compare-XXXXXX";
  if (::mkdtemp(scratch.data()) == nullptr) return ErrnoStatus(errno, "mkdtemp", scratch);
  const absl::Cleanup remove = [&scratch] { sys::RemoveTree(scratch).IgnoreError(); };
  Comparison comparison(scratch, pelagos);
  PELAGOS_RETURN_IF_ERROR(comparison.StartUp(10 * rounds));
  return comparison.Programs(rounds);
}

}  // namespace
}  // namespace pelagos::benchmarks

int main(int argc, char** argv) {
  const absl::Status status = pelagos::benchmarks::Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "compare_reml: " << status.message() << "\n";
  return 1;
}
