// Nothing that is said to the server crashes it, holds it up, or makes it say what is no message.
//
// The first byte of an input says what the rest is: a stream of frames, the body of one message, or
// operations of an editor with texts and places made of the bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/lsp/frame.h"
#include "pelagos/lsp/message.h"
#include "pelagos/lsp/server.h"

namespace {

using pelagos::lsp::FrameReader;
using pelagos::lsp::Json;
using pelagos::lsp::Server;

std::optional<std::string> Disk(const std::string& path) {
  if (path == "/d/lib.reml") return "; Of it.\n(define (greet name) name)\n(import \"a.reml\")";
  if (path == "/d/bad.reml") return "(define \xff (\n";
  return std::nullopt;
}

void Look(const std::vector<std::string>& messages) {
  for (const std::string& message : messages) {
    const Json json = Json::parse(message, nullptr, false);
    if (!json.is_object() || json.value("jsonrpc", "") != "2.0") std::abort();
  }
}

// Whatever was said before, a goodbye is understood.
void Goodbye(Server& server) {
  if (server.ended()) return;
  Look(server.Settle());
  Look(server.Handle("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"shutdown\"}"));
  Look(server.Handle("{\"jsonrpc\":\"2.0\",\"method\":\"exit\"}"));
  if (!server.ended()) std::abort();
}

void Initialize(Server& server, uint8_t how) {
  Json capabilities = Json::object();
  if ((how & 1) != 0) capabilities["general"] = {{"positionEncodings", Json::array({"utf-8"})}};
  if ((how & 2) != 0) {
    capabilities["textDocument"] = {
        {"documentSymbol", {{"hierarchicalDocumentSymbolSupport", true}}},
        {"codeAction", {{"codeActionLiteralSupport", Json::object()}}},
        {"publishDiagnostics", {{"relatedInformation", true}, {"tagSupport", true}}},
        {"hover", {{"contentFormat", Json::array({"markdown"})}}}};
  }
  const Json message = {{"jsonrpc", "2.0"},
                        {"id", 0},
                        {"method", "initialize"},
                        {"params", {{"capabilities", capabilities}}}};
  Look(server.Handle(message.dump()));
}

void Stream(absl::string_view bytes, size_t step) {
  Server server(Disk);
  FrameReader frames;
  while (!bytes.empty()) {
    frames.Add(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (const auto frame = frames.Next()) {
      Look(frame->error.empty() ? server.Handle(frame->body) : server.Refuse(frame->error));
    }
  }
  Goodbye(server);
}

class Operations {
 public:
  Operations(absl::string_view bytes) : bytes_(bytes) {}

  void Run() {
    Initialize(server_, Byte());
    for (int count = 0; !bytes_.empty() && count < 60; ++count) One();
    Goodbye(server_);
  }

 private:
  static constexpr const char* kUris[] = {"file:///d/a.reml", "file:///d/lib.reml", "untitled:1"};
  static constexpr const char* kRequests[] = {
      "hover",           "completion",   "definition",    "references",    "documentSymbol",
      "formatting",      "rename",       "prepareRename", "signatureHelp", "documentHighlight",
      "rangeFormatting", "foldingRange", "codeAction"};

  uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const uint8_t byte = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return byte;
  }
  // Up to the next 0.
  std::string Text() {
    const size_t end = std::min(bytes_.find('\0'), bytes_.size());
    std::string text(bytes_.substr(0, end));
    bytes_.remove_prefix(std::min(end + 1, bytes_.size()));
    return text;
  }
  Json Position() { return {{"line", Byte() % 32}, {"character", Byte()}}; }
  Json Range() { return {{"start", Position()}, {"end", Position()}}; }
  std::string Uri() { return kUris[Byte() % std::size(kUris)]; }

  void Send(const Json& message) {
    // What is no UTF-8 is not what an editor sends; streams have it.
    Look(server_.Handle(message.dump(-1, ' ', false, Json::error_handler_t::replace)));
  }
  void Tell(const char* method, const Json& params) {
    Send({{"jsonrpc", "2.0"},
          {"method", absl::StrCat("textDocument/", method)},
          {"params", params}});
  }

  void One() {
    const uint8_t operation = Byte() % 20;
    if (operation < std::size(kRequests)) {
      Json params = {{"textDocument", {{"uri", Uri()}}}, {"position", Position()}};
      params["range"] = Range();
      params["newName"] = operation == 6 ? Text() : "b";
      Send({{"jsonrpc", "2.0"},
            {"id", 7},
            {"method", absl::StrCat("textDocument/", kRequests[operation])},
            {"params", params}});
      return;
    }
    switch (operation) {
      case 13:
      case 14:
        return Tell("didOpen",
                    {{"textDocument", {{"uri", Uri()}, {"version", 1}, {"text", Text()}}}});
      case 15:
        return Tell("didClose", {{"textDocument", {{"uri", Uri()}}}});
      case 16:
        return Look(server_.Settle());
      case 17:
        return Tell("didSave", Json::object());
      default: {
        Json changes = Json::array();
        for (uint8_t left = Byte() % 4; left > 0; --left) {
          changes.push_back({{"range", Range()}, {"text", Text()}});
        }
        Json named = {{"uri", Uri()}, {"version", 2}};
        return Tell("didChange", {{"textDocument", named}, {"contentChanges", changes}});
      }
    }
  }

  absl::string_view bytes_;
  Server server_{Disk};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 4096) return 0;  // longer inputs only repeat
  const absl::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      Stream(bytes, bytes.size());
      break;
    case 1: {
      Stream(bytes, 7);
      Server server(Disk);
      Initialize(server, 3);
      Look(server.Handle(bytes));
      Goodbye(server);
      break;
    }
    default:
      Operations(bytes).Run();
  }
  return 0;
}
