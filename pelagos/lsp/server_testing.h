// An editor in the process of a test: it asks the server, and has no stream.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/lsp/message.h"
#include "pelagos/lsp/server.h"

namespace pelagos::lsp {

class Editor {
 public:
  Editor() = default;
  // Says hello with these capabilities.
  explicit Editor(const Json& capabilities) {
    Ask("initialize", {{"capabilities", capabilities}});
    Tell("initialized", Json::object());
  }

  static constexpr char kUri[] = "file:///d/a.reml";

  std::vector<Json> Raw(absl::string_view body) { return Parsed(server.Handle(body)); }

  // The whole answer to a request.
  Json Request(absl::string_view method, const Json& params) {
    const Json message = {
        {"jsonrpc", "2.0"}, {"id", ++id_}, {"method", std::string(method)}, {"params", params}};
    const std::vector<Json> answers = Raw(message.dump());
    if (answers.size() != 1) {
      ADD_FAILURE() << method << ": " << answers.size() << " answers";
      return nullptr;
    }
    EXPECT_EQ(answers[0].value("id", Json()), Json(id_)) << answers[0];
    return answers[0];
  }
  // Its result.
  Json Ask(absl::string_view method, const Json& params) {
    const Json answer = Request(method, params);
    EXPECT_TRUE(answer.contains("result")) << method << ": " << answer;
    return answer.value("result", Json());
  }
  int Error(absl::string_view method, const Json& params) {
    const Json answer = Request(method, params);
    EXPECT_TRUE(answer.contains("error")) << method << ": " << answer;
    return answer.contains("error") ? answer["error"].value("code", 0) : 0;
  }
  std::vector<Json> Tell(absl::string_view method, const Json& params) {
    return Raw(
        Json{{"jsonrpc", "2.0"}, {"method", std::string(method)}, {"params", params}}.dump());
  }
  std::vector<Json> Settle() { return Parsed(server.Settle()); }

  void Open(absl::string_view text, const std::string& uri = kUri) {
    Tell("textDocument/didOpen",
         {{"textDocument",
           {{"uri", uri}, {"languageId", "reml"}, {"version", 1}, {"text", std::string(text)}}}});
  }
  void Change(const Json& changes, int version, const std::string& uri = kUri) {
    Tell("textDocument/didChange",
         {{"textDocument", {{"uri", uri}, {"version", version}}}, {"contentChanges", changes}});
  }

  static Json At(int line, int character, const std::string& uri = kUri) {
    return {{"textDocument", {{"uri", uri}}},
            {"position", {{"line", line}, {"character", character}}}};
  }
  static Json Document(const std::string& uri = kUri) { return {{"textDocument", {{"uri", uri}}}}; }
  static Json Range(int line, int begin, int end_line, int end) {
    return {{"start", {{"line", line}, {"character", begin}}},
            {"end", {{"line", end_line}, {"character", end}}}};
  }
  // "0:1-0:2"
  static std::string Place(const Json& range) {
    const auto at = [](const Json& position) {
      return absl::StrCat(position.value("line", -1), ":", position.value("character", -1));
    };
    return absl::StrCat(at(range["start"]), "-", at(range["end"]));
  }

  std::map<std::string, std::string> disk;
  Server server{[this](const std::string& path) -> std::optional<std::string> {
    const auto found = disk.find(path);
    if (found == disk.end()) return std::nullopt;
    return found->second;
  }};

 private:
  static std::vector<Json> Parsed(const std::vector<std::string>& bodies) {
    std::vector<Json> messages;
    for (const std::string& body : bodies) {
      messages.push_back(Json::parse(body, nullptr, false));
      EXPECT_FALSE(messages.back().is_discarded()) << body;
      EXPECT_EQ(messages.back().value("jsonrpc", ""), "2.0") << body;
    }
    return messages;
  }

  int id_ = 0;
};

}  // namespace pelagos::lsp
