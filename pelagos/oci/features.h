// The features document: what this runtime knows, whatever the host can do.
//
// Source: OCI runtime-spec features.md, features-linux.md.
#pragma once

#include <string>

namespace pelagos::oci {

std::string FeaturesJson();

}  // namespace pelagos::oci
