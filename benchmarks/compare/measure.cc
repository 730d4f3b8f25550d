#include "benchmarks/compare/measure.h"

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {
namespace {

double Milliseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

double Now() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

}  // namespace

std::optional<std::string> FindProgram(const std::string& name) {
  for (const char* folder : {"/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"}) {
    std::string path = absl::StrCat(folder, "/", name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

absl::StatusOr<Sample> RunOnce(const Entry& entry) {
  if (entry.mounts >= 0 && ::setns(entry.mounts, CLONE_NEWNS) != 0) {
    return ErrnoStatus(errno, "setns", entry.name);
  }
  std::vector<std::string> copy = entry.argv;
  std::vector<char*> argv;
  for (std::string& word : copy) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  int error = ::posix_spawn_file_actions_init(&actions);
  if (error != 0) return ErrnoStatus(error, "posix_spawn_file_actions_init");
  const char* input = entry.input.empty() ? "/dev/null" : entry.input.c_str();
  error = ::posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0);
  if (error == 0 && !entry.output.empty()) {
    error = ::posix_spawn_file_actions_addopen(&actions, 1, entry.output.c_str(),
                                               O_WRONLY | O_CREAT | O_TRUNC, 0644);
  }
  if (error == 0 && !entry.fd9.empty()) {
    error = ::posix_spawn_file_actions_addopen(&actions, 9, entry.fd9.c_str(), O_RDONLY, 0);
  }
  pid_t pid = -1;
  const double begin = Now();
  if (error == 0) {
    error = ::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  }
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return ErrnoStatus(error, "starting", entry.argv[0]);
  int status = 0;
  rusage usage = {};
  while (::wait4(pid, &status, 0, &usage) < 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "wait4", entry.argv[0]);
  }
  const double end = Now();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return absl::InternalError(
        absl::StrCat(WIFEXITED(status) ? "exit code " : "signal ",
                     WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), " of ",
                     absl::StrJoin(entry.argv, " ")));
  }
  for (const std::string& folder : entry.cleanup) {
    PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(folder));
  }
  return Sample{end - begin, Milliseconds(usage.ru_utime) + Milliseconds(usage.ru_stime)};
}

absl::StatusOr<std::vector<std::vector<Sample>>> RunInTurn(const std::vector<Entry>& entries,
                                                           int rounds) {
  std::vector<std::vector<Sample>> samples(entries.size());
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::mt19937 random(1);  // the same order in every measurement
  for (int round = 0; round < rounds; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    for (const size_t turn : order) {
      PELAGOS_ASSIGN_OR_RETURN(const Sample sample, RunOnce(entries[turn]), entries[turn].name);
      samples[turn].push_back(sample);
    }
  }
  return samples;
}

absl::StatusOr<uint64_t> CountSystemCalls(const Entry& entry, const std::string& strace,
                                          const std::string& scratch_file) {
  Entry traced = entry;
  const std::vector<std::string> words = {strace, "-f", "-c", "-qq", "-o", scratch_file, "--"};
  traced.argv.insert(traced.argv.begin(), words.begin(), words.end());
  PELAGOS_RETURN_IF_ERROR(RunOnce(traced).status(), entry.name);
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFile(scratch_file, 1u << 20));
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    // "100.00    0.004242          12       345        67 total": the fourth is the number of calls
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    uint64_t calls = 0;
    if (fields.size() >= 5 && fields.back() == "total" && absl::SimpleAtoi(fields[3], &calls)) {
      return calls;
    }
  }
  return absl::InternalError("strace printed no total");
}

double Quantile(std::vector<double> values, double fraction) {
  std::sort(values.begin(), values.end());
  const double at = fraction * static_cast<double>(values.size() - 1);
  const size_t below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (at - static_cast<double>(below));
}

}  // namespace pelagos::benchmarks
