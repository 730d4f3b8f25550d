// What a user asked for, of a whole stack: the value behind (compose ...).
//
// A value. Names here are the user's own ("db"); the store's names ("PROJECT-db") are made when a
// project is planned, see ScopedName.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/spec/container.h"

namespace pelagos {

// (depends-on SERVICE [PORT]): with a port, the dependent waits until it accepts TCP connections.
struct Dependency {
  std::string service;
  std::optional<uint16_t> port;
  Span span;
  friend bool operator==(const Dependency& a, const Dependency& b) {
    return a.service == b.service && a.port == b.port;
  }
};

struct ServiceSpec {
  std::string name;
  // Networks and volumes in it carry the user's names until ScopeService gave them the project's.
  ContainerSpec container;
  std::vector<std::string> networks;  // in the order of the interfaces; empty: the stack's first
  std::vector<Dependency> depends_on;
  Span span;

  friend bool operator==(const ServiceSpec& a, const ServiceSpec& b) {
    return a.name == b.name && a.container == b.container && a.networks == b.networks &&
           a.depends_on == b.depends_on;
  }
};

struct NetworkSpec {
  std::string name;
  std::string subnet;  // CIDR; empty: from the pool
  Span span;
  friend bool operator==(const NetworkSpec& a, const NetworkSpec& b) {
    return a.name == b.name && a.subnet == b.subnet;
  }
};

struct VolumeSpec {
  std::string name;
  Span span;
  friend bool operator==(const VolumeSpec& a, const VolumeSpec& b) { return a.name == b.name; }
};

struct ComposeSpec {
  std::vector<ServiceSpec> services;  // in the order of their declaration
  std::vector<NetworkSpec> networks;
  std::vector<VolumeSpec> volumes;

  friend bool operator==(const ComposeSpec&, const ComposeSpec&) = default;
};

// The name under which a project's thing is stored: "shop" and "db" give "shop-db".
inline std::string ScopedName(const std::string& project, const std::string& name) {
  return absl::StrCat(project, "-", name);
}

}  // namespace pelagos
