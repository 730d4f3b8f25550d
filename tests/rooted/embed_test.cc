// The C++ interface as a program uses it that embeds Pelagos.

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "pelagos/base/fd.h"
#include "pelagos/pelagos.h"
#include "pelagos/sys/file.h"

namespace pelagos {
namespace {

class EmbedTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::getuid(), 0u) << "needs root";
    // Whatever networks are made, the machine's own namespace does not see them.
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    const std::string programs = std::filesystem::current_path() / "tools";
    ASSERT_EQ(::setenv("PELAGOS_PROGRAMS", programs.c_str(), 1), 0);
    folder_ = testing::TempDir() + "/embed." + std::to_string(::getpid());
    auto engine = container::Engine::Open({folder_ + "/data", folder_ + "/run"});
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
  }
  void TearDown() override { EXPECT_TRUE(sys::RemoveTree(folder_).ok()); }

  // Runs to its end: exit code and output.
  template <typename Builder>
  std::pair<int, std::string> Output(Builder builder) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    Fd reader(ends[0]), writer(ends[1]);
    auto running = std::move(builder).Launch(*engine_, {.out = writer.get(), .err = writer.get()});
    writer.reset();
    if (!running.ok()) return {-1, running.status().ToString()};
    const auto text = sys::ReadAll(reader, 1 << 20, "output");
    const auto code = running->Wait();
    EXPECT_TRUE(code.ok()) << code.status();
    const std::string id = running->id();
    EXPECT_TRUE(running->Close().ok());
    EXPECT_FALSE(std::filesystem::exists(engine_->roots().Container(id)));
    return {code.value_or(-1), text.value_or("")};
  }

  std::string folder_;
  std::unique_ptr<container::Engine> engine_;
};

TEST_F(EmbedTest, HelloFromTheReadme) {
  const auto [code, text] = Output(Container("hello")
                                       .Image("busybox")
                                       .Command({"echo", "hello"})
                                       .Caps({"net-raw"_cap})
                                       .Mounts(MountPlan().Tmpfs("/tmp"_path))
                                       .Memory(64_MiB));
  EXPECT_EQ(code, 0);
  EXPECT_EQ(text, "hello\n");
}

TEST_F(EmbedTest, TheProgramIsAloneAndLimited) {
  const auto [code, text] =
      Output(Container("alone")
                 .Image("busybox")
                 .Env("GREETING", "hi there")
                 .Command({"sh", "-c",
                           "echo $$ $(hostname) $GREETING; ls /proc | grep -c '^[0-9]';"
                           "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status;"
                           "ip link | grep -c ether; exit 7"}));
  EXPECT_EQ(code, 7);
  EXPECT_NE(text.find("1 alone hi there\n"), std::string::npos) << text;
  EXPECT_NE(text.find("CapEff:\t00000000a80425fb"), std::string::npos) << text;
  EXPECT_NE(text.find("CapBnd:\t00000000a80425fb"), std::string::npos) << text;
  EXPECT_NE(text.find("NoNewPrivs:\t1"), std::string::npos) << text;
  EXPECT_NE(text.find("Seccomp:\t2"), std::string::npos) << text;
  EXPECT_NE(text.find("\n0\n"), std::string::npos) << "only loopback: " << text;
}

TEST_F(EmbedTest, FailuresNameTheContainerAndTheStep) {
  const auto [code, text] = Output(Container("lost").Image("busybox").Command({"no-such-program"}));
  EXPECT_EQ(code, -1);
  EXPECT_NE(text.find("no-such-program"), std::string::npos) << text;
  EXPECT_FALSE(std::filesystem::exists(engine_->roots().Container("lost"))) << "nothing is left";
  const auto [code2, text2] = Output(Container("none").Image("nowhere/nothing:1"));
  EXPECT_EQ(code2, -1);
  EXPECT_NE(text2.find("nothing"), std::string::npos) << text2;
}

TEST_F(EmbedTest, DroppingTheObjectEndsTheContainer) {
  pid_t pid = 0;
  {
    auto running = Container("short").Image("busybox").Command({"sleep", "1000"}).Launch(*engine_);
    ASSERT_TRUE(running.ok()) << running.status();
    pid = running->pid();
    EXPECT_EQ(::kill(pid, 0), 0);
    // A namesake is refused, and does the running one no harm.
    auto second = Container("short").Image("busybox").Command({"true"}).Launch(*engine_);
    EXPECT_FALSE(second.ok());
    EXPECT_NE(second.status().message().find("is running"), absl::string_view::npos);
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_NE(::kill(pid, 0), 0);
  EXPECT_FALSE(std::filesystem::exists(engine_->roots().Container("short")));
}

}  // namespace
}  // namespace pelagos
