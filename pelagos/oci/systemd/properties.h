// Limits of a container as properties of its systemd unit, so that systemd, whenever it writes the
// unit's cgroup anew, writes what we wrote.
//
// Pure. What systemd has no property for is left to the cgroup's files, which get all limits anyway
// (cgroup_limits.h). Source: runc's docs/systemd.md, systemd.resource-control(5),
// org.freedesktop.systemd1(5).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pelagos/oci/cgroup_limits.h"
#include "pelagos/oci/config_resources.h"
#include "pelagos/oci/mistakes.h"
#include "pelagos/oci/systemd/unit.h"
#include "pelagos/oci/systemd/variant_text.h"
#include "pelagos/policy/device_rules.h"

namespace pelagos::oci {

struct UnitProperty {
  std::string name;
  DbusValue value;
  friend bool operator==(const UnitProperty&, const UnitProperty&) = default;
};
using UnitProperties = std::vector<UnitProperty>;

// Of limits that LimitWrites took. Where a controller is in v1 the property is v1's. What `version`
// of systemd does not know yet is left out.
UnitProperties LimitProperties(const Resources& resources, const CgroupFolders& folders,
                               int version);

// DevicePolicy and DeviceAllow. A list with denials cannot be said: then all is systemd's to allow,
// and the denials are ours.
UnitProperties DeviceProperties(const std::vector<DeviceRule>& rules);

// Annotations `org.systemd.property.NAME`. A NAME that ends in Sec is sent as NAME with USec, as
// runc does.
UnitProperties AnnotationProperties(const std::map<std::string, std::string>& annotations,
                                    Mistakes& mistakes);

// All of a new unit: where it is, that it is ours to manage, that nothing of it stays when it ends,
// and then `more`, of which a later one counts.
UnitProperties NewUnitProperties(const SystemdUnit& unit, const std::string& container,
                                 const CgroupFolders& folders, const UnitProperties& more);

}  // namespace pelagos::oci
