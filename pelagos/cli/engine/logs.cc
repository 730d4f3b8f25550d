#include "pelagos/cli/engine/logs.h"

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/engine/log_printer.h"
#include "pelagos/cli/engine/look.h"
#include "pelagos/cli/engine/when.h"
#include "pelagos/container/claim.h"
#include "pelagos/container/inventory.h"
#include "pelagos/store/log.h"

namespace pelagos::cli {
namespace {

constexpr int kStdout = 1, kStderr = 2;

// "all", or a number of lines; a negative one is all too, as in Docker.
absl::StatusOr<std::optional<uint64_t>> ParseTail(const std::string& text) {
  int64_t lines = 0;
  if (text == "all") return std::optional<uint64_t>();
  if (!absl::SimpleAtoi(text, &lines)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is no number of lines; expected one, or all"));
  }
  if (lines < 0) return std::optional<uint64_t>();
  return std::optional<uint64_t>(static_cast<uint64_t>(lines));
}

absl::StatusOr<store::LogQuery> QueryFrom(const Arguments& args) {
  store::LogQuery query;
  const absl::Time now = absl::Now();
  PELAGOS_ASSIGN_OR_RETURN(query.tail, ParseTail(args.value("tail", "all")), "logs: --tail");
  if (args.has("since")) {
    PELAGOS_ASSIGN_OR_RETURN(query.since, ParseWhen(args.value("since"), now), "logs: --since");
  }
  if (args.has("until")) {
    PELAGOS_ASSIGN_OR_RETURN(query.until, ParseWhen(args.value("until"), now), "logs: --until");
  }
  return query;
}

// The folder of its log, if it has one.
absl::StatusOr<std::string> LogFolder(const store::Roots& roots, const container::Found& found) {
  if (found.kind == container::Kind::kForeground) {
    return absl::FailedPreconditionError(
        absl::StrCat("container '", found.name,
                     "' runs in the foreground: what it writes goes to where its `run` was "
                     "started, and is not kept; `run -d` keeps it"));
  }
  if (found.kind == container::Kind::kService) return roots.Container(found.id);
  if (found.record.spec.lifecycle.log.none) {
    return absl::FailedPreconditionError(
        absl::StrCat("container '", found.name, "' was made to keep no log"));
  }
  return roots.KeptContainer(found.id);
}

Followed WhatToFollow(const store::Roots& roots, const container::Found& found,
                      const std::string& folder, absl::Time until) {
  Followed followed;
  // What only a running one has goes with its end.
  followed.folders = {folder, roots.Container(found.id)};
  // A project says in its record that a service has ended.
  if (!found.project.empty()) followed.folders.push_back(roots.Project(found.project));
  for (const sys::ProcessIdentity& process : {found.state.monitor, found.state.init}) {
    if (process.pid > 0) followed.processes.push_back(process);
  }
  followed.ended = [&roots, id = found.id, monitor = found.state.monitor] {
    return (monitor.pid > 0 && !sys::IsAlive(monitor)) || !container::IsClaimed(roots, id);
  };
  followed.until = until;
  return followed;
}

int RunLogs(const Context& context, const Arguments& args) {
  if (args.positionals().size() != 1) {
    return Fail("logs: needs one container: pelagos logs [FLAGS] NAME", kUsage);
  }
  const absl::StatusOr<store::LogQuery> query = QueryFrom(args);
  if (!query.ok()) return Fail(query.status(), kUsage);
  const auto found = InventoryOf(context).Find(args.positionals()[0]);
  if (!found.ok()) return Fail(found.status());
  const absl::StatusOr<std::string> folder = LogFolder(context.roots, *found);
  if (!folder.ok()) return Fail(folder.status());

  LogPrinter printer(store::LogReader(absl::StrCat(*folder, "/log"), *query),
                     args.has("timestamps"), kStdout, kStderr);
  if (args.has("details")) printer.ShowDetails();
  const absl::Status status =
      args.has("follow")
          ? Follow(printer, WhatToFollow(context.roots, *found, *folder, query->until))
          : printer.PrintNew();
  if (!status.ok()) return Fail(status);
  if (printer.damaged() > 0) {
    return Fail(absl::StrCat("container '", found->name, "': ", printer.damaged(),
                             " lines of its log are damaged and were passed over"));
  }
  return kDone;
}

}  // namespace

std::vector<Command> LogsCommands() {
  return {
      {.name = "logs",
       .usage = "[FLAGS] NAME",
       .summary = "Print what a container wrote.",
       .example = "pelagos logs -f --tail 20 --since 10m web",
       .flags = {{"follow", 'f', "", "go on with what it writes, until it ends"},
                 {"tail", 'n', "LINES", "only the last lines (default: all)"},
                 {"since", 0, "TIME",
                  "only what was written since: 10m (ago), 2026-03-01T12:00:00Z, or seconds "
                  "since 1970"},
                 {"until", 0, "TIME", "only what was written until then"},
                 {"timestamps", 't', "", "with the time of each line"},
                 {"details", 0, "", "as Docker for a log without any: a blank before each line"}},
       .run = RunLogs}};
}

}  // namespace pelagos::cli
