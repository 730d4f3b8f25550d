#include "pelagos/cli/engine/stats.h"

#include <unistd.h>

#include <iostream>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/listing.h"
#include "pelagos/cli/quantity.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/rootless.h"
#include "pelagos/sys/event_loop.h"

namespace pelagos::cli {
namespace {

using container::Found;
using container::Usage;

constexpr absl::Duration kBetween = absl::Seconds(1);
constexpr char kUnknown[] = "--";
constexpr size_t kShortId = 12, kWholeId = 64;

const std::vector<Column>& Columns() {
  static const auto& columns = *new std::vector<Column>{
      {"ID", "CONTAINER ID"},
      {"Name", "NAME"},
      {"CPUPerc", "CPU %"},
      {"MemUsage", "MEM USAGE / LIMIT"},
      {"MemPerc", "MEM %"},
      {"NetIO", "NET I/O"},
      {"BlockIO", "BLOCK I/O"},
      {"PIDs", "PIDS"},
      {"Container", "CONTAINER", /*standard=*/false},
  };
  return columns;
}

std::string Pair(const std::optional<uint64_t>& a, const std::optional<uint64_t>& b) {
  if (!a || !b) return absl::StrCat(kUnknown, " / ", kUnknown);
  return absl::StrCat(HumanSize(*a, 3), " / ", HumanSize(*b, 3));
}

std::vector<std::string> Cells(const Found& found, const std::optional<Usage>& before,
                               const std::optional<Usage>& after, bool whole) {
  const std::string id =
      !whole && found.id.size() == kWholeId ? found.id.substr(0, kShortId) : found.id;
  if (!after) {
    const std::string unknown = Pair(std::nullopt, std::nullopt);
    return {id, found.name, kUnknown, unknown, kUnknown, unknown, unknown, kUnknown, found.name};
  }
  const auto& memory = after->memory_bytes;
  const std::string percent =
      memory && after->memory_limit_bytes > 0
          ? absl::StrFormat("%.2f%%", 100.0 * static_cast<double>(*memory) /
                                          static_cast<double>(after->memory_limit_bytes))
          : kUnknown;
  return {id,
          found.name,
          before ? CpuPercent(*before, *after) : kUnknown,
          absl::StrCat(memory ? MemorySize(*memory) : kUnknown, " / ",
                       MemorySize(after->memory_limit_bytes)),
          percent,
          Pair(after->received_bytes, after->sent_bytes),
          Pair(after->read_bytes, after->written_bytes),
          after->threads ? absl::StrCat(*after->threads) : kUnknown,
          found.name};
}

// Of those that were named, or of all that run (`all`: or not).
absl::StatusOr<std::vector<Found>> Look(const container::Inventory& inventory,
                                        const std::vector<std::string>& names, bool all) {
  std::vector<Found> chosen;
  for (const std::string& name : names) {
    PELAGOS_ASSIGN_OR_RETURN(Found found, inventory.Find(name));
    chosen.push_back(std::move(found));
  }
  if (!names.empty()) return chosen;
  PELAGOS_ASSIGN_OR_RETURN(std::vector<Found> found, inventory.List());
  for (Found& one : found) {
    if (all || one.running()) chosen.push_back(std::move(one));
  }
  return chosen;
}

// By id; of those that run.
using Readings = std::map<std::string, Usage>;

absl::StatusOr<Readings> Read(const container::UsageReader& reader, const std::vector<Found>& all) {
  Readings readings;
  for (const Found& found : all) {
    absl::StatusOr<Usage> usage = reader.Read(found);
    if (absl::IsFailedPrecondition(usage.status())) continue;  // ended meanwhile
    PELAGOS_RETURN_IF_ERROR(usage.status());
    readings[found.id] = *usage;
  }
  return readings;
}

absl::Status Stats(const Context& context, const Arguments& args, const Listing& form) {
  const container::Inventory inventory(context.roots);
  PELAGOS_ASSIGN_OR_RETURN(const container::UsageReader reader, container::UsageReader::Open());
  PELAGOS_ASSIGN_OR_RETURN(sys::EventLoop loop, sys::EventLoop::Create());
  const bool clears = !form.json() && !args.has("no-stream") && ::isatty(STDOUT_FILENO) == 1;
  const auto look = [&] { return Look(inventory, args.positionals(), args.has("all")); };
  PELAGOS_ASSIGN_OR_RETURN(std::vector<Found> all, look());
  PELAGOS_ASSIGN_OR_RETURN(Readings before, Read(reader, all));
  for (;;) {
    bool due = false;
    loop.AddTimer(kBetween, [&due] { due = true; });
    PELAGOS_RETURN_IF_ERROR(loop.RunUntil([&due] { return due; }));
    if (!args.has("no-stream")) {
      PELAGOS_ASSIGN_OR_RETURN(all, look());
    }
    PELAGOS_ASSIGN_OR_RETURN(Readings after, Read(reader, all));
    Listing listing = form;
    for (const Found& found : all) {
      const auto usage = after.find(found.id), earlier = before.find(found.id);
      const bool known = usage != after.end();
      // Who was not named is shown only while it runs.
      if (!known && args.positionals().empty() && !args.has("all")) continue;
      listing.Add(
          {Cells(found,
                 earlier == before.end() ? std::nullopt : std::optional<Usage>(earlier->second),
                 known ? std::optional<Usage>(usage->second) : std::nullopt, listing.whole()),
           nullptr});
    }
    std::cout << (clears ? "\x1b[2J\x1b[H" : "") << listing.Text();
    if (!std::cout.flush() || args.has("no-stream")) return absl::OkStatus();
    before = std::move(after);
  }
}

int RunStats(const Context& context, const Arguments& args) {
  const auto form = Listing::From(args, Columns());
  if (!form.ok()) return Fail(absl::StrCat("stats: ", form.status().message()), kUsage);
  // What an ordinary user's containers do, only their user namespace may see.
  const auto entered = container::EnterIfRootless(context.roots);
  if (!entered.ok()) return Fail(entered.status());
  const absl::Status status = Stats(context, args, *form);
  return status.ok() ? kDone : Fail(status);
}

}  // namespace

std::string CpuPercent(const Usage& before, const Usage& after) {
  if (!before.cpu_nanoseconds || !after.cpu_nanoseconds ||
      after.at_nanoseconds <= before.at_nanoseconds) {
    return kUnknown;
  }
  // Less than before: processes that were counted one by one have ended, or it was started anew.
  const uint64_t used = *after.cpu_nanoseconds > *before.cpu_nanoseconds
                            ? *after.cpu_nanoseconds - *before.cpu_nanoseconds
                            : 0;
  return absl::StrFormat("%.2f%%",
                         100.0 * static_cast<double>(used) /
                             static_cast<double>(after.at_nanoseconds - before.at_nanoseconds));
}

std::string MemorySize(uint64_t bytes) {
  auto value = static_cast<double>(bytes);
  const char* unit = "B";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB", "PiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return absl::StrFormat("%.4g%s", value, unit);
}

std::vector<Command> StatsCommands() {
  return {{.name = "stats",
           .usage = "[FLAGS] [NAME...]",
           .summary = "Show what running containers use, once a second.",
           .example = "pelagos stats --no-stream --format json web",
           .flags = {{"all", 'a', "", "those that do not run too"},
                     {"no-stream", 0, "", "once: what was used within a second"},
                     kFormatFlag,
                     kJsonFlag,
                     kNoTruncFlag},
           .run = RunStats}};
}

}  // namespace pelagos::cli
