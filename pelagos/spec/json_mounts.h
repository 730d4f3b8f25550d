// Mounts and devices in specs' JSON. Internal to json.cc.
#pragma once

#include "pelagos/policy/device.h"
#include "pelagos/policy/mount_plan.h"
#include "pelagos/spec/json_node.h"

namespace pelagos::internal {

// Only what differs from the default is written.
Json WriteMount(const Mount& mount);
Mount ReadMount(const Node& node);

Json WriteDevices(const std::vector<Device>& devices);
Device ReadDevice(const Node& node);

}  // namespace pelagos::internal
