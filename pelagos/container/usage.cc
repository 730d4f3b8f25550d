#include "pelagos/container/usage.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/cgroup_counters.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"

namespace pelagos::container {
namespace {

constexpr size_t kMostProcFile = 4 << 20;
constexpr uint64_t kKibi = 1024;

// The folder that is the container's own in a hierarchy of v1; "" if there is none.
std::string InV1(const OwnCgroups& own, const char* controller) {
  const auto found = own.v1.find(controller);
  return found == own.v1.end() ? "" : found->second;
}

// "KEY:   N kB" of a file of /proc.
std::optional<uint64_t> ReadKibibytes(const std::string& path, absl::string_view key) {
  const auto text = sys::ReadFile(path, kMostProcFile);
  if (!text.ok()) return std::nullopt;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    uint64_t kibibytes = 0;
    if (absl::ConsumePrefix(&line, key) && absl::ConsumePrefix(&line, ":") &&
        absl::ConsumeSuffix(&line, "kB") &&
        absl::SimpleAtoi(absl::StripAsciiWhitespace(line), &kibibytes)) {
      return kibibytes * kKibi;
    }
  }
  return std::nullopt;
}

uint64_t Monotonic() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

std::optional<uint64_t> ReadCpu(const OwnCgroups& own) {
  constexpr uint64_t kMicro = 1000;
  if (const std::string folder = InV1(own, "cpuacct"); !folder.empty()) {
    if (const auto usage = sys::ReadCounter(folder + "/cpuacct.usage")) return usage;
  }
  if (own.v2.empty()) return std::nullopt;
  // Counted without the controller too.
  const sys::CounterTable table = sys::ReadCounterTable(own.v2 + "/cpu.stat");
  const auto found = table.find("usage_usec");
  if (found == table.end()) return std::nullopt;
  return found->second * kMicro;
}

void ReadDisks(const OwnCgroups& own, Usage& usage) {
  const std::string v1 = InV1(own, "blkio");
  std::vector<sys::DeviceCount> bytes;
  struct stat info;
  if (!v1.empty()) {
    bytes = sys::ReadDeviceCounts1(v1).bytes;
  } else if (!own.v2.empty() && ::stat((own.v2 + "/io.stat").c_str(), &info) == 0) {
    bytes = sys::ReadDeviceCounts2(own.v2).bytes;
  } else {
    return;
  }
  uint64_t read = 0, written = 0;
  for (const sys::DeviceCount& count : bytes) {
    if (count.op == "Read") read += count.value;
    if (count.op == "Write") written += count.value;
  }
  usage.read_bytes = read;
  usage.written_bytes = written;
}

// Nothing of a container that has the host's network: it is not its own.
void ReadNetwork(pid_t init, Usage& usage) {
  const std::string process = absl::StrCat("/proc/", init);
  struct stat its, ours;
  if (::stat((process + "/ns/net").c_str(), &its) != 0 || ::stat("/proc/self/ns/net", &ours) != 0 ||
      (its.st_ino == ours.st_ino && its.st_dev == ours.st_dev)) {
    return;
  }
  const auto text = sys::ReadFile(process + "/net/dev", kMostProcFile);
  if (!text.ok()) return;
  const NetworkBytes bytes = ParseNetworkBytes(*text);
  usage.received_bytes = bytes.received;
  usage.sent_bytes = bytes.sent;
}

}  // namespace

NetworkBytes ParseNetworkBytes(absl::string_view text) {
  // "  eth0: BYTES PACKETS ... (8 columns of receiving) BYTES ..."
  constexpr size_t kSent = 8;
  NetworkBytes sum;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> halves = absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (halves.size() != 2 || absl::StripAsciiWhitespace(halves[0]) == "lo") continue;
    const std::vector<absl::string_view> counts = absl::StrSplit(halves[1], ' ', absl::SkipEmpty());
    uint64_t received = 0, sent = 0;
    if (counts.size() <= kSent || !absl::SimpleAtoi(counts[0], &received) ||
        !absl::SimpleAtoi(counts[kSent], &sent)) {
      continue;
    }
    sum.received += received;
    sum.sent += sent;
  }
  return sum;
}

absl::StatusOr<UsageReader> UsageReader::Open() {
  UsageReader reader;
  PELAGOS_ASSIGN_OR_RETURN(reader.mounts_, sys::ReadCgroupMounts());
  const std::optional<uint64_t> memory = ReadKibibytes("/proc/meminfo", "MemTotal");
  if (!memory) return absl::InternalError("/proc/meminfo does not say how much memory there is");
  reader.machine_bytes_ = *memory;
  return reader;
}

void UsageReader::ReadMemory(const OwnCgroups& own, Usage& usage) const {
  usage.memory_limit_bytes = machine_bytes_;
  const auto take = [&](const std::string& folder, const char* used, const char* limit,
                        const char* inactive) {
    const std::optional<uint64_t> bytes = sys::ReadCounter(folder + used);
    if (!bytes) return;
    const uint64_t droppable =
        sys::CounterOf(sys::ReadCounterTable(folder + "/memory.stat"), inactive);
    usage.memory_bytes = *bytes - std::min(*bytes, droppable);
    usage.memory_limit_bytes =
        std::min(machine_bytes_, sys::ReadCounter(folder + limit).value_or(machine_bytes_));
  };
  if (const std::string v1 = InV1(own, "memory"); !v1.empty()) {
    take(v1, "/memory.usage_in_bytes", "/memory.limit_in_bytes", "total_inactive_file");
  }
  if (!usage.memory_bytes && !own.v2.empty()) {
    take(own.v2, "/memory.current", "/memory.max", "inactive_file");
  }
}

absl::StatusOr<Usage> UsageReader::Read(const Found& found) const {
  PELAGOS_ASSIGN_OR_RETURN(const OwnCgroups own, FindOwnCgroups(found, mounts_));
  Usage usage;
  usage.at_nanoseconds = Monotonic();
  usage.cpu_nanoseconds = ReadCpu(own);
  ReadMemory(own, usage);
  ReadDisks(own, usage);
  ReadNetwork(found.state.init.pid, usage);
  if (const std::string v1 = InV1(own, "pids"); !v1.empty()) {
    usage.threads = sys::ReadCounter(v1 + "/pids.current");
  } else if (!own.v2.empty()) {
    usage.threads = sys::ReadCounter(own.v2 + "/pids.current");
  }
  if (usage.threads && usage.memory_bytes && usage.cpu_nanoseconds) {
    return sys::IsAlive(found.state.init) ? absl::StatusOr<Usage>(usage)
                                          : absl::FailedPreconditionError(absl::StrCat(
                                                "container '", found.name, "' does not run"));
  }
  const auto processes = ReadProcessesOf(found, own);
  if (!processes.ok()) {
    // It has nothing of its own by which its processes could be told: that stays unknown.
    if (sys::IsAlive(found.state.init)) return usage;
    return processes.status();
  }
  const uint64_t tick = 1'000'000'000 / static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  uint64_t threads = 0, memory = 0, cpu = 0;
  bool all_known = true;
  for (const ProcessInfo& process : *processes) {
    threads += process.threads;
    cpu += (process.user_ticks + process.system_ticks) * tick;
    if (usage.memory_bytes) continue;
    const auto share = ReadKibibytes(absl::StrCat("/proc/", process.pid, "/smaps_rollup"), "Pss");
    // One that is ending has no memory any more.
    if (!share && process.state != 'Z' && process.resident_bytes > 0) all_known = false;
    memory += share.value_or(0);
  }
  if (!usage.threads) usage.threads = threads;
  if (!usage.cpu_nanoseconds) usage.cpu_nanoseconds = cpu;
  if (!usage.memory_bytes && all_known) usage.memory_bytes = memory;
  return usage;
}

}  // namespace pelagos::container
