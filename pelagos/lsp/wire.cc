#include "pelagos/lsp/wire.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace pelagos::lsp {
namespace {

using language::Completion;
using language::Symbol;

// CompletionItemKind.
int KindNumber(Completion::Kind kind) {
  switch (kind) {
    case Completion::Kind::kForm:
    case Completion::Kind::kMacro:
      return 14;  // Keyword
    case Completion::Kind::kProcedure:
      return 3;  // Function
    case Completion::Kind::kOption:
      return 10;  // Property
    case Completion::Kind::kVariable:
    case Completion::Kind::kParameter:
      return 6;  // Variable
    case Completion::Kind::kValue:
      break;
  }
  return 12;  // Value
}

// SymbolKind.
int KindNumber(Symbol::Kind kind) {
  switch (kind) {
    case Symbol::Kind::kVariable:
      return 13;  // Variable
    case Symbol::Kind::kProcedure:
    case Symbol::Kind::kMacro:
      return 12;  // Function
    case Symbol::Kind::kRecord:
      return 23;  // Struct
    case Symbol::Kind::kService:
      return 5;  // Class
    case Symbol::Kind::kNetwork:
      return 11;  // Interface
    case Symbol::Kind::kVolume:
      break;
  }
  return 19;  // Object
}

// An editor refuses an empty name.
std::string NameOf(const Symbol& symbol) { return symbol.name.empty() ? "\"\"" : symbol.name; }

Json Nested(const Symbol& symbol, const Wire& wire) {
  Json json = {{"name", NameOf(symbol)},
               {"kind", KindNumber(symbol.kind)},
               {"range", wire.Range(symbol.range)},
               {"selectionRange", wire.Range(symbol.name_range)}};
  if (!symbol.detail.empty()) json["detail"] = symbol.detail;
  if (!symbol.children.empty()) {
    Json& children = json["children"] = Json::array();
    for (const Symbol& child : symbol.children) children.push_back(Nested(child, wire));
  }
  return json;
}

void Flatten(const std::vector<Symbol>& symbols, const std::string& container, const Wire& wire,
             const std::string& uri, Json& list) {
  for (const Symbol& symbol : symbols) {
    Json json = {{"name", NameOf(symbol)},
                 {"kind", KindNumber(symbol.kind)},
                 {"location", {{"uri", uri}, {"range", wire.Range(symbol.range)}}}};
    if (!container.empty()) json["containerName"] = container;
    list.push_back(std::move(json));
    Flatten(symbol.children, symbol.name, wire, uri, list);
  }
}

int SeverityNumber(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return 1;
    case Severity::kWarning:
      return 2;
    case Severity::kNote:
      break;
  }
  return 3;  // Information
}

language::Range RangeOf(const Span& span, const Document& document) {
  if (!span.known()) return {};
  const uint32_t size = static_cast<uint32_t>(document.text().size());
  const uint32_t begin = std::min(span.begin, size);
  return {begin, std::clamp(span.end, begin, size)};
}

}  // namespace

Json Wire::Place(uint32_t offset) const {
  const Position position = lines_.PositionOf(offset, encoding_);
  return {{"line", position.line}, {"character", position.character}};
}

Json Wire::Range(language::Range range) const {
  return {{"start", Place(range.begin)}, {"end", Place(range.end)}};
}

Json Wire::Edit(language::Range range, absl::string_view text) const {
  return {{"range", Range(range)}, {"newText", std::string(text)}};
}

std::optional<Position> PositionFrom(const Json* position) {
  if (position == nullptr) return std::nullopt;
  const auto line = NumberIn(*position, "line");
  const auto character = NumberIn(*position, "character");
  if (!line || !character || *line < 0 || *character < 0) return std::nullopt;
  return Position{static_cast<uint32_t>(std::min<int64_t>(*line, UINT32_MAX)),
                  static_cast<uint32_t>(std::min<int64_t>(*character, UINT32_MAX))};
}

std::optional<uint32_t> Wire::Offset(const Json* position) const {
  const std::optional<Position> place = PositionFrom(position);
  if (!place) return std::nullopt;
  return lines_.OffsetOf(*place, encoding_);
}

std::optional<language::Range> Wire::RangeFrom(const Json* range) const {
  if (range == nullptr) return std::nullopt;
  const auto begin = Offset(Find(*range, "start"));
  const auto end = Offset(Find(*range, "end"));
  if (!begin || !end) return std::nullopt;
  return language::Range{*begin, std::max(*begin, *end)};
}

std::string PlainText(absl::string_view markdown) {
  std::string text;
  bool code = false;
  for (absl::string_view line : absl::StrSplit(markdown, '\n')) {
    if (absl::StartsWith(line, "```")) {
      code = !code;
      continue;
    }
    for (const char c : line) {
      if (code || (c != '`' && c != '*')) text.push_back(c);
    }
    text.push_back('\n');
  }
  while (absl::EndsWith(text, "\n")) text.pop_back();
  return text;
}

Json Markup(absl::string_view markdown, bool as_markdown) {
  return {{"kind", as_markdown ? "markdown" : "plaintext"},
          {"value", as_markdown ? std::string(markdown) : PlainText(markdown)}};
}

Json CompletionJson(const Completion& completion, const Json& edit_range, size_t order,
                    const Client& client) {
  Json json = {{"label", completion.label},
               {"kind", KindNumber(completion.kind)},
               {"sortText", absl::StrFormat("%05d", order)},
               {"textEdit", {{"range", edit_range}, {"newText", completion.label}}}};
  if (!completion.detail.empty()) json["detail"] = completion.detail;
  if (!completion.markdown.empty()) {
    json["documentation"] = Markup(completion.markdown, client.completion_markdown);
  }
  return json;
}

Json SymbolsJson(const std::vector<Symbol>& symbols, const Document& document,
                 const Client& client) {
  const Wire wire(document.lines(), client.encoding);
  Json list = Json::array();
  if (!client.nested_symbols) {
    Flatten(symbols, "", wire, document.uri(), list);
    return list;
  }
  for (const Symbol& symbol : symbols) list.push_back(Nested(symbol, wire));
  return list;
}

Json DiagnosticJson(const language::Finding& finding, const Document& document,
                    const Client& client) {
  const Wire wire(document.lines(), client.encoding);
  const Diagnostic& diagnostic = finding.diagnostic;
  const std::string code(finding.rule == nullptr ? "" : finding.rule->name);
  Json json = {
      {"range", wire.Range(RangeOf(diagnostic.span, document))},
      {"severity", SeverityNumber(diagnostic.severity)},
      {"source", "reml"},
      {"message", diagnostic.hint.empty()
                      ? diagnostic.message
                      : absl::StrCat(diagnostic.message, "\n", diagnostic.hint)},
  };
  if (!code.empty()) json["code"] = code;
  if (client.related_information && !finding.notes.empty()) {
    Json& related = json["relatedInformation"] = Json::array();
    for (const Diagnostic& note : finding.notes) {
      related.push_back(
          {{"location",
            {{"uri", document.uri()}, {"range", wire.Range(RangeOf(note.span, document))}}},
           {"message", note.message}});
    }
  }
  // What can be left out is shown faded.
  if (client.tags &&
      (absl::StrContains(code, "unused") || absl::StrContains(code, "unreachable"))) {
    json["tags"] = Json::array({1});
  }
  return json;
}

}  // namespace pelagos::lsp
