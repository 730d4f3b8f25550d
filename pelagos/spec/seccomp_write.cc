#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "pelagos/base/sha256.h"
#include "pelagos/spec/seccomp_json.h"

namespace pelagos {
namespace {

// Objects are sorted by key, which makes the text stable.
using Json = nlohmann::json;

std::string Text(absl::string_view text) { return std::string(text); }

Json Write(const SeccompWhen& when) {
  Json json = Json::object();
  for (size_t i = 0; i < kCapabilityNames.size(); ++i) {
    if (!when.capabilities.contains(static_cast<Capability>(i))) continue;
    const std::string name = absl::StrReplaceAll(kCapabilityNames[i], {{"-", "_"}});
    json["caps"].push_back("CAP_" + absl::AsciiStrToUpper(name));
  }
  for (SeccompArch arch : when.arches) json["arches"].push_back(Text(RowOf(arch).docker));
  if (when.kernel) json["minKernel"] = absl::StrCat(when.kernel->major, ".", when.kernel->minor);
  return json;
}

Json Write(const SeccompFilterRule& rule) {
  Json json = {{"names", rule.names}, {"action", Text(RowOf(rule.verdict.act).name)}};
  if (RowOf(rule.verdict.act).has_data) json["errnoRet"] = rule.verdict.data;
  for (const SeccompCondition& condition : rule.conditions) {
    json["args"].push_back({{"index", condition.index},
                            {"value", condition.value},
                            {"valueTwo", condition.value_two},
                            {"op", Text(kSeccompOps[static_cast<size_t>(condition.op)].name)}});
  }
  if (rule.includes != SeccompWhen{}) json["includes"] = Write(rule.includes);
  if (rule.excludes != SeccompWhen{}) json["excludes"] = Write(rule.excludes);
  return json;
}

}  // namespace

std::string ToJson(const SeccompFilter& filter) {
  Json json = {{"defaultAction", Text(RowOf(filter.otherwise.act).name)}};
  if (RowOf(filter.otherwise.act).has_data) json["defaultErrnoRet"] = filter.otherwise.data;
  for (SeccompArch arch : filter.arches) json["architectures"].push_back(Text(RowOf(arch).name));
  for (const SeccompFlagRow& row : kSeccompFlags) {
    if ((filter.flags & row.flag) != 0) json["flags"].push_back(Text(row.name));
  }
  if (!filter.listener_path.empty()) json["listenerPath"] = filter.listener_path;
  if (!filter.listener_metadata.empty()) json["listenerMetadata"] = filter.listener_metadata;
  if (filter.ignore_unknown_names) json["x-pelagos-unknown-names"] = "ignore";
  for (const SeccompFilterRule& rule : filter.rules) json["syscalls"].push_back(Write(rule));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string DigestOf(const SeccompFilter& filter) {
  return absl::StrCat("sha256:", Sha256Hex(ToJson(filter)));
}

}  // namespace pelagos
