// The course of a session, and messages that are not as they should be.
#include "pelagos/lsp/server.h"

#include <gtest/gtest.h>

#include <string>

#include "pelagos/lsp/server_testing.h"

namespace pelagos::lsp {
namespace {

TEST(Server, Session) {
  Editor editor;
  const Json hello = editor.Ask("initialize", {{"capabilities", Json::object()}});
  EXPECT_EQ(hello["capabilities"]["positionEncoding"], "utf-16");
  EXPECT_EQ(hello["capabilities"]["textDocumentSync"]["change"], 2);
  EXPECT_TRUE(editor.Tell("initialized", Json::object()).empty());
  EXPECT_EQ(editor.Ask("shutdown", nullptr), nullptr);
  EXPECT_FALSE(editor.server.ended());
  EXPECT_EQ(editor.Error("textDocument/hover", Editor::At(0, 0)), -32600);
  EXPECT_EQ(editor.Error("initialize", Json::object()), -32600);
  editor.Tell("exit", nullptr);
  EXPECT_TRUE(editor.server.ended());
  EXPECT_EQ(editor.server.exit_code(), 0);
  EXPECT_TRUE(editor.Raw("{}").empty());
}

TEST(Server, WithoutGoodbye) {
  Editor editor;
  editor.Ask("initialize", Json::object());
  editor.Tell("exit", nullptr);
  EXPECT_TRUE(editor.server.ended());
  EXPECT_EQ(editor.server.exit_code(), 1);
}

TEST(Server, BeforeInitialize) {
  Editor editor;
  EXPECT_EQ(editor.Error("textDocument/hover", Editor::At(0, 0)), -32002);
  EXPECT_EQ(editor.Error("shutdown", nullptr), -32002);
  EXPECT_EQ(editor.Error("what", nullptr), -32002);
  editor.Open("(a)");
  EXPECT_TRUE(editor.Settle().empty());
  editor.Ask("initialize", Json::object());
  EXPECT_EQ(editor.Error("initialize", Json::object()), -32600);
  EXPECT_EQ(editor.Error("textDocument/hover", Editor::At(0, 0)), -32602);  // it is not open
}

TEST(Server, WhatIsUnknown) {
  Editor editor{Json::object()};
  EXPECT_EQ(editor.Error("textDocument/unheardOf", Json::object()), -32601);
  EXPECT_EQ(editor.Error("$/unheardOf", Json::object()), -32601);
  EXPECT_TRUE(editor.Tell("$/cancelRequest", {{"id", 7}}).empty());
  EXPECT_TRUE(editor.Tell("$/setTrace", {{"value", "verbose"}}).empty());
  EXPECT_TRUE(editor.Tell("workspace/didChangeConfiguration", {{"settings", 1}}).empty());
  EXPECT_TRUE(editor.Tell("unheardOf", Json::array({1, 2})).empty());
}

// The answer to a message that is none, by its code; 0: nothing is said.
int CodeOf(Editor& editor, absl::string_view body) {
  const std::vector<Json> answers = editor.Raw(body);
  if (answers.empty()) return 0;
  EXPECT_EQ(answers.size(), 1u) << body;
  EXPECT_EQ(answers[0].value("id", Json(1)), Json()) << body;
  return answers[0].contains("error") ? answers[0]["error"].value("code", 0) : 1;
}

TEST(Server, MessagesThatAreNone) {
  const struct {
    std::string body;
    int code;
  } cases[] = {
      {"", -32700},
      {"{", -32700},
      {"\xff\xfe", -32700},
      {"{\"jsonrpc\":\"2.0\",}", -32700},
      {std::string(100'000, '['), -32700},
      {std::string("\0\0\0", 3), -32700},
      {"{\"id\":1}{\"id\":2}", -32700},
      {"null", -32600},
      {"[]", -32600},
      {"[{\"id\":1,\"method\":\"shutdown\"}]", -32600},
      {"\"shutdown\"", -32600},
      {"17", -32600},
      {"{}", -32600},
      {"{\"id\":1}", -32600},
      {"{\"method\":7}", -32600},
      {"{\"id\":null,\"method\":\"shutdown\"}", -32600},
      {"{\"id\":{},\"method\":\"shutdown\"}", -32600},
      {"{\"id\":[1],\"method\":\"shutdown\"}", -32600},
      {"{\"id\":true,\"method\":\"shutdown\"}", -32600},
      {"{\"id\":1,\"result\":null}", 0},
      {"{\"id\":1,\"error\":{\"code\":1}}", 0},
      {"{\"method\":\"textDocument/didOpen\"}", 0},
      {"{\"method\":\"textDocument/didOpen\",\"params\":7}", 0},
      {"{\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":[]}}", 0},
      {"{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":1}}}", 0},
      {"{\"method\":\"textDocument/didClose\",\"params\":{\"textDocument\":null}}", 0},
  };
  Editor editor{Json::object()};
  for (const auto& one : cases) EXPECT_EQ(CodeOf(editor, one.body), one.code) << one.body;
  EXPECT_EQ(editor.Ask("shutdown", nullptr), nullptr);
}

TEST(Server, ParametersThatAreNotAsTheyShouldBe) {
  Editor editor{Json::object()};
  editor.Open("(define a 1)");
  const Json place = Editor::At(0, 0);
  const Json wrong[] = {
      nullptr,
      7,
      Json::array(),
      Json::object(),
      {{"textDocument", 7}},
      {{"textDocument", {{"uri", 7}}}},
      {{"textDocument", {{"uri", "file:///elsewhere"}}}, {"position", place["position"]}},
      {{"textDocument", place["textDocument"]}},
      {{"textDocument", place["textDocument"]}, {"position", 7}},
      {{"textDocument", place["textDocument"]}, {"position", {{"line", -1}, {"character", 0}}}},
      {{"textDocument", place["textDocument"]}, {"position", {{"line", "0"}, {"character", 0}}}},
      {{"textDocument", place["textDocument"]}, {"position", {{"line", 0.5}, {"character", 0}}}},
  };
  for (const char* method :
       {"textDocument/hover", "textDocument/completion", "textDocument/definition",
        "textDocument/references", "textDocument/documentHighlight", "textDocument/rename",
        "textDocument/prepareRename", "textDocument/signatureHelp"}) {
    for (const Json& params : wrong) EXPECT_EQ(editor.Error(method, params), -32602) << params;
  }
  for (const char* method : {"textDocument/rangeFormatting", "textDocument/codeAction"}) {
    EXPECT_EQ(editor.Error(method, Editor::Document()), -32602);
  }
  EXPECT_EQ(editor.Error("textDocument/rename", place), -32602);  // no newName
}

TEST(Server, IdsMayBeTexts) {
  Editor editor{Json::object()};
  const auto answers = editor.Raw("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"nothing\"}");
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0]["id"], "x");
}

}  // namespace
}  // namespace pelagos::lsp
