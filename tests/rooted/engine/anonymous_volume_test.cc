// Volumes that nobody gave a name: made for a container, with what its image has at their places,
// and gone with it.

#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "absl/strings/match.h"
#include "nlohmann/json.hpp"
#include "tests/rooted/engine/kept_test.h"

namespace pelagos::rooted {
namespace {

class AnonymousVolumeTest : public KeptTest {
 protected:
  // An image with a volume at /var/lib/db, in two layers over the first.
  void MakeDatabase() {
    Ok({"run", "--name", "base", "busybox", "sh", "-c",
        "mkdir -p /var/lib/db/sub && echo first > /var/lib/db/sub/file && "
        "echo gone > /var/lib/db/old && chown 7:8 /var/lib/db && chmod 2750 /var/lib/db && "
        "ln -s sub/file /var/lib/db/link"});
    Ok({"commit", "base", "first"});
    Ok({"run", "--name", "second", "first", "sh", "-c",
        "rm /var/lib/db/old; touch -d '2001-02-03 04:05:06' /var/lib/db/sub/file; "
        "chown 9 /var/lib/db/sub/file; chmod 4711 /var/lib/db/sub/file"});
    Ok({"commit", "--change", "VOLUME /var/lib/db", "second", "database"});
    Ok({"rm", "base", "second"});
  }
  std::string Volumes(const Words& more = {}) {
    Words words = {"volume", "ls", "-q"};
    words.insert(words.end(), more.begin(), more.end());
    return Ok(words);
  }
  nlohmann::json MountsOf(const std::string& name) {
    return nlohmann::json::parse(Ok({"inspect", name}))[0]["Mounts"];
  }
};

TEST_F(AnonymousVolumeTest, HasWhatTheImageHas) {
  MakeDatabase();
  Ok({"create", "--name", "db", "database", "sh", "-c",
      "cd /var/lib/db; stat -c '%n %u:%g %a' . sub/file; date -ur sub/file +%F; ls; "
      "readlink link; cat link; echo more > sub/file; grep -q ' /var/lib/db ' /proc/mounts && echo "
      "mounted"});
  const std::string volume = Volumes();
  ASSERT_EQ(volume.size(), 65u) << "made by create";
  EXPECT_EQ(Ok({"start", "-a", "db"}),
            ". 7:8 2750\nsub/file 9:0 4711\n2001-02-03\nlink\nsub\nsub/file\nfirst\nmounted\n");
  const nlohmann::json mounts = MountsOf("db");
  ASSERT_EQ(mounts.size(), 1u) << mounts;
  EXPECT_EQ(mounts[0]["Type"], "volume");
  EXPECT_EQ(mounts[0]["Name"].get<std::string>() + "\n", volume);
  EXPECT_EQ(mounts[0]["Destination"], "/var/lib/db");
  EXPECT_TRUE(absl::StrContains(Ok({"start", "-a", "db"}), "\nmore\n")) << "it is the same one";
  EXPECT_EQ(Ok({"diff", "db"}), "") << "nothing came into the layer";
  // It is in use, and outlives a plain rm.
  EXPECT_EQ(Volumes({"--filter", "dangling=true"}), "");
  Fails({"volume", "rm", volume.substr(0, 64)}, "in use by container 'db'");
  EXPECT_FALSE(absl::StrContains(Ok({"volume", "prune", "-f"}), volume));
  Ok({"rm", "db"});
  EXPECT_EQ(Volumes({"--filter", "dangling=true"}), volume);
  EXPECT_TRUE(absl::StrContains(Ok({"volume", "prune", "-f"}), volume));
  EXPECT_EQ(Volumes(), "");
}

TEST_F(AnonymousVolumeTest, ByFlagsAndGoneWithTheContainer) {
  Ok({"run", "--name", "one", "-v", "/bin", "--mount", "type=volume,target=/data", "--mount",
      "dst=/empty/bin,volume-nocopy", "-v", "named:/named", "busybox", "sh", "-c",
      "test -e /bin/busybox && test -z \"$(ls /empty/bin)\" && touch /data/x /named/x"});
  EXPECT_EQ(MountsOf("one").size(), 4u);
  EXPECT_EQ(Volumes().size(), 3 * 65u + 6u);
  Ok({"rm", "-v", "one"});
  EXPECT_EQ(Volumes(), "named\n");
  // Something that the user mounts stands in for the image's.
  MakeDatabase();
  Ok({"run", "--rm", "-v", "named:/var/lib/db", "database", "test", "-e", "/var/lib/db/x"});
  Ok({"run", "--rm", "--tmpfs", "/var/lib/db", "database", "test", "!", "-e", "/var/lib/db/sub"});
  EXPECT_EQ(Volumes(), "named\n");
  Fails({"run", "--rm", "-v", "data", "busybox", "true"}, "must be an absolute path", 2);
}

TEST_F(AnonymousVolumeTest, OfRunsThatGoWithTheirEnd) {
  // In the foreground, without a record.
  EXPECT_EQ(Ok({"run", "--rm", "-v", "/bin", "busybox", "sh", "-c",
                "grep -q ' /bin ' /proc/mounts && echo copied"}),
            "copied\n");
  EXPECT_EQ(Volumes(), "");
  EXPECT_EQ(world_->Pelagos({"run", "--rm", "-v", "/data", "busybox", "/none"}).code, 127);
  EXPECT_EQ(Volumes(), "");
  // With a monitor.
  Ok({"run", "-d", "--rm", "--name", "web", "-v", "/data", "busybox", "sleep", "1000"});
  EXPECT_EQ(Volumes().size(), 65u);
  Ok({"stop", "-t", "0", "web"});
  EXPECT_EQ(Volumes(), "");
  EXPECT_EQ(world_->Pelagos({"run", "-d", "--rm", "-v", "/data", "busybox", "/none"}).code, 127);
  EXPECT_EQ(Volumes(), "");
  world_->ExpectNoResidue("runs with volumes of their own");
}

TEST_F(AnonymousVolumeTest, OfAKilledRunAreSwept) {
  auto run = world_->Start({"run", "--rm", "--name", "db", "-v", "/data", "busybox", "sh", "-c",
                            "echo ready; exec sleep 1000"});
  ASSERT_TRUE(run->AwaitLine("ready"));
  const std::string volume = Volumes();
  ASSERT_EQ(volume.size(), 65u);
  const nlohmann::json mounts = MountsOf("db");
  ASSERT_EQ(mounts.size(), 1u) << mounts;
  EXPECT_EQ(mounts[0]["Name"].get<std::string>() + "\n", volume);
  Fails({"volume", "rm", volume.substr(0, 64)}, "in use by a running container");
  run->Signal(SIGKILL);
  run->Wait();
  Ok({"run", "--rm", "busybox", "true"});
  EXPECT_EQ(Volumes(), "");
}

TEST_F(AnonymousVolumeTest, SharedOnesStayWithWhoHasThem) {
  StartWeb("echo shared > /data/file; ", {"-v", "/data"});
  const std::string volume = Volumes();
  EXPECT_EQ(Ok({"run", "--rm", "--volumes-from", "web:ro", "busybox", "sh", "-c",
                "cat /data/file; touch /data/x 2>/dev/null || echo sealed"}),
            "shared\nsealed\n");
  EXPECT_EQ(Volumes(), volume) << "it is not that one's";
  Ok({"create", "--name", "heir", "--volumes-from", "web", "busybox", "cat", "/data/file"});
  Ok({"rm", "-fv", "web"});
  EXPECT_EQ(Volumes(), volume);
  EXPECT_EQ(Ok({"start", "-a", "heir"}), "shared\n");
  Ok({"rm", "-v", "heir"});
  EXPECT_EQ(Volumes(), volume) << "nor is it this one's";
  EXPECT_TRUE(absl::StrContains(Ok({"volume", "prune", "-f"}), volume));
}

TEST_F(AnonymousVolumeTest, NamedOnesBeginWithWhatTheImageHas) {
  MakeDatabase();
  const std::string file = "/var/lib/db/sub/file";
  EXPECT_EQ(Ok({"run", "--rm", "-v", "named:/var/lib/db", "first", "sh", "-c",
                "cat /var/lib/db/sub/file; rm -r /var/lib/db/*; touch /var/lib/db/mine"}),
            "first\n");
  Ok({"run", "--rm", "-v", "named:/var/lib/db", "first", "test", "!", "-e", file});
  Ok({"volume", "create", "empty"});
  Ok({"run", "--rm", "-v", "empty:/var/lib/db:nocopy", "first", "test", "!", "-e", file});
  EXPECT_EQ(Ok({"run", "--name", "web", "-v", "empty:/var/lib/db", "first", "sh", "-c",
                "cat /var/lib/db/sub/file && rm -r /var/lib/db/*; ls /var/lib/db"}),
            "first\n");
  EXPECT_EQ(world_->Pelagos({"start", "-a", "web"}).out, "") << "only when it is made";
}

}  // namespace
}  // namespace pelagos::rooted
