// `pelagos image ls` of a store with many images: how long it takes, beside a command of the same
// program that does nothing.
//
// Usage: list [--images N] [--rounds N] [--state /DIR] [PELAGOS]...
//
// N images, 1,000 unless named, of five layers each: four that all have, one of its own. They come
// from one docker-archive. State lies on a tmpfs unless DIR is named; PELAGOS is tools/pelagos.

#include <stdlib.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/compare/measure.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/program/sha256.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {
namespace {

// A config as builders write it, some 2 kB.
std::string Config(int number, const std::vector<std::string>& diff_ids) {
  std::string history;
  for (size_t i = 0; i < diff_ids.size(); ++i) {
    absl::StrAppend(
        &history, i == 0 ? "" : ",",
        R"({"created":"2022-11-15T00:00:00Z","created_by":"/bin/sh -c #(nop) ADD file:)",
        diff_ids[i], R"( in / "})");
  }
  return absl::StrCat(
      R"({"architecture":"amd64","os":"linux","config":{"Env":["PATH=/usr/bin:/bin","NUMBER=)",
      number, R"("],"Cmd":["/bin/sh"],"Labels":{"org.example.title":"image )", number,
      R"("}},"history":[)", history, R"(],"rootfs":{"type":"layers","diff_ids":["sha256:)",
      absl::StrJoin(diff_ids, "\",\"sha256:"), "\"]}}");
}

std::string Archive(int images) {
  constexpr int kShared = 4;
  image::TarBuilder archive;
  std::vector<std::string> layers, diff_ids;
  const auto add = [&](const std::string& name) {
    const std::string tar = image::TarBuilder().File("files/" + name, name).Build();
    archive.File(name + ".tar", tar);
    layers.push_back(absl::StrCat("\"", name, ".tar\""));
    diff_ids.push_back(image::Sha256Of(tar).hex());
  };
  for (int i = 0; i < kShared; ++i) add(absl::StrCat("shared-", i));
  std::string manifest;
  for (int i = 0; i < images; ++i) {
    add(absl::StrCat("own-", i));
    const std::string config = absl::StrCat("config-", i, ".json");
    archive.File(config, Config(i, diff_ids));
    absl::StrAppend(&manifest, i == 0 ? "[" : ",", R"({"Config":")", config,
                    R"(","RepoTags":["registry.example.com/team/image-)", i, R"(:1"],"Layers":[)",
                    absl::StrJoin(layers, ","), "]}");
    layers.pop_back();
    diff_ids.pop_back();
  }
  return archive.File("manifest.json", manifest + "]").Build();
}

absl::Status Main(int argc, char** argv) {
  int images = 1000, rounds = 21;
  std::string state = "/dev/shm";
  std::vector<std::string> programs;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    bool good = true;
    if (word == "--images" || word == "--rounds") {
      int& number = word == "--images" ? images : rounds;
      good = absl::SimpleAtoi(value, &number) && number > 0;
      ++i;
    } else if (word == "--state") {
      state = value;
      good = !value.empty() && value.front() == '/';
      ++i;
    } else {
      programs.push_back(word);
      good = word.front() != '-';
    }
    if (!good) {
      return absl::InvalidArgumentError(
          "usage: list [--images N] [--rounds N] [--state /DIR] [PELAGOS]...");
    }
  }
  if (programs.empty()) programs.push_back("tools/pelagos");
  std::string scratch = state + "/pelagos-list-XXXXXX";
  if (::mkdtemp(scratch.data()) == nullptr) return ErrnoStatus(errno, "mkdtemp", scratch);
  const absl::Cleanup remove = [&scratch] { sys::RemoveTree(scratch).IgnoreError(); };
  PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(scratch + "/archive.tar", Archive(images)));
  std::vector<Entry> entries;
  for (const std::string& named : programs) {
    char* program = ::realpath(named.c_str(), nullptr);
    if (program == nullptr) return ErrnoStatus(errno, "realpath", named);
    const absl::Cleanup free_path = [program] { ::free(program); };
    const std::vector<std::string> roots = {program, "--root", scratch + "/data", "--run-root",
                                            scratch + "/run"};
    const auto add = [&](const std::string& name, const std::vector<std::string>& words) {
      Entry& entry = entries.emplace_back();
      entry.name = absl::StrCat(name, programs.size() > 1 ? absl::StrCat(" (", named, ")") : "");
      entry.argv = roots;
      entry.argv.insert(entry.argv.end(), words.begin(), words.end());
      entry.output = "/dev/null";
    };
    if (entries.empty()) {
      add("load", {"image", "load", "--input", scratch + "/archive.tar"});
      PELAGOS_RETURN_IF_ERROR(RunOnce(entries.back()).status());
      entries.clear();
    }
    add("pelagos image ls", {"image", "ls"});
    add("pelagos --help", {"--help"});
  }
  for (const Entry& entry : entries) PELAGOS_RETURN_IF_ERROR(RunOnce(entry).status());
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::vector<Sample>> samples,
                           RunInTurn(entries, rounds));
  std::printf("%d images, %d rounds in turn, milliseconds\n\n", images, rounds);
  std::printf("%-40s %7s %7s %7s %7s\n", "", "min", "p25", "median", "cpu");
  for (size_t i = 0; i < entries.size(); ++i) {
    std::vector<double> wall, cpu;
    for (const Sample& sample : samples[i]) {
      wall.push_back(sample.wall_ms);
      cpu.push_back(sample.cpu_ms);
    }
    std::printf("%-40s %7.1f %7.1f %7.1f %7.1f\n", entries[i].name.c_str(), Quantile(wall, 0),
                Quantile(wall, 0.25), Quantile(wall, 0.5), Quantile(cpu, 0.5));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace pelagos::benchmarks

int main(int argc, char** argv) {
  const absl::Status status = pelagos::benchmarks::Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "list: " << status.message() << "\n";
  return 1;
}
