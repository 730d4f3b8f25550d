// Images that containers run on: what rm and prune leave alone, and what `system df` says.

#include <signal.h>

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "pelagos/image/program/tar_for_tests.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

using image::LayoutForTests;
using image::TarBuilder;
using Json = nlohmann::json;

class UseTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(Run({}, "true").code, 0);  // loads busybox
    const std::string other = TarBuilder().File("other", std::string(200000, 'x')).Build();
    Must({"image", "load",
          world_->Write("other.tar", LayoutForTests({other}, {other}, "other:1").Pack())});
  }
  std::string Must(const Words& words) {
    const Outcome outcome = world_->Pelagos(words);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    return outcome.out;
  }
  // A container that has written, on a volume too.
  std::unique_ptr<Program> StartContainer() {
    auto container = world_->Start(
        {"run", "--rm", "--name", "busy", "-v", "kept:/kept", "busybox", "sh", "-c",
         "trap 'exit 0' TERM; head -c 300000 /dev/zero > /written; head -c 100000 /dev/zero > "
         "/kept/file; echo up; sleep 1000 & wait"});
    EXPECT_TRUE(container->AwaitLine("up"));
    return container;
  }
  static void Stop(Program& container) {
    container.Signal(SIGTERM);
    container.Wait();
  }
  Json Row(const std::string& type) {
    for (const absl::string_view line :
         absl::StrSplit(Must({"system", "df", "--format", "json"}), '\n', absl::SkipEmpty())) {
      Json row = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
      if (row.is_object() && row["Type"] == type) return row;
    }
    ADD_FAILURE() << "no row " << type;
    return Json::object();
  }
};

TEST_F(UseTest, AnImageInUseStaysUnlessForced) {
  const std::unique_ptr<Program> container = StartContainer();
  const Outcome refused = world_->Pelagos({"image", "rm", "busybox"});
  EXPECT_EQ(refused.code, 1) << refused.Describe();
  EXPECT_EQ(refused.err,
            "pelagos: error: image 'busybox': it is in use by a running container; --force removes "
            "its name all the same\n");
  // Another name of it can go, and prune leaves it alone.
  Must({"image", "tag", "busybox", "second:1"});
  Must({"image", "rm", "second:1"});
  const std::string pruned = Must({"image", "prune", "--all", "--force"});
  EXPECT_TRUE(absl::StrContains(pruned, "Removed image: docker.io/library/other:1\n")) << pruned;
  EXPECT_FALSE(absl::StrContains(pruned, "busybox")) << pruned;

  Must({"image", "rm", "--force", "busybox"});
  EXPECT_FALSE(absl::StrContains(Must({"image", "ls"}), "busybox"));
  // Its layers are there for as long as it runs.
  EXPECT_TRUE(absl::EndsWith(Must({"image", "fsck"}), ": the store is whole\n"));
  EXPECT_EQ(Must({"image", "prune"}), "Freed 0 bytes\n");
  Stop(*container);
  EXPECT_NE(Must({"image", "prune"}), "Freed 0 bytes\n");

  const Outcome gone = world_->Pelagos({"image", "rm", "busybox"});
  EXPECT_EQ(gone.code, 1) << gone.Describe();
  const Outcome forced = world_->Pelagos({"image", "rm", "--force", "busybox"});
  EXPECT_EQ(forced.code, 0) << forced.Describe();
  EXPECT_EQ(forced.err, gone.err);
}

// More than the options of one mount(2) have room to name.
TEST_F(UseTest, ManyLayersAreStacked) {
  constexpr int kLayers = 200;
  const absl::StatusOr<std::string> busybox = sys::ReadFile("/bin/busybox", size_t{16} << 20);
  ASSERT_TRUE(busybox.ok()) << busybox.status();
  std::vector<std::string> tars = {
      TarBuilder().Add({.name = "bin/sh", .content = *busybox, .mode = 0755}).Build()};
  for (int i = 1; i < kLayers; ++i) {
    tars.push_back(TarBuilder()
                       .File(absl::StrCat("f", i), "")
                       .File("top", absl::StrCat(i))
                       .File(absl::StrCat(".wh.f", i - 1), "")
                       .Build());
  }
  Must({"image", "load", world_->Write("many.tar", LayoutForTests(tars, tars, "many:1").Pack())});
  EXPECT_EQ(
      Must({"run", "--rm", "many:1", "/bin/sh", "-c", "echo f*; cat /top; echo x > /f; cat /f"}),
      absl::StrCat("f", kLayers - 1, "\n", kLayers - 1, "x\n"));
  world_->ExpectNoResidue("an image of many layers");
}

TEST_F(UseTest, DfCountsWhatIsUsed) {
  Json images = Row("Images");
  EXPECT_EQ(images["TotalCount"], "2") << images;
  EXPECT_EQ(images["Active"], "0") << images;
  EXPECT_EQ(Row("Containers")["TotalCount"], "0");

  const std::unique_ptr<Program> container = StartContainer();
  Must({"image", "tag", "busybox", "second:1"});  // the same image
  images = Row("Images");
  EXPECT_EQ(images["TotalCount"], "2") << images;
  EXPECT_EQ(images["Active"], "1") << images;
  const Json containers = Row("Containers");
  EXPECT_EQ(containers["TotalCount"], "1") << containers;
  EXPECT_EQ(containers["Active"], "1") << containers;
  EXPECT_TRUE(absl::EndsWith(containers["Size"].get<std::string>(), "kB")) << containers;
  EXPECT_EQ(containers["Reclaimable"], "0B (0%)") << containers;
  EXPECT_EQ(Row("Local Volumes")["Active"], "1");

  const Json all = Json::parse(Must({"system", "df", "--verbose", "--format", "json"}));
  ASSERT_EQ(all["Images"].size(), 3u) << all;
  for (const Json& image : all["Images"]) {
    const bool other = image["Reference"] == "docker.io/library/other:1";
    EXPECT_EQ(image["Active"], !other) << image;
    // The two names of one image are no sharing.
    EXPECT_EQ(image["SharedSize"], 0) << image;
    EXPECT_EQ(image["UniqueSize"], image["Size"]) << image;
    if (other) {
      EXPECT_GE(image["Size"].get<int>(), 400000) << "its layer, unpacked and as it came";
    }
  }
  EXPECT_GE(all["Containers"][0]["Size"].get<int>(), 300000) << all;
  EXPECT_EQ(all["Volumes"][0]["Name"], "kept") << all;
  EXPECT_GE(all["Volumes"][0]["Size"].get<int>(), 100000) << all;

  const std::string table = Must({"system", "df"});
  EXPECT_TRUE(absl::StartsWith(
      table, "TYPE            TOTAL     ACTIVE    SIZE        RECLAIMABLE\nImages          2  "))
      << table;
  const std::string details = Must({"system", "df", "-v"});
  EXPECT_TRUE(absl::StrContains(details, "SHARED SIZE  UNIQUE SIZE  ACTIVE\n")) << details;
  EXPECT_TRUE(absl::StrContains(details, "\nbusy ")) << details;

  Stop(*container);
  EXPECT_EQ(Row("Containers")["TotalCount"], "0");
  EXPECT_EQ(Row("Local Volumes")["Active"], "0");
  EXPECT_EQ(world_->Pelagos({"system", "df", "x"}).code, 2);
  EXPECT_EQ(world_->Pelagos({"system", "df", "--format", "xml"}).code, 2);
}

}  // namespace
}  // namespace pelagos::rooted
