#include "pelagos/container/status_text.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "pelagos/base/errno_status.h"

namespace pelagos::container {
namespace {

TEST(StatusTextTest, GoesRoundWithWhatHangsOnIt) {
  absl::Status status = ErrnoStatus(ENOENT, "open", "/x \"y\"\n");
  status.SetPayload("other", absl::Cord("1"));
  const absl::Status back = DecodeStatus(EncodeStatus(status));
  EXPECT_EQ(back, status);
  EXPECT_EQ(FindErrno(back), ENOENT);
  EXPECT_EQ(DecodeStatus(EncodeStatus(absl::OkStatus())), absl::OkStatus());
  std::vector<std::string> warnings;
  EXPECT_EQ(DecodeStatus(EncodeStatus(absl::OkStatus(), {"one", "two"}), &warnings),
            absl::OkStatus());
  EXPECT_EQ(warnings, (std::vector<std::string>{"one", "two"}));
}

TEST(StatusTextTest, WhatIsNoneIsAFailure) {
  for (const char* text : {"", "{", "[]", "{}", "{\"code\":\"x\"}"}) {
    EXPECT_EQ(DecodeStatus(text).code(), absl::StatusCode::kInternal) << text;
  }
}

}  // namespace
}  // namespace pelagos::container
