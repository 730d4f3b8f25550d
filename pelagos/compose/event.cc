#include "pelagos/compose/event.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace pelagos::compose {
namespace {

constexpr std::array<std::pair<EventKind, const char*>, 9> kKinds = {{
    {EventKind::kStarting, "starting"},
    {EventKind::kReady, "ready"},
    {EventKind::kOutput, "output"},
    {EventKind::kWarning, "warning"},
    {EventKind::kFailed, "failed"},
    {EventKind::kStopping, "stopping"},
    {EventKind::kStopped, "stopped"},
    {EventKind::kUp, "up"},
    {EventKind::kDown, "down"},
}};

}  // namespace

std::string Encode(const Event& event) {
  nlohmann::json json = {{"kind", kKinds[static_cast<size_t>(event.kind)].second}};
  if (!event.service.empty()) json["service"] = event.service;
  if (!event.text.empty()) json["text"] = event.text;
  if (event.seconds != 0) json["seconds"] = event.seconds;
  if (!event.lines.empty()) json["lines"] = event.lines;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::optional<Event> Decode(absl::string_view line) {
  const nlohmann::json json =
      nlohmann::json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  try {
    const std::string name = json.at("kind");
    for (const auto& [kind, spelled] : kKinds) {
      if (name != spelled) continue;
      Event event{.kind = kind, .service = "", .text = "", .seconds = 0, .lines = {}};
      event.service = json.value("service", "");
      event.text = json.value("text", "");
      event.seconds = json.value("seconds", 0.0);
      event.lines = json.value("lines", std::vector<std::string>());
      return event;
    }
  } catch (const nlohmann::json::exception&) {
    // A field of the wrong type: no event.
  }
  return std::nullopt;
}

}  // namespace pelagos::compose
