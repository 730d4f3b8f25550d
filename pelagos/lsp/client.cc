#include "pelagos/lsp/client.h"

namespace pelagos::lsp {
namespace {

// Markdown, when it is among the formats; without a list plain text is all that is sure.
bool Markdown(const Json* owner, absl::string_view formats) {
  if (owner == nullptr) return false;
  for (const Json& format : ListIn(*owner, formats)) {
    if (format == "markdown") return true;
  }
  return false;
}

bool True(const Json* owner, absl::string_view name) {
  return owner != nullptr && TrueIn(*owner, name);
}

}  // namespace

Client ClientOf(const Json& params) {
  Client client;
  const Json* all = Find(params, "capabilities");
  if (all == nullptr) return client;
  if (const Json* general = Find(*all, "general")) {
    for (const Json& encoding : ListIn(*general, "positionEncodings")) {
      if (encoding == "utf-8") client.encoding = Encoding::kUtf8;
    }
  }
  client.versioned_edits = True(Find(*all, "workspace", "workspaceEdit"), "documentChanges");
  const Json* text = Find(*all, "textDocument");
  if (text == nullptr) return client;
  client.hover_markdown = Markdown(Find(*text, "hover"), "contentFormat");
  client.completion_markdown =
      Markdown(Find(*text, "completion", "completionItem"), "documentationFormat");
  const Json* signature = Find(*text, "signatureHelp", "signatureInformation");
  client.signature_markdown = Markdown(signature, "documentationFormat");
  client.signature_offsets =
      signature != nullptr && True(Find(*signature, "parameterInformation"), "labelOffsetSupport");
  client.nested_symbols = True(Find(*text, "documentSymbol"), "hierarchicalDocumentSymbolSupport");
  const Json* diagnostics = Find(*text, "publishDiagnostics");
  client.related_information = True(diagnostics, "relatedInformation");
  client.tags =
      diagnostics != nullptr && (Find(*diagnostics, "tagSupport", "valueSet") != nullptr ||
                                 TrueIn(*diagnostics, "tagSupport"));
  client.prepare_rename = True(Find(*text, "rename"), "prepareSupport");
  client.quick_fixes = Find(*text, "codeAction", "codeActionLiteralSupport") != nullptr;
  return client;
}

Json CapabilitiesFor(const Client& client) {
  Json capabilities = {
      {"positionEncoding", client.encoding == Encoding::kUtf8 ? "utf-8" : "utf-16"},
      {"textDocumentSync",
       {{"openClose", true}, {"change", 2}, {"save", {{"includeText", false}}}}},
      {"hoverProvider", true},
      {"completionProvider",
       {{"triggerCharacters", Json::array({"(", ":", "'"})}, {"resolveProvider", false}}},
      {"signatureHelpProvider", {{"triggerCharacters", Json::array({"(", " "})}}},
      {"definitionProvider", true},
      {"referencesProvider", true},
      {"documentHighlightProvider", true},
      {"documentSymbolProvider", true},
      {"documentFormattingProvider", true},
      {"documentRangeFormattingProvider", true},
      {"foldingRangeProvider", true},
  };
  capabilities["renameProvider"] =
      client.prepare_rename ? Json{{"prepareProvider", true}} : Json(true);
  if (client.quick_fixes) {
    capabilities["codeActionProvider"] = {{"codeActionKinds", Json::array({"quickfix"})}};
  }
  return {{"capabilities", std::move(capabilities)},
          {"serverInfo", {{"name", "pelagos reml lsp"}}}};
}

}  // namespace pelagos::lsp
