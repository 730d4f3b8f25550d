#include "pelagos/store/log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "absl/time/clock.h"

namespace pelagos::store {
namespace {

std::string NewFile(const std::string& name) { return testing::TempDir() + "/" + name; }

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
  EXPECT_FALSE(ParseLogRecord("no record").has_value());
  EXPECT_FALSE(ParseLogRecord("t stdin F x").has_value());
}

TEST(LineCutterTest, LinesPartsAndTheRest) {
  LineCutter cutter;
  std::vector<std::string> lines;
  const auto sink = [&](absl::string_view text, bool full) {
    lines.push_back((full ? "F" : "P") + std::to_string(text.size()) +
                    std::string(text.substr(0, 3)));
  };
  cutter.Add("ab", sink);
  cutter.Add("c\n\nde", sink);
  EXPECT_EQ(lines, (std::vector<std::string>{"F3abc", "F0"}));
  lines.clear();
  cutter.Add(std::string(LineCutter::kLongestLine, 'x') + "y\n", sink);
  EXPECT_EQ(lines, (std::vector<std::string>{"P16384dex", "F3xxy"}));
  lines.clear();
  cutter.Add("end", sink);
  cutter.Finish(sink);
  cutter.Finish(sink);
  EXPECT_EQ(lines, (std::vector<std::string>{"F3end"}));
}

TEST(LogFileTest, ReaderFollowsWriter) {
  const std::string file = NewFile("follow.log");
  LogReader reader(file);
  ASSERT_TRUE(reader.Next()->empty());
  auto writer = LogWriter::Open(file);
  ASSERT_TRUE(writer.ok());
  writer->Add(Stream::kStdout, "one\ntw");
  writer->Add(Stream::kStderr, "oops\n");
  auto records = reader.Next();
  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->size(), 2u);
  EXPECT_EQ((*records)[0].text, "one");
  EXPECT_EQ((*records)[1].text, "oops");
  EXPECT_EQ((*records)[1].stream, Stream::kStderr);
  EXPECT_LE((*records)[0].time, (*records)[1].time);
  writer->Add(Stream::kStdout, "o\n");
  writer->Finish(Stream::kStdout);
  records = reader.Next();
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ((*records)[0].text, "two");
  EXPECT_TRUE(writer->status().ok());
  const auto last = LastLines(file, 2);
  ASSERT_TRUE(last.ok());
  ASSERT_EQ(last->size(), 2u);
  EXPECT_EQ((*last)[0].text, "oops");
  EXPECT_EQ((*last)[1].text, "two");
  EXPECT_TRUE(LastLines(NewFile("none.log"), 5)->empty());
}

TEST(LogFileTest, FullDiskCostsLinesOnly) {
  auto writer = LogWriter::Open("/dev/full");
  ASSERT_TRUE(writer.ok());
  writer->Add(Stream::kStdout, "lost\n");
  EXPECT_FALSE(writer->status().ok());
}

}  // namespace
}  // namespace pelagos::store
