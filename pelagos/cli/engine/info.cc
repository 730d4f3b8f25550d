#include "pelagos/cli/engine/info.h"

#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <iostream>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/quantity.h"
#include "pelagos/cli/version.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/rootless.h"
#include "pelagos/image/store.h"
#include "pelagos/policy/cgroup_plan.h"
#include "pelagos/store/volume.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

using Json = nlohmann::ordered_json;

// PRETTY_NAME of os-release(5).
std::string OperatingSystem() {
  const absl::StatusOr<std::string> text = sys::ReadFile("/etc/os-release", 1 << 16);
  if (!text.ok()) return "";
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (!absl::ConsumePrefix(&line, "PRETTY_NAME=")) continue;
    absl::ConsumePrefix(&line, "\"");
    absl::ConsumeSuffix(&line, "\"");
    return std::string(line);
  }
  return "";
}

struct Counts {
  size_t all = 0, running = 0, paused = 0;
};

Counts CountContainers(const std::vector<container::Found>& all) {
  Counts counts;
  counts.all = all.size();
  for (const container::Found& found : all) {
    counts.running += found.status == container::Status::kRunning ? 1 : 0;
    counts.paused += found.status == container::Status::kPaused ? 1 : 0;
  }
  return counts;
}

std::vector<std::string> SecurityOf(const HostFacts& facts) {
  std::vector<std::string> words = {"seccomp"};
  if (facts.apparmor) words.push_back("apparmor");
  if (facts.selinux) words.push_back("selinux");
  if (facts.landlock_abi > 0) words.push_back(absl::StrCat("landlock ", facts.landlock_abi));
  if (facts.rootless) words.push_back("rootless");
  return words;
}

absl::StatusOr<Json> Gather(const Context& context) {
  PELAGOS_ASSIGN_OR_RETURN(std::optional<RootlessFacts> rootless, container::PlanRootless());
  const bool is_rootless = rootless.has_value();
  PELAGOS_ASSIGN_OR_RETURN(std::unique_ptr<container::Engine> engine,
                           container::Engine::Open(context.roots, std::move(rootless)));
  PELAGOS_RETURN_IF_ERROR(engine->LearnCgroups());
  const HostFacts& facts = engine->facts();
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<container::Found> containers,
                           container::Inventory(context.roots).List());
  const Counts counts = CountContainers(containers);
  const absl::StatusOr<std::vector<image::ImageSummary>> images =
      image::Store::Look(context.roots.data).List();
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<store::Volume> volumes,
                           store::ListAllVolumes(context.roots));
  utsname host = {};
  ::uname(&host);
  struct sysinfo memory = {};
  ::sysinfo(&memory);
  std::vector<std::string> controllers;
  for (const CgroupController controller : facts.cgroups.v2_controllers) {
    controllers.emplace_back(NameOf(controller));
  }
  Json json = {{"ServerVersion", kVersion},
               {"Name", host.nodename},
               {"Containers", counts.all},
               {"ContainersRunning", counts.running},
               {"ContainersPaused", counts.paused},
               {"ContainersStopped", counts.all - counts.running - counts.paused},
               {"Images", images.ok() ? images->size() : 0},
               {"Volumes", volumes.size()},
               {"Driver", "overlay"},
               {"DataRoot", context.roots.data},
               {"RunRoot", context.roots.run},
               {"Rootless", is_rootless},
               {"CgroupVersion", facts.cgroups.v2_mount.empty() ? "1" : "2"},
               {"CgroupControllers", controllers},
               {"SecurityOptions", SecurityOf(facts)},
               {"KernelVersion", host.release},
               {"OperatingSystem", OperatingSystem()},
               {"OSType", "linux"},
               {"Architecture", host.machine},
               {"NCPU", ::sysconf(_SC_NPROCESSORS_ONLN)},
               {"MemTotal", static_cast<uint64_t>(memory.totalram) * memory.mem_unit}};
  if (facts.rootless && !facts.rootless->note.empty()) {
    json["Warnings"] = {facts.rootless->note};
  }
  return json;
}

std::string TextOf(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (!value.is_array()) return value.dump();
  std::vector<std::string> words;
  for (const Json& word : value) words.push_back(word.get<std::string>());
  return absl::StrJoin(words, " ");
}

void PrintText(const Json& json) {
  constexpr std::pair<const char*, const char*> kLines[] = {
      {"Containers", "Containers"},
      {"ContainersRunning", " Running"},
      {"ContainersPaused", " Paused"},
      {"ContainersStopped", " Stopped"},
      {"Images", "Images"},
      {"Volumes", "Volumes"},
      {"ServerVersion", "Version"},
      {"Driver", "Storage Driver"},
      {"DataRoot", "Data Root"},
      {"RunRoot", "Run Root"},
      {"Rootless", "Rootless"},
      {"CgroupVersion", "Cgroup Version"},
      {"CgroupControllers", "Cgroup Controllers"},
      {"SecurityOptions", "Security Options"},
      {"KernelVersion", "Kernel Version"},
      {"OperatingSystem", "Operating System"},
      {"Architecture", "Architecture"},
      {"NCPU", "CPUs"},
      {"MemTotal", "Total Memory"},
      {"Name", "Name"},
      {"Warnings", "Warnings"}};
  for (const auto& [key, title] : kLines) {
    if (!json.contains(key)) continue;
    const bool memory = absl::string_view(key) == "MemTotal";
    std::cout << title << ": "
              << (memory ? HumanSize(json[key].get<uint64_t>()) : TextOf(json[key])) << "\n";
  }
}

int Info(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("info: unexpected argument '", args.positionals()[0], "'"), kUsage);
  }
  const std::string format =
      absl::AsciiStrToLower(args.value("format", args.has("json") ? "json" : "text"));
  if (format != "json" && format != "text") {
    return Fail(absl::StrCat("info: --format: '", format, "': expected text or json"), kUsage);
  }
  const absl::StatusOr<Json> json = Gather(context);
  if (!json.ok()) return Fail(json.status());
  if (format == "json") {
    std::cout << json->dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  } else {
    PrintText(*json);
  }
  return kDone;
}

}  // namespace

std::vector<Command> InfoCommands() {
  return {{"system info",
           "[--format text|json]",
           "Show what there is of containers and images, where it is, and what this host can do.",
           "pelagos system info --format json",
           {{"format", 0, "FORMAT", "text or json"}, {"json", 0, "", "the same as --format json"}},
           false,
           Info}};
}

}  // namespace pelagos::cli
