#include "pelagos/store/events.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::store {
namespace {

using Json = nlohmann::ordered_json;

// In the order of EventAction.
constexpr absl::string_view kActions[] = {
    "create",       "start",          "die",      "oom",           "stop",
    "kill",         "pause",          "unpause",  "health_status", "rename",
    "update",       "destroy",        "restart",  "attach",        "detach",
    "exec_create",  "exec_start",     "exec_die", "exec_detach",   "commit",
    "archive-path", "extract-to-dir", "export",
};
static_assert(std::size(kActions) == static_cast<size_t>(EventAction::kExport) + 1);

// The journal, open to append. `held`: nobody puts it away meanwhile, unless he was faster.
absl::StatusOr<Fd> OpenJournal(const std::string& file) {
  Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return ErrnoStatus(errno, "open", file);
  return fd;
}

// Whether the file is still what `file` is called.
bool IsCurrent(const struct stat& info, const std::string& file) {
  struct stat now;
  return ::lstat(file.c_str(), &now) == 0 && now.st_ino == info.st_ino && now.st_dev == info.st_dev;
}

// Puts a full journal away. Who appends holds a shared lock for that long; while there is one, or
// somebody else does it, the next will.
void PutAway(const Fd& fd, const struct stat& info, const std::string& file) {
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 || !IsCurrent(info, file)) return;
  // If that does not work it is tried again with the next event.
  (void)::rename(file.c_str(), absl::StrCat(file, ".1").c_str());
}

std::string Text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

absl::string_view NameOf(EventAction action) { return kActions[static_cast<size_t>(action)]; }

std::optional<EventAction> FindEventAction(absl::string_view name) {
  const auto* found = std::find(std::begin(kActions), std::end(kActions), name);
  if (found == std::end(kActions)) return std::nullopt;
  return static_cast<EventAction>(found - std::begin(kActions));
}

std::vector<absl::string_view> EventActionNames() {
  return {std::begin(kActions), std::end(kActions)};
}

std::string EventsFile(const Roots& roots) { return absl::StrCat(roots.run, "/events"); }

std::string ToJson(const Event& event) {
  Json json = {
      {"time", event.time}, {"type", "container"}, {"action", std::string(NameOf(event.action))}};
  if (!event.detail.empty()) json["detail"] = event.detail;
  json["id"] = event.id;
  json["name"] = event.name;
  json["image"] = event.image;
  if (event.exit_code) json["exitCode"] = *event.exit_code;
  json["attributes"] = Json::object();
  for (const auto& [key, value] : event.attributes) json["attributes"][key] = value;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Event> EventFromJson(absl::string_view line) {
  const Json json = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || Text(json, "type") != "container") return std::nullopt;
  const std::optional<EventAction> action = FindEventAction(Text(json, "action"));
  Event event;
  event.time = Text(json, "time");
  event.id = Text(json, "id");
  if (!action || event.time.empty() || event.id.empty()) return std::nullopt;
  event.action = *action;
  event.detail = Text(json, "detail");
  event.name = Text(json, "name");
  event.image = Text(json, "image");
  if (const auto code = json.find("exitCode"); code != json.end() && code->is_number_integer()) {
    event.exit_code = code->get<int>();
  }
  if (const auto all = json.find("attributes"); all != json.end() && all->is_object()) {
    for (const auto& [key, value] : all->items()) {
      if (value.is_string()) event.attributes[key] = value.get<std::string>();
    }
  }
  return event;
}

absl::Status AppendEvent(const Roots& roots, Event event) {
  const std::string file = EventsFile(roots);
  if (event.time.empty()) {
    event.time = absl::FormatTime("%Y-%m-%dT%H:%M:%E9SZ", absl::Now(), absl::UTCTimeZone());
  }
  std::string line = ToJson(event);
  if (line.size() >= kMostEvent) {
    const size_t count = event.attributes.size();
    event.attributes = {{"attributesLeftOut", absl::StrCat(count)}};
    event.detail.resize(std::min<size_t>(event.detail.size(), 1024));
    line = ToJson(event);
  }
  line.push_back('\n');

  absl::StatusOr<Fd> fd = OpenJournal(file);
  if (!fd.ok() && FindErrno(fd.status()) == ENOENT) {
    PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(roots.run, 0700));
    fd = OpenJournal(file);
  }
  struct stat info = {};
  for (int attempt = 0;; ++attempt) {
    if (!fd.ok()) return fd.status();
    // Where it is not to be had at once, that is no reason to wait.
    (void)::flock(fd->get(), LOCK_SH | LOCK_NB);
    if (::fstat(fd->get(), &info) != 0) return ErrnoStatus(errno, "fstat", file);
    const bool current = IsCurrent(info, file);
    const bool full = current && static_cast<size_t>(info.st_size) + line.size() > kMostJournal;
    if (full) PutAway(*fd, info, file);
    if ((current && !full) || attempt == 2) break;
    fd = OpenJournal(file);
  }
  // The event before may have been cut short by a full disk: this one gets a line of its own.
  char last = '\n';
  if (info.st_size > 0 && ::pread(fd->get(), &last, 1, info.st_size - 1) == 1 && last != '\n') {
    line = absl::StrCat("\n", line);
  }
  ssize_t written;
  do {
    written = ::write(fd->get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written < 0) return ErrnoStatus(errno, "write", file);
  if (static_cast<size_t>(written) != line.size()) return ErrnoStatus(ENOSPC, "write", file);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Event>> EventReader::Next() {
  std::vector<Event> events;
  if (!lines_.begun()) {
    PELAGOS_ASSIGN_OR_RETURN(const bool begun, lines_.Begin());
    if (!begun) return events;
  }
  const auto on_line = [&](std::optional<absl::string_view> line) {
    if (line && line->empty()) return;
    std::optional<Event> event = line ? EventFromJson(*line) : std::nullopt;
    if (!event) {
      ++damaged_;
    } else {
      events.push_back(*std::move(event));
    }
  };
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(const bool more, lines_.Next(on_line));
    if (!more || !events.empty()) return events;
  }
}

}  // namespace pelagos::store
