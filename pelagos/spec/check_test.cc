#include "pelagos/spec/check.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

using Lines = std::vector<std::string>;

ServiceSpec Service(const std::string& name) {
  ServiceSpec service;
  service.name = name;
  return service;
}

// One line an error: where, what, hint.
Lines Check(const ComposeSpec& spec, const std::vector<HookSite>& hooks = {}) {
  Diagnostics diags;
  CheckCompose(spec, hooks, diags);
  Lines lines;
  for (const Diagnostic& diagnostic : diags.list()) {
    lines.push_back(
        absl::StrCat(diagnostic.span.known() ? absl::StrCat(diagnostic.span.begin, ": ") : "",
                     diagnostic.message, diagnostic.hint.empty() ? "" : " | ", diagnostic.hint));
  }
  return lines;
}

Span At(uint32_t where) { return {0, where, where + 1}; }

TEST(CheckComposeTest, ASoundStack) {
  ComposeSpec spec;
  spec.services = {Service("web"), Service("db")};
  spec.services[0].depends_on = {{"db", 5432, {}}};
  spec.services[0].networks = {"front"};
  spec.services[0].container.mounts = MountPlan().Volume("data", "/d"_path).Tmpfs("/d/t"_path);
  spec.networks = {{"front", "10.5.0.0/24", {}}, {"back", "10.5.1.0/24", {}}};
  spec.volumes = {{"data", {}}};
  EXPECT_EQ(Check(spec, {{"db", {}}}), Lines{});
  EXPECT_EQ(Check({}), Lines{});
}

TEST(CheckComposeTest, Duplicates) {
  ComposeSpec spec;
  spec.services = {Service("a"), Service("a")};
  spec.services[1].span = At(9);
  spec.networks = {{"a", "", {}}, {"a", "", {}}};
  spec.volumes = {{"a", {}}, {"b", {}}, {"a", {}}};
  EXPECT_EQ(Check(spec), (Lines{"9: duplicate: service 'a' | another service has this name already",
                                "duplicate: network 'a' | another network has this name already",
                                "duplicate: volume 'a' | another volume has this name already"}));
}

TEST(CheckComposeTest, Names) {
  ComposeSpec spec;
  spec.services = {Service("../x")};
  spec.networks = {{"a b", "", {}}};
  EXPECT_EQ(Check(spec), (Lines{"service '../x' must begin with a letter or digit",
                                "network 'a b' may have only letters, digits, '_', '.' and '-'"}));
}

TEST(CheckComposeTest, UnknownThings) {
  ComposeSpec spec;
  spec.services = {Service("web"), Service("store")};
  ServiceSpec& web = spec.services[0];
  web.networks = {"fornt", "zzz"};
  web.container.spans.Set("network", "fornt", At(3));
  web.container.mounts = MountPlan().Volume("dat", "/d"_path).Volume("zzz", "/e"_path);
  web.container.spans.Set("mount", "/d", At(5));
  web.depends_on = {{"stoer", {}, At(7)}, {"zzz", {}, {}}, {"web", {}, At(8)}};
  spec.networks = {{"front", "", {}}};
  spec.volumes = {{"data", {}}};
  EXPECT_EQ(Check(spec, {{"wbe", At(11)}}),
            (Lines{"3: service 'web' references unknown network 'fornt' | did you mean 'front'?",
                   "service 'web' references unknown network 'zzz' | declare it in the compose "
                   "form: (network \"zzz\")",
                   "5: service 'web' references unknown volume 'dat' | did you mean 'data'?",
                   "service 'web' references unknown volume 'zzz' | declare it in the compose "
                   "form: (volume \"zzz\")",
                   "7: service 'web' depends on unknown service 'stoer' | did you mean 'store'?",
                   "service 'web' depends on unknown service 'zzz' | it is not part of the compose "
                   "form",
                   "8: service 'web' depends on itself",
                   "11: on-ready: unknown service 'wbe' | did you mean 'web'?"}));
}

TEST(CheckComposeTest, Cycles) {
  ComposeSpec spec;
  spec.services = {Service("a"), Service("b")};
  spec.services[0].depends_on = {{"b", {}, At(2)}};
  spec.services[1].depends_on = {{"a", {}, At(4)}};
  EXPECT_EQ(Check(spec),
            Lines{"2: dependency cycle: a -> b | one of them must start without the others"});
}

TEST(CheckComposeTest, PortsOfTheHost) {
  ComposeSpec spec;
  spec.services = {Service("a"), Service("b")};
  spec.services[0].container.net.ports = {{"127.0.0.1", 80, 80, Protocol::kTcp},
                                          {"127.0.0.1", 80, 81, Protocol::kTcp}};
  spec.services[1].container.net.ports = {{"127.0.0.1", 81, 80, Protocol::kTcp},
                                          {"0.0.0.0", 80, 80, Protocol::kTcp}};
  spec.services[1].container.spans.Set("port", "1", At(6));
  EXPECT_EQ(
      Check(spec),
      (Lines{"port 80 of the host is published twice | service 'a' publishes it already",
             "6: port 80 of the host is published twice | service 'a' publishes it already"}));
}

TEST(CheckComposeTest, Targets) {
  ComposeSpec spec;
  spec.services = {Service("a")};
  spec.services[0].container.mounts.push_back({MountKind::kTmpfs, "", "/t", false});
  spec.services[0].container.mounts.push_back({MountKind::kTmpfs, "", "/t/", false});
  spec.services[0].container.mounts.push_back({MountKind::kTmpfs, "", "/proc", false});
  EXPECT_EQ(Check(spec),
            (Lines{"service 'a' has two mounts on '/t'",
                   "service 'a': tmpfs target '/proc' is in /proc, which is the container's own"}));
}

TEST(CheckComposeTest, Subnets) {
  ComposeSpec spec;
  spec.networks = {{"a", "10.5.0.0/16", {}}, {"b", "10.5.1.0/24", At(4)}, {"c", "10.5.1.1/24", {}}};
  EXPECT_EQ(Check(spec),
            (Lines{"4: subnet 10.5.1.0/24 of network 'b' overlaps with 10.5.0.0/16 of network 'a'",
                   "network 'c': subnet '10.5.1.1/24' has bits set beyond its prefix"}));
}

TEST(ResolveBindSourcesTest, RelativePathsCountFromTheFolder) {
  const auto resolved = [](const std::string& source, absl::string_view folder) {
    ComposeSpec spec;
    spec.services = {Service("a")};
    spec.services[0].container.mounts.push_back({MountKind::kBind, source, "/t", false});
    ResolveBindSources(spec, folder);
    return spec.services[0].container.mounts.mounts()[0].source;
  };
  EXPECT_EQ(resolved("site", "/srv/app"), "/srv/app/site");
  EXPECT_EQ(resolved("./site", "/srv/app/"), "/srv/app/site");
  EXPECT_EQ(resolved(".//./site", "/srv/app/"), "/srv/app/site");
  EXPECT_EQ(resolved("../site", "/srv/app"), "/srv/app/../site");
  EXPECT_EQ(resolved(".", "/srv/app"), "/srv/app");
  EXPECT_EQ(resolved("./", "/srv/app"), "/srv/app");
  EXPECT_EQ(resolved("site", "/"), "/site");
  EXPECT_EQ(resolved("/abs", "/srv/app"), "/abs");
}

TEST(ResolveBindSourcesTest, VolumesStay) {
  ComposeSpec spec;
  spec.services = {Service("a")};
  spec.services[0].container.mounts = MountPlan().Volume("data", "/d"_path);
  ResolveBindSources(spec, "/srv");
  EXPECT_EQ(spec.services[0].container.mounts.mounts()[0].source, "data");
}

}  // namespace
}  // namespace pelagos
