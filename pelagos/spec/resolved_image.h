// An image as the planner sees it: paths and values, no store.
//
// Source: image-spec, config.md ("Properties"), passwd(5) and group(5) inside the image.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pelagos/policy/health_check.h"

namespace pelagos {

struct ResolvedImage {
  std::string reference;            // as the store knows it, "docker.io/library/redis:7"
  std::string digest;               // of the manifest, "sha256:..."
  std::vector<std::string> layers;  // host folders, top first; at least one
  std::vector<std::string> env;     // KEY=VALUE
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::string workdir;      // empty: "/"
  std::string user;         // as the config writes it; empty: root
  std::string stop_signal;  // empty: SIGTERM
  std::map<std::string, std::string> labels = {};
  std::vector<std::string> exposed_ports = {};  // "80/tcp"
  std::vector<std::string> volumes = {};        // folders that are meant to be volumes
  std::optional<HealthCheck> health = {};

  friend bool operator==(const ResolvedImage&, const ResolvedImage&) = default;
};

// Who a process is, looked up in the image's passwd and group files.
struct ResolvedUser {
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::vector<uint32_t> groups;  // supplementary, without gid
  std::string home = "/";

  friend bool operator==(const ResolvedUser&, const ResolvedUser&) = default;
};

}  // namespace pelagos
