// The requests that change a document: formatting, renaming, quick fixes.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/language/assist.h"
#include "pelagos/language/rename.h"
#include "pelagos/lsp/features.h"
#include "pelagos/lsp/format_edits.h"
#include "pelagos/lsp/wire.h"
#include "pelagos/reml/format.h"

namespace pelagos::lsp {
namespace {

using language::Range;

// The edits of a document; nullopt: its parentheses do not match, and so nothing is laid out.
std::optional<std::vector<TextEdit>> FormatEdits(const Request& request, Document& document) {
  const reml::SyntaxTree& tree = request.workspace.Analyze(document).tree;
  if (tree.source().size() != document.text().size()) return std::nullopt;
  const std::optional<std::string> formatted = reml::Format(tree);
  if (!formatted) return std::nullopt;
  return EditsBetween(document.text(), *formatted);
}

Json EditsJson(const std::vector<TextEdit>& edits, const Wire& wire) {
  Json list = Json::array();
  for (const TextEdit& edit : edits) list.push_back(wire.Edit(edit.range, edit.text));
  return list;
}

Json WorkspaceEdit(const Document& document, Json edits, const Client& client) {
  if (!client.versioned_edits) return {{"changes", {{document.uri(), std::move(edits)}}}};
  Json change = {{"textDocument", {{"uri", document.uri()}, {"version", document.version()}}}};
  change["edits"] = std::move(edits);
  Json changes = Json::array();
  changes.push_back(std::move(change));
  return {{"documentChanges", std::move(changes)}};
}

// The forms of the program that a range touches.
Range FormsTouched(const reml::SyntaxTree& tree, Range range) {
  Range forms = range;
  for (reml::NodeId id = tree[reml::SyntaxTree::kRoot].first; id != reml::kNoNode;
       id = tree[id].next) {
    if (tree[id].end < range.begin || tree[id].begin > range.end) continue;
    forms.begin = std::min(forms.begin, tree[id].begin);
    forms.end = std::max(forms.end, tree[id].end);
  }
  return forms;
}

}  // namespace

Answer FormatDocument(const Request& request) {
  absl::StatusOr<Document*> document = DocumentOf(request);
  if (!document.ok()) return document.status();
  const auto edits = FormatEdits(request, **document);
  if (!edits) return nullptr;
  return EditsJson(*edits, Wire((*document)->lines(), request.client.encoding));
}

Answer FormatRange(const Request& request) {
  absl::StatusOr<Document*> document = DocumentOf(request);
  if (!document.ok()) return document.status();
  const Wire wire((*document)->lines(), request.client.encoding);
  const std::optional<Range> range = wire.RangeFrom(Find(request.params, "range"));
  if (!range) return absl::InvalidArgumentError("'range' is no {start, end}");
  const auto edits = FormatEdits(request, **document);
  if (!edits) return nullptr;
  const Range forms = FormsTouched(request.workspace.Analyze(**document).tree, *range);
  std::vector<TextEdit> inside;
  for (const TextEdit& edit : *edits) {
    if (edit.range.begin >= forms.begin && edit.range.end <= forms.end) inside.push_back(edit);
  }
  return EditsJson(inside, wire);
}

Answer PrepareRename(const Request& request) {
  absl::StatusOr<Document*> document = DocumentOf(request);
  if (!document.ok()) return document.status();
  const Wire wire((*document)->lines(), request.client.encoding);
  const std::optional<uint32_t> offset = wire.Offset(Find(request.params, "position"));
  if (!offset) return absl::InvalidArgumentError("'position' is no {line, character}");
  const language::Names& names = request.workspace.Analyze(**document).names;
  const absl::StatusOr<language::Renaming> renaming = language::RenameAt(names, *offset);
  if (!renaming.ok()) return nullptr;
  return Json{{"range", wire.Range(renaming->word)}, {"placeholder", renaming->name}};
}

Answer Rename(const Request& request) {
  absl::StatusOr<Document*> document = DocumentOf(request);
  if (!document.ok()) return document.status();
  const Wire wire((*document)->lines(), request.client.encoding);
  const std::optional<uint32_t> offset = wire.Offset(Find(request.params, "position"));
  if (!offset) return absl::InvalidArgumentError("'position' is no {line, character}");
  const Json* new_name = Find(request.params, "newName");
  if (new_name == nullptr || !new_name->is_string()) {
    return absl::InvalidArgumentError("'newName' is no text");
  }
  const std::string name = new_name->get<std::string>();
  const Document::Analysis& analysis = request.workspace.Analyze(**document);
  const absl::StatusOr<language::Renaming> renaming = language::RenameAt(analysis.names, *offset);
  if (!renaming.ok()) return renaming.status();
  const absl::Status possible = language::CheckRenaming(
      analysis.names, *renaming, name, (*document)->path(), request.workspace.files());
  if (!possible.ok()) return possible;
  Json edits = Json::array();
  for (const Range& range : renaming->places) edits.push_back(wire.Edit(range, name));
  return WorkspaceEdit(**document, std::move(edits), request.client);
}

// "did you mean 'net-admin'?" as an edit.
Answer QuickFixes(const Request& request) {
  constexpr absl::string_view kBefore = "did you mean '", kAfter = "'?";
  absl::StatusOr<Document*> document = DocumentOf(request);
  if (!document.ok()) return document.status();
  const Wire wire((*document)->lines(), request.client.encoding);
  const std::optional<Range> range = wire.RangeFrom(Find(request.params, "range"));
  if (!range) return absl::InvalidArgumentError("'range' is no {start, end}");
  Json actions = Json::array();
  if (!request.client.quick_fixes) return actions;
  const Document::Analysis& analysis = request.workspace.Analyze(**document);
  const absl::string_view text = analysis.tree.source();
  for (const language::Finding& finding : analysis.findings()) {
    const Diagnostic& diagnostic = finding.diagnostic;
    const Span& span = diagnostic.span;
    absl::string_view meant = diagnostic.hint;
    if (!span.known() || span.begin > range->end || span.end < range->begin ||
        span.end > text.size() || !absl::ConsumePrefix(&meant, kBefore)) {
      continue;
    }
    meant = meant.substr(0, meant.find(kAfter));
    // A mark in front of the name stays: a colon, a quote, a quotation mark.
    absl::string_view word = text.substr(span.begin, span.end - span.begin);
    Range place{span.begin, span.end};
    if (!word.empty() && (word.front() == ':' || word.front() == '\'' || word.front() == '"')) {
      if (word.front() == '"' && word.size() > 1 && word.back() == '"') --place.end;
      if (meant.empty() || meant.front() != word.front()) ++place.begin;
    }
    word = text.substr(place.begin, place.end - place.begin);
    if (meant.empty() || word.find_first_of(" \t\r\n()\"") != absl::string_view::npos) continue;
    Json edits = Json::array();
    edits.push_back(wire.Edit(place, meant));
    Json diagnostics = Json::array();
    diagnostics.push_back(DiagnosticJson(finding, **document, request.client));
    actions.push_back({{"title", absl::StrCat("Change to '", meant, "'")},
                       {"kind", "quickfix"},
                       {"isPreferred", true},
                       {"diagnostics", std::move(diagnostics)},
                       {"edit", WorkspaceEdit(**document, std::move(edits), request.client)}});
  }
  return actions;
}

}  // namespace pelagos::lsp
