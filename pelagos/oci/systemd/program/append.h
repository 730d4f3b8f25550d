// A DbusValue into a message of D-Bus.
#pragma once

#include <systemd/sd-bus.h>

#include "absl/status/status.h"
#include "pelagos/oci/systemd/properties.h"

namespace pelagos::oci {

// As a variant. InvalidArgument: the value is not of its type.
absl::Status AppendVariant(const DbusValue& value, sd_bus_message* message);

// a(sv): what StartTransientUnit and SetUnitProperties take.
absl::Status AppendProperties(const UnitProperties& properties, sd_bus_message* message);

}  // namespace pelagos::oci
