// What real editors have said to the server, said again: every answer is as it was read once and
// found good. README.md tells how they were recorded.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/lsp/message.h"
#include "pelagos/lsp/server.h"
#include "tests/golden/golden.h"

namespace pelagos::lsp {
namespace {

constexpr char kFolder[] = "tests/lsp/recorded";

// An answer as a line that can be read.
std::string Line(const std::string& body) {
  const Json message = Json::parse(body, nullptr, false);
  EXPECT_TRUE(message.is_object()) << body;
  const char* part = message.contains("result")  ? "result"
                     : message.contains("error") ? "error"
                                                 : "params";
  return absl::StrCat("  ", message.contains("id") ? message["id"].dump() : "-", " ", part, " ",
                      message[part].dump(), "\n");
}

TEST(Replay, RecordedEditors) {
  size_t recordings = 0;
  for (const std::string& path : golden::TestFiles(kFolder, ".jsonl")) {
    ++recordings;
    Server server([](const std::string& file) -> std::optional<std::string> {
      if (file != "/demo/lib.reml") return std::nullopt;
      return golden::ReadTestFile(absl::StrCat(kFolder, "/lib.reml"));
    });
    std::string said;
    const std::string recording = golden::ReadTestFile(path);
    for (absl::string_view body : absl::StrSplit(recording, '\n', absl::SkipEmpty())) {
      const std::optional<Json> message = ParseJson(body);
      ASSERT_TRUE(message) << body;
      absl::StrAppend(&said, TextIn(*message, "method"), "\n");
      for (const std::string& answer : server.Handle(body)) said += Line(answer);
      for (const std::string& notice : server.Settle()) said += Line(notice);
    }
    // eglot kills the process before its `exit` has come through.
    EXPECT_EQ(server.exit_code(), server.ended() ? 0 : 1) << path;
    golden::ExpectGolden(golden::WithEnding(path, ".txt"), said);
  }
  EXPECT_EQ(recordings, 2u);
}

}  // namespace
}  // namespace pelagos::lsp
