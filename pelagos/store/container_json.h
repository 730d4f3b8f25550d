// Records of containers as JSON values. Internal to store/container*.cc.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "pelagos/store/container.h"

namespace pelagos::store {

nlohmann::json WriteRecord(const ContainerRecord& record);
nlohmann::json WriteState(const ContainerState& state);

// Bytes that are no UTF-8 (an environment value) are replaced.
std::string DumpRecord(const nlohmann::json& json);

}  // namespace pelagos::store
