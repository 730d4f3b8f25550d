// The program itself, spoken to as editors do: over pipes, with everything they send, and with what
// nobody should send.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/lsp/frame.h"
#include "pelagos/lsp/message.h"
#include "pelagos/lsp/uri.h"
#include "tests/lsp/process.h"

namespace pelagos::lsp {
namespace {

constexpr char kProgram[] = "tools/pelagos";

class Exchange : public testing::Test {
 protected:
  void Send(const Json& message) { ASSERT_TRUE(process_.Write(Framed(message.dump()))); }
  void Tell(const std::string& method, const Json& params) {
    Send({{"jsonrpc", "2.0"}, {"method", method}, {"params", params}});
  }
  Json Next() {
    const std::optional<std::string> body = process_.Next();
    if (!body) {
      ADD_FAILURE() << "no message came";
      return Json::object();
    }
    Json message = Json::parse(*body, nullptr, false);
    EXPECT_FALSE(message.is_discarded()) << *body;
    return message;
  }
  // The answer; what is told meanwhile is kept in notices_.
  Json Ask(const std::string& method, const Json& params) {
    Send({{"jsonrpc", "2.0"}, {"id", ++id_}, {"method", method}, {"params", params}});
    for (int i = 0; i < 100; ++i) {
      Json message = Next();
      if (message.contains("id")) {
        EXPECT_EQ(message["id"], id_) << message;
        return message.value("result", message.value("error", Json()));
      }
      if (message.empty()) break;
      notices_.push_back(message);
    }
    return nullptr;
  }
  // The diagnostics of the next version that has some to tell.
  Json Diagnostics(int version) {
    for (int i = 0; i < 100; ++i) {
      Json message;
      if (notices_.empty()) {
        message = Next();
      } else {
        message = notices_.front();
        notices_.erase(notices_.begin());
      }
      if (message.empty()) break;
      if (message.value("method", "") != "textDocument/publishDiagnostics") continue;
      if (message["params"].value("version", -1) == version) {
        return message["params"]["diagnostics"];
      }
    }
    ADD_FAILURE() << "no diagnostics of version " << version;
    return nullptr;
  }

  void Hello() {
    const Json hello =
        Ask("initialize",
            {{"processId", nullptr}, {"rootUri", nullptr}, {"capabilities", Json::object()}});
    EXPECT_TRUE(hello["capabilities"].contains("hoverProvider")) << hello;
    Tell("initialized", Json::object());
  }
  void Goodbye() {
    EXPECT_EQ(Ask("shutdown", nullptr), nullptr);
    Tell("exit", nullptr);
    EXPECT_EQ(process_.Wait(), 0);
  }

  Json At(int line, int character) const {
    return {{"textDocument", {{"uri", uri_}}},
            {"position", {{"line", line}, {"character", character}}}};
  }
  void Open(absl::string_view text) {
    Tell("textDocument/didOpen",
         {{"textDocument",
           {{"uri", uri_}, {"languageId", "reml"}, {"version", 1}, {"text", std::string(text)}}}});
  }
  void Type(int line, int character, absl::string_view text, int version) {
    const Json place = {{"line", line}, {"character", character}};
    Tell("textDocument/didChange",
         {{"textDocument", {{"uri", uri_}, {"version", version}}},
          {"contentChanges", Json::array({{{"range", {{"start", place}, {"end", place}}},
                                           {"text", std::string(text)}}})}});
  }

  Process process_{{kProgram, "reml", "lsp", "--stdio"}};
  std::string uri_ = "file:///srv/demo.reml";
  std::vector<Json> notices_;
  int id_ = 0;
};

TEST_F(Exchange, AWholeSession) {
  const std::filesystem::path folder =
      std::filesystem::path(std::getenv("TEST_TMPDIR")) / "a whole session";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "lib.reml") << "; Greets NAME.\n(define (greet name) name)\n";
  uri_ = UriOfPath((folder / "demo.reml").string());

  Hello();
  Open("(import \"lib.reml\")\n(define port 80)\n");
  Diagnostics(1);
  // Typed letter by letter, as it is done.
  int version = 1, column = 0;
  for (const char c : absl::string_view("(display (greet (list port \"")) {
    Type(2, column++, absl::string_view(&c, 1), ++version);
    if (version == 20) Diagnostics(version);
  }
  Type(2, column, "🐋", ++version);
  column += 2;  // units of UTF-16
  for (const char c : absl::string_view("\" port)))")) {
    Type(2, column++, absl::string_view(&c, 1), ++version);
  }
  EXPECT_TRUE(Diagnostics(version).is_array());

  const Json hover = Ask("textDocument/hover", At(2, 11));
  EXPECT_NE(hover["contents"].value("value", "").find("Greets NAME."), std::string::npos) << hover;
  const Json definition = Ask("textDocument/definition", At(2, 11));
  EXPECT_EQ(definition["uri"], UriOfPath((folder / "lib.reml").string()));
  EXPECT_EQ(definition["range"]["start"]["line"], 1);
  EXPECT_EQ(Ask("textDocument/references", At(1, 9)).size(), 3u);
  const Json symbols = Ask("textDocument/documentSymbol", At(0, 0));
  ASSERT_EQ(symbols.size(), 1u);
  EXPECT_EQ(symbols[0]["name"], "port");

  Type(3, 0, "\n(define   x   1)\n(comp", ++version);
  const Json completion = Ask("textDocument/completion", At(4, 5));
  bool compose = false;
  for (const Json& item : completion["items"]) compose |= item["label"] == "compose";
  EXPECT_TRUE(compose);
  Type(4, 5, "ose)", ++version);
  const Json edits = Ask("textDocument/formatting", At(0, 0));
  ASSERT_TRUE(edits.is_array()) << edits;
  EXPECT_FALSE(edits.empty());
  Json rename = At(1, 9);
  rename["newName"] = "web-port";
  EXPECT_EQ(Ask("textDocument/rename", rename)["changes"][uri_].size(), 3u);

  notices_.clear();
  Tell("textDocument/didClose", At(0, 0));
  EXPECT_EQ(Ask("textDocument/hover", At(0, 0))["code"], -32602);
  ASSERT_FALSE(notices_.empty());
  EXPECT_TRUE(notices_.back()["params"]["diagnostics"].empty());
  Goodbye();
}

// After each of them the server answers as if nothing had been.
TEST_F(Exchange, MalformedMessages) {
  const std::string frames[] = {
      "Content-Length: 1\r\n\r\n{",
      "Content-Length: 0\r\n\r\n",
      "Content-Length: 4\r\n\r\nnull",
      "Content-Length: 2\r\n\r\n[]",
      "Content-Length: -1\r\n\r\n",
      "Content-Length: 99999999999999999999\r\n\r\n",
      "Content-Length: 70000000\r\n\r\n",
      "Content-Length: twelve\r\n\r\n",
      "Content-Length:\r\n\r\n",
      "Content-Type: application/json\r\n\r\n{}",
      "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
      "\r\n\r\n\r\n\r\n",
      std::string("\0\0\0\0\n\n", 6),
      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
      std::string(10'000, 'x'),
      Framed("\xff\xfe\xfd"),
      Framed(std::string(200'000, '[')),
      Framed("{\"jsonrpc\":\"2.0\",\"id\":1}"),
      Framed("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"shutdown\"}"),
      Framed("{\"jsonrpc\":\"2.0\",\"method\":17}"),
      Framed("{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didOpen\",\"params\":[1,2,3]}"),
      Framed(
          "{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":"
          "{\"uri\":\"file:///srv/demo.reml\",\"version\":\"x\"},\"contentChanges\":[{\"range\":{"
          "\"start\":{\"line\":-5,\"character\":1e9},\"end\":7},\"text\":\"(\"}]}}"),
      Framed(
          "{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":"
          "{\"uri\":\"file:///srv/demo.reml\",\"version\":2},\"contentChanges\":[{\"text\":17}]}}"),
      Framed("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"textDocument/hover\",\"params\":{}}"),
      Framed("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"textDocument/hover\",\"params\":{"
             "\"textDocument\":{\"uri\":\"file:///srv/demo.reml\"},\"position\":{\"line\":1e99,"
             "\"character\":0}}}"),
  };
  Hello();
  Open("(define port 80)\nport");
  Diagnostics(1);
  for (const std::string& frame : frames) {
    ASSERT_TRUE(process_.Write(frame)) << frame;
    Send({{"jsonrpc", "2.0"},
          {"id", ++id_},
          {"method", "textDocument/definition"},
          {"params", At(1, 1)}});
    Json answer;
    // Errors come first; they are of no request that can be named, or of one with the id 1.
    for (int i = 0; i < 20; ++i) {
      answer = Next();
      if (answer.empty() || answer.value("id", Json()) == id_) break;
      EXPECT_TRUE(answer.contains("error") || answer.contains("method")) << answer;
    }
    ASSERT_EQ(answer["result"]["range"]["start"]["character"], 8) << frame << answer;
  }
  Goodbye();
}

TEST_F(Exchange, OrderOfAnswers) {
  Hello();
  std::string bytes;
  const auto add = [&](const Json& message) { bytes += Framed(message.dump()); };
  add({{"jsonrpc", "2.0"},
       {"method", "textDocument/didOpen"},
       {"params", {{"textDocument", {{"uri", uri_}, {"version", 1}, {"text", "(define a 1)"}}}}}});
  const int first = id_;
  for (int i = 0; i < 40; ++i) {
    add({{"jsonrpc", "2.0"},
         {"id", ++id_},
         {"method", "textDocument/hover"},
         {"params", At(0, 8)}});
  }
  ASSERT_TRUE(process_.Write(bytes));
  for (int id = first + 1; id <= id_;) {
    const Json message = Next();
    ASSERT_FALSE(message.empty());
    if (!message.contains("id")) continue;
    EXPECT_EQ(message["id"], id++);
    EXPECT_TRUE(message["result"].is_object());
  }
  Goodbye();
}

// Whoever asks much and reads nothing for a while gets everything in the end.
TEST_F(Exchange, AnEditorThatReadsLate) {
  Hello();
  Open("(");
  std::string bytes;
  constexpr int kRequests = 60;  // each answer is over 100 KB, a pipe holds 64
  for (int i = 0; i < kRequests; ++i) {
    bytes += Framed(Json{
        {"jsonrpc", "2.0"},
        {"id", 1000 + i},
        {"method", "textDocument/completion"},
        {"params",
         At(0, 1)}}.dump());
  }
  ASSERT_TRUE(process_.Write(bytes));
  int answers = 0;
  while (answers < kRequests) {
    const Json message = Next();
    ASSERT_FALSE(message.empty()) << answers;
    if (!message.contains("id")) continue;
    EXPECT_EQ(message["id"], 1000 + answers++);
  }
  Goodbye();
}

TEST_F(Exchange, EndOfInput) {
  Hello();
  ASSERT_TRUE(process_.Write("Content-Length: 100\r\n\r\n{"));
  process_.CloseInput();
  EXPECT_EQ(process_.Wait(), 1);
}

TEST_F(Exchange, EndOfOutput) {
  Hello();
  process_.CloseOutput();
  ASSERT_TRUE(process_.Write(Framed("{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"shutdown\"}")));
  EXPECT_EQ(process_.Wait(), 1);
}

TEST_F(Exchange, ExitWithoutShutdown) {
  Hello();
  Tell("exit", nullptr);
  EXPECT_EQ(process_.Wait(), 1);
}

TEST(Program, WrongUse) {
  Process process({kProgram, "reml", "lsp", "a.reml"});
  EXPECT_EQ(process.Wait(), 2);
}

}  // namespace
}  // namespace pelagos::lsp
