#include "tests/golden/stack.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/plan/make_compose_plan.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/spec/check.h"
#include "pelagos/spec/forms.h"
#include "pelagos/spec/scope.h"

namespace pelagos::golden {

HostFacts FactsOf(const std::string& host) {
  HostFacts facts;
  if (host == "v2") {
    facts.cgroups.v2_mount = "/sys/fs/cgroup";
    facts.cgroups.v2_controllers = {CgroupController::kMemory, CgroupController::kCpu,
                                    CgroupController::kPids};
  } else if (host == "hybrid") {
    facts.cgroups.v2_mount = "/sys/fs/cgroup/unified";
    for (const CgroupControllerRow& row : kCgroupControllers) {
      facts.cgroups.v1_mounts[row.value] = absl::StrCat("/sys/fs/cgroup/", row.v1_name);
    }
  } else {
    EXPECT_EQ(host, "none");
  }
  return facts;
}

ResolvedImage ImageOf(const std::string& reference) {
  ResolvedImage image;
  image.reference = reference;
  image.layers = {absl::StrCat("/layers/", reference, "/top"),
                  absl::StrCat("/layers/", reference, "/base")};
  image.env = {"PATH=/usr/local/bin:/usr/bin:/bin", absl::StrCat("IMAGE=", reference)};
  image.entrypoint = {"/entrypoint.sh"};
  image.cmd = {"start"};
  return image;
}

ResolvedUser UserOf(const std::string& user) {
  ResolvedUser resolved;
  if (user.empty()) {
    resolved.home = "/root";
    return resolved;
  }
  int uid = 0;
  EXPECT_TRUE(absl::SimpleAtoi(user.substr(0, user.find(':')), &uid)) << user;
  resolved.uid = resolved.gid = static_cast<uint32_t>(uid);
  resolved.home = "/home/app";
  return resolved;
}

StackResult PlanStack(const std::string& name, const std::string& text, const HostFacts& facts) {
  SourceMap sources;
  Diagnostics diags;
  reml::Host host;
  host.environment = [](absl::string_view) { return std::optional<std::string>(); };
  reml::Interpreter interpreter(sources, {}, host);
  ComposeForms forms(interpreter);
  StackResult result;
  if (forms.Evaluate(sources.Add(name, text), diags).has_value() && forms.request()) {
    const ComposeRequest& request = *forms.request();
    ComposeSpec spec = Completed(request.spec);
    std::vector<HookSite> hooks;
    for (const Hook& hook : forms.hooks()) hooks.push_back(hook.site);
    CheckCompose(spec, hooks, diags);
    ResolveBindSources(spec, "/srv/stack");
    std::map<std::string, ServiceImage> images;
    for (const ServiceSpec& service : spec.services) {
      images[service.name] = {ImageOf(service.container.image), UserOf(service.container.user)};
    }
    if (diags.ok()) result.plan = MakeComposePlan(request.project, spec, images, facts, diags);
  }
  result.report = Render(sources, diags);
  result.inputs = interpreter.inputs().list();
  return result;
}

}  // namespace pelagos::golden
