#include "pelagos/lsp/server.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pelagos/lsp/features.h"
#include "pelagos/lsp/wire.h"

namespace pelagos::lsp {
namespace {

constexpr char kPublish[] = "textDocument/publishDiagnostics";

ErrorCode CodeOf(const absl::Status& status) {
  return absl::IsInvalidArgument(status) ? ErrorCode::kInvalidParams : ErrorCode::kRequestFailed;
}

// nullopt: it is no change.
std::optional<TextChange> ChangeFrom(const Json& json) {
  const Json* text = Find(json, "text");
  if (text == nullptr || !text->is_string()) return std::nullopt;
  TextChange change{std::nullopt, text->get<std::string>()};
  const Json* range = Find(json, "range");
  if (range == nullptr || range->is_null()) return change;
  const auto begin = PositionFrom(Find(*range, "start")), end = PositionFrom(Find(*range, "end"));
  if (!begin || !end) return std::nullopt;
  change.range = TextChange::Place{*begin, *end};
  return change;
}

}  // namespace

std::vector<std::string> Server::Refuse(absl::string_view why) const {
  return {ErrorMessage(nullptr, ErrorCode::kParseError, why)};
}

std::vector<std::string> Server::Handle(absl::string_view body) {
  if (ended()) return {};
  const std::optional<Json> message = ParseJson(body);
  if (!message) return {ErrorMessage(nullptr, ErrorCode::kParseError, "the message is no JSON")};
  const auto invalid = [](absl::string_view why) -> std::vector<std::string> {
    return {ErrorMessage(nullptr, ErrorCode::kInvalidRequest, why)};
  };
  if (!message->is_object()) return invalid("a message is an object");
  const Json* id = Find(*message, "id");
  if (id != nullptr && !id->is_string() && !id->is_number()) {
    return invalid("an id is a number or a text");
  }
  const Json* method = Find(*message, "method");
  if (method == nullptr) {
    // The answer to a request: none was sent.
    if (Find(*message, "result") != nullptr || Find(*message, "error") != nullptr) return {};
    return invalid("the message has no method");
  }
  if (!method->is_string()) return invalid("a method is a text");
  static const Json* const none = new Json(Json::object());
  const Json* params = Find(*message, "params");
  if (params == nullptr || params->is_null()) params = none;
  const std::string& name = method->get_ref<const std::string&>();
  // Some editors ask to end instead of telling it.
  if (id != nullptr && name != "exit") return {Answered(*id, name, *params)};
  std::vector<std::string> out;
  Notice(name, *params, out);
  return out;
}

std::string Server::Answered(const Json& id, absl::string_view method, const Json& params) {
  if (state_ == State::kShutDown) {
    return ErrorMessage(id, ErrorCode::kInvalidRequest, "the server has shut down");
  }
  if (method == "initialize") {
    if (state_ != State::kNew) {
      return ErrorMessage(id, ErrorCode::kInvalidRequest, "the server is initialized already");
    }
    state_ = State::kReady;
    client_ = ClientOf(params);
    return ResultMessage(id, CapabilitiesFor(client_));
  }
  if (state_ == State::kNew) {
    return ErrorMessage(id, ErrorCode::kServerNotInitialized, "the first request is 'initialize'");
  }
  if (method == "shutdown") {
    state_ = State::kShutDown;
    return ResultMessage(id, nullptr);
  }
  for (const Feature& feature : Features()) {
    if (feature.method != method) continue;
    Answer answer = feature.answer({workspace_, client_, params});
    if (answer.ok()) return ResultMessage(id, *std::move(answer));
    return ErrorMessage(id, CodeOf(answer.status()), answer.status().message());
  }
  return ErrorMessage(id, ErrorCode::kMethodNotFound,
                      absl::StrCat("unknown method '", method, "'"));
}

// What is unknown, comes at the wrong time, or is not as it should be is passed over: nobody waits
// for an answer.
void Server::Notice(absl::string_view method, const Json& params, std::vector<std::string>& out) {
  if (method == "exit") {
    exit_code_ = state_ == State::kShutDown ? 0 : 1;
    state_ = State::kEnded;
    return;
  }
  if (state_ != State::kReady) return;
  if (method == "textDocument/didOpen") Open(params);
  if (method == "textDocument/didChange") Change(params);
  if (method == "textDocument/didClose") Close(params, out);
  if (method == "workspace/didChangeWatchedFiles" || method == "textDocument/didSave") {
    workspace_.ForgetDisk();
  }
}

void Server::Open(const Json& params) {
  const Json* document = Find(params, "textDocument");
  if (document == nullptr) return;
  const Json* text = Find(*document, "text");
  const absl::string_view uri = TextIn(*document, "uri");
  if (uri.empty() || text == nullptr || !text->is_string()) return;
  workspace_.Open(std::string(uri), text->get<std::string>(),
                  NumberIn(*document, "version").value_or(0));
}

void Server::Change(const Json& params) {
  const Json* named = Find(params, "textDocument");
  if (named == nullptr) return;
  Document* document = workspace_.Find(TextIn(*named, "uri"));
  if (document == nullptr) return;
  std::vector<TextChange> changes;
  for (const Json& json : ListIn(params, "contentChanges")) {
    std::optional<TextChange> change = ChangeFrom(json);
    if (!change) break;  // those behind it count from a text that is not there
    changes.push_back(*std::move(change));
  }
  workspace_.Change(*document, changes, NumberIn(*named, "version").value_or(document->version()),
                    client_.encoding);
}

void Server::Close(const Json& params, std::vector<std::string>& out) {
  const Json* named = Find(params, "textDocument");
  if (named == nullptr) return;
  const std::string uri(TextIn(*named, "uri"));
  if (workspace_.Find(uri) == nullptr) return;
  workspace_.Close(uri);
  out.push_back(NotificationMessage(kPublish, {{"uri", uri}, {"diagnostics", Json::array()}}));
}

std::vector<std::string> Server::Settle() {
  std::vector<std::string> out;
  for (Document* document : workspace_.TakeChanged()) {
    out.push_back(NotificationMessage(kPublish, DiagnosticsOf(workspace_, *document, client_)));
  }
  return out;
}

}  // namespace pelagos::lsp
