#include "pelagos/image/store.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A store believes its caller about digests: any 64 digits do here.
Digest MakeDigest(char kind, int number) {
  std::string hex = std::to_string(number);
  hex = std::string(63 - hex.size(), '0') + hex + kind;
  return *DigestOfHex(hex);
}

std::vector<std::string> Names(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

class StoreTest : public ::testing::Test {
 protected:
  StoreTest()
      : root_(fs::path(std::getenv("TEST_TMPDIR")) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    absl::StatusOr<Store> store = Store::Open(root_.string());
    EXPECT_TRUE(store.ok()) << store.status();
    store_.emplace(*std::move(store));
  }

  // Layers are numbers, bottom first; each is a folder with one file.
  NewImage Image(const Ingest& ingest, absl::string_view reference, int number,
                 const std::vector<int>& layers) {
    NewImage image;
    image.reference = *ParseReference(reference);
    image.manifest_digest = MakeDigest('a', number);
    image.config_digest = MakeDigest('c', number);
    ImageConfig config;
    config.env = {"A=1"};
    config.cmd = {"sh"};
    config.user = "app";
    Manifest manifest;
    manifest.config = {std::string(kConfigType), image.config_digest, 2, {}, {}};
    for (int layer : layers) {
      const fs::path folder = fs::path(ingest.folder()) / std::to_string(layer);
      fs::create_directories(folder);
      std::ofstream(folder / "file") << layer;
      image.layers.push_back({MakeDigest('d', layer), folder.string()});
      config.diff_ids.push_back(MakeDigest('d', layer));
      manifest.layers.push_back({std::string(kLayerType), MakeDigest('b', layer), 1, {}, {}});
    }
    image.config = PrintImageConfig(config);
    image.manifest = PrintManifest(manifest);
    return image;
  }

  void Add(absl::string_view reference, int number, const std::vector<int>& layers) {
    absl::StatusOr<Ingest> ingest = store_->StartIngest();
    ASSERT_TRUE(ingest.ok()) << ingest.status();
    const absl::Status status =
        store_->Publish(*ingest, {Image(*ingest, reference, number, layers)});
    ASSERT_TRUE(status.ok()) << status;
  }

  fs::path Images() const { return root_ / "images"; }

  fs::path root_;
  std::optional<Store> store_;
};

TEST_F(StoreTest, FindsWhatWasPublished) {
  Add("redis:7", 1, {1, 2});
  absl::StatusOr<ResolvedImage> image = store_->Find("docker.io/library/redis:7");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->reference, "docker.io/library/redis:7");
  EXPECT_EQ(image->digest, MakeDigest('a', 1).ToString());
  EXPECT_THAT(image->layers, ElementsAre(EndsWith("2d"), EndsWith("1d")));  // top first
  EXPECT_TRUE(fs::exists(fs::path(image->layers[0]) / "file"));
  EXPECT_THAT(image->env, ElementsAre("A=1"));
  EXPECT_THAT(image->cmd, ElementsAre("sh"));
  EXPECT_EQ(image->user, "app");
  EXPECT_THAT(Names(Images() / "ingest"), IsEmpty());
}

TEST_F(StoreTest, SaysHowToGetWhatIsMissing) {
  const absl::Status status = store_->Find("redis").status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(status.message(),
            "image 'redis' is not in the store; get it with 'pelagos image pull' or 'pelagos image "
            "load'");
  EXPECT_TRUE(absl::IsInvalidArgument(store_->Find("a/../b").status()));
}

TEST_F(StoreTest, FindsByDigest) {
  Add("redis:7", 1, {1});
  const std::string digest = MakeDigest('a', 1).ToString();
  EXPECT_TRUE(store_->Find("redis@" + digest).ok());
  EXPECT_FALSE(store_->Find("nginx@" + digest).ok());
  EXPECT_FALSE(store_->Find("redis@" + MakeDigest('a', 2).ToString()).ok());
}

TEST_F(StoreTest, NamesDoNotCollide) {
  Add("a/b:c", 1, {1});
  Add("a_b:c", 2, {2});
  Add("localhost:5000/a:b", 3, {3});
  absl::StatusOr<std::vector<ImageSummary>> list = store_->List();
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_THAT(*list, SizeIs(3));
  EXPECT_EQ((*list)[0].reference, "docker.io/a/b:c");
  EXPECT_EQ((*list)[1].reference, "docker.io/library/a_b:c");
  EXPECT_EQ((*list)[2].reference, "localhost:5000/a:b");
  EXPECT_EQ((*list)[2].layers, 1u);
}

TEST_F(StoreTest, ANameMovesToTheNewImage) {
  Add("x", 1, {1});
  Add("x", 2, {1, 2});
  EXPECT_EQ(store_->Find("x")->digest, MakeDigest('a', 2).ToString());
}

TEST_F(StoreTest, AFolderCountsOnce) {
  Add("x", 1, {1, 2, 1});
  EXPECT_THAT(store_->Find("x")->layers, ElementsAre(EndsWith("1d"), EndsWith("2d")));
}

TEST_F(StoreTest, RemoveTakesWhatNobodyNeeds) {
  Add("x", 1, {1, 2});
  Add("y", 2, {1, 3});
  absl::StatusOr<std::string> removed = store_->Remove("x");
  ASSERT_TRUE(removed.ok()) << removed.status();
  EXPECT_EQ(*removed, "docker.io/library/x:latest");
  EXPECT_TRUE(absl::IsNotFound(store_->Find("x").status()));
  EXPECT_TRUE(store_->HasLayer(MakeDigest('d', 1)));
  EXPECT_FALSE(store_->HasLayer(MakeDigest('d', 2)));
  EXPECT_TRUE(store_->Find("y").ok());
  EXPECT_THAT(Names(Images() / "blobs/sha256"), SizeIs(2));
  EXPECT_THAT(Names(Images() / "ingest"), IsEmpty());
  ASSERT_TRUE(store_->Remove("y").ok());
  EXPECT_THAT(Names(Images() / "layers"), IsEmpty());
  EXPECT_THAT(Names(Images() / "blobs/sha256"), IsEmpty());
  EXPECT_THAT(Names(Images() / "refs"), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(store_->Remove("y").status()));
}

TEST_F(StoreTest, HeldLayersStay) {
  Add("x", 1, {1, 2});
  absl::StatusOr<LayerHold> hold = store_->Hold(*store_->Find("x"));
  ASSERT_TRUE(hold.ok()) << hold.status();
  const absl::Status status = store_->Remove("x").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("in use by a running container"));
  EXPECT_TRUE(store_->Find("x").ok());
  hold->clear();
  EXPECT_TRUE(store_->Remove("x").ok());
  EXPECT_THAT(Names(Images() / "layers"), IsEmpty());
}

TEST_F(StoreTest, ForceTakesTheNameAndLeavesWhatIsHeld) {
  Add("x", 1, {1, 2});
  absl::StatusOr<LayerHold> hold = store_->Hold(*store_->Find("x"));
  ASSERT_TRUE(hold.ok()) << hold.status();
  EXPECT_TRUE(store_->Remove("x", /*force=*/true).ok());
  EXPECT_TRUE(absl::IsNotFound(store_->Find("x").status()));
  EXPECT_THAT(Names(Images() / "layers"), SizeIs(2));
  hold->clear();
  EXPECT_TRUE(store_->Prune(nullptr).ok());
  EXPECT_THAT(Names(Images() / "layers"), IsEmpty());
}

TEST_F(StoreTest, AKilledRemoveIsGoneOnWith) {
  const fs::path ref = Images() / "refs/docker.io+library+x=latest.json";
  const fs::path going = ref.string() + ".going";
  Add("x", 1, {1});
  fs::rename(ref, going);
  EXPECT_TRUE(absl::IsNotFound(store_->Find("x@" + MakeDigest('a', 1).ToString()).status()));
  EXPECT_EQ(store_->Remove("x").value_or(""), "docker.io/library/x:latest");
  EXPECT_THAT(Names(Images() / "refs"), IsEmpty());
  EXPECT_THAT(Names(Images() / "layers"), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(store_->Remove("x").status()));

  Add("x", 1, {1});
  fs::rename(ref, going);
  Add("x", 2, {2});  // the name is there again
  EXPECT_FALSE(fs::exists(going));
  fs::rename(ref, going);
  EXPECT_TRUE(store_->Prune(nullptr).ok());
  EXPECT_THAT(Names(Images() / "refs"), IsEmpty());
}

TEST_F(StoreTest, HeldLayersOfAReplacedImageStayToo) {
  Add("x", 1, {1});
  absl::StatusOr<LayerHold> hold = store_->Hold(*store_->Find("x"));
  Add("x", 2, {2});
  ASSERT_TRUE(store_->Remove("x").ok());
  EXPECT_TRUE(store_->HasLayer(MakeDigest('d', 1)));
  EXPECT_FALSE(store_->HasLayer(MakeDigest('d', 2)));
}

TEST_F(StoreTest, HoldSaysIfTheImageIsGone) {
  Add("x", 1, {1});
  const ResolvedImage image = *store_->Find("x");
  ASSERT_TRUE(store_->Remove("x").ok());
  EXPECT_TRUE(absl::IsNotFound(store_->Hold(image).status()));
}

TEST_F(StoreTest, KilledCommandsLeaveNothingForLong) {
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    absl::StatusOr<Ingest> ingest = store_->StartIngest();
    fs::create_directories(fs::path(ingest->folder()) / "half/made");
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  { absl::StatusOr<Ingest> other = store_->StartIngest(); }
  EXPECT_THAT(Names(Images() / "ingest"), SizeIs(1)) << "a live owner's folder was taken";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  { absl::StatusOr<Ingest> other = store_->StartIngest(); }
  EXPECT_THAT(Names(Images() / "ingest"), IsEmpty());
}

// By several threads, where there are several processors.
TEST_F(StoreTest, ManyAreListedInTheirOrder) {
  Add("many:0", 1, {1, 2});
  std::vector<std::string> names = {"docker.io/library/many:0"};
  for (int i = 1; i < 450; ++i) {
    const std::string name = absl::StrCat("docker.io/library/many:", i);
    ASSERT_TRUE(store_->Tag("many:0", name).ok());
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  const absl::StatusOr<std::vector<ImageSummary>> list = store_->List();
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->size(), names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ((*list)[i].reference, names[i]);
    EXPECT_EQ((*list)[i].layers, 2u);
    EXPECT_EQ((*list)[i].problem, "");
  }
}

TEST_F(StoreTest, DamageIsNamedAndCanBeRemoved) {
  Add("x", 1, {1});
  Add("y", 2, {2});
  fs::remove_all(Images() / "layers" / MakeDigest('d', 1).hex());
  const absl::Status status = store_->Find("x").status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("is missing"));
  absl::StatusOr<std::vector<ImageSummary>> list = store_->List();
  ASSERT_THAT(*list, SizeIs(2));
  EXPECT_THAT((*list)[0].problem, HasSubstr("is missing"));
  EXPECT_THAT((*list)[1].problem, IsEmpty());
  // While something is unreadable, nothing shared is dropped.
  EXPECT_TRUE(store_->Remove("y").ok());
  EXPECT_TRUE(store_->HasLayer(MakeDigest('d', 2)));
  EXPECT_TRUE(store_->Remove("x").ok());
  EXPECT_FALSE(store_->HasLayer(MakeDigest('d', 2)));

  std::ofstream(Images() / "refs/docker.io+library+z=latest.json") << "{";
  EXPECT_TRUE(absl::IsDataLoss(store_->Find("z").status()));
  EXPECT_TRUE(store_->Remove("z").ok());
  EXPECT_THAT(*store_->List(), IsEmpty());
}

}  // namespace
}  // namespace pelagos::image
