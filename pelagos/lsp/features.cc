#include "pelagos/lsp/features.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/language/assist.h"
#include "pelagos/lsp/uri.h"
#include "pelagos/lsp/wire.h"

namespace pelagos::lsp {
namespace {

// A place of an open document, and what is known of that.
struct Spot {
  Document* document;
  const language::Names* names;
  Wire wire;
  uint32_t offset;
};

absl::StatusOr<Spot> SpotOf(const Request& request) {
  absl::StatusOr<Document*> document = DocumentOf(request);
  if (!document.ok()) return document.status();
  const Wire wire((*document)->lines(), request.client.encoding);
  const std::optional<uint32_t> offset = wire.Offset(Find(request.params, "position"));
  if (!offset) return absl::InvalidArgumentError("'position' is no {line, character}");
  const language::Names& names = request.workspace.Analyze(**document).names;
  // What is too large was not looked into.
  const uint32_t known = static_cast<uint32_t>(names.tree().source().size());
  return Spot{*document, &names, wire, std::min(*offset, known)};
}

Answer Hover(const Request& request) {
  absl::StatusOr<Spot> spot = SpotOf(request);
  if (!spot.ok()) return spot.status();
  const auto hover = language::HoverAt(*spot->names, spot->offset, request.workspace.files());
  if (!hover) return nullptr;
  return Json{{"contents", Markup(hover->markdown, request.client.hover_markdown)},
              {"range", spot->wire.Range(hover->range)}};
}

Answer Complete(const Request& request) {
  absl::StatusOr<Spot> spot = SpotOf(request);
  if (!spot.ok()) return spot.status();
  const language::Completions completions = language::CompleteAt(*spot->names, spot->offset);
  const Json range = spot->wire.Range(completions.range);
  Json items = Json::array();
  for (const language::Completion& completion : completions.items) {
    items.push_back(CompletionJson(completion, range, items.size(), request.client));
  }
  return Json{{"isIncomplete", false}, {"items", std::move(items)}};
}

Answer SignatureHelp(const Request& request) {
  absl::StatusOr<Spot> spot = SpotOf(request);
  if (!spot.ok()) return spot.status();
  const auto help = language::SignatureAt(*spot->names, spot->offset);
  if (!help) return nullptr;
  Json signatures = Json::array();
  for (const language::SignatureWay& way : help->ways) {
    Json parameters = Json::array();
    for (const language::Range& range : way.parameters) {
      const absl::string_view label = absl::string_view(way.label).substr(0, range.begin);
      const absl::string_view word =
          absl::string_view(way.label).substr(range.begin, range.end - range.begin);
      if (request.client.signature_offsets) {
        const uint32_t begin = Units(label, Encoding::kUtf16);
        parameters.push_back(
            {{"label", Json::array({begin, begin + Units(word, Encoding::kUtf16)})}});
      } else {
        parameters.push_back({{"label", std::string(word)}});
      }
    }
    Json signature = {{"label", way.label}, {"parameters", std::move(parameters)}};
    if (!help->markdown.empty()) {
      signature["documentation"] = Markup(help->markdown, request.client.signature_markdown);
    }
    // One that is beyond the last parameter marks none.
    signature["activeParameter"] = way.active;
    signatures.push_back(std::move(signature));
  }
  const size_t active = help->active;
  return Json{{"activeParameter", help->ways[active].active},
              {"activeSignature", active},
              {"signatures", std::move(signatures)}};
}

Answer Definition(const Request& request) {
  absl::StatusOr<Spot> spot = SpotOf(request);
  if (!spot.ok()) return spot.status();
  const auto place = language::DefinitionOf(*spot->names, spot->offset);
  if (!place) return nullptr;
  if (place->file.empty()) {
    return Json{{"uri", spot->document->uri()}, {"range", spot->wire.Range(place->range)}};
  }
  const std::string path = NormalPath(place->file);
  const std::optional<std::string> text = request.workspace.files()(path);
  if (!text) return nullptr;
  const Lines lines(*text);
  const std::string open = request.workspace.UriOf(path);
  return Json{{"uri", open.empty() ? UriOfPath(path) : open},
              {"range", Wire(lines, request.client.encoding).Range(place->range)}};
}

Answer References(const Request& request) {
  absl::StatusOr<Spot> spot = SpotOf(request);
  if (!spot.ok()) return spot.status();
  const Json* context = Find(request.params, "context");
  const bool declaration = context == nullptr || !Find(*context, "includeDeclaration") ||
                           TrueIn(*context, "includeDeclaration");
  const auto defined = language::DefinitionOf(*spot->names, spot->offset);
  Json list = Json::array();
  for (const language::Range& range : language::UsesOf(*spot->names, spot->offset)) {
    if (!declaration && defined && defined->file.empty() && defined->range == range) continue;
    list.push_back({{"uri", spot->document->uri()}, {"range", spot->wire.Range(range)}});
  }
  return list;
}

Answer Highlight(const Request& request) {
  absl::StatusOr<Spot> spot = SpotOf(request);
  if (!spot.ok()) return spot.status();
  const auto defined = language::DefinitionOf(*spot->names, spot->offset);
  Json list = Json::array();
  for (const language::Range& range : language::UsesOf(*spot->names, spot->offset)) {
    const bool binding = defined && defined->file.empty() && defined->range == range;
    list.push_back({{"range", spot->wire.Range(range)}, {"kind", binding ? 3 : 2}});
  }
  return list;
}

Answer Symbols(const Request& request) {
  absl::StatusOr<Document*> document = DocumentOf(request);
  if (!document.ok()) return document.status();
  const language::Names& names = request.workspace.Analyze(**document).names;
  return SymbolsJson(language::SymbolsOf(names), **document, request.client);
}

// What spans several lines: lists at the top and in them, and comments.
Answer Folding(const Request& request) {
  absl::StatusOr<Document*> document = DocumentOf(request);
  if (!document.ok()) return document.status();
  const reml::SyntaxTree& tree = request.workspace.Analyze(**document).names.tree();
  const Lines& lines = (*document)->lines();
  Json list = Json::array();
  uint32_t line_before = UINT32_MAX;  // one fold a line
  for (reml::NodeId id = 1; id < tree.size(); ++id) {
    const reml::SyntaxNode& node = tree[id];
    const bool comment = node.token == reml::TokenKind::kBlockComment;
    if (!node.list() && !comment) continue;
    const uint32_t first = lines.LineAt(node.begin);
    const uint32_t last = lines.LineAt(node.end);
    if (last <= first || first == line_before) continue;
    line_before = first;
    list.push_back({{"startLine", first}, {"endLine", last}});
    if (comment) list.back()["kind"] = "comment";
  }
  return list;
}

constexpr Feature kFeatures[] = {
    {"textDocument/hover", Hover},
    {"textDocument/completion", Complete},
    {"textDocument/signatureHelp", SignatureHelp},
    {"textDocument/definition", Definition},
    {"textDocument/references", References},
    {"textDocument/documentHighlight", Highlight},
    {"textDocument/documentSymbol", Symbols},
    {"textDocument/foldingRange", Folding},
    {"textDocument/formatting", FormatDocument},
    {"textDocument/rangeFormatting", FormatRange},
    {"textDocument/prepareRename", PrepareRename},
    {"textDocument/rename", Rename},
    {"textDocument/codeAction", QuickFixes},
};

}  // namespace

absl::Span<const Feature> Features() { return kFeatures; }

absl::StatusOr<Document*> DocumentOf(const Request& request) {
  const Json* named = Find(request.params, "textDocument");
  if (named == nullptr || Find(*named, "uri") == nullptr || !Find(*named, "uri")->is_string()) {
    return absl::InvalidArgumentError("'textDocument' has no uri");
  }
  const absl::string_view uri = TextIn(*named, "uri");
  Document* document = request.workspace.Find(uri);
  if (document == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("'", uri, "' is not open"));
  }
  return document;
}

Json DiagnosticsOf(Workspace& workspace, Document& document, const Client& client) {
  const Document::Analysis& analysis = workspace.Analyze(document);
  Json list = Json::array();
  for (const language::Finding& finding : analysis.findings()) {
    list.push_back(DiagnosticJson(finding, document, client));
  }
  return {
      {"uri", document.uri()}, {"version", document.version()}, {"diagnostics", std::move(list)}};
}

}  // namespace pelagos::lsp
