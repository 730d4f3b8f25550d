// What a container is beside its launch: how it is kept, watched and started again. The monitor and
// the commands go by it (container/); the launch does not know it.
//
// A value, part of ContainerSpec.
#pragma once

#include <map>
#include <string>

#include "pelagos/policy/health_check.h"
#include "pelagos/policy/log_options.h"
#include "pelagos/policy/restart_policy.h"

namespace pelagos {

struct Lifecycle {
  bool remove = false;      // it goes when it ends, with its anonymous volumes
  bool open_stdin = false;  // who attaches can write to it
  RestartPolicy restart;
  HealthOptions health;  // see HealthOf
  LogOptions log;
  std::map<std::string, std::string> labels;

  friend bool operator==(const Lifecycle&, const Lifecycle&) = default;
};

}  // namespace pelagos
