#include "pelagos/store/log.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace pelagos::store {
namespace {

constexpr LogOptions kSmall = {.max_bytes = 200, .max_files = 3};

std::string NewFolder(const std::string& name) {
  const std::string folder = testing::TempDir() + "/" + name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

std::string NewFile(const std::string& name) { return NewFolder(name) + "/log"; }

void Write(const std::string& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

// A record of the given second.
std::string At(int second, absl::string_view text, bool full = true,
               Stream stream = Stream::kStdout) {
  return FormatLogRecord(absl::FromUnixSeconds(second), stream, full, text);
}

LogWriter Open(const std::string& file, const LogOptions& options = {},
               LogPieces pieces = LogPieces::kLines) {
  auto writer = LogWriter::Open(file, options, pieces);
  EXPECT_TRUE(writer.ok()) << writer.status();
  return *std::move(writer);
}

// All that there is by now; parts end with a '~'.
std::vector<std::string> Texts(LogReader& reader) {
  std::vector<std::string> texts;
  for (;;) {
    const auto records = reader.Next();
    EXPECT_TRUE(records.ok()) << records.status();
    if (!records.ok() || records->empty()) return texts;
    for (const LogRecord& record : *records)
      texts.push_back(record.text + (record.full ? "" : "~"));
  }
}
std::vector<std::string> Texts(const std::string& file, const LogQuery& query = {}) {
  LogReader reader(file, query);
  return Texts(reader);
}

using Lines = std::vector<std::string>;

TEST(LogRecordTest, RoundTrip) {
  const std::string line =
      FormatLogRecord(absl::FromUnixNanos(1700000000123456789), Stream::kStderr, false, "a  b ");
  EXPECT_EQ(line, "2023-11-14T22:13:20.123456789Z stderr P a  b \n");
  const auto record = ParseLogRecord(line.substr(0, line.size() - 1));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->stream, Stream::kStderr);
  EXPECT_FALSE(record->full);
  EXPECT_EQ(record->text, "a  b ");
  EXPECT_EQ(record->time, "2023-11-14T22:13:20.123456789Z");
  for (const char* wrong :
       {"", "no record", "2023-11-14T22:13:20.123456789Z stdin F x",
        "2023-11-14T22:13:20.123456789Z stdout G x", "2023-11-14T22:13:20.123456789Z stdout F",
        "2023-11-14 22:13:20.123456789Z stdout F x", "t stdout F x"}) {
    EXPECT_FALSE(ParseLogRecord(wrong).has_value()) << wrong;
  }
}

TEST(LogWriterTest, LinesPartsAndTheRest) {
  const std::string file = NewFile("lines");
  LogReader reader(file);
  LogWriter writer = Open(file);
  writer.Add(Stream::kStdout, "ab");
  EXPECT_EQ(Texts(reader), Lines());
  writer.Add(Stream::kStdout, "c\n\nde");
  EXPECT_EQ(Texts(reader), (Lines{"abc", ""}));
  const std::string x(kLongestLogText, 'x');
  writer.Add(Stream::kStdout, x + "y\n");
  EXPECT_EQ(Texts(reader), (Lines{"de" + x.substr(2) + "~", "xxy"}));
  writer.Add(Stream::kStdout, x.substr(1));
  EXPECT_EQ(Texts(reader), Lines());
  writer.Add(Stream::kStdout, "y");
  EXPECT_EQ(Texts(reader), Lines{x.substr(1) + "y~"});
  writer.Add(Stream::kStdout, "\nend");
  writer.Finish(Stream::kStdout);
  writer.Finish(Stream::kStdout);
  EXPECT_EQ(Texts(reader), (Lines{"", "end~"}));
}

TEST(LogWriterTest, ATerminalsBytesComeAtOnceAndComeBackAsTheyWere) {
  const std::string file = NewFile("terminal");
  LogReader reader(file);
  LogWriter writer = Open(file, {}, LogPieces::kAsItComes);
  writer.Add(Stream::kStdout, "$ ");
  EXPECT_EQ(Texts(reader), Lines{"$ ~"});
  writer.Add(Stream::kStdout, "ls\r\na\tb\r\n$ ");
  EXPECT_EQ(Texts(reader), (Lines{"ls\r", "a\tb\r", "$ ~"}));
}

TEST(LogWriterTest, ManyLinesInOneChunk) {
  const std::string file = NewFile("many");
  LogWriter writer = Open(file);
  std::string chunk;
  Lines expected;
  for (int i = 0; i < 1000; ++i) {
    expected.push_back(absl::StrCat(i));
    absl::StrAppend(&chunk, i, "\n");
  }
  writer.Add(Stream::kStdout, chunk);
  EXPECT_EQ(Texts(file), expected);
  EXPECT_TRUE(writer.status().ok());
}

TEST(LogWriterTest, AppendsAndEndsALineThatWasCutShort) {
  const std::string file = NewFile("append");
  Write(file, At(1, "one") + At(2, "tw").substr(0, 42));
  LogWriter writer = Open(file);
  writer.Add(Stream::kStdout, "three\n");
  EXPECT_EQ(Texts(file), (Lines{"one", "tw", "three"}));
}

TEST(LogWriterTest, NoneWritesNothing) {
  const std::string file = NewFile("none");
  LogWriter writer = Open(file, {.none = true});
  writer.Add(Stream::kStdout, "one\n");
  writer.Finish(Stream::kStdout);
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_EQ(writer.lost(), 0u);
  EXPECT_EQ(Texts(file), Lines());
}

TEST(LogWriterTest, RotatesBeforeAFileIsTooLarge) {
  const std::string file = NewFile("rotate");
  LogWriter writer = Open(file, kSmall);  // four of these lines a file
  Lines expected;
  for (int i = 10; i < 30; ++i) {
    writer.Add(Stream::kStdout, absl::StrCat("line ", i, "\n"));
    if (i >= 20) expected.push_back(absl::StrCat("line ", i));
  }
  for (const char* suffix : {"", ".1", ".2"}) {
    EXPECT_LE(std::filesystem::file_size(file + suffix), 200u) << suffix;
  }
  EXPECT_FALSE(std::filesystem::exists(file + ".3"));
  EXPECT_FALSE(std::filesystem::exists(file + ".next"));
  Lines texts = Texts(file);
  ASSERT_GE(texts.size(), expected.size());
  texts.erase(texts.begin(), texts.end() - static_cast<ptrdiff_t>(expected.size()));
  EXPECT_EQ(texts, expected);

  // One chunk of many lines is cut at the same places.
  const std::string at_once = NewFile("rotate_at_once");
  std::string chunk;
  for (int i = 10; i < 30; ++i) absl::StrAppend(&chunk, "line ", i, "\n");
  LogWriter other = Open(at_once, kSmall);
  other.Add(Stream::kStdout, chunk);
  EXPECT_EQ(Texts(at_once), Texts(file));
  EXPECT_TRUE(other.status().ok()) << other.status();

  // Fewer files from now on; the current one only.
  LogWriter one = Open(file, {.max_bytes = 100, .max_files = 1});
  one.Add(Stream::kStdout, "last\n");
  EXPECT_EQ(Texts(file), Lines{"last"});
  EXPECT_FALSE(std::filesystem::exists(file + ".1"));
  EXPECT_FALSE(std::filesystem::exists(file + ".2"));
}

TEST(LogWriterTest, ALineLargerThanAFileIsStillKept) {
  const std::string file = NewFile("large_line");
  LogWriter writer = Open(file, {.max_bytes = 60, .max_files = 2});
  writer.Add(Stream::kStdout, "small\n" + std::string(500, 'x') + "\nsmall\n");
  EXPECT_EQ(Texts(file), (Lines{std::string(500, 'x'), "small"}));
}

TEST(LogWriterTest, WhereNoFileCanBeMadeItDropsRecordsAndSaysSo) {
  const std::string folder = NewFolder("no_rotation"), file = folder + "/log";
  LogWriter writer = Open(file, {.max_bytes = 60, .max_files = 2});
  writer.Add(Stream::kStdout, "one\n");
  std::filesystem::create_directory(folder + "/log.next");  // in the way
  writer.Add(Stream::kStdout, "two\n");
  writer.Add(Stream::kStderr, "three\n");
  EXPECT_FALSE(writer.status().ok());
  EXPECT_EQ(writer.lost(), 10u);
  EXPECT_EQ(Texts(file), Lines{"one"});
  std::filesystem::remove(folder + "/log.next");
  writer.Add(Stream::kStdout, "four\n");
  EXPECT_EQ(writer.lost(), 0u);
  LogReader reader(file);
  const auto records = reader.Next();
  ASSERT_TRUE(records.ok());
  const Lines texts = Texts(file);
  EXPECT_EQ(texts.back(), "four");
  EXPECT_TRUE(absl::StrContains(texts[texts.size() - 2], "10 bytes of output are missing"));
}

// A file that may not grow beyond `bytes`, as on a full disk: the kernel writes what fits.
class SmallFiles {
 public:
  explicit SmallFiles(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit small = before_;
    small.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallFiles() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_;
};

TEST(LogWriterTest, WhatFitsInPartIsTakenBack) {
  const std::string file = NewFile("short_write");
  LogWriter writer = Open(file);
  writer.Add(Stream::kStdout, "one\n");  // 44 bytes
  {
    const SmallFiles limit(100);
    writer.Add(Stream::kStdout, "two\nthree\nfour\n");  // "three" would end at 134
    EXPECT_EQ(writer.lost(), 11u);
    EXPECT_EQ(std::filesystem::file_size(file), 88u);
    EXPECT_FALSE(writer.status().ok());
    writer.Add(Stream::kStderr, "five\n");
    EXPECT_EQ(writer.lost(), 16u);
    EXPECT_EQ(Texts(file), (Lines{"one", "two"}));
  }
  writer.Add(Stream::kStdout, "six\n");
  const Lines texts = Texts(file);
  ASSERT_EQ(texts.size(), 4u);
  EXPECT_TRUE(absl::StrContains(texts[2], "16 bytes of output are missing here")) << texts[2];
  EXPECT_EQ(texts[3], "six");
}

TEST(LogWriterTest, TheEndSaysWhatWasLost) {
  const std::string file = NewFile("lost_at_end");
  LogWriter writer = Open(file);
  {
    const SmallFiles limit(10);
    writer.Add(Stream::kStdout, "lost\n");
  }
  writer.Finish(Stream::kStdout);
  writer.Finish(Stream::kStderr);
  LogReader reader(file);
  const auto records = reader.Next();
  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ((*records)[0].stream, Stream::kStderr);
  EXPECT_TRUE(absl::StrContains((*records)[0].text, "5 bytes")) << (*records)[0].text;
}

// With a limit that holds from the beginning no signal is sent: SIGXFSZ would end the writer.
TEST(LogWriterTest, AskedLimitsAreNotRunInto) {
  const std::string file = NewFile("limit");
  const SmallFiles limit(100);
  std::signal(SIGXFSZ, SIG_DFL);
  LogWriter writer = Open(file);
  for (int i = 0; i < 5; ++i) writer.Add(Stream::kStdout, "line\n");
  EXPECT_EQ(Texts(file), (Lines{"line", "line"}));
  EXPECT_EQ(writer.lost(), 15u);
}

TEST(LogReaderTest, FollowsTheWriterAcrossRotations) {
  const std::string file = NewFile("follow");
  LogReader reader(file);
  EXPECT_EQ(Texts(reader), Lines());
  LogWriter writer = Open(file, {.max_bytes = 200, .max_files = 100});
  writer.Add(Stream::kStdout, "one\ntw");
  writer.Add(Stream::kStderr, "oops\n");
  EXPECT_EQ(Texts(reader), (Lines{"one", "oops"}));
  writer.Add(Stream::kStdout, "o\n");
  EXPECT_EQ(Texts(reader), Lines{"two"});
  Lines expected;
  for (int i = 0; i < 50; ++i) {
    writer.Add(Stream::kStdout, absl::StrCat(i, "\n"));
    expected.push_back(absl::StrCat(i));
  }
  EXPECT_TRUE(std::filesystem::exists(file + ".9"));
  EXPECT_EQ(Texts(reader), expected);
  EXPECT_EQ(Texts(reader), Lines());
  writer.Add(Stream::kStdout, "end\n");
  EXPECT_EQ(Texts(reader), Lines{"end"});
  EXPECT_EQ(reader.damaged(), 0u);
}

TEST(LogReaderTest, WhatWasThrownAwayMeanwhileIsMissedAndNothingElse) {
  const std::string file = NewFile("missed");
  LogReader reader(file);
  LogWriter writer = Open(file, {.max_bytes = 90, .max_files = 2});  // two lines a file
  writer.Add(Stream::kStdout, "1\n2\n");
  EXPECT_EQ(Texts(reader), (Lines{"1", "2"}));
  writer.Add(Stream::kStdout, "3\n4\n5\n6\n7\n8\n");
  EXPECT_EQ(Texts(reader), (Lines{"5", "6", "7", "8"}));
}

TEST(LogReaderTest, ARotationThatWasCutShortHidesNothing) {
  const std::string file = NewFile("cut_short");
  Write(file, At(3, "3"));
  Write(file + ".2", At(1, "1") + At(2, "2"));
  EXPECT_EQ(Texts(file), (Lines{"1", "2", "3"}));
  std::filesystem::rename(file, file + ".1");
  LogReader reader(file);
  EXPECT_EQ(Texts(reader), (Lines{"1", "2", "3"}));
  Write(file, At(4, "4"));
  EXPECT_EQ(Texts(reader), Lines{"4"});
}

TEST(LogReaderTest, Tail) {
  const std::string file = NewFile("tail");
  EXPECT_EQ(Texts(file, {.tail = 5}), Lines());
  Write(file + ".1", At(1, "1") + At(2, "2"));
  Write(file, At(3, "3a", false) + At(3, "e", true, Stream::kStderr) + At(4, "3b") +
                  At(5, "end", false) + "2026");
  EXPECT_EQ(Texts(file, {.tail = 0}), Lines());
  EXPECT_EQ(Texts(file, {.tail = 1}), Lines{"end~"});
  EXPECT_EQ(Texts(file, {.tail = 2}), (Lines{"3b", "end~"}));
  EXPECT_EQ(Texts(file, {.tail = 3}), (Lines{"3a~", "e", "3b", "end~"}));
  EXPECT_EQ(Texts(file, {.tail = 4}), (Lines{"2", "3a~", "e", "3b", "end~"}));
  EXPECT_EQ(Texts(file, {.tail = 100}), (Lines{"1", "2", "3a~", "e", "3b", "end~"}));
  const auto last = LastLines(file, 2);
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(last->size(), 2u);
}

TEST(LogReaderTest, TailOfALogThatIsNotThereYetIsAllOfIt) {
  const std::string file = NewFile("tail_later");
  LogReader reader(file, {.tail = 0});
  EXPECT_EQ(Texts(reader), Lines());
  Write(file, At(1, "1"));
  EXPECT_EQ(Texts(reader), Lines{"1"});
}

// Blocks begin and end anywhere within lines.
TEST(LogReaderTest, TailOfALargeLogIsTheEndOfTheWhole) {
  const std::string file = NewFile("tail_large");
  std::string content;
  for (int i = 0; i < 3000; ++i) {
    absl::StrAppend(&content, At(i, std::string(static_cast<size_t>(i * 7 % 300), 'x') + "end"));
  }
  Write(file, content);
  const Lines all = Texts(file);
  ASSERT_EQ(all.size(), 3000u);
  for (const size_t count : {1u, 99u, 400u, 1000u, 2999u, 3000u, 4000u}) {
    const size_t kept = std::min<size_t>(count, all.size());
    EXPECT_EQ(Texts(file, {.tail = count}),
              Lines(all.end() - static_cast<ptrdiff_t>(kept), all.end()))
        << count;
  }
}

TEST(LogReaderTest, SinceAndUntil) {
  const std::string file = NewFile("since");
  Write(file + ".1", At(1, "1") + At(2, "2"));
  Write(file, At(3, "3") + At(4, "4"));
  const auto second = [](int n) { return absl::FromUnixSeconds(n); };
  EXPECT_EQ(Texts(file, {.since = second(2)}), (Lines{"2", "3", "4"}));
  EXPECT_EQ(Texts(file, {.since = second(5)}), Lines());
  EXPECT_EQ(Texts(file, {.until = second(3)}), (Lines{"1", "2", "3"}));
  EXPECT_EQ(Texts(file, {.since = second(2), .until = second(3)}), (Lines{"2", "3"}));
  EXPECT_EQ(Texts(file, {.tail = 1, .until = second(2)}), Lines{"2"});
  EXPECT_EQ(Texts(file, {.tail = 1, .since = second(2), .until = second(3)}), Lines{"3"});
}

TEST(LogReaderTest, DamagedLinesAreSkippedAndCounted) {
  const std::string file = NewFile("damaged");
  Write(file + ".1", At(1, "1") + "cut");
  Write(file, "\n" + At(2, "2") + "rubbish\n" + std::string(200000, 'x') + "\n" +
                  std::string(3, '\0') + "\n" + At(3, "3"));
  LogReader reader(file);
  EXPECT_EQ(Texts(reader), (Lines{"1", "2", "3"}));
  EXPECT_EQ(reader.damaged(), 5u);  // the empty one too
  EXPECT_EQ(Texts(file, {.tail = 2}), (Lines{"2", "3"}));
  EXPECT_EQ(Texts(file, {.tail = 3}), (Lines{"1", "2", "3"}));
}

TEST(LogReaderTest, AnUnreadableLogIsAnError) {
  const std::string file = NewFile("loop");
  std::filesystem::create_symlink("log", file);
  LogReader reader(file);
  EXPECT_FALSE(reader.Next().ok());
}

}  // namespace
}  // namespace pelagos::store
