#include "pelagos/image/registries.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include "toml++/toml.h"

namespace pelagos::image {
namespace {

constexpr size_t kMaxConfigFile = size_t{1} << 20;
constexpr uint32_t kMostParallel = 64;
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

class Reader {
 public:
  explicit Reader(absl::string_view name) : name_(name) {}

  absl::Status Wrong(const toml::node& node, absl::string_view key,
                     absl::string_view expected) const {
    return absl::InvalidArgumentError(absl::StrCat(name_, ":", node.source().begin.line, ":",
                                                   node.source().begin.column, ": '", key,
                                                   "' must be ", expected));
  }
  // The table of that name; null if there is none.
  absl::StatusOr<const toml::table*> Table(const toml::table& in, const char* key) const {
    const toml::node* node = in.get(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) return Wrong(*node, key, "a table");
    return node->as_table();
  }
  absl::Status Text(const toml::table& in, const char* key, std::string& out) const {
    const toml::node* node = in.get(key);
    if (node == nullptr) return absl::OkStatus();
    if (!node->is_string()) return Wrong(*node, key, "a string");
    out = node->as_string()->get();
    return absl::OkStatus();
  }
  absl::Status Bool(const toml::table& in, const char* key, bool& out) const {
    const toml::node* node = in.get(key);
    if (node == nullptr) return absl::OkStatus();
    if (!node->is_boolean()) return Wrong(*node, key, "true or false");
    out = node->as_boolean()->get();
    return absl::OkStatus();
  }
  template <typename T>
  absl::Status Number(const toml::table& in, const char* key, int64_t most, T& out) const {
    const toml::node* node = in.get(key);
    if (node == nullptr) return absl::OkStatus();
    const auto* number = node->as_integer();
    if (number == nullptr || number->get() < 1 || number->get() > most) {
      return Wrong(*node, key, absl::StrCat("a number from 1 to ", most));
    }
    out = static_cast<T>(number->get());
    return absl::OkStatus();
  }
  // Keys that nobody knows are mistakes.
  absl::Status OnlyKnows(const toml::table& table, std::initializer_list<absl::string_view> keys,
                         absl::string_view where) const {
    for (auto&& [key, node] : table) {
      const absl::string_view name(key.str().data(), key.str().size());
      if (std::find(keys.begin(), keys.end(), name) != keys.end()) continue;
      return absl::InvalidArgumentError(absl::StrCat(name_, ":", key.source().begin.line, ":",
                                                     key.source().begin.column, ": unknown key '",
                                                     name, "' in [", where, "]"));
    }
    return absl::OkStatus();
  }

 private:
  absl::string_view name_;
};

absl::Status ReadMirrors(const Reader& reader, const toml::table& mirrors,
                         RegistriesConfig& config) {
  for (auto&& [key, node] : mirrors) {
    const std::string registry(key.str());
    const char* expected = "a list of URLs, as [\"https://mirror.example.com\"]";
    if (!node.is_array()) return reader.Wrong(node, registry, expected);
    for (const toml::node& item : *node.as_array()) {
      const std::string url = item.is_string() ? item.as_string()->get() : "";
      if (!absl::StartsWith(url, "https://") && !absl::StartsWith(url, "http://")) {
        return reader.Wrong(item, registry, expected);
      }
      config.mirrors[registry].emplace_back(absl::StripSuffix(url, "/"));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadRegistries(const Reader& reader, const toml::table& registries,
                            RegistriesConfig& config) {
  for (auto&& [key, node] : registries) {
    const std::string name(key.str());
    const toml::table* table = node.as_table();
    if (table == nullptr) return reader.Wrong(node, name, "a table");
    PELAGOS_RETURN_IF_ERROR(
        reader.OnlyKnows(*table, {"insecure", "ca"}, absl::StrCat("registries.\"", name, "\"")));
    RegistriesConfig::Registry& registry = config.registries[name];
    PELAGOS_RETURN_IF_ERROR(reader.Bool(*table, "insecure", registry.insecure));
    PELAGOS_RETURN_IF_ERROR(reader.Text(*table, "ca", registry.ca));
    if (!registry.ca.empty() && registry.ca[0] != '/') {
      return reader.Wrong(*table->get("ca"), "ca", "an absolute path");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RegistriesConfig> ParseRegistriesConfig(absl::string_view text,
                                                       absl::string_view name) {
  const toml::parse_result parsed =
      toml::parse(std::string_view(text.data(), text.size()), std::string(name));
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return absl::InvalidArgumentError(
        absl::StrCat(name, ":", error.source().begin.line, ":", error.source().begin.column, ": ",
                     absl::string_view(error.description().data(), error.description().size())));
  }
  const toml::table& root = parsed.table();
  const Reader reader(name);
  RegistriesConfig config;
  PELAGOS_ASSIGN_OR_RETURN(const toml::table* images, reader.Table(root, "images"));
  if (images != nullptr) {
    PELAGOS_RETURN_IF_ERROR(
        reader.OnlyKnows(*images, {"default_registry", "max_bytes", "max_entries"}, "images"));
    PELAGOS_RETURN_IF_ERROR(reader.Number(*images, "max_bytes", kMost, config.max_bytes));
    PELAGOS_RETURN_IF_ERROR(reader.Number(*images, "max_entries", kMost, config.max_entries));
    PELAGOS_RETURN_IF_ERROR(reader.Text(*images, "default_registry", config.default_registry));
    if (!internal::IsRegistry(config.default_registry)) {
      return reader.Wrong(*images->get("default_registry"), "default_registry",
                          "the host[:port] of a registry");
    }
  }
  PELAGOS_ASSIGN_OR_RETURN(const toml::table* mirrors, reader.Table(root, "mirrors"));
  if (mirrors != nullptr) PELAGOS_RETURN_IF_ERROR(ReadMirrors(reader, *mirrors, config));
  PELAGOS_ASSIGN_OR_RETURN(const toml::table* registries, reader.Table(root, "registries"));
  if (registries != nullptr) PELAGOS_RETURN_IF_ERROR(ReadRegistries(reader, *registries, config));
  PELAGOS_ASSIGN_OR_RETURN(const toml::table* transfers, reader.Table(root, "transfers"));
  if (transfers != nullptr) {
    PELAGOS_RETURN_IF_ERROR(reader.OnlyKnows(
        *transfers, {"parallel", "attempts", "stall_seconds", "backoff_millis"}, "transfers"));
    PELAGOS_RETURN_IF_ERROR(reader.Number(*transfers, "parallel", kMostParallel, config.parallel));
    PELAGOS_RETURN_IF_ERROR(reader.Number(*transfers, "attempts", 100, config.attempts));
    PELAGOS_RETURN_IF_ERROR(reader.Number(*transfers, "stall_seconds", 3600, config.stall_seconds));
    PELAGOS_RETURN_IF_ERROR(
        reader.Number(*transfers, "backoff_millis", 60000, config.backoff_millis));
  }
  return config;
}

std::string ConfigFilePath() {
  const auto value = [](const char* name) -> std::string {
    const char* text = std::getenv(name);
    return text != nullptr ? text : "";
  };
  if (const std::string file = value("PELAGOS_CONFIG"); !file.empty()) return file;
  // Also root of a user namespace of its own is an ordinary user, who keeps HOME.
  const bool ordinary = ::getauxval(AT_EUID) != 0;
  if (!ordinary) return "/etc/pelagos/config.toml";
  if (const std::string folder = value("XDG_CONFIG_HOME"); !folder.empty() && folder[0] == '/') {
    return absl::StrCat(folder, "/pelagos/config.toml");
  }
  const std::string home = value("HOME");
  return home.empty() || home[0] != '/' ? "" : absl::StrCat(home, "/.config/pelagos/config.toml");
}

absl::StatusOr<RegistriesConfig> ReadRegistriesConfig() {
  const std::string path = ConfigFilePath();
  if (path.empty()) return RegistriesConfig();
  const absl::StatusOr<std::string> text = sys::ReadFileAtOnce(path, kMaxConfigFile);
  if (FindErrno(text.status()) == ENOENT || FindErrno(text.status()) == ENOTDIR) {
    return RegistriesConfig();
  }
  PELAGOS_RETURN_IF_ERROR(text.status(), "the configuration");
  return ParseRegistriesConfig(*text, path);
}

absl::StatusOr<Reference> ResolveReference(absl::string_view written) {
  if (absl::StrContains(written, "/")) return ParseReference(written);
  if (const char* given = std::getenv("PELAGOS_DEFAULT_REGISTRY");
      given != nullptr && *given != '\0') {
    if (!internal::IsRegistry(given)) {
      return absl::InvalidArgumentError(absl::StrCat("PELAGOS_DEFAULT_REGISTRY: '", given,
                                                     "' is not the host[:port] of a registry"));
    }
    return ParseReference(written, given);
  }
  PELAGOS_ASSIGN_OR_RETURN(const RegistriesConfig config, ReadRegistriesConfig());
  return ParseReference(written, config.default_registry);
}

std::vector<Endpoint> EndpointsFor(const RegistriesConfig& config, const std::string& registry,
                                   bool insecure) {
  const auto apply = [&](const std::string& host, Endpoint& endpoint) {
    const auto known = config.registries.find(host);
    const bool trusted = known != config.registries.end() && known->second.insecure;
    if (known != config.registries.end()) endpoint.ca_file = known->second.ca;
    endpoint.any_certificate = insecure || trusted;
    endpoint.plain_http = endpoint.plain_http || insecure || trusted;
  };
  std::vector<Endpoint> endpoints;
  const auto mirrors = config.mirrors.find(registry);
  if (mirrors != config.mirrors.end()) {
    for (const std::string& url : mirrors->second) {
      absl::string_view host = url;
      const bool plain = absl::ConsumePrefix(&host, "http://");
      if (!plain) absl::ConsumePrefix(&host, "https://");
      const size_t slash = host.find('/');
      Endpoint endpoint = EndpointOf(host.substr(0, slash));
      endpoint.url = absl::StrCat(plain ? "http://" : "https://", endpoint.registry);
      if (slash != absl::string_view::npos) {
        endpoint.prefix = absl::StrCat(host.substr(slash + 1), "/");
      }
      apply(endpoint.registry, endpoint);
      endpoint.plain_http = endpoint.plain_http || plain;  // whoever writes http:// means it
      endpoints.push_back(std::move(endpoint));
    }
  }
  Endpoint own = EndpointOf(registry);
  apply(registry, own);
  endpoints.push_back(std::move(own));
  return endpoints;
}

}  // namespace pelagos::image
