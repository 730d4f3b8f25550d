// A data root of its own for a test of images, and the real program that fills it.
#pragma once

#include <fcntl.h>
#include <stdlib.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/ingest.h"
#include "pelagos/image/store.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/program.h"

namespace pelagos::rooted {

class ImageTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (IsSkipped()) return;
    std::string folder = "/var/tmp/pelagos-image-test-XXXXXX";  // not tmpfs: images lie on disks
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    options_.program = Runfile("pelagos/image/program/pelagos-image");
    absl::StatusOr<image::Store> store = image::Store::Open(data_root());
    ASSERT_TRUE(store.ok()) << store.status();
    store_.emplace(*std::move(store));
  }
  void TearDown() override {
    if (folder_.empty()) return;
    const absl::Status removed = sys::RemoveTree(folder_);
    EXPECT_TRUE(removed.ok()) << removed;
  }

  std::string data_root() const { return folder_ + "/data"; }

  absl::StatusOr<std::vector<image::LoadedImage>> LoadFile(const std::string& path,
                                                           const std::string& tag = "") {
    image::IngestOptions options = options_;
    options.tag = tag;
    PELAGOS_ASSIGN_OR_RETURN(const Fd archive, sys::OpenFile(path, O_RDONLY));
    return image::Load(data_root(), archive.get(), options);
  }
  absl::StatusOr<std::vector<image::LoadedImage>> LoadText(const std::string& archive,
                                                           const std::string& tag = "") {
    const std::string path = folder_ + "/archive.tar";
    PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(path, archive));
    return LoadFile(path, tag);
  }

  // The output of a shell script whose "$PWD" is the image as overlayfs shows it; in a mount
  // namespace of its own.
  std::string InImage(const std::string& reference, const std::string& script) {
    absl::StatusOr<ResolvedImage> image = store_->Find(reference);
    EXPECT_TRUE(image.ok()) << image.status();
    if (!image.ok()) return "";
    // A single layer is no overlay.
    std::vector<std::string> layers = image->layers;
    const std::string empty = folder_ + "/empty", mount = folder_ + "/mount";
    EXPECT_TRUE(sys::MakeFolders(empty, 0755).ok() && sys::MakeFolders(mount, 0755).ok());
    layers.push_back(empty);
    const Outcome outcome =
        rooted::Run({"unshare", "--mount", "sh", "-ec",
                     absl::StrCat("mount -t overlay -o ro,lowerdir=", absl::StrJoin(layers, ":"),
                                  " overlay ", mount, "; cd ", mount, "; ", script)});
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    return outcome.out;
  }

  std::string folder_;
  image::IngestOptions options_;
  std::optional<image::Store> store_;
};

}  // namespace pelagos::rooted
