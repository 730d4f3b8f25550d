// `pelagos diff`, `export`, `commit` of real containers.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tests/rooted/engine/kept_test.h"

namespace pelagos::rooted {
namespace {

namespace fs = std::filesystem;

class LayerTest : public KeptTest {
 protected:
  // "web", which has ended.
  void RunWeb(const std::string& script, const Words& flags = {}) {
    Words words = {"run", "--name", "web"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"busybox", "sh", "-c", script});
    Ok(words);
  }
};

constexpr char kWrites[] =
    "rm /bin/busybox; mkdir /made; echo new > /made/new; ln -s new /made/link; ";

TEST_F(LayerTest, DiffSaysWhatWasWritten) {
  RunWeb(kWrites);
  EXPECT_EQ(Ok({"diff", "web"}), "C /bin\nD /bin/busybox\nA /made\nA /made/link\nA /made/new\n");
  const auto json = nlohmann::json::parse(Ok({"diff", "--json", "web"}));
  ASSERT_EQ(json.size(), 5u);
  EXPECT_EQ(json[1]["Kind"], "D");
  EXPECT_EQ(json[1]["Path"], "/bin/busybox");
  Ok({"rm", "web"});
  RunWeb("true", {"-v", "things:/srv/things"});
  EXPECT_EQ(Ok({"diff", "web"}), "") << "what the runtime mounts on is no change";
}

TEST_F(LayerTest, ExportIsAllItsFiles) {
  RunWeb(kWrites, {"-v", "things:/things"});
  Ok({"export", "-o", "stopped.tar", "web"});
  const Outcome stopped = world_->Tool({"tar", "-tf", "stopped.tar"});
  EXPECT_TRUE(absl::StrContains(stopped.out, "\nmade/new\n")) << stopped.Describe();
  EXPECT_FALSE(absl::StrContains(stopped.out, "bin/busybox\n"));
  Ok({"rm", "web"});
  StartWeb("echo x > /things/in-volume; mkdir -p /srv; echo new > /srv/new; ",
           {"-v", "things:/things"});
  Ok({"export", "-o", "running.tar", "web"});
  const Outcome running = world_->Tool({"tar", "-tf", "running.tar"});
  EXPECT_TRUE(absl::StrContains(running.out, "bin/busybox\n")) << running.Describe();
  EXPECT_TRUE(absl::StrContains(running.out, "\nthings/\n")) << running.Describe();
  EXPECT_FALSE(absl::StrContains(running.out, "in-volume")) << "no volumes";
  EXPECT_FALSE(absl::StrContains(running.out, "proc/1")) << "no mounts at all";
  Ok({"image", "import", "running.tar", "flat"});
  EXPECT_EQ(Ok({"run", "--rm", "flat", "/bin/busybox", "ls", "/bin/busybox"}), "/bin/busybox\n");
}

TEST_F(LayerTest, CommitMakesAnImageThatRuns) {
  RunWeb(absl::StrCat(kWrites, "mkdir -p /etc/d; chown 5:6 /made/new; "), {"-e", "A=1", "-w", "/"});
  const std::string digest = Ok({"commit", "-m", "tuned", "-a", "me", "-c", "ENV B=2", "-c",
                                 "LABEL tier=web", "web", "mine:1"});
  EXPECT_TRUE(absl::StartsWith(digest, "sha256:")) << digest;
  Ok({"rm", "web"});
  // busybox is gone from it: one of the base's layers serves as a volume.
  const auto json = nlohmann::json::parse(Ok({"image", "inspect", "mine:1"}));
  EXPECT_TRUE(absl::StrContains(json.dump(), "tier")) << json.dump();
  EXPECT_TRUE(absl::StrContains(json.dump(), "B=2")) << json.dump();
  EXPECT_TRUE(absl::StrContains(Ok({"image", "history", "mine:1"}), "tuned"));
  // There is no program in it, so that it cannot be run; but there it is.
  EXPECT_EQ(world_->Pelagos({"run", "--name", "web", "mine:1", "true"}).code, 127);
  Ok({"cp", "-aq", "web:/made/new", "new"});
  struct stat info = {};
  ASSERT_EQ(::stat((world_->folder() + "/new").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 5u);
  EXPECT_EQ(world_->Pelagos({"cp", "web:/bin/busybox", "x"}).code, 1) << "whited out";
  EXPECT_EQ(Ok({"image", "fsck"}).find("damage"), std::string::npos);
}

TEST_F(LayerTest, CommitOfARunningContainerPausesItAndGoesOn) {
  StartWeb("mkdir -p /srv; echo one > /srv/one; ");
  Ok({"commit", "web", "mine"});
  EXPECT_EQ(Ok({"run", "--rm", "mine", "cat", "/srv/one"}), "one\n");
  // It is not paused any more.
  EXPECT_EQ(world_->Pelagos({"unpause", "web"}).code, 1);
  Ok({"commit", "--pause=false", "web", "other"});
  const Outcome unnamed = world_->Pelagos({"commit", "web"});
  EXPECT_EQ(unnamed.code, 0) << unnamed.Describe();
  EXPECT_TRUE(absl::StrContains(unnamed.err, "the image is called localhost/web:"))
      << unnamed.Describe();
}

TEST_F(LayerTest, FoldersThatReplaceFoldersHideThem) {
  RunWeb("mkdir -p /d/old; echo x > /d/old/file");
  Ok({"commit", "web", "base"});
  Ok({"rm", "web"});
  Ok({"run", "--name", "web", "base", "sh", "-c", "rm -r /d; mkdir /d; echo y > /d/new"});
  EXPECT_EQ(Ok({"diff", "web"}), "C /d\nA /d/new\nD /d/old\n");
  Ok({"commit", "web", "top"});
  EXPECT_EQ(Ok({"run", "--rm", "top", "ls", "/d"}), "new\n");
}

TEST_F(LayerTest, Errors) {
  RunWeb("true");
  Fails({"commit", "-c", "RUN x", "web", "mine"}, "expected CMD, ENTRYPOINT");
  Fails({"commit", "web", "Not A Name"}, "Not A Name");
  Fails({"commit"}, "expected the name", 2);
  Fails({"diff", "none"}, "no container is named 'none'");
  Fails({"export", "none"}, "no container is named 'none'");
}

}  // namespace
}  // namespace pelagos::rooted
