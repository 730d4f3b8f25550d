#include "benchmarks/images/memory.h"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {
namespace {

constexpr size_t kMaxFile = size_t{1} << 20;

// Of all its threads; who is gone has none.
std::vector<pid_t> ChildrenOf(pid_t process) {
  std::vector<pid_t> children;
  const std::string tasks = absl::StrCat("/proc/", process, "/task");
  const absl::StatusOr<std::vector<std::string>> threads = sys::ListFolder(tasks);
  if (!threads.ok()) return children;
  for (const std::string& thread : *threads) {
    const absl::StatusOr<std::string> text =
        sys::ReadFile(absl::StrCat(tasks, "/", thread, "/children"), kMaxFile);
    if (!text.ok()) continue;
    for (absl::string_view word : absl::StrSplit(*text, ' ', absl::SkipEmpty())) {
      int child = 0;
      if (absl::SimpleAtoi(word, &child)) children.push_back(child);
    }
  }
  return children;
}

// Kilobytes; 0 for a process that ends.
uint64_t LargestResidentSet(pid_t process) {
  const absl::StatusOr<std::string> text =
      sys::ReadFile(absl::StrCat("/proc/", process, "/status"), kMaxFile);
  if (!text.ok()) return 0;
  constexpr absl::string_view kField = "VmHWM:";
  const size_t at = text->find(kField.data(), 0, kField.size());
  uint64_t kilobytes = 0;
  if (at == std::string::npos) return 0;
  const std::string value =
      text->substr(at + kField.size(), text->find(" kB", at) - at - kField.size());
  return absl::SimpleAtoi(value, &kilobytes) ? kilobytes : 0;
}

}  // namespace

absl::StatusOr<uint64_t> MeasureMemory(const Entry& entry) {
  std::map<pid_t, uint64_t> largest;
  const std::vector<pid_t> before = ChildrenOf(::getpid());
  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;
  std::thread watcher([&] {
    constexpr auto kPause = std::chrono::milliseconds(5);
    std::unique_lock<std::mutex> lock(mutex);
    while (!changed.wait_for(lock, kPause, [&] { return ended; })) {
      std::vector<pid_t> open = ChildrenOf(::getpid());
      for (pid_t old : before) open.erase(std::remove(open.begin(), open.end(), old), open.end());
      while (!open.empty()) {
        const pid_t process = open.back();
        open.pop_back();
        uint64_t& most = largest[process];
        most = std::max(most, LargestResidentSet(process));
        for (pid_t child : ChildrenOf(process)) open.push_back(child);
      }
    }
  });
  const absl::StatusOr<Sample> sample = RunOnce(entry);
  {
    const std::lock_guard<std::mutex> lock(mutex);
    ended = true;
  }
  changed.notify_all();
  watcher.join();
  PELAGOS_RETURN_IF_ERROR(sample.status());
  uint64_t sum = 0;
  for (const auto& [process, kilobytes] : largest) sum += kilobytes;
  return sum << 10;
}

}  // namespace pelagos::benchmarks
