// DATA/containers/ID/health.json: what the probes of a container say, as others read it.
#pragma once

#include <string>

#include "pelagos/store/paths.h"

namespace pelagos::container {

// "starting", "healthy", "unhealthy", or "" for a container that has no check.
std::string ReadHealthStatus(const store::Roots& roots, const std::string& id);

}  // namespace pelagos::container
