#include "pelagos/lsp/frame.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pelagos::lsp {
namespace {

// Bodies, and errors as "! ERROR".
std::string Frames(absl::string_view bytes, size_t step = std::string::npos) {
  FrameReader reader;
  std::vector<std::string> frames;
  for (size_t at = 0; at < bytes.size(); at += std::min(step, bytes.size() - at)) {
    reader.Add(bytes.substr(at, step));
    while (auto frame = reader.Next()) {
      frames.push_back(frame->error.empty() ? frame->body : absl::StrCat("! ", frame->error));
    }
  }
  return absl::StrJoin(frames, "; ");
}

TEST(Frame, Headers) {
  EXPECT_EQ(Frames("Content-Length: 2\r\n\r\n{}"), "{}");
  EXPECT_EQ(Frames("Content-Length:2\r\n\r\n{}Content-Length: 0\r\n\r\n"), "{}; ");
  EXPECT_EQ(Frames("content-LENGTH:  2  \r\nContent-Type: a/b; charset=utf-8\r\n\r\n{}"), "{}");
  EXPECT_EQ(Frames("Content-Type: a\r\nContent-Length: 2\r\n\r\n{}"), "{}");
  EXPECT_EQ(Frames("Content-Length: 2\n\n{}"), "{}");
  EXPECT_EQ(Frames("Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"), "{}");
  EXPECT_EQ(Frames("rubbish\r\nContent-Length: 2\r\n\r\n{}"), "{}");
}

TEST(Frame, WhatIsCutOffWaits) {
  EXPECT_EQ(Frames("Content-Length: 3\r\n\r\n{}"), "");
  EXPECT_EQ(Frames("Content-Length: 2\r\n"), "");
  EXPECT_EQ(Frames(""), "");
}

TEST(Frame, AnyPieces) {
  const std::string bytes =
      absl::StrCat(Framed("{\"a\":1}"), "Content-Length: x\r\n\r\nxx", Framed("[]"), Framed(""));
  const std::string whole = Frames(bytes);
  EXPECT_EQ(whole, "{\"a\":1}; ! the Content-Length is no number; []; ");
  for (size_t step = 1; step < bytes.size(); ++step) EXPECT_EQ(Frames(bytes, step), whole) << step;
}

TEST(Frame, BrokenOnesAreSkipped) {
  const std::string next = Framed("[1]");
  const struct {
    std::string bytes, error;
  } cases[] = {
      {"Content-Length: -2\r\n\r\n{}", "the Content-Length is no number"},
      {"Content-Length: \r\n\r\n{}", "the Content-Length is no number"},
      {"Content-Length: 2x\r\n\r\n{}", "the Content-Length is no number"},
      {"Content-Length: 67108865\r\n\r\n{}", "the Content-Length is over 67108864"},
      {"Content-Length: 99999999999999999999999\r\n\r\n{}", "the Content-Length is over 67108864"},
      {"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "the header has two Content-Lengths"},
      {"Content-Type: a\r\n\r\n{}", "the header has no Content-Length"},
      {"\r\n\r\n{}", "the header has no Content-Length"},
      {std::string(9000, 'x'), "the header is over 8192 bytes"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(Frames(one.bytes + next), absl::StrCat("! ", one.error, "; [1]")) << one.bytes;
  }
}

// What is held does not grow with what was read.
TEST(Frame, RubbishWithoutEnd) {
  FrameReader reader;
  size_t errors = 0;
  for (int i = 0; i < 200; ++i) {
    reader.Add(std::string(10'000, 'x'));
    while (reader.Next()) ++errors;
  }
  EXPECT_EQ(errors, 1u);
  reader.Add(Framed("{}"));
  const auto frame = reader.Next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->body, "{}");
}

}  // namespace
}  // namespace pelagos::lsp
