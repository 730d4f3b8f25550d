#include "pelagos/spec/resolved_json.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "pelagos/spec/json_lifecycle.h"
#include "pelagos/spec/json_node.h"
#include "pelagos/spec/json_value.h"

namespace pelagos {
namespace {

using internal::Json;
using internal::Node;

constexpr uint64_t kMostId = std::numeric_limits<uint32_t>::max();

// JSON is UTF-8; other bytes of an image are replaced.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ResolvedImage ReadImage(const Node& node) {
  ResolvedImage image;
  image.reference = node.String("reference");
  image.digest = node.String("digest");
  image.layers = node.Strings("layers");
  image.env = node.Strings("env");
  image.entrypoint = node.Strings("entrypoint");
  image.cmd = node.Strings("cmd");
  image.workdir = node.String("workdir");
  image.user = node.String("user");
  image.stop_signal = node.String("stopSignal");
  if (node.Has("labels")) image.labels = internal::ReadTexts(node.Object("labels"));
  if (node.Has("exposedPorts")) image.exposed_ports = node.Strings("exposedPorts");
  if (node.Has("volumes")) image.volumes = node.Strings("volumes");
  if (node.Has("health")) image.health = internal::ReadHealth(node.Object("health"));
  return image;
}

ResolvedUser ReadUser(const Node& node) {
  ResolvedUser user;
  user.uid = static_cast<uint32_t>(node.Number("uid", kMostId));
  user.gid = static_cast<uint32_t>(node.Number("gid", kMostId));
  user.groups = node.Numbers32("groups");
  user.home = node.String("home");
  return user;
}

}  // namespace

Json ToJsonValue(const ResolvedImage& image) {
  Json json = {{"reference", image.reference},   {"digest", image.digest},
               {"layers", image.layers},         {"env", image.env},
               {"entrypoint", image.entrypoint}, {"cmd", image.cmd},
               {"workdir", image.workdir},       {"user", image.user},
               {"stopSignal", image.stop_signal}};
  if (!image.labels.empty()) json["labels"] = image.labels;
  if (!image.exposed_ports.empty()) json["exposedPorts"] = image.exposed_ports;
  if (!image.volumes.empty()) json["volumes"] = image.volumes;
  if (image.health) json["health"] = internal::WriteHealth(*image.health);
  return json;
}

Json ToJsonValue(const ResolvedUser& user) {
  return {{"uid", user.uid}, {"gid", user.gid}, {"groups", user.groups}, {"home", user.home}};
}

std::string ToJson(const ResolvedImage& image) { return Dump(ToJsonValue(image)); }
std::string ToJson(const ResolvedUser& user) { return Dump(ToJsonValue(user)); }

absl::StatusOr<ResolvedImage> ResolvedImageFromValue(const Json& json) {
  return internal::ReadValue(json, ReadImage);
}

absl::StatusOr<ResolvedUser> ResolvedUserFromValue(const Json& json) {
  return internal::ReadValue(json, ReadUser);
}

absl::StatusOr<ResolvedImage> ResolvedImageFromJson(absl::string_view text) {
  return internal::ReadText(text, ReadImage);
}

absl::StatusOr<ResolvedUser> ResolvedUserFromJson(absl::string_view text) {
  return internal::ReadText(text, ReadUser);
}

}  // namespace pelagos
