// linux.personality and linux.memoryPolicy: of every process of a container, those of `exec` too.
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/oci/plan_parts.h"
#include "pelagos/oci/process_words.h"
#include "pelagos/policy/id_list.h"

namespace pelagos::oci {
namespace {

void AddPersonality(const Personality& personality, std::vector<Op>& ops, Mistakes& mistakes) {
  const std::optional<uint32_t> persona = FindWord(kPersonalities, personality.domain);
  if (!persona) mistakes.Add("/linux/personality/domain", "must be LINUX or LINUX32");
  if (!personality.flags.empty()) {
    mistakes.Add("/linux/personality/flags", "there are none that the spec knows");
  }
  ops.push_back(SetPersonality{persona.value_or(0)});
}

void AddMemoryPolicy(const MemoryPolicy& policy, std::vector<Op>& ops, Mistakes& mistakes) {
  const std::string at = "/linux/memoryPolicy";
  const std::optional<uint32_t> mode = FindWord(kMemoryModes, policy.mode);
  if (!mode) {
    mistakes.Add(at + "/mode", absl::StrCat("invalid memory policy mode '", policy.mode, "'"));
  }
  SetMemoryPolicy op = {{mode.value_or(0), {}}};
  for (size_t i = 0; i < policy.flags.size(); ++i) {
    const std::optional<uint32_t> flag = FindWord(kMemoryFlags, policy.flags[i]);
    if (!flag) {
      mistakes.Add(absl::StrCat(at, "/flags/", i),
                   absl::StrCat("invalid memory policy flag '", policy.flags[i], "'"));
    }
    op.traits.mode |= flag.value_or(0);
  }
  if (!policy.nodes.empty()) {
    const std::optional<IdList> nodes = ParseIdList(policy.nodes);
    if (!nodes) {
      mistakes.Add(at + "/nodes", absl::StrCat("invalid memory policy nodes '", policy.nodes,
                                               "': must be a list like 0-3,7"));
    }
    op.traits.nodes = nodes.value_or(IdList{});
  }
  ops.push_back(std::move(op));
}

}  // namespace

std::vector<Op> MemoryOps(const Linux& linux_part, Mistakes& mistakes) {
  std::vector<Op> ops;
  if (linux_part.personality) AddPersonality(*linux_part.personality, ops, mistakes);
  if (linux_part.memory_policy && *linux_part.memory_policy != MemoryPolicy{}) {
    AddMemoryPolicy(*linux_part.memory_policy, ops, mistakes);
  }
  return ops;
}

}  // namespace pelagos::oci
