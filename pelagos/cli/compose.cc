#include "pelagos/cli/compose.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/sweep.h"
#include "pelagos/compose/project.h"
#include "pelagos/compose/project_name.h"
#include "pelagos/compose/up.h"
#include "pelagos/container/engine.h"
#include "pelagos/image/pull_policy.h"
#include "pelagos/plan/json.h"
#include "pelagos/plan/print.h"

namespace pelagos::cli {
namespace {

constexpr Flag kFile = {"file", 'f', "FILE", "the stack's program (default: compose.reml)"};
constexpr Flag kProject = {"project", 'p', "NAME",
                           "the project (default: the program's, or the name of its folder)"};

compose::StackOptions StackOptionsFrom(const Arguments& args) {
  compose::StackOptions options;
  options.file = args.value("file", options.file);
  options.project = args.value("project");
  return options;
}

// The project that down, ps and logs are about.
absl::StatusOr<std::string> ProjectFrom(const Context& context, const Arguments& args) {
  if (args.has("project")) return compose::CheckProjectName(args.value("project"));
  const std::string file = args.value("file", "compose.reml");
  return compose::FindProject(context.roots, compose::CanonicalPath(file),
                              compose::DefaultProjectName(file));
}

int TooMany(const Arguments& args, size_t most, absl::string_view command) {
  if (args.positionals().size() <= most) return kDone;
  return Fail(absl::StrCat(command, ": unexpected argument '", args.positionals()[most], "'"),
              kUsage);
}

int RunUp(const Context& context, const Arguments& args) {
  if (int code = TooMany(args, 0, "compose up"); code != kDone) return code;
  if (::geteuid() != 0) {
    return Fail("compose up needs root: an ordinary user may not make the networks of a stack");
  }
  auto engine = container::Engine::Open(context.roots);
  if (!engine.ok()) return Fail(engine.status());
  SweepOrWarn(**engine);
  const auto pull = image::ParsePullPolicy(args.value("pull", "missing"));
  if (!pull.ok()) return Fail(absl::StrCat("compose up: ", pull.status().message()), kUsage);
  (*engine)->Pull(*pull);
  return compose::Up(**engine,
                     {.stack = StackOptionsFrom(args), .foreground = args.has("foreground")},
                     std::cout, std::cerr);
}

int RunDown(const Context& context, const Arguments& args) {
  if (int code = TooMany(args, 0, "compose down"); code != kDone) return code;
  const auto project = ProjectFrom(context, args);
  if (!project.ok()) return Fail(project.status());
  auto engine = container::Engine::Open(context.roots);
  if (!engine.ok()) return Fail(engine.status());
  SweepOrWarn(**engine);
  const absl::Status status = compose::Down(**engine, *project, args.has("volumes"), std::cout);
  return status.ok() ? kDone : Fail(status);
}

void PrintTable(const std::vector<compose::ServiceStatus>& services) {
  size_t service = 15, container = 25;
  for (const compose::ServiceStatus& row : services) {
    service = std::max(service, row.service.size());
    container = std::max(container, row.container.size());
  }
  const auto print = [&](absl::string_view a, absl::string_view b, absl::string_view c,
                         absl::string_view d, absl::string_view e) {
    std::string line = absl::StrFormat("%-*s %-*s %-12s %-8s %s", static_cast<int>(service), a,
                                       static_cast<int>(container), b, c, d, e);
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << "\n";
  };
  print("SERVICE", "CONTAINER", "STATUS", "PID", "PORTS");
  for (const compose::ServiceStatus& row : services) {
    print(row.service, row.container, row.status, row.pid ? absl::StrCat(*row.pid) : "-",
          absl::StrJoin(row.ports, ", "));
  }
}

int RunPs(const Context& context, const Arguments& args) {
  if (int code = TooMany(args, 0, "compose ps"); code != kDone) return code;
  const std::string format = args.has("json") ? "json" : args.value("format", "table");
  if (format != "table" && format != "json") {
    return Fail(absl::StrCat("unknown format '", format, "': expected 'table' or 'json'"), kUsage);
  }
  const auto project = ProjectFrom(context, args);
  if (!project.ok()) return Fail(project.status());
  const auto services = compose::ListServices(context.roots, *project);
  if (!services.ok()) return Fail(services.status());
  if (format == "table") {
    PrintTable(*services);
    return kDone;
  }
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const compose::ServiceStatus& row : *services) {
    rows.push_back({{"service", row.service},
                    {"container", row.container},
                    {"image", row.image},
                    {"status", row.status},
                    {"pid", row.pid.value_or(0)},
                    {"ports", row.ports}});
  }
  std::cout << rows.dump(2) << "\n";
  return kDone;
}

int RunLogs(const Context& context, const Arguments& args) {
  if (int code = TooMany(args, 1, "compose logs"); code != kDone) return code;
  const auto project = ProjectFrom(context, args);
  if (!project.ok()) return Fail(project.status());
  const std::string service = args.positionals().empty() ? "" : args.positionals()[0];
  const absl::Status status = compose::PrintLogs(context.roots, *project, service,
                                                 args.has("follow"), std::cout, std::cerr);
  return status.ok() ? kDone : Fail(status);
}

int RunPlan(const Context& context, const Arguments& args) {
  if (int code = TooMany(args, 0, "compose plan"); code != kDone) return code;
  auto engine = container::Engine::Open(context.roots);
  if (!engine.ok()) return Fail(engine.status());
  const auto stack = compose::Stack::Load(**engine, StackOptionsFrom(args));
  if (!stack.ok()) return Fail(stack.status());
  std::cout.flush();
  std::cerr << (*stack)->RenderDiagnostics() << std::flush;
  if (!(*stack)->ok()) return kFailed;
  if (!(*stack)->requested())
    return Fail("the program asks for no stack: it never calls compose-up");
  std::cout << (args.has("json") ? ToJson((*stack)->plan()) : Print((*stack)->plan()));
  return kDone;
}

}  // namespace

std::vector<Command> ComposeCommands() {
  return {
      {.name = "compose up",
       .usage = "[FLAGS]",
       .summary = "Start a stack, and return when all of its services are ready.",
       .example = "pelagos compose up -f shop.reml -p shop",
       .flags = {kFile,
                 kProject,
                 {"foreground", 0, "", "stay, show the logs, take the stack down at the end"},
                 {"pull", 0, "WHEN",
                  "ask the registries for images: missing (default), always or never"}},
       .run = RunUp},
      {.name = "compose down",
       .usage = "[FLAGS]",
       .summary = "Stop a stack in reverse order and remove all that was made for it.",
       .example = "pelagos compose down -p shop -v",
       .flags = {kFile, kProject, {"volumes", 'v', "", "remove the project's volumes too"}},
       .run = RunDown},
      {.name = "compose ps",
       .usage = "[FLAGS]",
       .summary = "Show the services of a stack.",
       .example = "pelagos compose ps -p shop",
       .flags = {kFile,
                 kProject,
                 {"format", 0, "FORMAT", "table (default) or json"},
                 {"json", 0, "", "short for --format json"}},
       .run = RunPs},
      {.name = "compose logs",
       .usage = "[FLAGS] [SERVICE]",
       .summary = "Print what the services wrote, line by line, in the order of time.",
       .example = "pelagos compose logs -p shop --follow web",
       .flags = {kFile, kProject, {"follow", 0, "", "go on with new lines until the stack ends"}},
       .run = RunLogs},
      {.name = "compose plan",
       .usage = "[FLAGS]",
       .summary = "Print all that `up` would do, without doing it.",
       .example = "pelagos compose plan -f shop.reml --json",
       .flags = {kFile, kProject, {"json", 0, "", "as JSON"}},
       .run = RunPlan},
  };
}

}  // namespace pelagos::cli
