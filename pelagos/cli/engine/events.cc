#include "pelagos/cli/engine/events.h"

#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/engine/when.h"
#include "pelagos/cli/quantity.h"
#include "pelagos/store/line_reader.h"
#include "pelagos/sys/change_watch.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

using Json = nlohmann::ordered_json;

// "health_status: healthy".
std::string ActionText(const store::Event& event) {
  return absl::StrCat(std::string(store::NameOf(event.action)), event.detail.empty() ? "" : ": ",
                      event.detail);
}

// All that Docker's "Actor" has.
std::map<std::string, std::string> AttributesOf(const store::Event& event) {
  std::map<std::string, std::string> all = event.attributes;
  all["image"] = event.image;
  all["name"] = event.name;
  if (event.exit_code) all["exitCode"] = absl::StrCat(*event.exit_code);
  return all;
}

struct Window {
  absl::Time since, until;  // both belong to it
};

absl::StatusOr<Window> WindowFrom(const Arguments& args, absl::Time now) {
  // Without --since or --until: what happens from now on.
  Window window = {args.has("until") ? absl::InfinitePast() : now, absl::InfiniteFuture()};
  if (args.has("since")) {
    PELAGOS_ASSIGN_OR_RETURN(window.since, ParseWhen(args.value("since"), now), "events: --since");
  }
  if (args.has("until")) {
    PELAGOS_ASSIGN_OR_RETURN(window.until, ParseWhen(args.value("until"), now), "events: --until");
  }
  return window;
}

// The folder that says when `path` is there: itself, or the nearest above it that is.
void WatchFor(sys::ChangeWatch& changes, std::string path) {
  absl::Status status = changes.Add(path, sys::kFolderChanges);
  while (!status.ok() && path != "/" && path != ".") {
    path = sys::FolderOf(path);
    status = changes.Add(path, IN_CREATE | IN_MOVED_TO);
  }
}

// Prints by `print` what is in the window, and goes on until it ends.
absl::Status Follow(const store::Roots& roots, const Window& window,
                    const std::function<void(const store::Event&)>& print) {
  PELAGOS_ASSIGN_OR_RETURN(sys::EventLoop loop, sys::EventLoop::Create());
  PELAGOS_ASSIGN_OR_RETURN(sys::ChangeWatch changes, sys::ChangeWatch::Create());
  store::EventReader reader(roots);
  PELAGOS_RETURN_IF_ERROR(loop.Watch(changes.fd().get(), EPOLLIN, [&](uint32_t) {
    changes.Clear();
    WatchFor(changes, roots.run);
  }));
  WatchFor(changes, roots.run);
  bool over = window.until <= absl::Now();
  if (!over && window.until != absl::InfiniteFuture()) {
    loop.AddTimer(window.until - absl::Now(), [&over] { over = true; });
  }
  for (;;) {
    const bool last = over;
    for (;;) {
      PELAGOS_ASSIGN_OR_RETURN(const std::vector<store::Event> events, reader.Next());
      if (events.empty()) break;
      for (const store::Event& event : events) {
        const absl::Time at = TimeOf(event.time);
        if (at >= window.since && at <= window.until) print(event);
      }
    }
    if (!std::cout.flush()) return absl::OkStatus();  // nobody listens any more
    if (last) return absl::OkStatus();
    PELAGOS_RETURN_IF_ERROR(loop.Step());
  }
}

int RunEvents(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("events: unexpected argument '", args.positionals()[0], "'"), kUsage);
  }
  const std::string format = args.has("json") ? "json" : args.value("format", "table");
  if (format != "table" && format != "json") {
    return Fail(absl::StrCat("events: unknown format '", format, "': expected 'table' or 'json'"),
                kUsage);
  }
  const auto filters = Filters::From(args, {"container", "event", "image", "label", "type"});
  if (!filters.ok()) return Fail(absl::StrCat("events: ", filters.status().message()), kUsage);
  for (const std::string& name : filters->values("event")) {
    if (!store::FindEventAction(name.substr(0, name.find(':')))) {
      return Fail(absl::StrCat("events: '", name, "' is no event; expected one of: ",
                               absl::StrJoin(store::EventActionNames(), ", ")),
                  kUsage);
    }
  }
  const auto window = WindowFrom(args, absl::Now());
  if (!window.ok()) return Fail(window.status(), kUsage);
  const absl::TimeZone zone = absl::LocalTimeZone();
  const absl::Status status = Follow(context.roots, *window, [&](const store::Event& event) {
    if (!EventPasses(event, *filters)) return;
    std::cout << (format == "json" ? EventJson(event) : EventText(event, zone)) << "\n";
  });
  return status.ok() ? kDone : Fail(status);
}

}  // namespace

std::string EventText(const store::Event& event, absl::TimeZone zone) {
  const absl::Time at = TimeOf(event.time);
  std::string text = absl::StrCat(
      absl::FormatTime("%Y-%m-%dT%H:%M:%E9S%Ez", at, zone), " container ", ActionText(event), " ",
      event.id, " (", absl::StrJoin(AttributesOf(event), ", ", absl::PairFormatter("=")), ")");
  // What a label or a command holds must not move a terminal's cursor.
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

std::string EventJson(const store::Event& event) {
  const int64_t nanoseconds = absl::ToUnixNanos(TimeOf(event.time));
  const std::string action = ActionText(event);
  Json attributes = Json::object();
  for (const auto& [key, value] : AttributesOf(event)) attributes[key] = value;
  const Json json = {
      {"status", action},       {"id", event.id},
      {"from", event.image},    {"Type", "container"},
      {"Action", action},       {"Actor", {{"ID", event.id}, {"Attributes", attributes}}},
      {"scope", "local"},       {"time", nanoseconds / 1'000'000'000},
      {"timeNano", nanoseconds}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool EventPasses(const store::Event& event, const Filters& filters) {
  const auto is_container = [&](const std::string& value) {
    return event.name == value || event.id == value ||
           (value.size() >= 4 && absl::StartsWith(event.id, value));
  };
  const auto is_action = [&](const std::string& value) {
    return value == store::NameOf(event.action) || value == ActionText(event);
  };
  const auto is_image = [&](const std::string& value) {
    return event.image == value || event.image.substr(0, event.image.rfind(':')) == value;
  };
  return filters.Any("container", is_container) && filters.Any("event", is_action) &&
         filters.Any("image", is_image) && filters.Is("type", "container") &&
         filters.All("label",
                     [&](const std::string& value) { return HasLabel(event.attributes, value); });
}

std::vector<Command> EventsCommands() {
  return {{.name = "events",
           .usage = "[FLAGS]",
           .summary = "Print what becomes of containers, as it happens.",
           .example = "pelagos events --since 1h --filter container=web --filter event=die",
           .flags = {{"since", 0, "TIME",
                      "what happened since too: 10m (ago), 2026-03-01T12:00:00Z, or seconds "
                      "since 1970"},
                     {"until", 0, "TIME", "end then; without --since: all that is known before it"},
                     kFilterFlag,
                     {"format", 0, "FORMAT", "table (default), or json: an object a line"},
                     {"json", 0, "", "the same as --format json"}},
           .run = RunEvents}};
}

}  // namespace pelagos::cli
