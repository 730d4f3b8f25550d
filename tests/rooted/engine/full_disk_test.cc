// Logs and events on a disk that is full: a tmpfs of 64 KiB, in a mount namespace of the test's.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/store/events.h"
#include "pelagos/store/log.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {
namespace {

using store::LogWriter;
using store::Stream;

class FullDiskTest : public RootedTest {
 protected:
  void SetUp() override {
    RootedTest::SetUp();
    if (IsSkipped()) return;
    disk_ = testing::TempDir() + "/small_disk";
    std::filesystem::create_directories(disk_);
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0) << std::strerror(errno);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("tmpfs", disk_.c_str(), "tmpfs", 0, "size=64k"), 0) << std::strerror(errno);
  }
  void TearDown() override {
    if (disk_.empty()) return;
    EXPECT_EQ(::umount2(disk_.c_str(), MNT_DETACH), 0);
  }

  // Takes what is left of the disk.
  void Fill() {
    const auto fd = sys::OpenFile(disk_ + "/filler", O_WRONLY | O_CREAT | O_APPEND, 0600);
    ASSERT_TRUE(fd.ok());
    const std::string page(4096, 'f');
    while (::write(fd->get(), page.data(), page.size()) > 0) {
    }
    EXPECT_EQ(errno, ENOSPC);
  }
  void MakeRoom() { std::filesystem::remove(disk_ + "/filler"); }

  std::string disk_;
};

struct Seen {
  uint64_t bytes = 0, told = 0;  // of the program's output, and said to be missing
  uint64_t damaged = 0;
  std::vector<std::string> lines;
};

Seen Read(const std::string& file) {
  constexpr absl::string_view kSaid = "pelagos: ";
  Seen seen;
  store::LogReader reader(file);
  for (;;) {
    const auto records = reader.Next();
    EXPECT_TRUE(records.ok()) << records.status();
    if (!records.ok() || records->empty()) break;
    for (const store::LogRecord& record : *records) {
      if (absl::StartsWith(record.text, kSaid)) {
        EXPECT_EQ(record.stream, Stream::kStderr);
        const std::string number = record.text.substr(kSaid.size(), record.text.find(' ', 9) - 9);
        uint64_t lost = 0;
        EXPECT_TRUE(absl::SimpleAtoi(number, &lost)) << record.text;
        seen.told += lost;
        continue;
      }
      EXPECT_EQ(record.stream, Stream::kStdout);
      seen.bytes += record.text.size() + 1;
      seen.lines.push_back(record.text);
    }
  }
  seen.damaged = reader.damaged();
  return seen;
}

// Every line is there as a whole, or counted.
void ExpectWhole(const Seen& seen, uint64_t written) {
  EXPECT_EQ(seen.damaged, 0u);
  EXPECT_EQ(seen.bytes + seen.told, written);
  for (const std::string& line : seen.lines) {
    EXPECT_TRUE(absl::StartsWith(line, "line ") && absl::EndsWith(line, " end")) << line;
  }
}

std::string Line(int number) {
  return absl::StrCat("line ", number, " ", std::string(static_cast<size_t>(number % 50), 'x'),
                      " end\n");
}

TEST_F(FullDiskTest, ALogLosesRecordsAndSaysHowMuch) {
  const std::string file = disk_ + "/log";
  auto writer = LogWriter::Open(file);
  ASSERT_TRUE(writer.ok());
  uint64_t written = 0;
  int number = 0;
  const auto write = [&](int lines) {
    std::string chunk;  // several in one write(2), of which some may fit
    for (int i = 0; i < lines; ++i) chunk += Line(number++);
    written += chunk.size();
    writer->Add(Stream::kStdout, chunk);
  };
  write(10);
  for (int round = 0; round < 3; ++round) {
    Fill();
    for (int i = 0; i < 20; ++i) write(7);
    EXPECT_GT(writer->lost(), 0u);
    EXPECT_FALSE(writer->status().ok());
    MakeRoom();
    write(3);
    EXPECT_EQ(writer->lost(), 0u);
  }
  const Seen seen = Read(file);
  ExpectWhole(seen, written);
  EXPECT_GT(seen.told, 0u);
  EXPECT_EQ(seen.lines.back() + "\n", Line(number - 1));
}

TEST_F(FullDiskTest, SoDoesOneThatRotates) {
  const std::string file = disk_ + "/log";
  ASSERT_TRUE(sys::WriteFileAtomically(disk_ + "/filler", std::string(44 * 1024, 'f')).ok());
  auto writer = LogWriter::Open(file, {.max_bytes = 3000, .max_files = 100});
  ASSERT_TRUE(writer.ok());
  uint64_t written = 0;
  for (int number = 0; number < 450; ++number) {  // 38 KiB
    if (number == 400) {
      EXPECT_GT(writer->lost(), 0u);
      MakeRoom();
    }
    const std::string line = Line(number);
    written += line.size();
    writer->Add(Stream::kStdout, line);
  }
  EXPECT_EQ(writer->lost(), 0u);
  EXPECT_TRUE(std::filesystem::exists(file + ".3"));
  const Seen seen = Read(file);
  ExpectWhole(seen, written);
  EXPECT_GT(seen.told, 0u);
}

TEST_F(FullDiskTest, EventsThatDoNotFitAreErrorsAndSpoilNothing) {
  store::Roots roots;
  roots.run = disk_;
  store::Event event;
  event.id = "abc";
  event.action = store::EventAction::kStart;
  event.attributes["label"] = std::string(500, 'x');
  int kept = 0, failed = 0;
  const auto append = [&](int count) {
    for (int i = 0; i < count; ++i) ++(store::AppendEvent(roots, event).ok() ? kept : failed);
  };
  append(5);
  Fill();
  append(50);
  EXPECT_GT(failed, 0);
  MakeRoom();
  append(5);
  store::EventReader reader(roots);
  int seen = 0;
  for (;;) {
    const auto events = reader.Next();
    ASSERT_TRUE(events.ok()) << events.status();
    if (events->empty()) break;
    for (const store::Event& one : *events) {
      EXPECT_EQ(one.attributes, event.attributes);
      ++seen;
    }
  }
  EXPECT_EQ(seen, kept);
  EXPECT_LE(reader.damaged(), 1u);  // what was cut short
}

}  // namespace
}  // namespace pelagos::rooted
