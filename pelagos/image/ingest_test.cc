// The program as a program: started, confined, reporting. What it does with archives is tested in
// program/.

#include "pelagos/image/ingest.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pelagos/image/builtin.h"
#include "pelagos/image/store.h"
#include "pelagos/image/store_check.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kBusybox[] = "docker.io/library/busybox:latest";

std::string program, archive;  // from the command line

class IngestTest : public ::testing::Test {
 protected:
  IngestTest()
      : root_(fs::path(std::getenv("TEST_TMPDIR")) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    options_.program = program;
  }

  absl::StatusOr<std::vector<LoadedImage>> LoadFile(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(file.valid()) << path;
    return Load(root_.string(), file.get(), options_);
  }

  fs::path root_;
  IngestOptions options_;
};

TEST_F(IngestTest, LoadsTheBuiltinImage) {
  absl::StatusOr<std::vector<LoadedImage>> images = LoadFile(archive);
  ASSERT_TRUE(images.ok()) << images.status();
  ASSERT_THAT(*images, SizeIs(1));
  EXPECT_EQ((*images)[0].reference, kBusybox);
  EXPECT_EQ((*images)[0].layers, 1u);

  absl::StatusOr<Store> store = Store::Open(root_.string());
  ASSERT_TRUE(store.ok());
  absl::StatusOr<ResolvedImage> image = store->Find("busybox");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->digest, (*images)[0].digest);
  EXPECT_THAT(image->cmd, ElementsAre("sh"));
  ASSERT_THAT(image->layers, SizeIs(1));
  const fs::path layer = image->layers[0];
  EXPECT_EQ(fs::read_symlink(layer / "bin/sh"), "busybox");
  EXPECT_EQ(fs::read_symlink(layer / "usr/bin/awk"), "../../bin/busybox");
  EXPECT_EQ(fs::status(layer / "tmp").permissions(), fs::perms(01777));
  EXPECT_EQ(fs::status(layer / "root").permissions(), fs::perms(0700));
  EXPECT_EQ(fs::status(layer / "bin/busybox").permissions(), fs::perms(0755));
  EXPECT_TRUE(fs::is_empty(root_ / "images/ingest"));
}

TEST_F(IngestTest, ReadsAPipe) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd reading(ends[0]);
  std::thread writer([&] {
    const Fd writing(ends[1]);
    std::ifstream file(archive, std::ios::binary);
    std::vector<char> buffer(10000);
    while (file.read(buffer.data(), 10000) || file.gcount() > 0) {
      const char* at = buffer.data();
      for (auto left = file.gcount(); left > 0;) {
        const ssize_t count = ::write(writing.get(), at, static_cast<size_t>(left));
        if (count <= 0) return;
        at += count;
        left -= count;
      }
    }
  });
  options_.tag = "mine:1";
  absl::StatusOr<std::vector<LoadedImage>> images = Load(root_.string(), reading.get(), options_);
  writer.join();
  ASSERT_TRUE(images.ok()) << images.status();
  EXPECT_EQ((*images)[0].reference, "docker.io/library/mine:1");
}

// Killed when it has read so many bytes (but for what a pipe holds): the store is whole, what was
// half made goes with the next command, and that one succeeds.
TEST_F(IngestTest, AKilledLoadLeavesAWholeStore) {
  const int64_t size = static_cast<int64_t>(fs::file_size(archive));
  for (const int64_t bytes : {size / 8, size / 2, size - 1024, size}) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    Fd reading(ends[0]), writing(ends[1]);
    const std::string root = root_.string();
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(reading.get(), 0);
      ::execl(program.c_str(), "pelagos-image", "load", "--data-root", root.c_str(), nullptr);
      ::_exit(127);
    }
    reading.reset();
    std::ifstream file(archive, std::ios::binary);
    std::string text(static_cast<size_t>(bytes), '\0');
    file.read(text.data(), bytes);
    EXPECT_TRUE(sys::WriteAll(writing, text, "pipe").ok());
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);

    absl::StatusOr<Store> store = Store::Open(root);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE(absl::IsNotFound(store->Find("busybox").status())) << bytes;
    absl::StatusOr<std::vector<LoadedImage>> images = LoadFile(archive);
    ASSERT_TRUE(images.ok()) << images.status();
    EXPECT_TRUE(fs::is_empty(root_ / "images/ingest"));
    ASSERT_TRUE(store->Remove("busybox").ok());
    EXPECT_TRUE(fs::is_empty(root_ / "images/layers"));
  }
}

TEST_F(IngestTest, ChecksTheStore) {
  absl::StatusOr<std::vector<LoadedImage>> images = LoadFile(archive);
  ASSERT_TRUE(images.ok()) << images.status();
  absl::StatusOr<StoreCheck> check = Check(root_.string(), options_);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_THAT(check->findings, IsEmpty());
  EXPECT_EQ(check->images, 1u);
  EXPECT_EQ(check->blobs, 3u);

  for (const auto& blob : fs::directory_iterator(root_ / "images/blobs/sha256")) {
    std::ofstream(blob.path(), std::ios::app) << "more";
  }
  check = Check(root_.string(), options_);
  ASSERT_TRUE(check.ok()) << check.status();
  // What the config and the layer should be, only the manifest could tell.
  ASSERT_THAT(check->findings, SizeIs(1));
  EXPECT_EQ(check->findings[0].kind, StoreFinding::Kind::kDamage);
  EXPECT_EQ(check->findings[0].file, "blobs/sha256/" + images->front().digest.substr(7));

  // As damaged as it is, it can be removed, and loaded again.
  absl::StatusOr<Store> store = Store::Open(root_.string());
  ASSERT_TRUE(store->Remove("busybox").ok());
  ASSERT_TRUE(LoadFile(archive).ok());
  check = Check(root_.string(), options_);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_THAT(check->findings, IsEmpty());
  EXPECT_EQ(check->images, 1u);
}

TEST_F(IngestTest, ErrorsArriveWithTheirCode) {
  fs::create_directories(root_);
  std::ofstream(root_ / "text") << "no archive at all";
  absl::StatusOr<std::vector<LoadedImage>> images = LoadFile((root_ / "text").string());
  EXPECT_TRUE(absl::IsDataLoss(images.status())) << images.status();
  options_.max_bytes = 1000;
  images = LoadFile(archive);
  EXPECT_TRUE(absl::IsResourceExhausted(images.status())) << images.status();
  EXPECT_THAT(std::string(images.status().message()), HasSubstr("more than 1000 bytes"));
  EXPECT_TRUE(fs::is_empty(root_ / "images/ingest"));
  EXPECT_TRUE(fs::is_empty(root_ / "images/layers"));
}

TEST_F(IngestTest, NamesAMissingProgram) {
  options_.program = "/nowhere/pelagos-image";
  EXPECT_THAT(std::string(LoadFile(archive).status().message()),
              HasSubstr("access('/nowhere/pelagos-image')"));
}

TEST_F(IngestTest, ImportsAFolder) {
  const fs::path folder = root_ / "rootfs";
  fs::create_directories(folder / "etc");
  std::ofstream(folder / "etc/passwd") << "root:x:0:0::/:\n";
  fs::create_hard_link(folder / "etc/passwd", folder / "etc/passwd-");
  fs::create_symlink("/etc", folder / "link");
  absl::StatusOr<LoadedImage> image = ImportFolder(root_.string(), folder.string(), "mine",
                                                   {"CMD [\"/init\"]", "ENV A=b c"}, options_);
  ASSERT_TRUE(image.ok()) << image.status();
  absl::StatusOr<Store> store = Store::Open(root_.string());
  absl::StatusOr<ResolvedImage> found = store->Find("mine");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(found->cmd, ElementsAre("/init"));
  EXPECT_THAT(found->env, ElementsAre("A=b c"));
  const fs::path layer = found->layers[0];
  EXPECT_TRUE(fs::equivalent(layer / "etc/passwd", layer / "etc/passwd-"));
  EXPECT_EQ(fs::read_symlink(layer / "link"), "/etc");
  // The same folder, the same image.
  absl::StatusOr<LoadedImage> again = ImportFolder(root_.string(), folder.string(), "mine",
                                                   {"CMD [\"/init\"]", "ENV A=b c"}, options_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->digest, image->digest);
}

TEST_F(IngestTest, BuiltinIsLoadedOnceByManyAtATime) {
  std::vector<std::thread> callers;
  std::vector<absl::Status> results(4);
  for (absl::Status& result : results) {
    callers.emplace_back(
        [&] { result = EnsureBuiltin(root_.string(), "busybox", archive, options_); });
  }
  for (std::thread& caller : callers) caller.join();
  for (const absl::Status& result : results) EXPECT_TRUE(result.ok()) << result;
  absl::StatusOr<Store> store = Store::Open(root_.string());
  EXPECT_TRUE(store->Find("busybox").ok());
}

TEST_F(IngestTest, BuiltinLeavesOtherNamesAlone) {
  for (const char* name : {"busybox:1", "redis", "ghcr.io/x/busybox", "///"}) {
    EXPECT_TRUE(EnsureBuiltin(root_.string(), name, archive, options_).ok()) << name;
  }
  EXPECT_TRUE(EnsureBuiltin(root_.string(), "busybox", "/nowhere/busybox-image.tar").ok());
  absl::StatusOr<Store> store = Store::Open(root_.string());
  EXPECT_THAT(*store->List(), IsEmpty());
}

TEST(ParseReportTest, TakesNothingOnTrust) {
  using internal::ParseReport;
  EXPECT_TRUE(absl::IsInternal(ParseReport("", 0).status()));
  EXPECT_TRUE(absl::IsInternal(ParseReport("ok\ta\n", 0).status()));
  EXPECT_TRUE(absl::IsInternal(ParseReport("", 139).status()));
  EXPECT_TRUE(absl::IsInternal(ParseReport("error\t0\tx", 1).status()));
  EXPECT_TRUE(absl::IsInternal(ParseReport("error\t99\tx", 1).status()));
  const absl::Status status = ParseReport("error\t5\tbad \x1b[2J\tname\n\n", 1).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(status.message(), "bad \\x1b[2J\\x09name\\x0a");
}

}  // namespace
}  // namespace pelagos::image

int main(int argc, char** argv) {
  ::testing::InitGoogleMock(&argc, argv);
  if (argc != 3) return 2;
  pelagos::image::program = std::filesystem::absolute(argv[1]).string();
  pelagos::image::archive = std::filesystem::absolute(argv[2]).string();
  return RUN_ALL_TESTS();
}
