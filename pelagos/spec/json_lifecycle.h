// The part of a spec's JSON that is about how a container is kept and started again, and about what
// it runs beside its command. Only what differs from the default is written. Internal to json*.cc
// and resolved_json.cc.
#pragma once

#include "pelagos/policy/health_check.h"
#include "pelagos/spec/container.h"
#include "pelagos/spec/json_node.h"

namespace pelagos::internal {

void WriteLifecycle(const ContainerSpec& spec, Json& json);
void ReadLifecycle(const Node& node, ContainerSpec& spec);

Json WriteHealth(const HealthCheck& health);
HealthCheck ReadHealth(const Node& node);

// An object of strings.
std::map<std::string, std::string> ReadTexts(const Node& node);

}  // namespace pelagos::internal
