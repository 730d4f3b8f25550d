// Records of containers as JSON values. Internal to store/container*.cc.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "pelagos/store/container.h"

namespace pelagos::store {

nlohmann::json WriteRecord(const ContainerRecord& record);
nlohmann::json WriteState(const ContainerState& state);

// Bytes that are no UTF-8 (of a command, an environment value) come back as they were:
// json_bytes.h.
std::string DumpRecord(nlohmann::json json);

}  // namespace pelagos::store
