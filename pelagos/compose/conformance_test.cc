// Whole programs, and what they print and ask for: testdata/conformance/NAME.reml, .out, .request.
//
// The programs are those of the original's evaluator that need containers, on a made-up host
// (fake_containers.h); what differs from the original is listed in docs/differences.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pelagos/abi/capability.h"
#include "pelagos/compose/fake_containers.h"
#include "pelagos/compose/imperative.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/spec/forms.h"
#include "pelagos/spec/order.h"

namespace pelagos::compose {
namespace {

namespace fs = std::filesystem;

constexpr char kPrograms[] = "pelagos/compose/testdata/conformance";

std::string Content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <typename Items, typename Text>
std::string Listed(const Items& items, Text text) {
  std::vector<std::string> words;
  for (const auto& item : items) words.push_back(text(item));
  return absl::StrJoin(words, ", ");
}

std::string Quoted(const std::vector<std::string>& words) {
  return absl::StrCat(
      "[", Listed(words, [](const std::string& w) { return absl::StrCat("\"", w, "\""); }), "]");
}

std::string MemoryText(uint64_t bytes) {
  return bytes % 1_GiB == 0 ? absl::StrCat(bytes / 1_GiB, "g") : absl::StrCat(bytes / 1_MiB, "m");
}

std::vector<std::string> MountsOf(const ContainerSpec& container, MountKind kind) {
  std::vector<std::string> mounts;
  for (const Mount& mount : container.mounts.mounts()) {
    if (mount.kind != kind) continue;
    mounts.push_back(kind == MountKind::kTmpfs ? mount.target
                                               : absl::StrCat(mount.source, "->", mount.target));
    if (kind == MountKind::kBind) {
      absl::StrAppend(&mounts.back(), mount.read_only ? " (ro)" : " (rw)");
    }
  }
  return mounts;
}

std::string Describe(const ServiceSpec& service) {
  const ContainerSpec& c = service.container;
  const ContainerSpec none;
  std::vector<std::string> parts;
  const auto add = [&](absl::string_view what, const std::string& text) {
    if (!text.empty() && text != "[]") parts.push_back(absl::StrCat(what, " ", text));
  };
  add("networks", Quoted(service.networks));
  add("volumes", absl::StrJoin(MountsOf(c, MountKind::kVolume), ", "));
  add("binds", absl::StrJoin(MountsOf(c, MountKind::kBind), ", "));
  add("tmpfs", Quoted(MountsOf(c, MountKind::kTmpfs)));
  std::map<std::string, std::string> env;
  for (const EnvVariable& variable : c.env) env[variable.key] = variable.value;
  if (!env.empty()) {
    add("env", absl::StrCat("{",
                            Listed(env,
                                   [](const auto& v) {
                                     return absl::StrCat("\"", v.first, "\": \"", v.second, "\"");
                                   }),
                            "}"));
  }
  add("ports", Listed(c.net.ports, [](const PortMapping& port) {
        return absl::StrCat(port.host, "->", port.inside);
      }));
  add("depends-on", Listed(service.depends_on, [](const Dependency& dependency) {
        return absl::StrCat(dependency.service,
                            dependency.port ? absl::StrCat(":port ", *dependency.port) : "");
      }));
  if (c.cgroup.memory_bytes != 0) add("memory", MemoryText(c.cgroup.memory_bytes));
  if (c.cgroup.cpu_quota_microseconds != 0) {
    constexpr double kPeriod = CgroupPlan::kCpuPeriodMicroseconds;
    add("cpus", absl::StrCat(static_cast<double>(c.cgroup.cpu_quota_microseconds) / kPeriod));
  }
  add("workdir", c.workdir);
  add("user", c.user);
  add("command", Quoted(c.command));
  // The original keeps the words of cap-add and cap-drop; here they have become a set.
  if (c.capabilities != none.capabilities) {
    std::vector<std::string> names;
    for (size_t i = 0; i < kCapabilityNames.size(); ++i) {
      const auto capability = static_cast<Capability>(i);
      if (c.capabilities.contains(capability)) names.emplace_back(NameOf(capability));
    }
    add("capabilities", Quoted(names));
  }
  if (c.stop_grace_seconds != none.stop_grace_seconds) {
    add("stop-grace-period", absl::StrCat(c.stop_grace_seconds));
  }
  return absl::StrCat("service ", service.name, " image ", c.image, " ", absl::StrJoin(parts, "; "),
                      "\n");
}

std::string Describe(const ComposeForms& forms) {
  if (!forms.request()) return "";
  const ComposeRequest& request = *forms.request();
  const ComposeSpec& spec = request.spec;
  const std::string networks = Listed(spec.networks, [](const NetworkSpec& network) {
    return absl::StrCat(network.name,
                        network.subnet.empty() ? "" : absl::StrCat(" subnet ", network.subnet));
  });
  std::vector<std::string> volumes;
  for (const VolumeSpec& volume : spec.volumes) volumes.push_back(volume.name);
  std::string text = absl::StrCat(
      "project: ", request.project.empty() ? "(default)" : request.project,
      "   foreground: ", request.foreground ? "true" : "false",
      "   networks: ", networks.empty() ? "-" : networks, "   volumes: ", Quoted(volumes), "\n");
  for (const ServiceSpec& service : spec.services) absl::StrAppend(&text, Describe(service));
  const auto cycles = DependencyCycles(spec);
  for (const std::vector<std::string>& cycle : cycles) {
    absl::StrAppend(&text, "ordering error: dependency cycle: ", absl::StrJoin(cycle, " -> "),
                    "\n");
  }
  if (cycles.empty()) absl::StrAppend(&text, "start order: ", Quoted(StartOrder(spec)), "\n");
  std::map<std::string, int> hooks;
  for (const Hook& hook : forms.hooks()) ++hooks[hook.site.service];
  if (!hooks.empty()) {
    absl::StrAppend(&text, "hooks registered: [",
                    Listed(hooks,
                           [](const auto& hook) {
                             return absl::StrCat("\"", hook.first, ":", hook.second, "\"");
                           }),
                    "]\n");
  }
  return text;
}

void Check(const fs::path& program, bool stress) {
  SCOPED_TRACE(program);
  SourceMap sources;
  std::string output;
  const auto print = [&](absl::string_view text) { absl::StrAppend(&output, text); };
  reml::Host host;
  host.output = print;
  host.environment = [](absl::string_view) { return std::optional<std::string>(); };
  host.sleep = [](double) {};
  reml::Interpreter interpreter(sources, {}, host);
  interpreter.heap().set_stress(stress);
  ComposeForms forms(interpreter);
  FakeContainers containers("proj", print);
  ImperativeForms imperative(interpreter, forms, containers);
  Diagnostics diagnostics;
  forms.Evaluate(sources.Add(program.string(), Content(program)), diagnostics);
  EXPECT_EQ(Render(sources, diagnostics), "");
  EXPECT_EQ(output, Content(fs::path(program).replace_extension(".out")));
  EXPECT_EQ(Describe(forms), Content(fs::path(program).replace_extension(".request")));
}

std::set<fs::path> Programs() {
  std::set<fs::path> programs;
  for (const fs::directory_entry& entry : fs::directory_iterator(kPrograms)) {
    if (entry.path().extension() == ".reml") programs.insert(entry.path());
  }
  return programs;
}

TEST(ConformanceTest, ProgramsOfTheOriginal) {
  EXPECT_EQ(Programs().size(), 16u);
  for (const fs::path& program : Programs()) Check(program, false);
}

TEST(ConformanceTest, TheSameWhenEveryStepCollects) {
  for (const fs::path& program : Programs()) Check(program, true);
}

}  // namespace
}  // namespace pelagos::compose
