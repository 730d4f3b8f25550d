#include "pelagos/cli/engine/ps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/cli/quantity.h"

namespace pelagos::cli {
namespace {

using container::Found;
using container::Kind;
using container::Status;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

constexpr char kNow[] = "2026-03-04T12:00:00.5Z";

Found Named(const std::string& name, Status status, const std::string& created) {
  Found found;
  found.name = name;
  found.id = absl::StrCat(name, std::string(64 - name.size(), '0'));
  found.status = status;
  found.record.id = found.id;
  found.record.created = created;
  found.record.spec.name = name;
  found.record.spec.image = "busybox";
  found.record.spec.arguments = {"sleep", "1000000 and more"};
  found.record.image.reference = "docker.io/library/busybox:latest";
  found.record.image.digest = "sha256:0123456789abcdef0123";
  found.state.started_at = created;
  return found;
}

// The last one first, as the inventory has it.
std::vector<Found> Some() {
  Found web = Named("web", Status::kRunning, "2026-03-04T11:57:00Z");
  web.health = "healthy";
  web.state.init.pid = 17;
  web.state.monitor.pid = 16;
  web.state.addresses = {"10.99.0.2"};
  web.record.spec.net.mode = NetMode::kBridge;
  web.record.spec.net.attachments = {{"shop-default", {}}};
  web.record.spec.net.ports = {{"0.0.0.0", 8443, 443, Protocol::kTcp},
                               {"127.0.0.1", 8080, 80, Protocol::kTcp}};
  web.ports = web.record.spec.net.ports;
  web.record.image.exposed_ports = {"80", "53/udp"};
  web.record.spec.lifecycle.labels = {{"tier", "front"}, {"env", "prod"}};
  web.record.spec.mounts = MountPlan().Volume("data", "/var/lib/data"_path);
  Found resting = Named("resting", Status::kPaused, "2026-03-04T11:59:59.2Z");
  Found again = Named("again", Status::kRestarting, "2026-03-04T11:50:00Z");
  again.state.exit_code = 1;
  again.state.finished_at = "2026-03-04T11:59:57Z";
  Found done = Named("done", Status::kExited, "2026-03-04T09:00:00Z");
  done.state.exit_code = 137;
  done.state.finished_at = "2026-03-04T10:00:00Z";
  done.record.spec.image = "ghcr.io/acme/api:1.2";
  done.record.image.reference = "ghcr.io/acme/api:1.2";
  done.record.image.digest = "sha256:ffffffffffffffffffff";
  done.record.spec.lifecycle.labels = {{"tier", "back"}};
  Found lost = Named("lost", Status::kLost, "2026-03-04T08:00:00Z");
  Found made = Named("made", Status::kCreated, "2026-03-03T11:00:00Z");
  made.state.started_at = "";
  Found service = Named("shop-db", Status::kRunning, "2026-03-01T12:00:00Z");
  service.id = "shop-db";
  service.kind = Kind::kService;
  service.project = "shop";
  service.service = "db";
  service.health = "starting";
  Found foreign;
  foreign.kind = Kind::kForeground;
  foreign.id = foreign.name = "foreign";
  foreign.has_record = false;
  foreign.status = Status::kRunning;
  return {resting, web, again, done, lost, made, service, foreign};
}

std::string Ps(const Words& words, const std::vector<Found>& all = Some()) {
  const std::vector<Command> commands = PsCommands();
  const auto args = ParseFlags(commands[0].flags, words, false);
  if (!args.ok()) return std::string(args.status().message());
  const auto text = PsText(all, *args, TimeOf(kNow), [](const Found& found) {
    return ContainerSize{found.name.size(), 7'800'000};
  });
  return text.ok() ? *text : std::string(text.status().message());
}

Words Names(const Words& filters) {
  Words words = {"--format", "Names"};
  for (const std::string& filter : filters) words.push_back(filter);
  return absl::StrSplit(Ps(words), '\n', absl::SkipEmpty());
}
Words Filtered(const std::string& filter) { return Names({"-a", "--filter", filter}); }

TEST(PsTest, Table) {
  // clang-format off
  EXPECT_EQ(Ps({"-a"}), R"(CONTAINER ID   IMAGE                  COMMAND                  CREATED          STATUS                         PORTS                                                   NAMES
resting00000   busybox                "sleep 1000000 and m…"   1 second ago     Up 1 second (Paused)                                                                   resting
web000000000   busybox                "sleep 1000000 and m…"   3 minutes ago    Up 3 minutes (healthy)         127.0.0.1:8080->80/tcp, 0.0.0.0:8443->443/tcp, 53/udp   web
again0000000   busybox                "sleep 1000000 and m…"   10 minutes ago   Restarting (1) 3 seconds ago                                                           again
done00000000   ghcr.io/acme/api:1.2   "sleep 1000000 and m…"   3 hours ago      Exited (137) 2 hours ago                                                               done
lost00000000   busybox                "sleep 1000000 and m…"   4 hours ago      Lost                                                                                   lost
made00000000   busybox                "sleep 1000000 and m…"   25 hours ago     Created                                                                                made
shop-db        busybox                "sleep 1000000 and m…"   3 days ago       Up 3 days (health: starting)                                                           shop-db
foreign                                                                         Up                                                                                     foreign
)");
  // clang-format on
}

TEST(PsTest, OnlyThoseThatRunUnlessAskedFor) {
  EXPECT_THAT(Names({}), ElementsAre("resting", "web", "again", "shop-db", "foreign"));
  EXPECT_THAT(Names({"-a"}),
              ElementsAre("resting", "web", "again", "done", "lost", "made", "shop-db", "foreign"));
  EXPECT_THAT(Names({"-n", "4"}), ElementsAre("resting", "web", "again", "done"));
  EXPECT_THAT(Names({"--latest"}), ElementsAre("resting"));
  EXPECT_THAT(Names({"-n", "1", "--filter", "status=exited"}), ElementsAre("done"));
  EXPECT_EQ(Ps({"-q"}, {}), "");
  EXPECT_EQ(Ps({"--json"}, {}), "[]\n");
  EXPECT_EQ(Ps({"-lq"}), "resting00000\n");
  EXPECT_EQ(Ps({"-lq", "--no-trunc"}), absl::StrCat("resting", std::string(57, '0'), "\n"));
}

TEST(PsTest, StatusInWords) {
  EXPECT_EQ(Ps({"-a", "--format", "Status"}),
            "Up 1 second (Paused)\n"
            "Up 3 minutes (healthy)\n"
            "Restarting (1) 3 seconds ago\n"
            "Exited (137) 2 hours ago\n"
            "Lost\n"
            "Created\n"
            "Up 3 days (health: starting)\n"
            "Up\n");
}

TEST(PsTest, Sizes) {
  EXPECT_EQ(Ps({"-l", "--format", "Names,Size"}), "resting\t7B (virtual 7.8MB)\n");
  EXPECT_THAT(Ps({"-ls"}), HasSubstr("NAMES     SIZE\n"));
}

TEST(PsTest, Filters) {
  EXPECT_THAT(Filtered("name=^/?web$"), ElementsAre("web"));
  EXPECT_THAT(Filtered("name=^/web$"), ElementsAre("web"));
  EXPECT_THAT(Filtered("name=do"), ElementsAre("done"));
  EXPECT_THAT(Filtered("id=lost"), ElementsAre("lost"));
  EXPECT_THAT(Filtered("id=ost"), ElementsAre());
  EXPECT_THAT(Filtered("status=lost"), ElementsAre("lost"));
  EXPECT_THAT(Names({"-f", "status=exited", "-f", "status=created"}), ElementsAre("done", "made"));
  EXPECT_THAT(Filtered("status=dead"), ElementsAre());
  EXPECT_THAT(Filtered("label=tier"), ElementsAre("web", "done"));
  EXPECT_THAT(Names({"-a", "-f", "label=tier=front", "-f", "label=env"}), ElementsAre("web"));
  EXPECT_THAT(Filtered("ancestor=ghcr.io/acme/api:1.2"), ElementsAre("done"));
  EXPECT_THAT(Filtered("ancestor=docker.io/library/busybox").size(), ::testing::Eq(6u));
  EXPECT_THAT(Filtered("ancestor=ffffffffffff"), ElementsAre("done"));
  EXPECT_THAT(Filtered("exited=137"), ElementsAre("done"));
  EXPECT_THAT(Names({"-f", "exited=1"}), ElementsAre("again"));
  EXPECT_THAT(Filtered("health=healthy"), ElementsAre("web"));
  EXPECT_THAT(Filtered("health=none").size(), ::testing::Eq(6u));
  EXPECT_THAT(Filtered("volume=data"), ElementsAre("web"));
  EXPECT_THAT(Filtered("volume=/var/lib/data"), ElementsAre("web"));
  EXPECT_THAT(Filtered("network=shop-default"), ElementsAre("web"));
  EXPECT_THAT(Filtered("project=shop"), ElementsAre("shop-db"));
  EXPECT_THAT(Filtered("service=db"), ElementsAre("shop-db"));
  EXPECT_THAT(Filtered("publish=8443"), ElementsAre("web"));
  EXPECT_THAT(Filtered("publish=443"), ElementsAre());
  EXPECT_THAT(Filtered("publish=8000-9000/udp"), ElementsAre());
  EXPECT_THAT(Filtered("expose=53/udp"), ElementsAre("web"));
  EXPECT_THAT(Filtered("expose=443"), ElementsAre("web"));
  EXPECT_THAT(Filtered("before=done"), ElementsAre("lost", "made", "shop-db", "foreign"));
  EXPECT_THAT(Filtered("since=again"), ElementsAre("resting", "web"));
  EXPECT_THAT(Filtered("since=again000"), ElementsAre("resting", "web"));
}

TEST(PsTest, WrongFilters) {
  EXPECT_THAT(Ps({"-f", "stat=x"}), HasSubstr("unknown key 'stat'; there are ancestor, before"));
  EXPECT_THAT(Ps({"-f", "status=gone"}), HasSubstr("status=gone: expected created, running"));
  EXPECT_THAT(Ps({"-f", "health=fine"}), HasSubstr("health=fine: expected starting"));
  EXPECT_THAT(Ps({"-f", "exited=x"}), HasSubstr("exited=x: expected an exit code"));
  EXPECT_THAT(Ps({"-f", "name=("}), HasSubstr("name=(: missing )"));
  EXPECT_THAT(Ps({"-f", "publish=http"}), HasSubstr("expected PORT"));
  EXPECT_THAT(Ps({"-f", "since=nobody"}), HasSubstr("since=nobody: no container is named so"));
  EXPECT_THAT(Ps({"-n", "0"}), HasSubstr("--last: '0': expected a number"));
}

TEST(PsTest, JsonHasDockersFieldsAndTheOriginals) {
  const Json all = Json::parse(Ps({"-a", "--json"}));
  ASSERT_EQ(all.size(), 8u);
  const Json& web = all[1];
  EXPECT_EQ(web["ID"].get<std::string>().size(), 64u);
  EXPECT_EQ(web["Names"], "web");
  EXPECT_EQ(web["Command"], "\"sleep 1000000 and more\"");
  EXPECT_EQ(web["CreatedAt"], "2026-03-04 11:57:00 +0000 UTC");
  EXPECT_EQ(web["State"], "running");
  EXPECT_EQ(web["Labels"], "env=prod,tier=front");
  EXPECT_EQ(web["Mounts"], "data");
  EXPECT_EQ(web["LocalVolumes"], "1");
  EXPECT_EQ(web["Networks"], "shop-default");
  EXPECT_FALSE(web.contains("Size"));
  EXPECT_EQ(web["pid"], 17);
  EXPECT_EQ(web["watcher_pid"], 16);
  EXPECT_EQ(web["status"], "running");
  EXPECT_EQ(web["exit_code"], nullptr);
  EXPECT_EQ(web["command"], Json({"sleep", "1000000 and more"}));
  EXPECT_EQ(web["labels"]["tier"], "front");
  EXPECT_EQ(web["network_ips"], Json({{"shop-default", "10.99.0.2"}}));
  EXPECT_EQ(web["bridge_ip"], "10.99.0.2");
  EXPECT_EQ(all[3]["exit_code"], 137);
  EXPECT_EQ(all[3]["pid"], 0);
  EXPECT_EQ(all[7]["Names"], "foreign");
  EXPECT_EQ(Json::parse(Ps({"-l", "--json", "-s"}))[0]["Size"], "7B (virtual 7.8MB)");
}

}  // namespace
}  // namespace pelagos::cli
