// The part of a spec's JSON that is about what the container's processes may do. Only what differs
// from the default is written. Internal to json.cc.
#pragma once

#include "pelagos/spec/container.h"
#include "pelagos/spec/json_node.h"

namespace pelagos::internal {

void WriteRights(const ContainerSpec& spec, Json& json);
void ReadRights(const Node& node, ContainerSpec& spec);

}  // namespace pelagos::internal
