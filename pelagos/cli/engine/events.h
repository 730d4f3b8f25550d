// `pelagos events`.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/listing.h"
#include "pelagos/store/events.h"

namespace pelagos::cli {

// "TIME container ACTION ID (KEY=VALUE, ...)", as docker-events(1) has it; without a new-line.
std::string EventText(const store::Event& event, absl::TimeZone zone);

// One line: the object that Docker's API gives, "Actor" and all.
std::string EventJson(const store::Event& event);

// Whether the filters (container, event, image, label, type) let it through.
bool EventPasses(const store::Event& event, const Filters& filters);

std::vector<Command> EventsCommands();

}  // namespace pelagos::cli
