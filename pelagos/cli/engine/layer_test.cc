#include "pelagos/cli/engine/layer.h"

#include <gtest/gtest.h>

namespace pelagos::cli::internal {
namespace {

using Words = std::vector<std::string>;

store::ContainerRecord Record() {
  store::ContainerRecord record;
  record.image.digest = "sha256:1";
  record.image.entrypoint = {"/entry"};
  record.image.cmd = {"default"};
  return record;
}

TEST(RequestOfTest, AsTheContainerWasRun) {
  store::ContainerRecord record = Record();
  record.spec.env = {{"A", "1"}};
  record.spec.workdir = "/srv";
  record.spec.user = "app";
  record.spec.stop_signal = 2;
  record.spec.lifecycle.labels = {{"k", "v"}};
  const image::CommitRequest request = RequestOf(record);
  EXPECT_EQ(request.base, "sha256:1");
  EXPECT_EQ(request.env, Words{"A=1"});
  EXPECT_EQ(request.workdir, "/srv");
  EXPECT_EQ(request.user, "app");
  EXPECT_EQ(request.stop_signal, "2");
  EXPECT_EQ(request.labels.at("k"), "v");
  EXPECT_EQ(request.command, "/entry default");
  EXPECT_FALSE(request.entrypoint.has_value());
  EXPECT_FALSE(request.cmd.has_value());
}

TEST(RequestOfTest, Commands) {
  store::ContainerRecord record = Record();
  record.spec.arguments = {"x", "y"};
  EXPECT_EQ(RequestOf(record).cmd, (Words{"x", "y"}));
  EXPECT_FALSE(RequestOf(record).entrypoint.has_value());
  EXPECT_EQ(RequestOf(record).command, "/entry x y");

  record.spec.entrypoint = Words{"/other"};
  EXPECT_EQ(RequestOf(record).entrypoint, Words{"/other"});
  EXPECT_EQ(RequestOf(record).command, "/other x y");
  record.spec.arguments.clear();
  EXPECT_EQ(RequestOf(record).cmd, Words()) << "the image's is another program's";
  EXPECT_EQ(RequestOf(record).command, "/other");

  record = Record();
  record.spec.command = {"sh", "-c", "true"};
  EXPECT_EQ(RequestOf(record).entrypoint, Words());
  EXPECT_EQ(RequestOf(record).cmd, (Words{"sh", "-c", "true"}));
}

}  // namespace
}  // namespace pelagos::cli::internal
