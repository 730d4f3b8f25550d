// Volumes, named root folders and images, and what containers that are kept need of them.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "pelagos/sys/file.h"
#include "tests/rooted/engine/kept_test.h"

namespace pelagos::rooted {
namespace {

namespace fs = std::filesystem;

using EngineThingsTest = KeptTest;

TEST_F(EngineThingsTest, VolumesAreMadeListedInspectedRemoved) {
  EXPECT_EQ(Ok({"volume", "create", "--label", "tier=db", "data"}), "data\n");
  EXPECT_EQ(Ok({"volume", "create", "data"}), "data\n") << "it is there";
  Fails({"volume", "create", "--label", "tier=web", "data"}, "with other labels");
  const std::string anonymous = Ok({"volume", "create"});
  EXPECT_EQ(anonymous.size(), 65u) << anonymous;
  EXPECT_EQ(Ok({"volume", "ls", "-q", "--filter", "name=dat"}), "data\n");
  EXPECT_EQ(Ok({"volume", "ls", "-q", "--filter", "label=tier=db"}), "data\n");
  EXPECT_EQ(Ok({"volume", "ls", "-q", "--filter", "label!=tier"}), anonymous);
  EXPECT_TRUE(absl::StrContains(Ok({"volume", "ls"}), "DRIVER"));
  const auto json = nlohmann::json::parse(Ok({"volume", "inspect", "data"}));
  EXPECT_EQ(json[0]["Name"], "data");
  EXPECT_EQ(json[0]["Labels"]["tier"], "db");
  EXPECT_EQ(json[0]["Mountpoint"], world_->data_root() + "/volumes/data/data");
  // Names are never paths.
  world_->Write("precious", "x");
  for (const std::string& name : {std::string(".."), world_->folder(), std::string("../../x"),
                                  std::string("a/b"), std::string(".lock")}) {
    EXPECT_EQ(world_->Pelagos({"volume", "rm", name}).code, 1) << name;
    EXPECT_EQ(world_->Pelagos({"volume", "rm", "-f", name}).code, 1) << name;
    EXPECT_EQ(world_->Pelagos({"volume", "create", name}).code, 2) << name;
  }
  EXPECT_TRUE(fs::exists(world_->folder() + "/precious"));
  Fails({"volume", "rm", "dta"}, "did you mean 'data'?");
  Ok({"volume", "rm", "-f", "none"});
  EXPECT_EQ(Ok({"volume", "rm", "data"}), "data\n");
  EXPECT_EQ(Ok({"volume", "ls", "-q"}), anonymous);
}

TEST_F(EngineThingsTest, VolumesInUseStay) {
  Ok({"run", "--name", "web", "-v", "data:/data", "busybox", "true"});
  Ok({"volume", "create", "data"});
  Ok({"volume", "create", "free"});
  const std::string anonymous = Ok({"volume", "create"});
  Fails({"volume", "rm", "data"}, "in use by container 'web'");
  EXPECT_EQ(Ok({"volume", "ls", "-q", "--filter", "dangling=false"}), "data\n");
  Fails({"volume", "prune"}, "say --force too");
  EXPECT_TRUE(absl::StrContains(Ok({"volume", "prune", "-f"}), anonymous));
  const std::string pruned = Ok({"volume", "prune", "-fa"});
  EXPECT_TRUE(absl::StrContains(pruned, "free\n")) << pruned;
  EXPECT_EQ(Ok({"volume", "ls", "-q"}), "data\n");
  Ok({"rm", "web"});
  EXPECT_EQ(Ok({"volume", "rm", "data"}), "data\n");
}

TEST_F(EngineThingsTest, AVolumeOfARunInTheForegroundIsInUse) {
  auto run = world_->Start(
      {"run", "--rm", "-v", "data:/data", "busybox", "sh", "-c", "echo ready; exec sleep 1000"});
  ASSERT_TRUE(run->AwaitLine("ready"));
  Fails({"volume", "rm", "data"}, "in use by a running container");
  run->Signal(SIGKILL);
  run->Wait();
  Ok({"cleanup"});
  EXPECT_EQ(Ok({"volume", "rm", "data"}), "data\n");
}

TEST_F(EngineThingsTest, RootFoldersHaveNames) {
  fs::create_directories(world_->folder() + "/root/bin");
  fs::copy_file("/bin/busybox", world_->folder() + "/root/bin/busybox");
  EXPECT_TRUE(
      absl::StrContains(Ok({"rootfs", "import", "tiny", "root"}), "Imported rootfs 'tiny'"));
  EXPECT_EQ(Ok({"run", "--rm", "--rootfs", "tiny", "/bin/busybox", "echo", "hi"}), "hi\n");
  EXPECT_EQ(Ok({"rootfs", "ls", "-q"}), "tiny\n");
  const auto json = nlohmann::json::parse(Ok({"rootfs", "ls", "--json"}));
  EXPECT_EQ(json[0]["path"], world_->folder() + "/root");
  Fails({"rootfs", "import", "../x", "root"}, "must begin with a letter or digit", 2);
  Fails({"rootfs", "import", "none", "nowhere"}, "nowhere");
  Fails({"rootfs", "rm", "tnyi"}, "no root folder is named 'tnyi'");
  EXPECT_EQ(Ok({"rootfs", "rm", "tiny"}), "Removed rootfs 'tiny'\n");
  EXPECT_TRUE(fs::exists(world_->folder() + "/root/bin/busybox"));
  EXPECT_EQ(world_->Pelagos({"run", "--rm", "--rootfs", "tiny", "/bin/busybox"}).code, 125);
}

TEST_F(EngineThingsTest, ImagesOfKeptContainersStay) {
  Ok({"run", "--name", "web", "busybox", "echo", "still there"});
  Fails({"image", "rm", "busybox"}, "in use by container 'web'");
  Ok({"image", "prune", "-af"});
  Ok({"image", "rm", "-f", "busybox"});
  Ok({"image", "prune"});
  Ok({"restart", "web"});
  EXPECT_EQ(Ok({"wait", "web"}), "0\n");
  Ok({"commit", "web", "mine"});
  Ok({"rm", "web"});
  EXPECT_EQ(Ok({"run", "--rm", "mine", "echo", "on its layers"}), "on its layers\n");
}

TEST_F(EngineThingsTest, PruneTakesWhatNothingUses) {
  Ok({"run", "--name", "done", "--label", "keep", "busybox", "true"});
  Ok({"run", "--name", "gone", "busybox", "sh", "-c", "echo x > /file"});
  StartWeb();
  Fails({"container", "prune"}, "say --force too");
  Ok({"container", "prune", "-f", "--filter", "until=1h"});
  Ok({"container", "prune", "-f", "--filter", "label!=keep"});
  Fails({"diff", "gone"}, "no container is named 'gone'");
  Ok({"diff", "done"});
  const std::string anonymous = Ok({"volume", "create"});
  Ok({"volume", "create", "named"});
  Ok({"image", "tag", "busybox", "unused"});
  const std::string pruned = Ok({"system", "prune", "-f", "--volumes"});
  EXPECT_TRUE(absl::StrContains(pruned, "Deleted Containers:\n")) << pruned;
  EXPECT_TRUE(absl::StrContains(pruned, anonymous)) << pruned;
  EXPECT_TRUE(absl::StrContains(pruned, "Total reclaimed space: ")) << pruned;
  EXPECT_EQ(Ok({"volume", "ls", "-q"}), "named\n");
  Fails({"diff", "done"}, "no container is named 'done'");
  Ok({"diff", "web"});
  Ok({"system", "prune", "-fa"});
  EXPECT_TRUE(absl::StrContains(Ok({"image", "ls"}), "busybox")) << "web needs it";
  Ok({"rm", "-f", "web"});
  Ok({"prune", "-f"});
  EXPECT_TRUE(absl::StrContains(Ok({"system", "prune", "-fa"}), "busybox"));
}

TEST_F(EngineThingsTest, CleanupTakesWhatKilledCommandsLeft) {
  EXPECT_EQ(Ok({"cleanup"}), "No stale resources found.\n");
  auto run = world_->Start({"run", "--rm", "busybox", "sh", "-c", "echo ready; exec sleep 1000"});
  ASSERT_TRUE(run->AwaitLine("ready"));
  fs::create_directories(world_->data_root() + "/volumes/.gone-x/data");
  fs::create_directories(world_->data_root() + "/images/ingest/abcdef");
  EXPECT_EQ(world_->Pelagos({"cleanup"}).code, 0);
  EXPECT_FALSE(run->Ended()) << "what runs stays";
  run->Signal(SIGKILL);
  run->Wait();
  const std::string cleaned = Ok({"cleanup"});
  EXPECT_TRUE(absl::StrContains(cleaned, "removed " + world_->run_root() + "/containers/"))
      << cleaned;
  EXPECT_TRUE(absl::StrContains(cleaned, "Cleaned 1 stale resource(s).")) << cleaned;
  EXPECT_FALSE(fs::exists(world_->data_root() + "/volumes/.gone-x"));
  EXPECT_FALSE(fs::exists(world_->data_root() + "/images/ingest/abcdef"));
  world_->ExpectNoResidue("a killed run, cleaned up");
}

TEST_F(EngineThingsTest, InfoAndUsage) {
  StartWeb();
  Ok({"run", "--name", "done", "busybox", "sh", "-c", "head -c 100000 /dev/zero > /file"});
  const auto info = nlohmann::json::parse(Ok({"info", "--json"}));
  EXPECT_EQ(info["Containers"], 2);
  EXPECT_EQ(info["ContainersRunning"], 1);
  EXPECT_EQ(info["ContainersStopped"], 1);
  EXPECT_EQ(info["Images"], 1);
  EXPECT_EQ(info["DataRoot"], world_->data_root());
  EXPECT_TRUE(absl::StrContains(Ok({"system", "info"}), "Containers: 2\n Running: 1\n"));
  const auto usage = nlohmann::json::parse(Ok({"system", "df", "-v", "--format", "json"}));
  ASSERT_EQ(usage["Containers"].size(), 2u);
  EXPECT_EQ(usage["Containers"][0]["Name"], "done");
  EXPECT_EQ(usage["Containers"][0]["State"], "stopped");
  EXPECT_GE(usage["Containers"][0]["Size"].get<int>(), 100000);
  EXPECT_EQ(usage["Containers"][1]["State"], "running");
}

}  // namespace
}  // namespace pelagos::rooted
