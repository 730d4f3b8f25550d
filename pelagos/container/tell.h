// Says in the journal of events (store/events.h) what happened to a container.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "pelagos/store/container.h"
#include "pelagos/store/events.h"
#include "pelagos/store/paths.h"

namespace pelagos::container {

// What has happened has happened: a journal that cannot be written stops nobody.
inline void Tell(const store::Roots& roots, const store::ContainerRecord& record,
                 store::EventAction action, std::optional<int> exit_code = std::nullopt,
                 const std::map<std::string, std::string>& more = {},
                 absl::string_view detail = "") {
  store::Event event;
  event.action = action;
  event.detail = std::string(detail);
  event.id = record.id;
  event.name = record.spec.name;
  event.image = record.spec.image;
  event.exit_code = exit_code;
  event.attributes = record.spec.lifecycle.labels;
  for (const auto& [key, value] : more) event.attributes[key] = value;
  store::AppendEvent(roots, std::move(event)).IgnoreError();
}

}  // namespace pelagos::container
