// Values of `language` as JSON of the protocol.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "pelagos/language/assist.h"
#include "pelagos/language/check.h"
#include "pelagos/lsp/client.h"
#include "pelagos/lsp/document.h"
#include "pelagos/lsp/message.h"
#include "pelagos/lsp/position.h"

namespace pelagos::lsp {

// Places of one text, as its editor counts them.
class Wire {
 public:
  // `lines` must outlive it.
  Wire(const Lines& lines, Encoding encoding) : lines_(lines), encoding_(encoding) {}

  Json Place(uint32_t offset) const;
  Json Range(language::Range range) const;
  Json Edit(language::Range range, absl::string_view text) const;
  // nullopt: it is no position. Those outside of the text are moved to its ends.
  std::optional<uint32_t> Offset(const Json* position) const;
  std::optional<language::Range> RangeFrom(const Json* range) const;

 private:
  const Lines& lines_;
  Encoding encoding_;
};

// nullopt: it is no position {line, character}.
std::optional<Position> PositionFrom(const Json* position);

// MarkupContent.
Json Markup(absl::string_view markdown, bool as_markdown);
// Without code fences and backquotes.
std::string PlainText(absl::string_view markdown);

Json CompletionJson(const language::Completion& completion, const Json& edit_range, size_t order,
                    const Client& client);
// DocumentSymbol with its children, or a list of SymbolInformation.
Json SymbolsJson(const std::vector<language::Symbol>& symbols, const Document& document,
                 const Client& client);
Json DiagnosticJson(const language::Finding& finding, const Document& document,
                    const Client& client);

}  // namespace pelagos::lsp
