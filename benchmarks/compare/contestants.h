// Everyone who takes part in the comparison, as commands that can be run again and again.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/compare/measure.h"
#include "benchmarks/compare/views.h"

namespace pelagos::benchmarks {

struct Contestant {
  Entry entry;
  std::string floor;  // the name of the floor with the same cgroup backing
  std::string base;   // what this one adds to, for limits: without them; or ""
};

// Not copyable. Who is not installed is named on standard output and left out.
class Contestants {
 public:
  // `pelagos` is the path of the program that is measured. Paths are absolute; what is made lies
  // in `scratch`. `views` must live longer.
  Contestants(std::string scratch, std::string pelagos, const Views& views)
      : scratch_(std::move(scratch)), pelagos_(std::move(pelagos)), views_(views) {}
  ~Contestants();
  Contestants(const Contestants&) = delete;
  Contestants& operator=(const Contestants&) = delete;

  // Finds our own programs by the working directory, so before any view is entered.
  absl::Status Make();

  const std::vector<Contestant>& all() const { return all_; }

 private:
  using NamedCommand = std::pair<std::string, std::vector<std::string>>;

  std::string image() const { return scratch_ + "/image"; }
  absl::Status MakeImage();
  absl::StatusOr<std::string> MountedRoot(const std::string& name);
  absl::Status MakeBundle(const std::string& id, bool sleeps, std::vector<std::string>& command,
                          std::string* bundle);
  std::vector<NamedCommand> OciRuntimes() const;

  void Add(Entry entry, const View& view, std::string base = "");
  absl::Status AddFloor(const View& view, const std::string& program);
  void AddRun(const View& view);
  void AddLimits(const View& view);
  absl::Status AddRuntime(const std::string& name, const std::string& program,
                          const std::vector<std::string>& flags, bool seccomp);
  absl::Status AddLife(const std::string& name, std::vector<std::string> command);
  absl::Status AddExec(const std::string& name, std::vector<std::string> command);
  absl::Status AddBubblewrap();

  const std::string scratch_, pelagos_;
  const Views& views_;
  std::vector<Contestant> all_;
  std::vector<Entry> endings_;  // what lives on for exec
};

}  // namespace pelagos::benchmarks
