#include "pelagos/cli/engine/inspect.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/engine/inspect_json.h"
#include "pelagos/cli/engine/look.h"
#include "pelagos/cli/engine/size.h"
#include "pelagos/cli/image/look.h"
#include "pelagos/cli/network/view.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/rootless.h"
#include "pelagos/image/store.h"
#include "pelagos/net/run_files.h"
#include "pelagos/plan/make_plan.h"
#include "pelagos/policy/name.h"
#include "pelagos/store/volume.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLargestHealth = 1 << 20;

constexpr absl::string_view kTypes[] = {"container", "image", "volume", "network"};

// The plan of a container as it would be made today.
absl::StatusOr<LaunchPlan> PlanOf(container::Engine& engine, const store::ContainerRecord& record) {
  PELAGOS_ASSIGN_OR_RETURN(const HostFacts facts, engine.FactsFor(record.spec));
  Diagnostics diags;
  const std::optional<LaunchPlan> plan =
      MakePlan(record.spec, record.image, record.user, facts, diags);
  if (plan) return *plan;
  return absl::FailedPreconditionError(absl::StripSuffix(Render(SourceMap(), diags), "\n"));
}

// Looks for things by name; of containers it needs an engine, which is opened for the first.
class Finder {
 public:
  Finder(const Context& context, bool sizes) : context_(context), sizes_(context.roots) {
    asks_size_ = sizes;
  }

  // NotFound, and nothing else, if there is no such thing.
  absl::StatusOr<Json> Find(absl::string_view type, const std::string& name) {
    if (type == "container") return FindContainer(name);
    if (type == "image") return FindImage(name);
    if (type == "volume") return FindVolume(name);
    return FindNetwork(name);
  }

 private:
  absl::StatusOr<Json> FindContainer(const std::string& name) {
    PELAGOS_ASSIGN_OR_RETURN(const container::Found found, InventoryOf(context_).Find(name));
    ContainerDetails details = {absl::UnavailableError("there is no record to make it of")};
    if (found.has_record) {
      if (engine_ == nullptr) {
        PELAGOS_ASSIGN_OR_RETURN(const auto rootless, container::PlanRootless());
        PELAGOS_ASSIGN_OR_RETURN(engine_, container::Engine::Open(context_.roots, rootless));
      }
      details.plan = PlanOf(*engine_, found.record);
    }
    const auto health = sys::ReadFileAtOnce(
        absl::StrCat(context_.roots.KeptContainer(found.id), "/health.json"), kLargestHealth);
    if (health.ok()) details.health = *health;  // else it has none
    if (asks_size_) details.size = sizes_.Of(found);
    if (found.running()) {
      PELAGOS_ASSIGN_OR_RETURN(details.endpoint,
                               net::RunFiles(context_.roots.run, "").LoadEndpoint(found.id));
    }
    return ContainerJson(context_.roots, found, details);
  }

  absl::StatusOr<Json> FindImage(const std::string& name) const {
    const image::Store store = image::Store::Look(context_.roots.data);
    PELAGOS_ASSIGN_OR_RETURN(const image::StoredImage image, store.Describe(name));
    return DescribeImage(image, store);
  }

  absl::StatusOr<Json> FindVolume(const std::string& name) const {
    // What is no name names none; and would be a path.
    if (!NameProblem(name).empty()) {
      return absl::NotFoundError(absl::StrCat("no volume is named '", name, "'"));
    }
    PELAGOS_ASSIGN_OR_RETURN(const store::Volume volume, store::ReadVolume(context_.roots, name));
    const std::string place = absl::StrCat(context_.roots.Volume(name), "/data");
    return Json{{"Name", volume.name},         {"Driver", "local"},   {"Scope", "local"},
                {"CreatedAt", volume.created}, {"Mountpoint", place}, {"Labels", volume.labels},
                {"Project", volume.project},   {"name", volume.name}, {"path", place}};
  }

  absl::StatusOr<Json> FindNetwork(const std::string& name) const {
    PELAGOS_ASSIGN_OR_RETURN(const NetworkView view, cli::FindNetwork(context_.roots, name));
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<net::Endpoint> endpoints,
                             ListEndpoints(context_.roots));
    return NetworkJson(context_.roots, view, endpoints);
  }

  const Context& context_;
  bool asks_size_ = false;
  SizeReader sizes_;
  std::unique_ptr<container::Engine> engine_;
};

// "State.Status", also with a dot before it. InvalidArgument for templates, with what is meant.
absl::StatusOr<std::string> PathOf(absl::string_view format) {
  if (!absl::StrContains(format, "{{")) {
    absl::ConsumePrefix(&format, ".");
    return std::string(format);
  }
  absl::string_view inside = absl::StripAsciiWhitespace(format);
  std::string hint = "State.Status";
  if (absl::ConsumePrefix(&inside, "{{") && absl::ConsumeSuffix(&inside, "}}")) {
    inside = absl::StripAsciiWhitespace(inside);
    absl::ConsumePrefix(&inside, "json");
    inside = absl::StripAsciiWhitespace(inside);
    const bool plain = std::all_of(inside.begin(), inside.end(), [](char c) {
      return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_';
    });
    if (plain && absl::ConsumePrefix(&inside, ".")) {
      hint = inside.empty() ? "json" : std::string(inside);
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--format: there are no templates; name what to print instead: --format ", hint));
}

std::string Print(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

int RunInspect(const Context& context, const Arguments& args) {
  if (args.positionals().empty()) {
    return Fail("inspect: expected names of containers, images, volumes or networks", kUsage);
  }
  const std::string type = args.value("type");
  if (args.has("type") && std::count(std::begin(kTypes), std::end(kTypes), type) == 0) {
    return Fail(
        absl::StrCat("inspect: --type: '", type, "': expected container, image, volume or network"),
        kUsage);
  }
  const std::string format = args.value("format");
  const bool lines = args.has("format") && absl::EqualsIgnoreCase(format, "json");
  const absl::StatusOr<std::string> path = PathOf(lines ? "" : format);
  if (!path.ok()) return Fail(absl::StrCat("inspect: ", path.status().message()), kUsage);
  if (args.has("format") && !lines && path->empty()) {
    return Fail("inspect: --format: expected json, or what to print: State.Status", kUsage);
  }
  Finder finder(context, args.has("size"));
  Json list = Json::array();
  int code = kDone;
  for (const std::string& name : args.positionals()) {
    absl::StatusOr<Json> found = absl::NotFoundError("");
    for (absl::string_view kind : kTypes) {
      if (!type.empty() && type != kind) continue;
      found = finder.Find(kind, name);
      // Of what is no name of an image, say, there is none.
      const bool none = absl::IsNotFound(found.status()) ||
                        (type.empty() && absl::IsInvalidArgument(found.status()));
      if (!none) break;
    }
    if (found.ok()) {
      list.push_back(*std::move(found));
      continue;
    }
    const bool any = type.empty() &&
                     (absl::IsNotFound(found.status()) || absl::IsInvalidArgument(found.status()));
    code = any ? Fail(absl::StrCat("inspect: no container, image, volume or network is named '",
                                   name, "'"))
               : Fail(absl::StrCat("inspect: ", found.status().message()));
  }
  if (!args.has("format")) {
    std::cout << Print(list, 2);
    return code;
  }
  for (const Json& object : list) {
    const absl::StatusOr<Json> part = FindByPath(object, *path);
    if (!part.ok()) {
      code = Fail(absl::StrCat("inspect: --format: ", part.status().message()));
    } else if (part->is_string()) {
      std::cout << part->get<std::string>() << "\n";
    } else {
      std::cout << Print(*part, -1);
    }
  }
  return code;
}

}  // namespace

std::vector<Command> InspectCommands() {
  return {
      {.name = "inspect",
       .usage = "[FLAGS] NAME...",
       .summary = "Print all that is known of containers, images, volumes or networks.",
       .example = "pelagos inspect --format State.Health.Status web",
       .flags = {{"format", 'f', "FORMAT",
                  "json (a line each), or what to print of it: KEY.PATH (State.Status)"},
                 {"size", 's', "", "of containers, what they take on the disk too"},
                 {"type", 0, "TYPE",
                  "container, image, volume or network: only those (default: the first found)"}},
       .run = RunInspect}};
}

}  // namespace pelagos::cli
