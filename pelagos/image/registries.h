// What config.toml says about registries.
//
//   [images]
//   default_registry = "registry.example.com"     # for names without any: "redis"
//   max_bytes = 10_000_000_000                     # what an image may unpack to, and
//   max_entries = 500_000                          # of how many files; as --max-bytes and so on
//
//   [mirrors]                                      # tried in order, then the registry itself
//   "docker.io" = ["https://mirror.example.com", "http://10.0.0.2:5000/hub"]
//
//   [registries."registry.example.com:5000"]
//   insecure = true                                # TLS without checks, plain HTTP where there is
//   none ca = "/etc/pelagos/example.pem"                # the authority of its certificate
//
//   [transfers]
//   parallel = 6                                   # layers at a time
//   attempts = 6                                   # of one request
//   stall_seconds = 30
//
// The file is $PELAGOS_CONFIG, or /etc/pelagos/config.toml for root, or pelagos/config.toml in
// $XDG_CONFIG_HOME or ~/.config. Other tables in it are others' business.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/endpoint.h"
#include "pelagos/image/reference.h"

namespace pelagos::image {

struct RegistriesConfig {
  struct Registry {
    bool insecure = false;
    std::string ca;
    friend bool operator==(const Registry&, const Registry&) = default;
  };
  std::string default_registry = std::string(kDefaultRegistry);
  std::map<std::string, std::vector<std::string>> mirrors;  // by registry: URLs
  std::map<std::string, Registry> registries;
  uint64_t max_bytes = 0, max_entries = 0;  // 0: not said
  uint32_t parallel = 6, attempts = 6, stall_seconds = 30, backoff_millis = 500;

  friend bool operator==(const RegistriesConfig&, const RegistriesConfig&) = default;
};

// InvalidArgument: "NAME:LINE:COLUMN: what is wrong, and what was expected".
absl::StatusOr<RegistriesConfig> ParseRegistriesConfig(absl::string_view toml,
                                                       absl::string_view name);

// The file's path; empty if there is no place for it.
std::string ConfigFilePath();
// Without a file: what stands above as defaults.
absl::StatusOr<RegistriesConfig> ReadRegistriesConfig();

// A name as a user writes it: bare names are of $PELAGOS_DEFAULT_REGISTRY or the file's
// default_registry. Reads the file only for bare names.
absl::StatusOr<Reference> ResolveReference(absl::string_view written);

// Where to look for an image of `registry`: its mirrors, then itself. Without credentials.
// `insecure` as the flag --insecure.
std::vector<Endpoint> EndpointsFor(const RegistriesConfig& config, const std::string& registry,
                                   bool insecure);

}  // namespace pelagos::image
