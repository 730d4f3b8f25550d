#include "pelagos/cli/engine/log_printer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "pelagos/base/fd.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

using store::LogWriter;
using store::Stream;

std::string NewFolder(const std::string& name) {
  const std::string folder = testing::TempDir() + "/" + name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

Fd Create(const std::string& file) {
  Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  EXPECT_TRUE(fd.valid());
  return fd;
}

std::string Content(const std::string& file) { return sys::ReadFile(file, 1 << 20).value_or("?"); }

LogWriter Open(const std::string& file, const LogOptions& options = {}) {
  auto writer = LogWriter::Open(file, options);
  EXPECT_TRUE(writer.ok()) << writer.status();
  return *std::move(writer);
}

TEST(LogPrinterTest, EachStreamToItsOwnByteForByte) {
  const std::string folder = NewFolder("streams");
  const Fd out = Create(folder + "/out"), err = Create(folder + "/err");
  LogWriter writer = Open(folder + "/log");
  writer.Add(Stream::kStdout, "one\r\n");
  writer.Add(Stream::kStderr, std::string("o\0ops\n", 6));
  writer.Add(Stream::kStdout, std::string(40000, 'x') + "\nend");
  writer.Finish(Stream::kStdout);
  LogPrinter printer(store::LogReader(folder + "/log"), false, out.get(), err.get());
  ASSERT_TRUE(printer.PrintNew().ok());
  EXPECT_EQ(Content(folder + "/out"), "one\r\n" + std::string(40000, 'x') + "\nend");
  EXPECT_EQ(Content(folder + "/err"), std::string("o\0ops\n", 6));
}

TEST(LogPrinterTest, OneOutputHasTheOrderOfBoth) {
  const std::string folder = NewFolder("order");
  const Fd out = Create(folder + "/out");
  LogWriter writer = Open(folder + "/log");
  writer.Add(Stream::kStdout, "1\n");
  writer.Add(Stream::kStderr, "2\n");
  writer.Add(Stream::kStdout, "3\n");
  LogPrinter printer(store::LogReader(folder + "/log"), false, out.get(), out.get());
  ASSERT_TRUE(printer.PrintNew().ok());
  EXPECT_EQ(Content(folder + "/out"), "1\n2\n3\n");
}

TEST(LogPrinterTest, TimesStandAtTheBeginningOfLinesOnly) {
  const std::string folder = NewFolder("times");
  const Fd out = Create(folder + "/out");
  const auto record = [](int second, bool full, absl::string_view text) {
    return store::FormatLogRecord(absl::FromUnixSeconds(second), Stream::kStdout, full, text);
  };
  ASSERT_TRUE(
      sys::WriteFileAtomically(folder + "/log",
                               record(1, false, "a") + record(2, true, "b") + record(3, true, "c"))
          .ok());
  LogPrinter printer(store::LogReader(folder + "/log"), true, out.get(), out.get());
  ASSERT_TRUE(printer.PrintNew().ok());
  EXPECT_EQ(Content(folder + "/out"),
            "1970-01-01T00:00:01.000000000Z ab\n1970-01-01T00:00:03.000000000Z c\n");
}

TEST(LogPrinterTest, AnOutputThatTakesNothingIsAnError) {
  const std::string folder = NewFolder("full");
  Open(folder + "/log").Add(Stream::kStdout, "1\n");
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  LogPrinter printer(store::LogReader(folder + "/log"), false, full.get(), full.get());
  EXPECT_FALSE(printer.PrintNew().ok());
}

// A process writes, across rotations, and ends; its end is the end of the following.
TEST(FollowTest, PrintsAllThatTheWriterWroteAndEndsWithIt) {
  const std::string folder = NewFolder("follow");
  const Fd out = Create(folder + "/out");
  int go[2];
  ASSERT_EQ(::pipe2(go, O_CLOEXEC), 0);
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    LogWriter writer = Open(folder + "/log", {.max_bytes = 4096, .max_files = 1000});
    char word;
    (void)!::read(go[0], &word, 1);
    for (int i = 0; i < 20000; ++i) writer.Add(Stream::kStdout, absl::StrCat(i, "\n"));
    writer.Add(Stream::kStdout, "end");
    writer.Finish(Stream::kStdout);
    ::_exit(0);
  }
  const sys::ProcessIdentity identity{pid, *sys::StartTime(pid)};
  LogPrinter printer(store::LogReader(folder + "/log"), false, out.get(), out.get());
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  const absl::Status status =
      Follow(printer, {.folders = {folder}, .processes = {identity}, .ended = [&] {
                         return !sys::IsAlive(identity);
                       }});
  EXPECT_TRUE(status.ok()) << status;
  std::string expected;
  for (int i = 0; i < 20000; ++i) absl::StrAppend(&expected, i, "\n");
  EXPECT_EQ(Content(folder + "/out"), expected + "end");
  ::waitpid(pid, nullptr, 0);
}

TEST(FollowTest, EndsAtItsTime) {
  const std::string folder = NewFolder("until");
  const Fd out = Create(folder + "/out");
  LogPrinter printer(store::LogReader(folder + "/log"), false, out.get(), out.get());
  const absl::Time until = absl::Now() + absl::Milliseconds(50);
  const absl::Status status =
      Follow(printer,
             {.folders = {folder}, .processes = {}, .ended = [] { return false; }, .until = until});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_GE(absl::Now(), until);
}

}  // namespace
}  // namespace pelagos::cli
