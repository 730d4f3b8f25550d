// The config of an image: the part of manifest.h that is about what is run, and how.
//
// Source: image-spec config.md; Docker's "Image Specification v1.2" for Healthcheck.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/json_fields.h"
#include "pelagos/image/manifest.h"
#include "pelagos/policy/mount_plan.h"

namespace pelagos::image {
namespace {

using fields::Find;
using fields::Json;
using fields::Text;
using fields::Texts;
using fields::Wrong;

constexpr absl::string_view kShell[] = {"/bin/sh", "-c"};

// Go's time.Duration, in nanoseconds; 0 and absent: `otherwise`. Docker takes nothing below a
// millisecond: a probe must not be all that the machine does.
absl::Status ReadTime(const Json& object, const char* field, int64_t& time) {
  constexpr int64_t kLeast = 1'000'000;
  const Json* value = Find(object, field);
  if (value == nullptr) return absl::OkStatus();
  const bool fits = value->is_number_integer() &&
                    (!value->is_number_unsigned() ||
                     value->get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()});
  const int64_t number = fits ? value->get<int64_t>() : -1;
  if (number < 0 || (number > 0 && number < kLeast)) {
    return Wrong(absl::StrCat("Healthcheck/", field), "0, or nanoseconds, at least a million");
  }
  if (number != 0) time = number;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadTest(const Json& object) {
  PELAGOS_ASSIGN_OR_RETURN(std::vector<std::string> words, Texts(object, "Test"), "Healthcheck");
  const std::string kind = words.front();
  if (kind == "NONE" && words.size() == 1) return std::vector<std::string>();
  if (kind == "CMD" && words.size() > 1) {
    words.erase(words.begin());
    return words;
  }
  if (kind == "CMD-SHELL" && words.size() == 2) {
    return std::vector<std::string>{std::string(kShell[0]), std::string(kShell[1]), words[1]};
  }
  return Wrong("Healthcheck/Test", R"(["NONE"], ["CMD", WORD...] or ["CMD-SHELL", TEXT])");
}

absl::StatusOr<std::optional<HealthCheck>> ReadHealth(const Json& config) {
  const Json* object = Find(config, "Healthcheck");
  if (object == nullptr) return std::optional<HealthCheck>();
  if (!object->is_object()) return Wrong("Healthcheck", "an object");
  const Json* test = Find(*object, "Test");
  // Docker: the check is that of the image below, which here has none.
  if (test == nullptr || (test->is_array() && test->empty())) return std::optional<HealthCheck>();
  HealthCheck health;
  PELAGOS_ASSIGN_OR_RETURN(health.command, ReadTest(*object));
  PELAGOS_RETURN_IF_ERROR(ReadTime(*object, "Interval", health.interval_ns));
  PELAGOS_RETURN_IF_ERROR(ReadTime(*object, "Timeout", health.timeout_ns));
  PELAGOS_RETURN_IF_ERROR(ReadTime(*object, "StartPeriod", health.start_period_ns));
  PELAGOS_RETURN_IF_ERROR(ReadTime(*object, "StartInterval", health.start_interval_ns));
  if (const Json* retries = Find(*object, "Retries"); retries != nullptr) {
    constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();
    if (!retries->is_number_unsigned() || retries->get<uint64_t>() > kMost) {
      return Wrong("Healthcheck/Retries", "a number that is not negative");
    }
    if (*retries != 0) health.retries = retries->get<uint32_t>();
  }
  return std::optional<HealthCheck>(std::move(health));
}

Json WriteHealth(const HealthCheck& health) {
  Json test = Json::array();
  const std::vector<std::string>& words = health.command;
  if (words.empty()) {
    test.push_back("NONE");
  } else if (words.size() == 3 && words[0] == kShell[0] && words[1] == kShell[1]) {
    test = {"CMD-SHELL", words[2]};
  } else {
    test.push_back("CMD");
    for (const std::string& word : words) test.push_back(word);
  }
  Json json = {{"Test", test},
               {"Interval", health.interval_ns},
               {"Timeout", health.timeout_ns},
               {"StartInterval", health.start_interval_ns},
               {"Retries", health.retries}};
  if (health.start_period_ns != 0) json["StartPeriod"] = health.start_period_ns;
  return json;
}

// An object whose keys are all that it says; Go's map[string]struct{}.
absl::StatusOr<std::vector<std::string>> Keys(const Json& config, const char* field) {
  std::vector<std::string> keys;
  const Json* object = Find(config, field);
  if (object == nullptr) return keys;
  if (!object->is_object()) return Wrong(field, "an object");
  for (const auto& [key, value] : object->items()) {
    if (!value.is_object() && !value.is_null()) return Wrong(field, "an object of empty objects");
    keys.push_back(key);
  }
  return keys;
}

// "80" and "80/tcp" are one.
void SortAndUnite(std::vector<std::string>& texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

Json WriteKeys(const std::vector<std::string>& keys) {
  Json object = Json::object();
  for (const std::string& key : keys) object[key] = Json::object();
  return object;
}

absl::Status ReadLabels(const Json& config, std::map<std::string, std::string>& labels) {
  const Json* object = Find(config, "Labels");
  if (object == nullptr) return absl::OkStatus();
  if (!object->is_object()) return Wrong("Labels", "an object of strings");
  for (const auto& [key, value] : object->items()) {
    if (!value.is_string()) return Wrong("Labels", "an object of strings");
    labels[key] = value.get<std::string>();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ParseExposedPort(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('/', 1));
  const std::string protocol = parts.size() == 1 ? "tcp" : absl::AsciiStrToLower(parts[1]);
  const std::vector<absl::string_view> ends = absl::StrSplit(parts[0], absl::MaxSplits('-', 1));
  uint32_t last = 0;
  bool good = protocol == "tcp" || protocol == "udp" || protocol == "sctp";
  for (const absl::string_view end : ends) {
    uint32_t port = 0;
    good = good && end.find_first_not_of("0123456789") == absl::string_view::npos &&
           absl::SimpleAtoi(end, &port) && port >= 1 && port <= 65535 && port >= last;
    last = port;
  }
  if (!good) return Wrong("ExposedPorts", "an object of ports such as '80/tcp'");
  return absl::StrCat(parts[0], "/", protocol);
}

absl::StatusOr<ImageConfig> ParseImageConfig(absl::string_view text) {
  PELAGOS_ASSIGN_OR_RETURN(const Json json, fields::ParseObject(text));
  ImageConfig image;
  PELAGOS_ASSIGN_OR_RETURN(image.platform.os, Text(json, "os"));
  PELAGOS_ASSIGN_OR_RETURN(image.platform.architecture, Text(json, "architecture"));
  PELAGOS_ASSIGN_OR_RETURN(image.platform.variant, Text(json, "variant"));
  if (const Json* config = Find(json, "config"); config != nullptr) {
    if (!config->is_object()) return Wrong("config", "an object");
    PELAGOS_ASSIGN_OR_RETURN(image.env, Texts(*config, "Env"));
    PELAGOS_ASSIGN_OR_RETURN(image.entrypoint, Texts(*config, "Entrypoint"));
    PELAGOS_ASSIGN_OR_RETURN(image.cmd, Texts(*config, "Cmd"));
    PELAGOS_ASSIGN_OR_RETURN(image.workdir, Text(*config, "WorkingDir"));
    PELAGOS_ASSIGN_OR_RETURN(image.user, Text(*config, "User"));
    PELAGOS_ASSIGN_OR_RETURN(image.stop_signal, Text(*config, "StopSignal"));
    PELAGOS_RETURN_IF_ERROR(ReadLabels(*config, image.labels));
    PELAGOS_ASSIGN_OR_RETURN(image.exposed_ports, Keys(*config, "ExposedPorts"));
    for (std::string& port : image.exposed_ports) {
      PELAGOS_ASSIGN_OR_RETURN(port, ParseExposedPort(port));
    }
    SortAndUnite(image.exposed_ports);
    PELAGOS_ASSIGN_OR_RETURN(image.volumes, Keys(*config, "Volumes"));
    for (const std::string& folder : image.volumes) {
      if (!InsidePathProblem(folder).empty())
        return Wrong("Volumes", "an object of absolute paths");
    }
    PELAGOS_ASSIGN_OR_RETURN(image.health, ReadHealth(*config));
  }
  const Json* rootfs = Find(json, "rootfs");
  if (rootfs == nullptr || !rootfs->is_object()) return Wrong("rootfs", "an object");
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> diff_ids, Texts(*rootfs, "diff_ids"));
  for (const std::string& diff_id : diff_ids) {
    PELAGOS_ASSIGN_OR_RETURN(Digest digest, ParseDigest(diff_id), "field 'diff_ids'");
    image.diff_ids.push_back(std::move(digest));
  }
  if (image.diff_ids.empty()) return Wrong("diff_ids", "a list of at least one digest");
  return image;
}

std::string PrintImageConfig(const ImageConfig& image) {
  Json config = Json::object();
  if (!image.env.empty()) config["Env"] = image.env;
  if (!image.entrypoint.empty()) config["Entrypoint"] = image.entrypoint;
  if (!image.cmd.empty()) config["Cmd"] = image.cmd;
  if (!image.workdir.empty()) config["WorkingDir"] = image.workdir;
  if (!image.user.empty()) config["User"] = image.user;
  if (!image.stop_signal.empty()) config["StopSignal"] = image.stop_signal;
  if (!image.labels.empty()) config["Labels"] = image.labels;
  if (!image.exposed_ports.empty()) config["ExposedPorts"] = WriteKeys(image.exposed_ports);
  if (!image.volumes.empty()) config["Volumes"] = WriteKeys(image.volumes);
  if (image.health) config["Healthcheck"] = WriteHealth(*image.health);
  Json diff_ids = Json::array();
  for (const Digest& diff_id : image.diff_ids) diff_ids.push_back(diff_id.ToString());
  return fields::Print({{"architecture", image.platform.architecture},
                        {"os", image.platform.os},
                        {"config", config},
                        {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}});
}

}  // namespace pelagos::image
