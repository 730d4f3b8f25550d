// Networks as commands show them: those that are there, and those that `network create` defined.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/net/endpoint.h"
#include "pelagos/net/record.h"
#include "pelagos/store/paths.h"

namespace pelagos::cli {

struct NetworkView {
  net::NetworkRecord record;
  bool up = false;  // it is there: a container is in it, or its project is up
};

// By name. Makes and changes nothing.
absl::StatusOr<std::vector<NetworkView>> ListNetworks(const store::Roots& roots);

// NotFound suggests one that there is.
absl::StatusOr<NetworkView> FindNetwork(const store::Roots& roots, const std::string& name);

// As `docker network inspect` prints it, with ours below; `endpoints` are those of all containers.
nlohmann::ordered_json NetworkJson(const store::Roots& roots, const NetworkView& view,
                                   const std::vector<net::Endpoint>& endpoints);

// What all containers got; empty where there never was a network.
absl::StatusOr<std::vector<net::Endpoint>> ListEndpoints(const store::Roots& roots);

}  // namespace pelagos::cli
