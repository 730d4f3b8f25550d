#include "pelagos/oci/features.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "pelagos/abi/capability.h"
#include "pelagos/abi/namespace.h"
#include "pelagos/abi/seccomp.h"
#include "pelagos/oci/mount_options.h"
#include "pelagos/oci/process_words.h"

namespace pelagos::oci {
namespace {

using Json = nlohmann::ordered_json;

template <typename Rows>
std::vector<std::string> NamesOf(const Rows& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.emplace_back(row.name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

template <typename Rows>
std::vector<std::string> WordsOf(const Rows& rows) {
  std::vector<std::string> words;
  for (const auto& row : rows) words.emplace_back(row.word);
  return words;
}

std::vector<std::string> Capabilities() {
  std::vector<std::string> names;
  for (absl::string_view name : kCapabilityNames) {
    names.push_back(
        absl::StrCat("CAP_", absl::AsciiStrToUpper(absl::StrReplaceAll(name, {{"-", "_"}}))));
  }
  return names;
}

std::vector<std::string> Namespaces() {
  std::vector<std::string> names;
  for (const NamespaceRow& row : kNamespaces) {
    names.emplace_back(row.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string FeaturesJson() {
  Json flags = NamesOf(kSeccompFlags);
  const Json json = {
      {"ociVersionMin", "1.0.0"},
      {"ociVersionMax", "1.3.0"},
      {"hooks",
       {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}},
      {"mountOptions", MountOptionWords()},
      {"linux",
       {{"namespaces", Namespaces()},
        {"capabilities", Capabilities()},
        {"cgroup",
         {{"v1", true}, {"v2", true}, {"systemd", true}, {"systemdUser", true}, {"rdma", true}}},
        {"seccomp",
         {{"enabled", true},
          {"actions", NamesOf(kSeccompActs)},
          {"operators", NamesOf(kSeccompOps)},
          {"archs", NamesOf(kSeccompArches)},
          {"knownFlags", flags},
          {"supportedFlags", flags}}},
        {"apparmor", {{"enabled", true}}},
        {"selinux", {{"enabled", true}}},
        {"memoryPolicy", {{"modes", WordsOf(kMemoryModes)}, {"flags", WordsOf(kMemoryFlags)}}},
        {"intelRdt", {{"enabled", true}, {"schemata", true}, {"monitoring", true}}},
        {"mountExtensions", {{"idmap", {{"enabled", true}}}}},
        {"netDevices", {{"enabled", true}}}}},
      {"annotations",
       {{"org.pelagos.version", "0.1.0"}, {"org.pelagos.checkpoint.enabled", "false"}}},
      {"potentiallyUnsafeConfigAnnotations", Json::array()}};
  return json.dump(2) + "\n";
}

}  // namespace pelagos::oci
