// A bundle with busybox for a root, and the OCI runtime that runs it, in a world of its own.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

class OciTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (IsSkipped()) return;
    world_ = std::make_unique<World>();
    root_ = world_->folder() + "/oci";
    MakeBundle();
  }
  void TearDown() override {
    if (world_ == nullptr) return;
    // What a failed test left: nothing of it stays on the machine.
    for (const char* id : {"c1", "c2"}) Oci({"delete", "--force", id});
    for (const std::string& mount : CgroupMounts()) {
      for (const char* id : {"/c1", "/c2"}) {
        EXPECT_NE(::access((mount + id).c_str(), F_OK), 0) << mount << id;
      }
    }
  }

  Outcome Oci(Words args) {
    Words words = {"oci", "--root", root_};
    words.insert(words.end(), args.begin(), args.end());
    return world_->Pelagos(words);
  }
  std::string Out(Words args) {
    const Outcome outcome = Oci(std::move(args));
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    return outcome.out;
  }
  void ExpectFails(Words args, const std::string& message, int code = 1) {
    const Outcome outcome = Oci(std::move(args));
    EXPECT_EQ(outcome.code, code) << outcome.Describe();
    EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.Describe();
  }
  std::string StatusOf(const std::string& id) {
    const Outcome outcome = Oci({"state", id});
    return outcome.code == 0 ? Json::parse(outcome.out).at("status").get<std::string>() : "none";
  }
  // The document that `spec` writes, with our shell script, after `change`.
  void Write(const std::string& script, const std::function<void(Json&)>& change = {}) {
    Json config = usual_;
    config["process"]["args"] = {"sh", "-c", script};
    config["process"]["terminal"] = false;
    config["root"]["readonly"] = false;
    if (change) change(config);
    world_->Write("bundle/config.json", config.dump());
  }
  std::string bundle() const { return world_->folder() + "/bundle"; }

  // A command after which a process lives on, with a file for its output.
  void Detached(Words args) {
    std::string line = absl::StrCat(Runfile("tools/pelagos"), " oci --root ", root_);
    for (const std::string& word : args) absl::StrAppend(&line, " '", word, "'");
    const std::string file = world_->folder() + "/out";
    const Outcome outcome =
        world_->Tool({"sh", "-c", absl::StrCat(line, " </dev/null >", file, " 2>&1")});
    EXPECT_EQ(outcome.code, 0) << outcome.Describe() << *sys::ReadFile(file, 1 << 20);
  }

  // Runs the bundle to its end; its output.
  std::string Run(const std::string& script, const std::function<void(Json&)>& change = {}) {
    Write(script, change);
    return Out({"run", "--bundle", bundle(), "c1"});
  }

  std::unique_ptr<World> world_;
  std::string root_;
  Json usual_;

 private:
  void MakeBundle() {
    const std::string bin = world_->folder() + "/bundle/rootfs/bin";
    ASSERT_TRUE(sys::MakeFolders(bin, 0755).ok());
    const Outcome copied =
        world_->Tool({"cp", "-L", Runfile("tests/rooted/oci/busybox-program"), bin + "/busybox"});
    ASSERT_EQ(copied.code, 0) << copied.Describe();
    for (const char* name : {"sh", "cat", "id", "ls", "mount", "grep", "sleep", "true", "stat",
                             "touch", "tr", "readlink", "tty", "echo", "test", "kill", "head"}) {
      ASSERT_EQ(::symlink("busybox", (bin + "/" + name).c_str()), 0);
    }
    Out({"spec", "--bundle", bundle()});
    usual_ = Json::parse(*sys::ReadFile(bundle() + "/config.json", 1 << 20));
  }
};

}  // namespace pelagos::rooted
