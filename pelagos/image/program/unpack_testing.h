// For tests of unpacking: a layer's folder, and one beside it that nothing may touch.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "pelagos/image/program/unpack.h"

namespace pelagos::image {

namespace fs = std::filesystem;

inline std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// test/layer is unpacked into; test/outside is what no archive may touch.
class UnpackTest : public ::testing::Test {
 protected:
  UnpackTest()
      : test_(fs::path(std::getenv("TEST_TMPDIR")) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()),
        layer_(test_ / "layer"),
        outside_(test_ / "outside") {
    fs::remove_all(test_);
    fs::create_directories(layer_);
    fs::create_directories(outside_);
    std::ofstream(outside_ / "precious") << "gold";
  }

  // Whatever an archive tried.
  ~UnpackTest() override {
    EXPECT_EQ(Read(outside_ / "precious"), "gold");
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(outside_)) names.push_back(entry.path());
    EXPECT_EQ(names.size(), 1u);
    names.clear();
    for (const auto& entry : fs::directory_iterator(test_)) names.push_back(entry.path());
    EXPECT_EQ(names.size(), 2u);
  }

  absl::StatusOr<UnpackedLayer> Unpack(const std::string& blob, Limits limits = {}) {
    Budget budget(limits);
    StringSource source(blob);
    return UnpackLayer(source, layer_.string(), budget);
  }
  void Good(const TarBuilder& tar) {
    const absl::Status status = Unpack(tar.Build()).status();
    EXPECT_TRUE(status.ok()) << status;
  }
  std::string Bad(const TarBuilder& tar) {
    const absl::Status status = Unpack(tar.Build()).status();
    EXPECT_FALSE(status.ok());
    return std::string(status.message());
  }

  fs::path test_, layer_, outside_;
};

}  // namespace pelagos::image
