// PrintLogs: see project.h.

#include <algorithm>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/compose/project.h"
#include "pelagos/store/log.h"
#include "pelagos/sys/change_watch.h"
#include "pelagos/sys/event_loop.h"

namespace pelagos::compose {
namespace {

struct Followed {
  std::string service;
  std::string folder;
  store::LogReader reader;
  std::vector<store::LogRecord> records = {};  // a block, of which those from `next` on are new
  size_t next = 0;
  bool at_end = false;  // of what is there by now

  bool empty() const { return next == records.size(); }
  const store::LogRecord& front() const { return records[next]; }
};

class LogPrinter {
 public:
  LogPrinter(std::vector<Followed> logs, std::ostream& out, std::ostream& err)
      : logs_(std::move(logs)), out_(out), err_(err) {
    for (const Followed& log : logs_) width_ = std::max(width_, log.service.size());
  }

  // Prints what is new in all logs, by time. Of each it holds one block at a time.
  absl::Status PrintNew() {
    for (Followed& log : logs_) log.at_end = false;
    for (;;) {
      Followed* next = nullptr;
      for (Followed& log : logs_) {
        PELAGOS_RETURN_IF_ERROR(Fill(log));
        if (log.empty()) continue;
        if (next == nullptr || log.front().time < next->front().time) next = &log;
      }
      if (next == nullptr) break;
      const store::LogRecord& record = next->front();
      std::ostream& stream = record.stream == store::Stream::kStdout ? out_ : err_;
      stream << absl::StreamFormat("%-*s | ", static_cast<int>(width_), next->service)
             << record.text << "\n";
      ++next->next;
    }
    out_.flush();
    err_.flush();
    return absl::OkStatus();
  }

  const std::vector<Followed>& logs() const { return logs_; }

 private:
  static absl::Status Fill(Followed& log) {
    if (!log.empty() || log.at_end) return absl::OkStatus();
    PELAGOS_ASSIGN_OR_RETURN(log.records, log.reader.Next());
    log.next = 0;
    log.at_end = log.records.empty();
    return absl::OkStatus();
  }

  std::vector<Followed> logs_;
  std::ostream& out_;
  std::ostream& err_;
  size_t width_ = 0;
};

// Prints as the files grow, until the process that writes them has ended.
absl::Status Follow(LogPrinter& printer, const std::string& containers,
                    const sys::ProcessIdentity& until, const std::function<void(int)>& on_signal) {
  PELAGOS_ASSIGN_OR_RETURN(sys::EventLoop loop, sys::EventLoop::Create());
  if (on_signal) {
    PELAGOS_RETURN_IF_ERROR(loop.WatchSignals({SIGINT, SIGTERM, SIGHUP}, on_signal));
  }
  const absl::StatusOr<Fd> pidfd = sys::OpenPidfd(until);
  PELAGOS_ASSIGN_OR_RETURN(sys::ChangeWatch changes, sys::ChangeWatch::Create());
  const auto watch_folders = [&] {
    // Folders that are not there yet are announced by the folder above.
    changes.Add(containers, IN_CREATE).IgnoreError();
    for (const Followed& log : printer.logs()) {
      changes.Add(log.folder, sys::kFolderChanges).IgnoreError();
    }
  };
  absl::Status status;
  bool ended = !pidfd.ok();
  PELAGOS_RETURN_IF_ERROR(loop.Watch(changes.fd().get(), EPOLLIN, [&](uint32_t) {
    changes.Clear();
    watch_folders();
    status = printer.PrintNew();
  }));
  if (pidfd.ok()) {
    PELAGOS_RETURN_IF_ERROR(loop.Watch(pidfd->get(), EPOLLIN, [&](uint32_t) { ended = true; }));
  }
  watch_folders();
  // What was written before the watches stood.
  PELAGOS_RETURN_IF_ERROR(printer.PrintNew());
  PELAGOS_RETURN_IF_ERROR(loop.RunUntil([&] { return ended || !status.ok(); }));
  PELAGOS_RETURN_IF_ERROR(status);
  return printer.PrintNew();
}

}  // namespace

absl::Status PrintLogs(const store::Roots& roots, const std::string& project,
                       const std::string& service, bool follow, std::ostream& out,
                       std::ostream& err, const std::function<void(int)>& on_signal) {
  absl::StatusOr<store::ProjectRecord> record = store::ReadProject(roots, project);
  if (absl::IsNotFound(record.status())) {
    return absl::NotFoundError(absl::StrCat("no project '", project, "' found"));
  }
  if (!record.ok()) return record.status();
  std::vector<Followed> logs;
  for (const store::ServiceRecord& one : record->services) {
    if (!service.empty() && one.service != service) continue;
    const std::string folder = roots.Container(one.container);
    logs.push_back({one.service, folder, store::LogReader(absl::StrCat(folder, "/log"))});
  }
  if (logs.empty() && !service.empty()) {
    return absl::NotFoundError(
        absl::StrCat("service '", service, "' not found in project '", project, "'"));
  }
  LogPrinter printer(std::move(logs), out, err);
  if (!follow) return printer.PrintNew();
  return Follow(printer, roots.Containers(), record->supervisor, on_signal);
}

}  // namespace pelagos::compose
